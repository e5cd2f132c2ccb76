#include "lib/pki/spki.h"

#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/der/der.h"
#include "lib/pki/oid.h"

#define POINT_UNCOMPRESSED 0x04 /* SEC 1 section 2.3.3 */
#define RSA_BITS_MIN       2048
#define RSA_BITS_MAX       4096
#define RSA_E_MIN          65537
#define RSA_E_OCTETS_MAX   8

struct kind_info {
    const char *name;
    const char *group;  /* OpenSSL's, EC only */
    const uint8_t *oid; /* of the curve, or of the key itself */
    size_t oid_len;
    unsigned bits;
    size_t point_len;
};

#define OID_OF(...) .oid = (const uint8_t[]){__VA_ARGS__}, .oid_len = sizeof((const uint8_t[]){__VA_ARGS__})

static const struct kind_info kinds[TB_KEY__COUNT] = {
    [TB_KEY_NONE] = {.name = "none"},
    [TB_KEY_P256] = {.name = "P-256", .group = "P-256", OID_OF(TB_OID_P256), .bits = 256, .point_len = 65},
    [TB_KEY_P384] = {.name = "P-384", .group = "P-384", OID_OF(TB_OID_P384), .bits = 384, .point_len = 97},
    [TB_KEY_ED25519] = {.name = "Ed25519", OID_OF(TB_OID_ED25519), .bits = 256, .point_len = 32},
    [TB_KEY_RSA] = {.name = "RSA", OID_OF(TB_OID_RSA_ENCRYPTION)},
};

_Static_assert(TB_ARRAY_LEN(kinds) == TB_KEY__COUNT, "every kind has an entry");

const char *tb_key_kind_name(enum tb_key_kind kind)
{
    return (unsigned)kind < TB_KEY__COUNT ? kinds[kind].name : kinds[TB_KEY_NONE].name;
}

static bool kind_oid_is(enum tb_key_kind kind, struct tb_span oid)
{
    return tb_span_eq(oid, tb_span_of(kinds[kind].oid, kinds[kind].oid_len));
}

static int refuse(struct tb_problem *pb, int err, const char *why)
{
    return tb_problem_set(pb, err, TB_P_BAD_CSR, "the public key is refused: %s", why);
}

/* RFC 5480 section 2.1.1: namedCurve only. */
static enum tb_key_kind curve_find(struct tb_rd *params)
{
    struct tb_span oid;

    if (tb_der_oid(params, &oid) < 0)
        return TB_KEY_NONE;
    return kind_oid_is(TB_KEY_P256, oid) ? TB_KEY_P256 : kind_oid_is(TB_KEY_P384, oid) ? TB_KEY_P384 : TB_KEY_NONE;
}

/* AlgorithmIdentifier: RFC 5480 for curves, RFC 3279 section 2.3.1 for RSA, RFC 8410 section 3 for Ed25519. */
static int algorithm_parse(struct tb_rd alg, enum tb_key_kind *out, struct tb_problem *pb)
{
    struct tb_span oid;
    struct tb_span null;
    enum tb_key_kind kind = TB_KEY_NONE;

    if (tb_der_oid(&alg, &oid) < 0)
        return refuse(pb, TB_E_FORMAT, "malformed algorithm");
    if (tb_span_eq(oid, TB_OID(TB_OID_EC_PUBLIC_KEY)))
        kind = curve_find(&alg);
    else if (kind_oid_is(TB_KEY_ED25519, oid))
        kind = TB_KEY_ED25519;
    else if (kind_oid_is(TB_KEY_RSA, oid))
        kind = TB_KEY_RSA;
    if (kind == TB_KEY_NONE)
        return refuse(pb, TB_E_UNSUPPORTED, "only P-256, P-384, Ed25519 and RSA keys are supported");
    if (kind == TB_KEY_RSA && (tb_der_get(&alg, TB_DER_NULL, &null) < 0 || null.len != 0))
        return refuse(pb, TB_E_FORMAT, "malformed RSA parameters");
    if (tb_rd_end(&alg) < 0)
        return refuse(pb, TB_E_FORMAT, "malformed algorithm parameters");
    *out = kind;
    return 0;
}

static uint64_t be64(struct tb_span s)
{
    uint64_t v = 0;

    for (size_t i = 0; i < s.len; i++)
        v = v << 8 | s.p[i];
    return v;
}

