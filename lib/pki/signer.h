/* An issuing key that is ready to sign: its algorithm and its context are looked up once, not for each signature. */
#ifndef TB_PKI_SIGNER_H
#define TB_PKI_SIGNER_H

#include "lib/pki/cacert.h"

struct tb_signer; /* for one thread */

/* TB_E_UNSUPPORTED when the key is neither P-256 nor P-384. Takes a reference of its own. */
int tb_signer_new(EVP_PKEY *key, struct tb_signer **out) TB_MUST_USE;
void tb_signer_free(struct tb_signer *s); /* NULL-safe */
/* As tb_key_sign. */
int tb_signer_sign(struct tb_signer *s, enum tb_sig_alg alg, struct tb_span tbs, uint8_t out[static TB_SIG_MAX],
                   size_t *out_len) TB_MUST_USE;

#endif
