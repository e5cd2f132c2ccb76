/*
 * The ceiling of CRLs: a TBSCertList is read anew and held against a fixed shape.  A conquered judge can leave an entry
 * out of it or put a certificate in; it cannot make a CRL that outlives a day, that speaks for another issuer or URI,
 * or that is older than the last.
 */
#ifndef TB_CA_KEYHOLDER_CRL_CEILING_H
#define TB_CA_KEYHOLDER_CRL_CEILING_H

#include "ca/config/config.h"
#include "lib/pki/cacert.h"
#include "lib/pki/crl_tbs.h"

#define TB_CRL_CEILING_LIFETIME_MAX_S 86400
#define TB_CRL_CEILING_PAST_MAX_S     (10 * 60) /* thisUpdate lies at most so far back */
#define TB_CRL_CEILING_FUTURE_MAX_S   (5 * 60)

struct tb_crl_ceiling {
    const struct tb_config *cfg; /* under which URIs CRLs are served */
    enum tb_issuer issuer;
    const struct tb_cacert *ca;  /* of issuer */
    const uint64_t *last_number; /* TB_CRL_SHARDS: the last signed of this issuer; 0 = none */
    tb_time_t now;
};

/* NULL and the shard when the CRL is within the ceiling, else the constant reason word of the first rule it breaks. */
const char *tb_crl_ceiling_check(const struct tb_crl_ceiling *c, const struct tb_crl *crl, unsigned *out_shard);

#endif
