/*
 * Verification of ECDSA signatures under keys that are seen once.  Making a key object costs a third of a verification,
 * nearly all of it for the curve; so one object for each curve is kept, and only its point is changed.
 */
#ifndef TB_PKI_VERIFIER_H
#define TB_PKI_VERIFIER_H

#include "lib/pki/spki.h"

struct tb_verifier; /* for one thread */

int tb_verifier_new(struct tb_verifier **out) TB_MUST_USE;
void tb_verifier_free(struct tb_verifier *v); /* NULL-safe */
bool tb_verifier_serves(enum tb_key_kind kind);
/*
 * sig (DER) over digest under the key, whose kind must be served (TB_E_INVAL).  TB_E_CRYPTO when the point is not on
 * its curve, TB_E_BADSIG.
 */
int tb_verifier_verify(struct tb_verifier *v, const struct tb_spki *spki, struct tb_span digest,
                       struct tb_span sig) TB_MUST_USE;

#endif
