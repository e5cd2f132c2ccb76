/* Options of list and export that say which certificates are meant. */
#ifndef TB_CLI_CA_FILTER_H
#define TB_CLI_CA_FILTER_H

#include <stdint.h>

#include "cli/ca/ca.h"

/* Rows of a table of options. */
/* clang-format off */
#define TB_CA_FILTER_OPTIONS                                                                                           \
    {"name", "NAME", "those with this name; .NAME: with one below it"},                                                \
    {"profile", "PROFILE", "those under this profile, in any version"},                                                \
    {"expiring", "DURATION", "valid ones that end within 30d, 12h, ..."},                                              \
    {"valid", NULL, "neither expired nor revoked"}
/* clang-format on */

/* Was one of them given? */
bool tb_ca_filter_given(const struct tb_ca_args *a);
/* Members of the request; TB_CLI_OK, or the exit status after a complaint. */
int tb_ca_filter_request(const struct tb_ca_args *a, json_t *req);
/* A number from 1 to max; the fallback when the option was not given. False after a complaint. */
bool tb_ca_number(const struct tb_ca_args *a, const char *option, uint64_t fallback, uint64_t max, uint64_t *out);

#endif
