/* ACME's JWS: flattened JSON, one signature (RFC 8555 section 6.2). */
#ifndef TB_JOSE_JWS_H
#define TB_JOSE_JWS_H

#include "lib/jose/jwk.h"

#define TB_JWS_BODY_MAX   50000 /* whole JSON, as Boulder limits it */
#define TB_JWS_HEADER_MAX 8192  /* decoded protected header */
#define TB_JWS_URL_MAX    511
#define TB_JWS_NONCE_MAX  127

/*
 * A parsed, not yet verified JWS.  Strings are unescaped copies owned by the object.  Exactly one of jwk and kid is
 * set.  signing_input is protected "." payload as sent.
 */
struct tb_jws {
    enum tb_jws_alg alg;
    char url[TB_JWS_URL_MAX + 1];
    char kid[TB_JWS_URL_MAX + 1];     /* empty when jwk is there */
    char nonce[TB_JWS_NONCE_MAX + 1]; /* empty when absent */
    bool has_nonce;
    struct tb_jwk *jwk;     /* owned; NULL when kid is there */
    struct tb_span payload; /* decoded; empty for POST-as-GET */
    struct tb_span signing_input;
    struct tb_span sig; /* decoded */
    void *mem;          /* owns what the spans point to */
};

/*
 * Parse a request body.  Refuses (malformed, badSignatureAlgorithm, badPublicKey in pb): more than
 * TB_JWS_BODY_MAX bytes, anything but the members protected, payload, signature, duplicate members at any level,
 * "signatures", "header", "b64", "crit", padding or foreign characters in base64url, both or neither of jwk and
 * kid, a missing or non-string alg, url; a nonce outside the base64url alphabet (RFC 8555 section 6.5.2); unknown alg
 * with the list of ours in the detail. Unknown header members are ignored.  On success free with tb_jws_clear.
 */
int tb_jws_parse(struct tb_span body, struct tb_jws *out, struct tb_problem *pb) TB_MUST_USE;
void tb_jws_clear(struct tb_jws *jws); /* NULL-safe; zeroed struct allowed */
/* Verify with the key, on any thread, after checking that the key's algorithm is the header's (TB_E_BADSIG otherwise).
 */
int tb_jws_verify(const struct tb_jws *jws, struct tb_jwk *key) TB_MUST_USE;
/* SHA-256 over signing_input "." decoded signature: the same JWS, bit for bit. */
void tb_jws_digest(uint8_t out[static TB_DIGEST_LEN], const struct tb_jws *jws);

#endif
