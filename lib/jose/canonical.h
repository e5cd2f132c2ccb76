/* What distinguishes one kind of account key from another, and its canonical forms.  Private to lib/jose. */
#ifndef TB_JOSE_CANONICAL_H
#define TB_JOSE_CANONICAL_H

#include "lib/jose/jwk.h"

#define TB_JOSE_COORD_MAX 48 /* P-384 */
#define TB_JOSE_RSA_N_MAX (TB_JWK_RSA_BITS_MAX / 8)
#define TB_JOSE_RSA_E_MAX 8
/* r || s of P-384 is shorter. */
#define TB_JOSE_SIG_MAX   TB_JOSE_RSA_N_MAX

/* How signatures of one algorithm, and the keys that make them, look. One row for each enum tb_jws_alg. */
struct tb_jose_kind {
    const char *name;        /* of the algorithm, RFC 7518 section 3.1 */
    const char *kty;         /* RFC 7518 section 6.1 */
    const char *crv;         /* NULL for RSA */
    const char *group;       /* OpenSSL's name of the EC group; NULL when not EC */
    size_t coord_len;        /* bytes of x and of y; 0 for RSA */
    const uint8_t *spki_pre; /* SubjectPublicKeyInfo up to the key's own bytes; NULL for RSA */
    size_t spki_pre_len;
};
/* Never NULL for the algorithms that exist. */
const struct tb_jose_kind *tb_jose_kind(enum tb_jws_alg alg);

/* Public parts: x and y (y empty for Ed25519) or n and e, big-endian. */
struct tb_jose_parts {
    enum tb_jws_alg alg;
    struct tb_span a; /* x or n */
    struct tb_span b; /* y or e */
};
/* RFC 7638 section 3.2: required members alone, in order of their names, no blanks. */
void tb_jose_write_canonical(struct tb_wr *wr, const struct tb_jose_parts *parts);
/* SHA-256 over the DER SubjectPublicKeyInfo (RFC 5280 section 4.1, RFC 3279, 5480, 8410). */
void tb_jose_spki_digest(uint8_t out[static TB_DIGEST_LEN], const struct tb_jose_parts *parts);

#endif
