/* tabard list: what a directory holds. */
#include <getopt.h>
#include <stdio.h>

#include "cli/acme/options.h"
#include "cli/acme/report.h"
#include "cli/command.h"
#include "client/renew.h"

static void usage(FILE *f)
{
    fputs("usage: tabard list [--dir DIR] [--json]\n"
          "\n"
          "Lists the certificates that tabard get made, one a line.\n"
          "\n"
          "  --dir DIR  default /etc/tabard, or ~/.config/tabard\n"
          "  --json     one JSON object a line\n"
          "\n"
          "Exit status: 0, or 7 when the directory cannot be read.\n",
          f);
}

static void print(const struct tb_acme_cli *cli, const struct tb_lineage *l, const struct tb_settings *s)
{
    struct tb_client_chain chain;
    struct tb_span text;
    struct tb_wr wr;
    struct tb_jw jw;

    (void)!tb_lineage_chain(l, &chain, NULL);
    if (cli->json) {
        tb_wr_init(&wr, 2 * TB_SETTINGS_JSON_MAX);
        jw = tb_jw_of(&wr);
        tb_jw_obj(&jw);
        tb_acme_report_json(&jw, l, s, &chain);
        tb_jw_end_obj(&jw);
        text = tb_wr_span(&wr);
        printf("%.*s\n", (int)text.len, (const char *)text.p);
        tb_wr_clear(&wr);
    } else {
        tb_acme_report_line(l, s, &chain);
    }
    tb_client_chain_clear(&chain);
}

int tb_cmd_list(int argc, char **argv)
{
    static struct tb_settings settings;
    static struct tb_acme_cli cli;
    struct tb_fail fail = {0};
    char **names = NULL;
    size_t num = 0;
    int status;

    status = tb_acme_cli_parse(argc, argv, TB_CMD_LIST, usage, &cli);
    if (status >= 0)
        return status;
    if (optind < argc)
        return tb_acme_cli_misuse("list takes no names", usage);
    if (tb_lineage_list(cli.dir, &names, &num, &fail) == 0)
        for (size_t i = 0; i < num; i++) {
            struct tb_lineage l;

            if (tb_lineage_at(cli.dir, names[i], &l, &fail) == 0 && tb_settings_read(&l, &settings, &fail) == 0)
                print(&cli, &l, &settings);
        }
    if (num == 0 && !cli.json && fail.status == TB_EXIT_OK)
        fprintf(stderr, "no certificates in %s\n", cli.dir);
    tb_lineage_list_free(names, num);
    return tb_acme_cli_end(&cli, &fail);
}
