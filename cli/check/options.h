/* The command line of tabard check. */
#ifndef TB_CLI_CHECK_OPTIONS_H
#define TB_CLI_CHECK_OPTIONS_H

#include "cli/check/config.h"
#include "cli/check/input.h"

#define TB_CHECK_PASSPHRASE_MAX 1023

struct tb_check_options {
    struct tb_check_peer peer;
    struct tb_check_how how;
    STACK_OF(X509) * anchors;
    char passphrase[TB_CHECK_PASSPHRASE_MAX + 1];
    const char *starttls;
    unsigned roles;
    bool json;
    bool diff;
    bool csr;
    bool config;
    bool kind_given;
    enum tb_config_kind kind;
};

/*
 * Read the options; -1 to go on with the words from optind, else the exit status.  Free with tb_check_options_clear,
 * whatever came back.
 */
int tb_check_options_parse(int argc, char **argv, struct tb_check_options *opt);
void tb_check_options_clear(struct tb_check_options *opt);
/* Both print to standard error and return the exit status for "could not tell". */
int tb_check_complain(const char *what, const char *why);
int tb_check_misuse(const char *what);

#endif
