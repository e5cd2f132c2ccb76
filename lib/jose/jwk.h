/* Account keys: JWK (RFC 7517), thumbprint (RFC 7638), ready for verification. */
#ifndef TB_JOSE_JWK_H
#define TB_JOSE_JWK_H

#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/problem.h"

#define TB_JWK_JSON_MAX     2048 /* canonical form of an RSA-4096 key fits in half of it */
#define TB_JWK_RSA_BITS_MIN 2048
#define TB_JWK_RSA_BITS_MAX 4096

enum tb_jws_alg { TB_ALG_NONE = 0, TB_ALG_ES256, TB_ALG_ES384, TB_ALG_EDDSA, TB_ALG_RS256, TB_ALG__COUNT };
/* "ES256"; NULL for NONE. */
const char *tb_jws_alg_name(enum tb_jws_alg alg);
enum tb_jws_alg tb_jws_alg_find(struct tb_span name);

/*
 * A public key, parsed once and kept in the form that verification needs.  Several threads may verify with it at the
 * same time (one after the other gets its turn); references belong to one thread.
 */
struct tb_jwk;

/*
 * Strict: exactly one public key of kty EC (P-256, P-384), OKP (Ed25519) or RSA (2048..4096 bits, e = 3 or an odd
 * e of at least 65537 and at most 64 bits); full-width coordinates, minimal n and e; points on the curve; private
 * members refused; unknown members ignored; duplicates refused.  TB_E_FORMAT, TB_E_UNSUPPORTED, TB_E_LIMIT; the
 * reason goes into pb (badPublicKey or malformed).  The caller frees with tb_jwk_free.
 */
int tb_jwk_parse(struct tb_span json, struct tb_jwk **out, struct tb_problem *pb) TB_MUST_USE;
/* One more reference; each is given back with tb_jwk_free. */
struct tb_jwk *tb_jwk_ref(struct tb_jwk *jwk);
void tb_jwk_free(struct tb_jwk *jwk); /* NULL-safe; the last reference frees the key */
/* The canonical JSON (RFC 7638 section 3.2): store and compare this. Borrowed, lives as long as the key. */
struct tb_span tb_jwk_canonical(const struct tb_jwk *jwk);
/* SHA-256 over the canonical JSON; borrowed, TB_DIGEST_LEN bytes. */
const uint8_t *tb_jwk_thumbprint(const struct tb_jwk *jwk);
/* The one algorithm that this key signs with. */
enum tb_jws_alg tb_jwk_alg(const struct tb_jwk *jwk);
/* SHA-256 over the DER SubjectPublicKeyInfo: to compare an account key with a certificate's key. */
const uint8_t *tb_jwk_spki_digest(const struct tb_jwk *jwk);
/* Modulus and exponent of an RSA key, big-endian, borrowed as the canonical JSON is; empty for other keys. */
void tb_jwk_rsa(const struct tb_jwk *jwk, struct tb_span *out_n, struct tb_span *out_e);
/* Verify sig over msg, on any thread. TB_E_BADSIG when it does not verify or has the wrong width. */
int tb_jwk_verify(struct tb_jwk *jwk, struct tb_span msg, struct tb_span sig) TB_MUST_USE;

#endif
