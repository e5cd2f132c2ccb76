#include "lib/jose/jwk.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "lib/jose/canonical.h"
#include "lib/jose/jwk_json.h"
#include "lib/jose/keymake.h"

struct tb_jwk {
    enum tb_jws_alg alg;
    size_t sig_len; /* the only width that a signature may have */
    unsigned refs;
    EVP_PKEY *pkey;
    pthread_mutex_t mutex; /* one verification at a time: contexts hold its state */
    EVP_PKEY_CTX *verify;  /* set up once: that is a quarter of the cost of verifying. NULL for Ed25519 */
    EVP_MD_CTX *md;        /* Ed25519 */
    uint8_t thumbprint[TB_DIGEST_LEN];
    uint8_t spki_digest[TB_DIGEST_LEN];
    size_t canonical_len;
    size_t rsa_n_len, rsa_e_len;
    char canonical[]; /* the JSON, and of RSA keys n and e after it */
};

static int bad_key(struct tb_problem *pb, int err, const char *why)
{
    return tb_problem_set(pb, err, TB_P_BAD_PUBLIC_KEY, "JWK: %s", why);
}

/* Storage for the decoded members. */
struct decoded {
    uint8_t a[TB_JOSE_RSA_N_MAX];
    uint8_t b[TB_JOSE_COORD_MAX];
};

/* A base64url member of 1 to max bytes. */
static int get_bytes(const json_t *obj, const char *name, uint8_t *out, size_t max, struct tb_span *out_span,
                     struct tb_problem *pb)
{
    struct tb_span text;
    size_t len = 0;
    int r = tb_json_str(obj, name, TB_B64U_LEN(max), &text);

    if (r == TB_E_NOTFOUND)
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY, "JWK: member \"%s\" is missing", name);
    if (r == 0)
        r = tb_b64u_decode(out, max, &len, text);
    if (r == 0 && len == 0)
        r = TB_E_FORMAT;
    if (r < 0)
        return tb_problem_set(pb, r, TB_P_BAD_PUBLIC_KEY, "JWK: member \"%s\" is %s", name,
                              r == TB_E_LIMIT ? "too long" : "not base64url");
    *out_span = tb_span_of(out, len);
    return 0;
}

static int get_coord(const json_t *obj, const char *name, uint8_t *out, size_t width, struct tb_span *out_span,
                     struct tb_problem *pb)
{
    int r = get_bytes(obj, name, out, width, out_span, pb);

    if (r == 0 && out_span->len != width)
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY, "JWK: member \"%s\" has not its full width", name);
    return r;
}

/* A key pair's private half must never be sent; whoever does has lost the key (RFC 7518 section 6). */
static int refuse_private(const json_t *obj, struct tb_problem *pb)
{
    static const char *const members[] = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};

    for (size_t i = 0; i < TB_ARRAY_LEN(members); i++)
        if (json_object_get(obj, members[i]) != NULL)
            return bad_key(pb, TB_E_FORMAT, "it holds private members");
    return 0;
}

/* kty and crv decide; "alg" of the key would be a second opinion and is ignored. */
static int get_kind(const json_t *obj, enum tb_jws_alg *out, struct tb_problem *pb)
{
    struct tb_span kty;
    struct tb_span crv;

    if (tb_json_str(obj, "kty", 16, &kty) < 0)
        return bad_key(pb, TB_E_FORMAT, "\"kty\" is not a short string");
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++) {
        const struct tb_jose_kind *k = tb_jose_kind((enum tb_jws_alg)a);

        if (!tb_span_eq_str(kty, k->kty))
            continue;
        if (k->crv != NULL && tb_json_str(obj, "crv", 16, &crv) < 0)
            return bad_key(pb, TB_E_FORMAT, "\"crv\" is not a short string");
        if (k->crv == NULL || tb_span_eq_str(crv, k->crv)) {
            *out = (enum tb_jws_alg)a;
            return 0;
        }
    }
    return bad_key(pb, TB_E_UNSUPPORTED, "only EC on P-256 and P-384, OKP with Ed25519 and RSA keys are supported");
}

static size_t bits_of(struct tb_span v)
{
    size_t bits = 8 * v.len;

    for (uint8_t top = v.p[0]; (top & 0x80) == 0 && bits > 0; top = (uint8_t)(top << 1))
        bits--;
    return bits;
}

static int check_exponent(struct tb_span e, struct tb_problem *pb)
{
    bool odd = e.p[e.len - 1] & 1;
    bool three = e.len == 1 && e.p[0] == 3;
    bool big = bits_of(e) >= 17; /* 65537 is the least odd number of 17 bits */

    return odd && (three || big) ? 0 : bad_key(pb, TB_E_FORMAT, "the RSA exponent is neither 3 nor odd and over 65536");
}

