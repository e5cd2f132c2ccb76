/*
 * Signed requests (RFC 8555 section 6.2) of one account under ES256.  What is the same in all of them is looked up and
 * written once, so that the generator's time is signatures and not their preparation.
 */
#ifndef TB_BENCH_JWS_H
#define TB_BENCH_JWS_H

#include "lib/base/bytes.h"
#include "lib/pki/signer.h"

struct tb_load_jws {
    struct tb_signer *signer;
    struct tb_wr header, input;
    size_t same; /* octets of the header before the nonce */
};
/* key: P-256. Clear it also after a failure. */
int tb_load_jws_init(struct tb_load_jws *j, EVP_PKEY *key) TB_MUST_USE;
void tb_load_jws_clear(struct tb_load_jws *j);
/* The account's URL. As nonce and url below, it has no character that JSON escapes. */
int tb_load_jws_set_kid(struct tb_load_jws *j, const char *kid) TB_MUST_USE;
/* Flattened JSON over payload, appended to out. An empty payload makes a POST-as-GET. */
int tb_load_jws_make(struct tb_load_jws *j, const char *nonce, const char *url, struct tb_span payload,
                     struct tb_wr *out) TB_MUST_USE;

#endif