/* RSAPublicKey, RFC 8017 appendix A.1.1. */
static int rsa_parse(struct tb_span key, struct tb_spki *out, struct tb_problem *pb)
{
    struct tb_rd rd = tb_rd_of(key);
    struct tb_rd seq;

    if (tb_der_enter(&rd, TB_DER_SEQUENCE, &seq) < 0 || tb_rd_end(&rd) < 0 || tb_der_uint(&seq, &out->rsa_n) < 0 ||
        tb_der_uint(&seq, &out->rsa_e) < 0 || tb_rd_end(&seq) < 0)
        return refuse(pb, TB_E_FORMAT, "malformed RSA key");
    /* Whole octets: with the top bit of the first octet set, length times eight is the size in bits. */
    if (out->rsa_n.len < RSA_BITS_MIN / 8 || out->rsa_n.len > RSA_BITS_MAX / 8 || (out->rsa_n.p[0] & 0x80) == 0)
        return refuse(pb, TB_E_UNSUPPORTED, "RSA keys need 2048 to 4096 bits in whole octets");
    if ((out->rsa_n.p[out->rsa_n.len - 1] & 1) == 0)
        return refuse(pb, TB_E_FORMAT, "the RSA modulus is even");
    if (out->rsa_e.len > RSA_E_OCTETS_MAX || be64(out->rsa_e) < RSA_E_MIN || (be64(out->rsa_e) & 1) == 0)
        return refuse(pb, TB_E_UNSUPPORTED, "the RSA exponent must be odd, from 65537 up, and of at most 64 bits");
    out->bits = (unsigned)out->rsa_n.len * 8;
    return 0;
}

static int point_parse(struct tb_span key, struct tb_spki *out, struct tb_problem *pb)
{
    if (key.len != kinds[out->kind].point_len)
        return refuse(pb, TB_E_FORMAT, "wrong length (only uncompressed points are supported)");
    if (kinds[out->kind].group != NULL && key.p[0] != POINT_UNCOMPRESSED)
        return refuse(pb, TB_E_FORMAT, "only uncompressed points are supported");
    out->point = key;
    out->bits = kinds[out->kind].bits;
    return 0;
}

int tb_spki_parse(struct tb_span der, struct tb_spki *out, struct tb_problem *pb)
{
    struct tb_spki spki = {.der = der};
    struct tb_rd rd = tb_rd_of(der);
    struct tb_rd seq;
    struct tb_rd alg;
    struct tb_span key;
    int r;

    *out = (struct tb_spki){0};
    if (tb_der_enter(&rd, TB_DER_SEQUENCE, &seq) < 0 || tb_rd_end(&rd) < 0 ||
        tb_der_enter(&seq, TB_DER_SEQUENCE, &alg) < 0 || tb_der_bits(&seq, &key) < 0 || tb_rd_end(&seq) < 0)
        return refuse(pb, TB_E_FORMAT, "malformed SubjectPublicKeyInfo");
    if ((r = algorithm_parse(alg, &spki.kind, pb)) < 0)
        return r;
    r = spki.kind == TB_KEY_RSA ? rsa_parse(key, &spki, pb) : point_parse(key, &spki, pb);
    if (r < 0)
        return r;
    tb_sha256(spki.digest, der);
    *out = spki;
    return 0;
}

static int key_from(const char *type, OSSL_PARAM *params, EVP_PKEY **out)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    int r = 0;

    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, out, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        *out = NULL;
        r = TB_E_CRYPTO;
    }
    EVP_PKEY_CTX_free(ctx);
    return r;
}

/* fromdata takes the coordinates as integers below p and on the curve; it would take the point at infinity, too, which
 * is why tb_spki_parse insists on the length and the 04. */
static int ec_key(const struct tb_spki *spki, EVP_PKEY **out)
{
    char group[8];
    uint8_t point[97];
    OSSL_PARAM params[3];

    memcpy(point, spki->point.p, spki->point.len);
    memcpy(group, kinds[spki->kind].group, strlen(kinds[spki->kind].group) + 1);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, spki->point.len);
    params[2] = OSSL_PARAM_construct_end();
    return key_from("EC", params, out);
}

static int rsa_key(const struct tb_spki *spki, EVP_PKEY **out)
{
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    BIGNUM *n = BN_bin2bn(spki->rsa_n.p, (int)spki->rsa_n.len, NULL);
    BIGNUM *e = BN_bin2bn(spki->rsa_e.p, (int)spki->rsa_e.len, NULL);
    OSSL_PARAM *params = NULL;
    int r = TB_E_NOMEM;

    if (bld == NULL || n == NULL || e == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) != 1 || (params = OSSL_PARAM_BLD_to_param(bld)) == NULL)
        goto out;
    r = key_from("RSA", params, out);
out:
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    BN_free(n);
    BN_free(e);
    return r;
}

int tb_spki_pkey(const struct tb_spki *spki, EVP_PKEY **out)
{
    *out = NULL;
    switch (spki->kind) {
    case TB_KEY_P256:
    case TB_KEY_P384:
        return ec_key(spki, out);
    case TB_KEY_ED25519:
        *out = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, spki->point.p, spki->point.len);
        return *out != NULL ? 0 : TB_E_CRYPTO;
    case TB_KEY_RSA:
        return rsa_key(spki, out);
    case TB_KEY_NONE:
    case TB_KEY__COUNT:
        break;
    }
    return TB_E_INVAL;
}
