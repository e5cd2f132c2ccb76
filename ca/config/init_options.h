/* Options of init, and the configuration that they make. */
#ifndef TB_CA_CONFIG_INIT_OPTIONS_H
#define TB_CA_CONFIG_INIT_OPTIONS_H

#include <sys/types.h>

#include "ca/config/config.h"

#define TB_PASSPHRASE_MAX 1023

struct tb_init_options {
    bool help;
    struct tb_ident host;
    bool has_passphrase;
    char passphrase[TB_PASSPHRASE_MAX + 1];
    bool give; /* the state goes to uid and gid */
    uid_t uid;
    gid_t gid;
};

/* The first line of the file, without its end.  An exit status, and the reason. */
int tb_passphrase_read(const char *file, char out[static TB_PASSPHRASE_MAX + 1],
                       char why[static TB_CONFIG_WHY_MAX + 1]);
/* Both zeroed by the caller.  Complaints go to standard error; returns an exit status. */
int tb_init_options_read(struct tb_init_options *o, struct tb_config *cfg, int argc, char **argv);

#endif
