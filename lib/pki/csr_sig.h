/* Proof of possession: the signature that a certification request carries over itself. */
#ifndef TB_PKI_CSR_SIG_H
#define TB_PKI_CSR_SIG_H

#include "lib/pki/verifier.h"

/*
 * Verify sig (content of the BIT STRING) over tbs with the key, under the content of an AlgorithmIdentifier.
 * TB_E_UNSUPPORTED when the algorithm does not fit the key, TB_E_BADSIG, TB_E_CRYPTO for a key off its curve.
 * Reasons go to pb as badCSR.  verifier may be NULL.
 */
int tb_csr_sig_verify(struct tb_verifier *verifier, const struct tb_spki *spki, struct tb_rd alg, struct tb_span tbs,
                      struct tb_span sig, struct tb_problem *pb) TB_MUST_USE;

#endif