static int get_rsa(const json_t *obj, struct decoded *d, struct tb_jose_parts *out, struct tb_problem *pb)
{
    size_t bits;
    int r;

    if ((r = get_bytes(obj, "n", d->a, TB_JOSE_RSA_N_MAX, &out->a, pb)) < 0 ||
        (r = get_bytes(obj, "e", d->b, TB_JOSE_RSA_E_MAX, &out->b, pb)) < 0)
        return r;
    /* Leading zeros would give one key several thumbprints (RFC 7518 section 6.3.1). */
    if (out->a.p[0] == 0 || out->b.p[0] == 0)
        return bad_key(pb, TB_E_FORMAT, "an RSA number has leading zeros");
    bits = bits_of(out->a);
    if (bits < TB_JWK_RSA_BITS_MIN || bits > TB_JWK_RSA_BITS_MAX)
        return tb_problem_set(pb, TB_E_LIMIT, TB_P_BAD_PUBLIC_KEY, "JWK: RSA keys have %d to %d bits, not %zu",
                              TB_JWK_RSA_BITS_MIN, TB_JWK_RSA_BITS_MAX, bits);
    return check_exponent(out->b, pb);
}

static int get_parts(const json_t *obj, struct decoded *d, struct tb_jose_parts *out, struct tb_problem *pb)
{
    const struct tb_jose_kind *k;
    int r;

    if ((r = refuse_private(obj, pb)) < 0 || (r = get_kind(obj, &out->alg, pb)) < 0)
        return r;
    k = tb_jose_kind(out->alg);
    if (out->alg == TB_ALG_RS256)
        return get_rsa(obj, d, out, pb);
    if ((r = get_coord(obj, "x", d->a, k->coord_len, &out->a, pb)) < 0 || k->group == NULL)
        return r;
    return get_coord(obj, "y", d->b, k->coord_len, &out->b, pb);
}

static int prepare_verify(struct tb_jwk *jwk)
{
    if (jwk->alg == TB_ALG_EDDSA) {
        jwk->md = EVP_MD_CTX_new();
        return jwk->md != NULL ? 0 : TB_E_NOMEM;
    }
    jwk->verify = EVP_PKEY_CTX_new_from_pkey(NULL, jwk->pkey, NULL);
    if (jwk->verify == NULL)
        return TB_E_NOMEM;
    if (EVP_PKEY_verify_init(jwk->verify) != 1)
        return TB_E_CRYPTO;
    if (jwk->alg == TB_ALG_RS256 && (EVP_PKEY_CTX_set_rsa_padding(jwk->verify, RSA_PKCS1_PADDING) != 1 ||
                                     EVP_PKEY_CTX_set_signature_md(jwk->verify, EVP_sha256()) != 1))
        return TB_E_CRYPTO;
    return 0;
}

/* With everything but the OpenSSL objects. */
static struct tb_jwk *jwk_new(const struct tb_jose_parts *parts)
{
    char text[TB_JWK_JSON_MAX];
    struct tb_jwk *jwk;
    struct tb_wr wr;

    tb_wr_fixed(&wr, text, sizeof(text));
    tb_jose_write_canonical(&wr, parts);
    if (tb_wr_err(&wr) != 0 || (jwk = calloc(1, sizeof(*jwk) + wr.len + parts->a.len + parts->b.len)) == NULL)
        return NULL;
    jwk->refs = 1;
    pthread_mutex_init(&jwk->mutex, NULL);
    jwk->alg = parts->alg;
    jwk->sig_len = parts->alg == TB_ALG_RS256 ? parts->a.len : 2 * tb_jose_kind(parts->alg)->coord_len;
    jwk->canonical_len = wr.len;
    memcpy(jwk->canonical, text, wr.len);
    if (parts->alg == TB_ALG_RS256) {
        jwk->rsa_n_len = parts->a.len;
        jwk->rsa_e_len = parts->b.len;
        memcpy(jwk->canonical + wr.len, parts->a.p, parts->a.len);
        memcpy(jwk->canonical + wr.len + parts->a.len, parts->b.p, parts->b.len);
    }
    tb_sha256(jwk->thumbprint, tb_wr_span(&wr));
    tb_jose_spki_digest(jwk->spki_digest, parts);
    return jwk;
}

int tb_jwk_of_json(const json_t *obj, struct tb_jwk **out, struct tb_problem *pb)
{
    struct tb_jose_parts parts = {0};
    struct tb_jwk *jwk = NULL;
    const char *why = NULL;
    struct decoded d;
    int r;

    *out = NULL;
    if (!json_is_object(obj))
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED, "JWK: it is not a JSON object");
    if ((r = get_parts(obj, &d, &parts, pb)) < 0)
        return r;
    jwk = jwk_new(&parts);
    if (jwk == NULL)
        return tb_problem_set(pb, TB_E_NOMEM, TB_P_SERVER_INTERNAL, "out of memory");
    r = tb_jose_keymake(&parts, &jwk->pkey, &why);
    if (r == 0)
        r = prepare_verify(jwk);
    if (r < 0) {
        tb_jwk_free(jwk);
        return r == TB_E_FORMAT ? bad_key(pb, r, why)
                                : tb_problem_set(pb, r, TB_P_SERVER_INTERNAL, "the key could not be loaded");
    }
    *out = jwk;
    return 0;
}

