/* tabard renew: every certificate whose time has come. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/acme/options.h"
#include "cli/command.h"
#include "client/renew.h"

static void usage(FILE *f)
{
    fputs("usage: tabard renew [NAME]... [--dir DIR] [OPTION]...\n"
          "\n"
          "Renews what tabard get made and whose time has come: as the server says, else by lifetime.\n"
          "\n"
          "  NAME       only these (the names of the directories)\n"
          "  --dir DIR  default /etc/tabard, or ~/.config/tabard\n"
          "  --force    now, whatever the time\n"
          "  --dry-run  order and prove, and stop there\n"
          "  --json, --quiet, --allow-weak-sandbox\n"
          "\n"
          "Exit status: 0 renewed or nothing to do; else that of the first failure, as tabard-get(1) lists them.\n",
          f);
}

static const char *const words[] = {
    [TB_RENEW_NOT_DUE] = "not due",
    [TB_RENEW_WAITS] = "waits after a failure",
    [TB_RENEW_DONE] = "renewed",
    [TB_RENEW_FAILED] = "failed",
};

static void report(const struct tb_acme_cli *cli, const char *name, enum tb_renew_outcome outcome,
                   const struct tb_fail *fail)
{
    struct tb_span text;
    struct tb_wr wr;
    struct tb_jw jw;

    if (!cli->json) {
        printf("%s: %s%s%s\n", name, words[outcome], fail->text[0] != '\0' ? ": " : "", fail->text);
        return;
    }
    tb_wr_init(&wr, 8 * TB_FAIL_TEXT_MAX);
    jw = tb_jw_of(&wr);
    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "name", name);
    tb_jw_kv(&jw, "outcome", words[outcome]);
    tb_jw_key(&jw, "status");
    tb_jw_int(&jw, (int64_t)fail->status);
    tb_jw_kv(&jw, "error", fail->text);
    tb_jw_end_obj(&jw);
    text = tb_wr_span(&wr);
    printf("%.*s\n", (int)text.len, (const char *)text.p);
    tb_wr_clear(&wr);
}

static int renew_one(const struct tb_acme_cli *cli, const char *name, const struct tb_say *say)
{
    const struct tb_renew_options opt = {
        .force = cli->force, .dry_run = cli->dry_run, .allow_weak_sandbox = cli->allow_weak_sandbox, .say = say};
    struct tb_fail fail = {0};
    enum tb_renew_outcome outcome = TB_RENEW_FAILED;
    struct tb_lineage l;

    if (tb_lineage_at(cli->dir, name, &l, &fail) == 0)
        outcome = tb_renew(&l, &opt, &fail);
    report(cli, name, outcome, &fail);
    return outcome == TB_RENEW_FAILED ? (int)fail.status : TB_EXIT_OK;
}

static int renew_all(const struct tb_acme_cli *cli, char **names, size_t num)
{
    const struct tb_say say = tb_acme_cli_say(cli);
    int status = TB_EXIT_OK;

    for (size_t i = 0; i < num; i++) {
        int one = renew_one(cli, names[i], &say);

        status = status == TB_EXIT_OK ? one : status;
    }
    if (num == 0)
        tb_say(&say, "nothing to renew in %s", cli->dir);
    return status;
}

int tb_cmd_renew(int argc, char **argv)
{
    static struct tb_acme_cli cli;
    struct tb_say say;
    struct tb_fail fail = {0};
    char **names = NULL;
    size_t num = 0;
    int lock = -1;
    int status;

    tb_acme_cli_harden();
    status = tb_acme_cli_parse(argc, argv, TB_CMD_RENEW, usage, &cli);
    if (status >= 0)
        return status;
    say = tb_acme_cli_say(&cli);
    if (tb_lineage_lock(cli.dir, &say, &lock, &fail) < 0)
        return tb_acme_cli_end(&cli, &fail);
    if (optind < argc)
        status = renew_all(&cli, argv + optind, (size_t)(argc - optind));
    else if (tb_lineage_list(cli.dir, &names, &num, &fail) == 0)
        status = renew_all(&cli, names, num);
    tb_lineage_list_free(names, num);
    close(lock);
    if (fail.status != TB_EXIT_OK)
        return tb_acme_cli_end(&cli, &fail);
    return fflush(stdout) == 0 ? status : TB_EXIT_FAILURE;
}
