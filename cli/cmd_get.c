/* tabard get: a certificate from an ACME server. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/acme/options.h"
#include "cli/acme/report.h"
#include "cli/command.h"

static void usage(FILE *f)
{
    fputs("usage: tabard get NAME... --server URL [OPTION]...\n"
          "\n"
          "  --server URL        the ACME server's directory\n"
          "  --ca FILE           roots that the server is trusted by; default: the system's\n"
          "  --profile NAME      what the server makes of it, such as server or client\n"
          "  --dir DIR           where keys and certificates go; default /etc/tabard, or ~/.config/tabard\n"
          "  --name NAME         directory below DIR; default: the first name\n"
          "  --ancestor DOMAIN   prove DOMAIN by dns-01 for the names below it, where the server allows that\n"
          "  --key-type TYPE     p256 (default), p384, ed25519, rsa2048, rsa3072, rsa4096\n"
          "  --agree-tos         agree to the server's terms of service\n"
          "How the names are proved; without any of these: http-01 on port 80.\n"
          "  --http ADDR:PORT    http-01, answered here\n"
          "  --webroot DIR       http-01, answered by the web server of DIR\n"
          "  --tls-alpn ADDR:PORT  tls-alpn-01, answered here\n"
          "  --dns-update SERVER dns-01 by dynamic update at SERVER[:PORT]; --dns-key FILE: its TSIG key\n"
          "  --dns-hook PROGRAM  dns-01 by PROGRAM add|remove NAME VALUE\n"
          "More.\n"
          "  --deploy-hook PROGRAM  run as PROGRAM NAME DIR/NAME when the certificate is in place\n"
          "  --account-key FILE  an existing key (PEM or JWK); default: one below DIR\n"
          "  --contact URI       mailto:..., if you want to give one; may be repeated\n"
          "  --eab-kid ID --eab-key-file FILE   external account binding\n"
          "  --dry-run           order and prove, and stop there\n"
          "  --json, --quiet, --proxy URL, --allow-weak-sandbox\n"
          "\n"
          "Exit status: 0 done, 1 failed, 2 usage, 3 terms, 4 refused, 5 server not reached, 6 not proved,\n"
          "7 this host, 8 deploy hook, 9 later. See tabard-get(1).\n",
          f);
}

static void report(const struct tb_acme_cli *cli, const struct tb_lineage *l, const struct tb_client_chain *chain)
{
    struct tb_span text;
    struct tb_wr wr;
    struct tb_jw jw;

    if (!cli->json) {
        if (!cli->dry_run)
            tb_acme_report_line(l, &cli->settings, chain);
        return;
    }
    tb_wr_init(&wr, 2 * TB_SETTINGS_JSON_MAX);
    jw = tb_jw_of(&wr);
    tb_jw_obj(&jw);
    tb_jw_key(&jw, "ok");
    tb_jw_bool(&jw, true);
    tb_acme_report_json(&jw, l, &cli->settings, chain);
    tb_jw_end_obj(&jw);
    text = tb_wr_span(&wr);
    printf("%.*s\n", (int)text.len, (const char *)text.p);
    tb_wr_clear(&wr);
}

static int get(struct tb_acme_cli *cli, struct tb_fail *fail)
{
    const struct tb_say say = tb_acme_cli_say(cli);
    struct tb_client_chain chain = {0};
    struct tb_lineage l;
    struct tb_issue job = {
        .lineage = &l,
        .settings = &cli->settings,
        .registration = &cli->registration,
        .say = &say,
        .allow_weak_sandbox = cli->allow_weak_sandbox,
        .dry_run = cli->dry_run,
    };
    int lock = -1;
    int r;

    if (cli->name[0] == '\0')
        tb_lineage_name_of(&cli->settings.names[0], cli->name);
    if ((r = tb_lineage_at(cli->dir, cli->name, &l, fail)) < 0 ||
        (r = tb_lineage_lock(cli->dir, &say, &lock, fail)) < 0)
        return r;
    if ((r = tb_issue(&job, &chain, fail)) == 0 && !cli->dry_run)
        r = tb_issue_deploy(&l, &cli->settings, &say, fail);
    if (r == 0)
        report(cli, &l, &chain);
    tb_client_chain_clear(&chain);
    close(lock);
    return r;
}

int tb_cmd_get(int argc, char **argv)
{
    static struct tb_acme_cli cli; /* with room for a hundred names, it is no guest for the stack */
    struct tb_fail fail = {0};
    int status;

    tb_acme_cli_harden();
    status = tb_acme_cli_parse(argc, argv, TB_CMD_GET, usage, &cli);
    if (status >= 0)
        return status;
    if (optind == argc)
        return tb_acme_cli_misuse("a name is missing", usage);
    if (cli.settings.server[0] == '\0')
        return tb_acme_cli_misuse("--server is missing", usage);
    if (tb_acme_cli_names(&cli, argv + optind, argc - optind, &fail) == 0)
        (void)!get(&cli, &fail);
    return tb_acme_cli_end(&cli, &fail);
}