int tb_jwk_parse(struct tb_span json, struct tb_jwk **out, struct tb_problem *pb)
{
    json_t *obj = NULL;
    int r;

    *out = NULL;
    if ((r = tb_json_parse(json, TB_JWK_JSON_MAX, &obj)) < 0)
        return tb_problem_set(pb, r, TB_P_MALFORMED, "JWK: %s", tb_err_text(r));
    r = tb_jwk_of_json(obj, out, pb);
    json_decref(obj);
    return r;
}

struct tb_jwk *tb_jwk_ref(struct tb_jwk *jwk)
{
    jwk->refs++;
    return jwk;
}

void tb_jwk_free(struct tb_jwk *jwk)
{
    if (jwk == NULL || --jwk->refs > 0)
        return;
    pthread_mutex_destroy(&jwk->mutex);
    EVP_MD_CTX_free(jwk->md);
    EVP_PKEY_CTX_free(jwk->verify);
    EVP_PKEY_free(jwk->pkey);
    free(jwk);
}

struct tb_span tb_jwk_canonical(const struct tb_jwk *jwk)
{
    return tb_span_of(jwk->canonical, jwk->canonical_len);
}

const uint8_t *tb_jwk_thumbprint(const struct tb_jwk *jwk)
{
    return jwk->thumbprint;
}

enum tb_jws_alg tb_jwk_alg(const struct tb_jwk *jwk)
{
    return jwk->alg;
}

const uint8_t *tb_jwk_spki_digest(const struct tb_jwk *jwk)
{
    return jwk->spki_digest;
}

void tb_jwk_rsa(const struct tb_jwk *jwk, struct tb_span *out_n, struct tb_span *out_e)
{
    const char *n = jwk->canonical + jwk->canonical_len;

    *out_n = tb_span_of(n, jwk->rsa_n_len);
    *out_e = tb_span_of(n + jwk->rsa_n_len, jwk->rsa_e_len);
}

/* One half of r || s as a DER INTEGER: without leading zeros, positive. */
static size_t put_integer(uint8_t *to, const uint8_t *v, size_t n)
{
    size_t pad;

    while (n > 1 && v[0] == 0) {
        v++;
        n--;
    }
    pad = v[0] >> 7;
    to[0] = 0x02;
    to[1] = (uint8_t)(n + pad);
    to[2] = 0;
    memcpy(to + 2 + pad, v, n);
    return 2 + pad + n;
}

/* RFC 7518 section 3.4: fixed-width r || s; OpenSSL wants SEQUENCE { r, s }, below 128 bytes for both curves. */
static int verify_ecdsa(struct tb_jwk *jwk, struct tb_span msg, const uint8_t *sig)
{
    uint8_t der[2 + 2 * (3 + TB_JOSE_COORD_MAX)];
    uint8_t digest[SHA384_DIGEST_LENGTH];
    size_t half = jwk->sig_len / 2;
    size_t n = 2;

    n += put_integer(der + n, sig, half);
    n += put_integer(der + n, sig + half, half);
    der[0] = 0x30;
    der[1] = (uint8_t)(n - 2);
    if (jwk->alg == TB_ALG_ES256)
        tb_sha256(digest, msg);
    else if (SHA384(msg.p, msg.len, digest) == NULL)
        return TB_E_CRYPTO;
    return EVP_PKEY_verify(jwk->verify, der, n, digest, jwk->alg == TB_ALG_ES256 ? TB_DIGEST_LEN : sizeof(digest));
}

static int verify_rsa(struct tb_jwk *jwk, struct tb_span msg, const uint8_t *sig)
{
    uint8_t digest[TB_DIGEST_LEN];

    tb_sha256(digest, msg);
    return EVP_PKEY_verify(jwk->verify, sig, jwk->sig_len, digest, sizeof(digest));
}

static int verify_eddsa(struct tb_jwk *jwk, struct tb_span msg, const uint8_t *sig)
{
    /* A context that has verified once is not promised to verify again without this. */
    if (EVP_DigestVerifyInit(jwk->md, NULL, NULL, NULL, jwk->pkey) != 1)
        return TB_E_CRYPTO;
    return EVP_DigestVerify(jwk->md, sig, jwk->sig_len, msg.p, msg.len);
}

int tb_jwk_verify(struct tb_jwk *jwk, struct tb_span msg, struct tb_span sig)
{
    static int (*const verifiers[TB_ALG__COUNT])(struct tb_jwk *, struct tb_span, const uint8_t *) = {
        [TB_ALG_ES256] = verify_ecdsa,
        [TB_ALG_ES384] = verify_ecdsa,
        [TB_ALG_EDDSA] = verify_eddsa,
        [TB_ALG_RS256] = verify_rsa,
    };
    int r;

    if (sig.len != jwk->sig_len)
        return TB_E_BADSIG;
    pthread_mutex_lock(&jwk->mutex);
    r = verifiers[jwk->alg](jwk, msg, sig.p);
    pthread_mutex_unlock(&jwk->mutex);
    if (r == 1)
        return 0;
    ERR_clear_error();
    return TB_E_BADSIG;
}
