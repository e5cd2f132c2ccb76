/* tabard account: the account at an ACME server. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/acme/options.h"
#include "cli/command.h"
#include "lib/base/b64u.h"

static void usage(FILE *f)
{
    fputs("usage: tabard account ACTION --server URL [OPTION]...\n"
          "\n"
          "  show        the account as the server has it\n"
          "  register    make one, if there is none\n"
          "  update      set its contacts to those of --contact; without any, remove them\n"
          "  key-change  give it a new key\n"
          "  deactivate  end it, for ever\n"
          "\n"
          "  --server URL, --ca FILE, --dir DIR, --account-key FILE, --proxy URL   as for tabard get\n"
          "  --agree-tos, --contact URI, --eab-kid ID, --eab-key-file FILE         as for tabard get\n"
          "  --json, --quiet, --allow-weak-sandbox\n"
          "\n"
          "Exit status: 0 done, else as tabard-get(1) lists them.\n",
          f);
}

static int show(struct tb_acme *a, const struct tb_acme_cli *cli)
{
    char thumbprint[TB_B64U_DIGEST_LEN + 1];
    json_t *obj = NULL;
    char *text;
    int r = tb_acme_account_show(a, &obj);

    if (r < 0)
        return r;
    tb_b64u_encode(thumbprint, tb_span_of(tb_keyproc_thumbprint(a->key), TB_DIGEST_LEN));
    json_object_set_new(obj, "url", json_string(a->account));
    json_object_set_new(obj, "thumbprint", json_string(thumbprint));
    /* What is not ASCII is escaped: the server must not steer a terminal. */
    text = json_dumps(obj, JSON_ENSURE_ASCII | (cli->json ? JSON_COMPACT : JSON_INDENT(2)));
    if (text != NULL)
        puts(text);
    free(text);
    json_decref(obj);
    return text != NULL ? 0 : tb_fail_set(a->fail, TB_EXIT_FAILURE, TB_E_NOMEM, "out of memory");
}

static int update(struct tb_acme *a, const struct tb_acme_cli *cli)
{
    int r = tb_acme_account_update(a, cli->registration.contacts, cli->registration.num_contacts);

    return r < 0 ? r : show(a, cli);
}

static int deactivate(struct tb_acme *a, const struct tb_acme_cli *cli)
{
    int r = tb_acme_account_deactivate(a);

    (void)cli;
    if (r == 0)
        tb_say(a->say, "deactivated %s; its key is of no use any more", a->account);
    return r;
}

static int take_place(const char *next, const char *path, struct tb_fail *fail)
{
    char dir[TB_CLIENT_PATH_MAX + 1];

    if (rename(next, path) < 0)
        return tb_fail_errno(fail, "%s cannot become %s", next, path);
    snprintf(dir, sizeof(dir), "%s", path);
    *strrchr(dir, '/') = '\0';
    return tb_dir_sync(dir, fail);
}

/* The new key is on disk before the server hears of it, and takes the old one's place after. */
static int key_change(struct tb_acme *a, const struct tb_acme_cli *cli)
{
    char path[TB_CLIENT_PATH_MAX + 1];
    char next[TB_CLIENT_PATH_MAX + 8];
    const struct tb_keyproc_options opt = {
        .path = next, .create_type = "p256", .allow_weak_sandbox = cli->allow_weak_sandbox};
    struct tb_keyproc *key = NULL;
    int r;

    if ((r = tb_issue_account_path(cli->dir, &cli->settings, path, a->fail)) < 0)
        return r;
    snprintf(next, sizeof(next), "%s.next", path);
    if ((r = tb_keyproc_start(&opt, &key, a->fail)) == 0 && (r = tb_acme_account_key_change(a, key)) == 0 &&
        (r = take_place(next, path, a->fail)) == 0)
        tb_say(a->say, "%s has a new key", a->account);
    tb_keyproc_free(key);
    return r;
}

static const struct {
    const char *word;
    int (*run)(struct tb_acme *a, const struct tb_acme_cli *cli);
    bool may_register;
} actions[] = {
    {"show", show, false},
    {"register", show, true},
    {"update", update, false},
    {"key-change", key_change, false},
    {"deactivate", deactivate, false},
};

/* A change of key that was interrupted after the server's answer: the new key is the account's. */
static void complete_key_change(const struct tb_acme_cli *cli, const struct tb_say *say)
{
    const struct tb_acme_registration existing = {.only_existing = true};
    static struct tb_settings settings;
    char path[TB_CLIENT_PATH_MAX + 1];
    char next[TB_CLIENT_PATH_MAX + 8];
    struct tb_fail fail = {0};
    struct tb_acme a;

    if (cli->settings.account_key[0] != '\0' || tb_issue_account_path(cli->dir, &cli->settings, path, &fail) < 0)
        return;
    snprintf(next, sizeof(next), "%s.next", path);
    if (access(next, F_OK) < 0 || strlen(next) > TB_SETTINGS_TEXT_MAX)
        return;
    settings = cli->settings;
    strcpy(settings.account_key, next);
    if (tb_issue_open(cli->dir, &settings, false, cli->allow_weak_sandbox, say, &a, &fail) == 0 &&
        tb_acme_account(&a, &existing, NULL) == 0 && take_place(next, path, &fail) == 0)
        tb_say(say, "completed a change of the key that had been interrupted");
    tb_acme_close(&a);
}

static int act(struct tb_acme_cli *cli, size_t action, struct tb_fail *fail)
{
    const struct tb_say say = tb_acme_cli_say(cli);
    struct tb_acme a = {0};
    int lock = -1;
    int r;

    cli->registration.only_existing = !actions[action].may_register;
    if ((r = tb_lineage_lock(cli->dir, &say, &lock, fail)) < 0)
        return r;
    complete_key_change(cli, &say);
    r = tb_issue_open(cli->dir, &cli->settings, actions[action].may_register, cli->allow_weak_sandbox, &say, &a, fail);
    if (r == 0 && (r = tb_acme_account(&a, &cli->registration, NULL)) == 0)
        r = actions[action].run(&a, cli);
    tb_acme_close(&a);
    close(lock);
    return r;
}

int tb_cmd_account(int argc, char **argv)
{
    static struct tb_acme_cli cli;
    struct tb_fail fail = {0};
    size_t action = 0;
    int status;

    tb_acme_cli_harden();
    status = tb_acme_cli_parse(argc, argv, TB_CMD_ACCOUNT, usage, &cli);
    if (status >= 0)
        return status;
    if (argc - optind != 1)
        return tb_acme_cli_misuse("account takes one action", usage);
    while (action < TB_ARRAY_LEN(actions) && strcmp(argv[optind], actions[action].word) != 0)
        action++;
    if (action == TB_ARRAY_LEN(actions))
        return tb_acme_cli_misuse("there is no such action", usage);
    if (cli.settings.server[0] == '\0')
        return tb_acme_cli_misuse("--server is missing", usage);
    if (actions[action].run == key_change && cli.settings.account_key[0] != '\0')
        return tb_acme_cli_misuse("key-change is for the keys below DIR: other programs keep --account-key", usage);
    (void)!act(&cli, action, &fail);
    return tb_acme_cli_end(&cli, &fail);
}
