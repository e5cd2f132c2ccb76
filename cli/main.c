/* tabard: the command line for people. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "lib/base/compiler.h"

static const struct {
    const char *word;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"account", tb_cmd_account, "show, make or change an account at an ACME server"},
    {"ca", tb_cmd_ca, "administer a running CA: what it issued, revoke, explain, bind accounts"},
    {"check", tb_cmd_check, "tell who will refuse a certificate, and why"},
    {"get", tb_cmd_get, "get a certificate from an ACME server"},
    {"list", tb_cmd_list, "list the certificates that get made"},
    {"policy", tb_cmd_policy, "check a policy file, or test a chain against it"},
    {"prove", tb_cmd_prove, "prove that a key is used as a client, for other ACME clients"},
    {"renew", tb_cmd_renew, "renew certificates whose time has come"},
    {"revoke", tb_cmd_revoke, "revoke a certificate that get made"},
};

static void usage(FILE *f)
{
    fputs("usage: tabard COMMAND [ARGUMENT]...\n\n", f);
    for (size_t i = 0; i < TB_ARRAY_LEN(commands); i++)
        fprintf(f, "  %-8s%s\n", commands[i].word, commands[i].help);
    fputs("\n\"tabard COMMAND --help\" shows the options of a command; tabard --version the version.\n"
          "Exit status: 0 success, 1 failure, 2 usage; check: 0 accepted, 1 refused, 2 could not tell.\n",
          f);
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    if (strcmp(word, "--version") == 0) {
        puts("tabard " TB_VERSION);
        return TB_CLI_OK;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0) {
        usage(stdout);
        return TB_CLI_OK;
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(commands); i++)
        if (strcmp(word, commands[i].word) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (word[0] != '\0')
        fprintf(stderr, "tabard: there is no command \"%s\"\n", word);
    usage(stderr);
    return TB_CLI_USAGE;
}
