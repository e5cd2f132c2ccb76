/* What a renewal changes for each role. */
#ifndef TB_CLI_CHECK_DIFF_H
#define TB_CLI_CHECK_DIFF_H

#include <jansson.h>
#include <stdio.h>

#include "cli/check/result.h"

/*
 * Both results filled, for the same roles; the old one at a time at which it was valid.  Print what changes, or add it
 * to doc (an object) when doc is not NULL.  Refused when a role is lost: OpenSSL accepted the old chain and does not
 * accept the new one.  Unknown when one of them could not be measured.
 */
enum tb_check_verdict tb_check_diff(FILE *f, const struct tb_check_result *before, const struct tb_check_result *after,
                                    json_t *doc);

#endif
