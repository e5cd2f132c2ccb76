/* tabard ca: administer a running CA over its control socket. */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/control.h"
#include "cli/print.h"
#include "lib/base/compiler.h"

#define SERIAL_HEX_MAX 40 /* 20 octets, RFC 5280 section 4.1.2.2 */

struct options {
    const char *dir;
    bool json;
};

static void print_status(const json_t *answer)
{
    const json_t *front = json_object_get(answer, "front");

    tb_print_table(stdout, json_object_get(answer, "processes"));
    if (json_is_object(front))
        tb_print_object(stdout, front, "");
    else
        puts("front: does not answer");
}

/* The array stands in the answer's member; an empty one has no columns. */
static void print_list(const json_t *answer)
{
    const json_t *certificates = json_object_get(answer, "certificates");

    if (json_array_size(certificates) == 0)
        puts("no certificates");
    else
        tb_print_table(stdout, certificates);
}

static void print_show(const json_t *answer)
{
    tb_print_object(stdout, answer, "");
}

static const struct {
    const char *word;
    bool serial;
    void (*print)(const json_t *answer);
    const char *help;
} actions[] = {
    {"status", false, print_status, "processes, their sandboxes, counters"},
    {"list", false, print_list, "the newest certificates"},
    {"show", true, print_show, "one certificate, by its serial number in hexadecimal"},
};

static void usage(FILE *f)
{
    fputs("usage: tabard ca ACTION [SERIAL] --dir DIR [--json]\n\n", f);
    for (size_t i = 0; i < TB_ARRAY_LEN(actions); i++)
        fprintf(f, "  %-8s%s\n", actions[i].word, actions[i].help);
    fputs("\n"
          "  --dir DIR  the CA's state directory, which holds control.sock\n"
          "  --json     the answer as it came\n"
          "\n"
          "Exit status: 0 success, 1 failure, 2 usage.\n",
          f);
}

static int complain(const char *dir, int err)
{
    if (err == TB_E_IO)
        fprintf(stderr, "tabard: %s/control.sock: %s%s\n", dir, strerror(errno),
                errno == ENOENT || errno == ECONNREFUSED ? " (does tabardd run on this directory?)" : "");
    else
        fprintf(stderr, "tabard: %s/control.sock: %s\n", dir, tb_err_text(err));
    return TB_CLI_FAILURE;
}

static int ask(const struct options *opt, size_t action, const char *serial)
{
    json_t *request = serial != NULL ? json_pack("{s:s, s:s}", "cmd", actions[action].word, "serial", serial)
                                     : json_pack("{s:s}", "cmd", actions[action].word);
    const json_t *error;
    json_t *answer = NULL;
    int status = TB_CLI_OK;
    int r = request != NULL ? tb_cli_control(opt->dir, request, &answer) : TB_E_NOMEM;

    json_decref(request);
    if (r < 0)
        return complain(opt->dir, r);
    error = json_object_get(answer, "error");
    if (error != NULL)
        status = TB_CLI_FAILURE;
    if (opt->json) {
        json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
        putchar('\n');
    } else if (error != NULL) {
        fputs("tabard: ", stderr);
        tb_print_object(stderr, answer, "");
    } else {
        actions[action].print(answer);
    }
    json_decref(answer);
    return fflush(stdout) == 0 ? status : TB_CLI_FAILURE;
}

static bool is_serial(const char *s)
{
    size_t n = strspn(s, "0123456789abcdefABCDEF");

    return n > 0 && n <= SERIAL_HEX_MAX && s[n] == '\0';
}

/* -1 = go on. */
static int parse(int argc, char **argv, struct options *opt)
{
    static const struct option options[] = {
        {"dir", required_argument, NULL, 'd'}, {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {0}};
    int c;

    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == 'h') {
            usage(stdout);
            return TB_CLI_OK;
        }
        if (c == 'd')
            opt->dir = optarg;
        else if (c == 'j')
            opt->json = true;
        else
            return TB_CLI_USAGE;
    }
    return -1;
}

static int misuse(const char *what)
{
    fprintf(stderr, "tabard: %s\n", what);
    usage(stderr);
    return TB_CLI_USAGE;
}

int tb_cmd_ca(int argc, char **argv)
{
    struct options opt = {0};
    int status = parse(argc, argv, &opt);
    int words = argc - optind;
    size_t action = 0;

    if (status >= 0)
        return status;
    if (words == 0)
        return misuse("an action is missing");
    while (action < TB_ARRAY_LEN(actions) && strcmp(argv[optind], actions[action].word) != 0)
        action++;
    if (action == TB_ARRAY_LEN(actions))
        return misuse("there is no such action");
    if (words != (actions[action].serial ? 2 : 1))
        return misuse(actions[action].serial ? "show takes one serial number" : "too many arguments");
    if (actions[action].serial && !is_serial(argv[optind + 1]))
        return misuse("a serial number is up to 40 hexadecimal digits");
    if (opt.dir == NULL)
        return misuse("--dir is missing");
    return ask(&opt, action, actions[action].serial ? argv[optind + 1] : NULL);
}
