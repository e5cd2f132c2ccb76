/*
 * Renewal of one own certificate, in a state directory whose CA may run.  The new key is written beside the old one,
 * the chain is replaced, then the key: who is killed in between leaves a CA that starts (ca/tls_files.h), and the next
 * call finishes.
 */
#ifndef TB_CA_CONFIG_OWN_RENEW_H
#define TB_CA_CONFIG_OWN_RENEW_H

#include "ca/config/own_cert.h"

enum tb_own_outcome { TB_OWN_KEPT, TB_OWN_RENEWED, TB_OWN_LEFT /* not ours */, TB_OWN_FAILED };

/* By whom and when. */
struct tb_own_renewal {
    const struct tb_config *cfg;
    struct tb_hierarchy issuer; /* issuing CA and its key: tb_own_issuer_read */
    struct tb_cacert ca;
    bool only_absent;   /* what is there stays, whatever time it has */
    uint32_t days_left; /* renew what has fewer; 0 = a third of the lifetime */
    tb_time_t now;
};

struct tb_own_result {
    enum tb_own_outcome outcome;
    struct tb_place chain, key;
    tb_time_t not_after; /* of what is there now; 0 = not known */
    tb_place_why why;    /* LEFT and FAILED: the reason; else empty, or what else is to be told */
};

/* Where there is no certificate one is made.  The caller clears res in any case. */
void tb_own_renew(const struct tb_own_renewal *by, const struct tb_own_cert *own, struct tb_own_result *res);
void tb_own_result_clear(struct tb_own_result *res);

#endif
