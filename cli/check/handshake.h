/*
 * OpenSSL's answer, measured: a handshake in this process between one side that shows the chain and another one that
 * has the anchors, over a pair of memory BIOs.
 */
#ifndef TB_CLI_CHECK_HANDSHAKE_H
#define TB_CLI_CHECK_HANDSHAKE_H

#include "cli/check/check.h"

struct tb_check_measure {
    enum tb_check_verdict verdict;
    bool completed;                 /* to Finished; without the private key the verifier's decision ends it */
    int error;                      /* X509_V_ERR_*; X509_V_OK when the chain is not what was refused */
    int depth;                      /* of the certificate at fault; -1 when it is no certificate */
    X509 *at;                       /* that certificate; NULL */
    STACK_OF(X509) * path;          /* as OpenSSL built it, leaf first; NULL when it got none */
    const char *protocol;           /* "TLSv1.3" */
    char why[TB_CHECK_WHY_MAX + 1]; /* when error does not say it */
};

/*
 * Measure; key may be NULL.  The certificate that is shown is on the wire, and the verifier decides on it, before its
 * signature comes: so the decision is the real one without the key too.  Free with tb_check_measure_clear.
 */
void tb_check_handshake(STACK_OF(X509) * chain, EVP_PKEY *key, enum tb_check_role role,
                        const struct tb_check_peer *peer, struct tb_check_measure *out);
void tb_check_measure_clear(struct tb_check_measure *m);

#endif
