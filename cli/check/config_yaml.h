/*
 * The few scalars of a YAML file that name certificates.  Real configurations may hold whatever YAML allows; so this
 * follows libyaml's events, and unlike lib/yaml it refuses nothing that it does not look at.
 */
#ifndef TB_CLI_CHECK_CONFIG_YAML_H
#define TB_CLI_CHECK_CONFIG_YAML_H

#include "cli/check/config.h"

#define TB_CONFIG_YAML_DEPTH_MAX  16
#define TB_CONFIG_YAML_EVENTS_MAX 100000

struct tb_config_scalar {
    const char *path; /* "net.tls.certificateKeyFile" */
    unsigned line;    /* 0: absent */
    char value[TB_CONFIG_VALUE_MAX + 1];
};

/* Fill line and value of each wanted path. TB_E_FORMAT, TB_E_LIMIT, TB_E_NOMEM. */
int tb_config_yaml(const char *text, struct tb_config_scalar *wanted, size_t num) TB_MUST_USE;

#endif
