/* tabard ca: administer a running CA over its control socket. */
#include "cli/ca/ca.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/control.h"
#include "cli/print.h"
#include "lib/base/compiler.h"

static const struct tb_ca_action *const actions[] = {
    &tb_ca_eab, &tb_ca_explain, &tb_ca_export, &tb_ca_list, &tb_ca_revoke, &tb_ca_show, &tb_ca_status,
};

static void usage(FILE *f)
{
    fputs("usage: tabard ca ACTION [ARGUMENT]... --dir DIR [--json]\n\n", f);
    for (size_t i = 0; i < TB_ARRAY_LEN(actions); i++)
        fprintf(f, "  %-9s%s\n", actions[i]->word, actions[i]->help);
    fputs("\n"
          "  --dir DIR  the CA's state directory, which holds control.sock\n"
          "  --json     the answer as it came\n"
          "\n"
          "\"tabard ca ACTION --help\" shows the options of an action.\n"
          "Exit status: 0 success, 1 failure, 2 usage, 3 refused (explain).\n",
          f);
}

static void action_usage(FILE *f, const struct tb_ca_action *action)
{
    char option[64];

    fprintf(f, "usage: tabard ca %s%s%s [OPTION]... --dir DIR\n\n%s\n\n", action->word,
            action->usage[0] != '\0' ? " " : "", action->usage, action->help);
    for (size_t i = 0; i < action->num_options; i++) {
        const struct tb_ca_option *o = &action->options[i];

        snprintf(option, sizeof(option), "--%s%s%s", o->name, o->value != NULL ? " " : "",
                 o->value != NULL ? o->value : "");
        fprintf(f, "  %-20s%s\n", option, o->help);
    }
    fputs("  --dir DIR           the CA's state directory, which holds control.sock\n"
          "  --json              the answer as it came\n",
          f);
}

int tb_ca_misuse(const struct tb_ca_action *action, const char *what)
{
    fprintf(stderr, "tabard: %s\n", what);
    action_usage(stderr, action);
    return TB_CLI_USAGE;
}

static int misuse(const char *what)
{
    fprintf(stderr, "tabard: %s\n", what);
    usage(stderr);
    return TB_CLI_USAGE;
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

void tb_ca_print_json(const json_t *answer)
{
    json_dumpf(answer, stdout, JSON_INDENT(2) | JSON_ENSURE_ASCII);
    putchar('\n');
}

int tb_ca_ask(const struct tb_ca_args *a, const json_t *request, json_t **out)
{
    int r = tb_cli_control(a->dir, request, out);

    if (r < 0)
        return complain(a->dir, r);
    if (json_object_get(*out, "error") == NULL)
        return TB_CLI_OK;
    if (a->json) {
        tb_ca_print_json(*out);
    } else {
        fputs("tabard: ", stderr);
        tb_print_object(stderr, *out, "");
    }
    json_decref(*out);
    *out = NULL;
    return TB_CLI_FAILURE;
}

static int ask_and_print(const struct tb_ca_args *a)
{
    json_t *request = json_pack("{s:s}", "cmd", a->action->word);
    json_t *answer = NULL;
    int status = request != NULL ? TB_CLI_OK : complain(a->dir, TB_E_NOMEM);

    if (status == TB_CLI_OK && a->action->request != NULL)
        status = a->action->request(a, request);
    if (status == TB_CLI_OK)
        status = tb_ca_ask(a, request, &answer);
    json_decref(request);
    if (status == TB_CLI_OK && a->json)
        tb_ca_print_json(answer);
    else if (status == TB_CLI_OK)
        a->action->print(a, answer);
    json_decref(answer);
    return status;
}

const char *tb_ca_value(const struct tb_ca_args *a, const char *name)
{
    for (size_t i = 0; i < a->action->num_options; i++)
        if (strcmp(a->action->options[i].name, name) == 0)
            return a->value[i];
    return NULL;
}

bool tb_ca_is_serial(const char *s)
{
    size_t n = strspn(s, "0123456789abcdefABCDEF");

    return n > 0 && n <= TB_SERIAL_HEX_MAX && s[n] == '\0';
}

void tb_ca_print_object(const struct tb_ca_args *a, const json_t *answer)
{
    (void)a;
    tb_print_object(stdout, answer, "");
}

/* Values of getopt's `val`: the action's options from OWN on. */
enum { OPT_DIR = 256, OPT_JSON, OPT_HELP, OPT_OWN };

static void fill_options(const struct tb_ca_action *action, struct option *out)
{
    static const struct option common[] = {{"dir", required_argument, NULL, OPT_DIR},
                                           {"json", no_argument, NULL, OPT_JSON},
                                           {"help", no_argument, NULL, OPT_HELP}};

    memcpy(out, common, sizeof(common));
    for (size_t i = 0; i < action->num_options; i++)
        out[TB_ARRAY_LEN(common) + i] =
            (struct option){.name = action->options[i].name,
                            .has_arg = action->options[i].value != NULL ? required_argument : no_argument,
                            .val = OPT_OWN + (int)i};
}

static bool take_own(struct tb_ca_args *a, size_t i)
{
    a->value[i] = optarg != NULL ? optarg : "";
    if (a->action->many == NULL || strcmp(a->action->options[i].name, a->action->many) != 0)
        return true;
    if (a->num_many == TB_CA_MANY_MAX)
        return false;
    a->many[a->num_many++] = optarg;
    return true;
}

/* -1 = go on. */
static int parse(int argc, char **argv, struct tb_ca_args *a)
{
    struct option options[TB_CA_OPTIONS_MAX + 4] = {0};
    int c;

    fill_options(a->action, options);
    while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (c == OPT_HELP) {
            action_usage(stdout, a->action);
            return TB_CLI_OK;
        }
        if (c == OPT_DIR)
            a->dir = optarg;
        else if (c == OPT_JSON)
            a->json = true;
        else if (c < OPT_OWN)
            return TB_CLI_USAGE;
        else if (!take_own(a, (size_t)(c - OPT_OWN)))
            return tb_ca_misuse(a->action, "an option stands too often");
    }
    a->word = argv + optind;
    a->num_words = (size_t)(argc - optind);
    return -1;
}

static int run(const struct tb_ca_action *action, int argc, char **argv)
{
    struct tb_ca_args a = {.action = action};
    int status = parse(argc, argv, &a);

    if (status >= 0)
        return status;
    if (a.num_words < action->min_words)
        return tb_ca_misuse(action, "an argument is missing");
    if (a.num_words > action->max_words)
        return tb_ca_misuse(action, "too many arguments");
    if (a.dir == NULL)
        return tb_ca_misuse(action, "--dir is missing");
    status = action->run != NULL ? action->run(&a) : ask_and_print(&a);
    return fflush(stdout) == 0 || status != TB_CLI_OK ? status : TB_CLI_FAILURE;
}

int tb_cmd_ca(int argc, char **argv)
{
    if (argc < 2)
        return misuse("an action is missing");
    if (strcmp(argv[1], "--help") == 0) {
        usage(stdout);
        return TB_CLI_OK;
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(actions); i++)
        if (strcmp(argv[1], actions[i]->word) == 0)
            return run(actions[i], argc - 1, argv + 1);
    return misuse(argv[1][0] == '-' ? "the action comes first" : "there is no such action");
}
