/* Making JWSs: for the client, the load generator and tests.  The daemons only verify. */
#ifndef TB_JOSE_SIGN_H
#define TB_JOSE_SIGN_H

#include <openssl/evp.h>

#include "lib/jose/jws.h"

/* The algorithm that a key of P-256, P-384, Ed25519 or RSA signs with; NONE for others. */
enum tb_jws_alg tb_jws_alg_of_pkey(const EVP_PKEY *key);
/*
 * Canonical public JWK (RFC 7638) of an OpenSSL key, appended to json; thumbprint may be NULL.
 * TB_E_UNSUPPORTED for a kind of key that we do not speak, TB_E_CRYPTO, or the writer's error.
 */
int tb_jwk_of_pkey(EVP_PKEY *key, struct tb_wr *json, uint8_t *thumbprint) TB_MUST_USE;

struct tb_jws_fields {
    const char *url;   /* required */
    const char *nonce; /* NULL: none, as in an inner JWS */
    const char *kid;   /* NULL: the header embeds the key's JWK */
};
/* Flattened JSON JWS over payload, appended to out. An empty payload makes a POST-as-GET. */
int tb_jws_sign(struct tb_wr *out, EVP_PKEY *key, const struct tb_jws_fields *fields,
                struct tb_span payload) TB_MUST_USE;
/* The same with any bytes as protected header: for tests that lie in it. */
int tb_jws_sign_header(struct tb_wr *out, EVP_PKEY *key, struct tb_span header, struct tb_span payload) TB_MUST_USE;

#endif
