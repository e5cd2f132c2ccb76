/*
 * The ceiling: what this CA signs at all, whatever the judge believes.  A TBS is read anew and held against a fixed
 * shape; so a broken or conquered judge gets no CA certificate, no foreign usage, no long life and no other issuer.
 */
#ifndef TB_CA_KEYHOLDER_CEILING_H
#define TB_CA_KEYHOLDER_CEILING_H

#include "ca/config/config.h"
#include "lib/pki/cacert.h"

#define TB_CEILING_LIFETIME_MAX_S (100 * 86400) /* notBefore to notAfter, both counted (RFC 5280 section 4.1.2.5) */
#define TB_CEILING_BACKDATE_MAX_S (2 * 3600)
#define TB_CEILING_FUTURE_MAX_S   (5 * 60)
#define TB_CEILING_CN_MAX         64 /* ub-common-name, RFC 5280 appendix A.1 */

/* What a TBS is held against. */
struct tb_ceiling {
    const struct tb_config *cfg; /* where CRLs and CA certificates are served */
    enum tb_issuer issuer;
    const struct tb_cacert *ca;              /* of issuer */
    const uint8_t (*ca_keys)[TB_DIGEST_LEN]; /* SPKI digests of every CA key: none of them is certified */
    size_t num_ca_keys;
    tb_time_t now;
};

/* NULL when the TBS is within the ceiling, else the constant reason word of the first rule that it breaks. */
const char *tb_ceiling_check(const struct tb_ceiling *c, const struct tb_tbs *tbs);

#endif
