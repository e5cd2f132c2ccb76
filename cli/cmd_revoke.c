/* tabard revoke: a certificate that tabard get made. */
#include <getopt.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/acme/options.h"
#include "cli/command.h"
#include "client/revoke.h"

static void usage(FILE *f)
{
    fputs("usage: tabard revoke NAME [--dir DIR] [--reason WORD] [--by-key] [--forget]\n"
          "\n"
          "Revokes the newest certificate of NAME (the name of its directory).\n"
          "\n"
          "  --reason WORD  unspecified, keyCompromise, affiliationChanged, superseded or cessationOfOperation\n"
          "  --by-key       signed with the certificate's own key, not with the account's\n"
          "  --forget       and never renew it again\n"
          "  --dir DIR      default /etc/tabard, or ~/.config/tabard\n"
          "  --json, --quiet, --allow-weak-sandbox\n"
          "\n"
          "Exit status: 0 revoked, else as tabard-get(1) lists them.\n",
          f);
}

static int by_account(struct tb_acme *a, const struct tb_client_chain *chain, int reason)
{
    const struct tb_acme_registration existing = {.only_existing = true};
    int r = tb_acme_account(a, &existing, NULL);

    return r < 0 ? r : tb_revoke(a, chain, reason, NULL);
}

static int by_own_key(struct tb_acme *a, const struct tb_lineage *l, const struct tb_acme_cli *cli,
                      const struct tb_client_chain *chain, int reason)
{
    char path[TB_CLIENT_PATH_MAX + 1];
    const struct tb_keyproc_options opt = {.path = path, .allow_weak_sandbox = cli->allow_weak_sandbox};
    struct tb_keyproc *key = NULL;
    int r;

    if ((r = tb_path_join(path, l->live, "privkey.pem", NULL, a->fail)) == 0 &&
        (r = tb_keyproc_start(&opt, &key, a->fail)) == 0)
        r = tb_revoke(a, chain, reason, key);
    tb_keyproc_free(key);
    return r;
}

static int revoke_one(struct tb_acme_cli *cli, const char *name, int reason, struct tb_fail *fail)
{
    const struct tb_say say = tb_acme_cli_say(cli);
    struct tb_client_chain chain = {0};
    struct tb_acme acme = {0};
    struct tb_lineage l;
    int lock = -1;
    int r;

    if ((r = tb_lineage_at(cli->dir, name, &l, fail)) == 0 && (r = tb_lineage_lock(cli->dir, &say, &lock, fail)) == 0 &&
        (r = tb_settings_read(&l, &cli->settings, fail)) == 0 && (r = tb_lineage_chain(&l, &chain, fail)) == 0 &&
        (r = tb_issue_open(cli->dir, &cli->settings, cli->by_key, cli->allow_weak_sandbox, &say, &acme, fail)) == 0)
        r = cli->by_key ? by_own_key(&acme, &l, cli, &chain, reason) : by_account(&acme, &chain, reason);
    if (r == 0) {
        tb_say(&say, "%s: revoked; tabard renew --force %s gets another", name, name);
        if (cli->forget && unlink(l.settings) < 0)
            r = tb_fail_errno(fail, "%s cannot be removed", l.settings);
    }
    tb_acme_close(&acme);
    tb_client_chain_clear(&chain);
    if (lock >= 0)
        close(lock);
    return r;
}

int tb_cmd_revoke(int argc, char **argv)
{
    static struct tb_acme_cli cli;
    struct tb_fail fail = {0};
    int reason = -1;
    int status;

    tb_acme_cli_harden();
    status = tb_acme_cli_parse(argc, argv, TB_CMD_REVOKE, usage, &cli);
    if (status >= 0)
        return status;
    if (argc - optind != 1)
        return tb_acme_cli_misuse("revoke takes one name", usage);
    if (cli.reason != NULL && tb_revoke_reason(cli.reason, &reason) < 0)
        return tb_acme_cli_misuse("there is no such reason", usage);
    if (revoke_one(&cli, argv[optind], reason, &fail) == 0 && cli.json)
        puts("{\"ok\":true}");
    return tb_acme_cli_end(&cli, &fail);
}
