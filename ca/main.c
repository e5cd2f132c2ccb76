/* tabardd: the CA.  A table of subcommands; each child runs this program again with -R and its role. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/backup/command.h"
#include "ca/child.h"
#include "ca/config/command.h"
#include "ca/parent/parent.h"

#define CHILD_FD 3

static const struct {
    const char *word;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"init", tb_cmd_init, "make a CA in a directory: keys, certificates, tabard.yaml"},
    {"run", tb_cmd_run, "run it in the foreground"},
    {"add", tb_cmd_add, "add a responder, or the hierarchy for peers, to an existing CA"},
    {"renew-own", tb_cmd_renew_own, "renew the CA's own certificates: https.pem, responder.pem"},
    {"check-config", tb_cmd_check_config, "check a configuration and the state that it names"},
    {"backup", tb_cmd_backup, "one archive of a CA, also while it runs"},
    {"restore", tb_cmd_restore, "a CA from an archive, in an empty directory"},
};

static const struct tb_child_role *const roles[] = {
    &tb_front_role, &tb_validator_role, &tb_responder_role, &tb_judge_role, &tb_keyholder_role,
};

static void usage(FILE *f)
{
    fputs("usage: tabardd COMMAND [OPTION]...\n\n", f);
    for (size_t i = 0; i < TB_ARRAY_LEN(commands); i++)
        fprintf(f, "  %-14s%s\n", commands[i].word, commands[i].help);
    fputs("\n\"tabardd COMMAND --help\" shows the options of a command; tabardd --version the version.\n"
          "Exit status: 0 success, 1 failure, 2 usage, 3 configuration error.\n",
          f);
}

static int run_role(const char *name)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(roles); i++)
        if (strcmp(name, tb_role_name(roles[i]->role)) == 0)
            return tb_child_run(roles[i], CHILD_FD);
    fprintf(stderr, "tabardd: there is no process \"%s\"\n", name);
    return TB_EXIT_USAGE;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : "";

    if (argc == 3 && strcmp(word, "-R") == 0)
        return run_role(argv[2]);
    if (strcmp(word, "--version") == 0) {
        puts("tabardd " TB_VERSION);
        return TB_EXIT_OK;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0) {
        usage(stdout);
        return TB_EXIT_OK;
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(commands); i++)
        if (strcmp(word, commands[i].word) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (word[0] != '\0')
        fprintf(stderr, "tabardd: there is no command \"%s\"\n", word);
    usage(stderr);
    return TB_EXIT_USAGE;
}
