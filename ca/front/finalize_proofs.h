/* What a finalize request shows to the judge: the statements of its order's authorizations, and those made beforehand.
 */
#ifndef TB_CA_FRONT_FINALIZE_PROOFS_H
#define TB_CA_FRONT_FINALIZE_PROOFS_H

#include "ca/front/front.h"

struct tb_finalize_proofs {
    size_t num;
    struct tb_span span[TB_MSG_FINALIZE_STATEMENTS_MAX]; /* good while their authorizations are */
    size_t num_authz;
    struct tb_authz authz[];
};

/*
 * All there is of the order; where the profile takes use proofs made beforehand, the account's newest with this key for
 * each name as well.  The judge passes over what does not fit.
 */
int tb_finalize_proofs_load(struct tb_front *f, const struct tb_order *o,
                            const uint8_t spki_digest[static TB_DIGEST_LEN],
                            struct tb_finalize_proofs **out) TB_MUST_USE;
void tb_finalize_proofs_free(struct tb_finalize_proofs *p); /* NULL-safe */
/* Borrows s. TB_E_LIMIT. */
int tb_finalize_proofs_add(struct tb_finalize_proofs *p, struct tb_span s) TB_MUST_USE;

#endif
