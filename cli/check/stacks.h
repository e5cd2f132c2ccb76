/*
 * What other TLS stacks do with purposes, as their documentation and source say.  Nothing here is measured: every
 * answer is marked as documented and names where that stands.
 */
#ifndef TB_CLI_CHECK_STACKS_H
#define TB_CLI_CHECK_STACKS_H

#include "cli/check/handshake.h"

#define TB_CHECK_STACKS 6

struct tb_check_documented {
    const char *stack;
    const char *source;
    const char *note; /* when the rule holds; "" */
    enum tb_check_verdict verdict;
    int depth; /* of the certificate at fault; -1 */
    char why[TB_CHECK_WHY_MAX + 1];
};

/*
 * Judge the purposes of the path that was measured.  Unknown when there is no whole path, or when it has a fault that
 * is none of purpose.
 */
void tb_check_stacks(const struct tb_check_measure *m, enum tb_check_role role,
                     struct tb_check_documented out[static TB_CHECK_STACKS]);

#endif
