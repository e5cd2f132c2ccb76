/* What libtabard's strict rule says of the same chain. */
#ifndef TB_CLI_CHECK_STRICT_H
#define TB_CLI_CHECK_STRICT_H

#include "cli/check/handshake.h"

struct tb_check_strict {
    bool asked; /* false: there is no anchor to ask with */
    bool sound;
    const char *reason; /* "eku-absent" */
    const char *rfc;
    int depth;                            /* -1: no certificate */
    char sentence[TB_CHECK_LINE_MAX + 1]; /* "" where it agrees with OpenSSL */
};

/* Without a list of anchors, the top of the path that was measured is the anchor. */
void tb_check_strict(STACK_OF(X509) * chain, enum tb_check_role role, const struct tb_check_peer *peer,
                     const struct tb_check_measure *m, struct tb_check_strict *out);

#endif
