/* Options that the ACME commands share: one row each, and each command says which it takes. */
#ifndef TB_CLI_ACME_OPTIONS_H
#define TB_CLI_ACME_OPTIONS_H

#include <stdio.h>

#include "client/issue.h"
#include "client/keys.h"
#include "lib/json/json.h"

#define TB_ACME_EAB_KEY_MAX 256

/* Which commands take a row. */
enum {
    TB_CMD_GET = 1 << 0,
    TB_CMD_LIST = 1 << 1,
    TB_CMD_RENEW = 1 << 2,
    TB_CMD_REVOKE = 1 << 3,
    TB_CMD_ACCOUNT = 1 << 4,
    TB_CMD_PROVE = 1 << 5,
};

struct tb_acme_cli {
    struct tb_settings settings;
    struct tb_acme_registration registration;
    char dir[TB_CLIENT_PATH_MAX + 1];
    char name[TB_LINEAGE_NAME_MAX + 1];
    uint8_t eab_key[TB_ACME_EAB_KEY_MAX];
    const char *reason;  /* of a revocation */
    const char *new_key; /* prove */
    const char *csr_out; /* prove */
    bool allow_weak_sandbox, dry_run, force, json, quiet, by_key, forget;
};

/* Returns an exit status, or -1 to go on; optind is at the words. */
int tb_acme_cli_parse(int argc, char **argv, unsigned command, void (*usage)(FILE *f), struct tb_acme_cli *out);
/* The words are names of a certificate. */
int tb_acme_cli_names(struct tb_acme_cli *cli, char **words, int num, struct tb_fail *fail) TB_MUST_USE;
/* Complaint with the usage; TB_EXIT_USAGE. */
int tb_acme_cli_misuse(const char *what, void (*usage)(FILE *f));
/* Prints the failure to standard error, and as JSON to standard output; its status. */
int tb_acme_cli_end(const struct tb_acme_cli *cli, const struct tb_fail *fail);
/* Progress to standard error, unless quiet. */
struct tb_say tb_acme_cli_say(const struct tb_acme_cli *cli);
/* The account key, nobody's core file, no wider rights than asked for: for every command at its start. */
void tb_acme_cli_harden(void);

#endif
