#include "lib/jose/keymake.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#define ED_LEN 32

/* fromdata consumes neither the parameters nor the name. A key that it refuses leaves errors that concern nobody. */
static EVP_PKEY *from_params(const char *type, OSSL_PARAM *params)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        EVP_PKEY_free(key);
        key = NULL;
        ERR_clear_error();
    }
    EVP_PKEY_CTX_free(ctx);
    return key;
}

/* OpenSSL refuses a point that is off the curve while it decodes; both curves have cofactor 1. */
static int make_ec(const struct tb_jose_parts *parts, EVP_PKEY **out, const char **out_why)
{
    uint8_t point[1 + 2 * TB_JOSE_COORD_MAX] = {POINT_CONVERSION_UNCOMPRESSED};
    char group[16];
    OSSL_PARAM params[3];

    memcpy(point + 1, parts->a.p, parts->a.len);
    memcpy(point + 1 + parts->a.len, parts->b.p, parts->b.len);
    strcpy(group, tb_jose_kind(parts->alg)->group);
    params[0] = OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0);
    params[1] = OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + parts->a.len + parts->b.len);
    params[2] = OSSL_PARAM_construct_end();
    *out = from_params("EC", params);
    *out_why = "the point is not on the curve";
    return *out != NULL ? 0 : TB_E_FORMAT;
}

/* y (RFC 8032 section 5.1.2, little-endian, sign bit cleared) of the points whose order divides 8. */
static const uint8_t ed_small_order[][ED_LEN] = {
    {0},
    {1},
    {0xec, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
    {0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
     0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a},
    {0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
     0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05},
};

/* 2^255 - 19 and d = -121665/121666 (RFC 8032 section 5.1). */
#define ED_P "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffed"
#define ED_D "52036cee2b6ffe738cc740797779e89800700a4d4141d8ab75eb4dca135978a3"

/*
 * 1 when some x satisfies x^2 = (y^2 - 1) / (d y^2 + 1), 0 when none, negative on failure.  The denominator is never
 * 0 because -1/d is no square; u / v is a square exactly when u * v is.
 */
static int ed_has_x(const BIGNUM *y, const BIGNUM *p, BN_CTX *ctx)
{
    BIGNUM *d = NULL;
    BIGNUM *u = BN_CTX_get(ctx);
    BIGNUM *v = BN_CTX_get(ctx);
    int k = -2;

    if (v != NULL && BN_hex2bn(&d, ED_D) != 0 && BN_mod_sqr(u, y, p, ctx) == 1 && BN_mod_mul(v, u, d, p, ctx) == 1 &&
        BN_add_word(v, 1) == 1 && BN_sub_word(u, 1) == 1 && BN_mod_mul(u, u, v, p, ctx) == 1)
        k = BN_kronecker(u, p, ctx);
    BN_free(d);
    return k == -2 ? TB_E_NOMEM : k >= 0;
}

static int ed_on_curve(const uint8_t le[static ED_LEN], const char **out_why)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p = NULL;
    BIGNUM *y = BN_lebin2bn(le, ED_LEN, NULL);
    int r = TB_E_NOMEM;

    if (ctx == NULL || y == NULL || BN_hex2bn(&p, ED_P) == 0)
        goto out;
    BN_CTX_start(ctx);
    if (BN_cmp(y, p) >= 0) {
        *out_why = "the point is not canonically encoded";
        r = TB_E_FORMAT;
    } else if ((r = ed_has_x(y, p, ctx)) == 0) {
        *out_why = "the point is not on the curve";
        r = TB_E_FORMAT;
    } else if (r > 0) {
        r = 0;
    }
    BN_CTX_end(ctx);
out:
    BN_free(p);
    BN_free(y);
    BN_CTX_free(ctx);
    return r;
}

/*
 * OpenSSL takes any 32 bytes here and finds out at verification, where a point of small order accepts signatures
 * that nobody's key has made.
 */
static int make_ed25519(const struct tb_jose_parts *parts, EVP_PKEY **out, const char **out_why)
{
    uint8_t y[ED_LEN];
    int r;

    memcpy(y, parts->a.p, ED_LEN);
    y[ED_LEN - 1] &= 0x7f;
    for (size_t i = 0; i < TB_ARRAY_LEN(ed_small_order); i++) {
        if (memcmp(y, ed_small_order[i], ED_LEN) == 0) {
            *out_why = "the point has a small order";
            return TB_E_FORMAT;
        }
    }
    if ((r = ed_on_curve(y, out_why)) < 0)
        return r;
    *out = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, parts->a.p, ED_LEN);
    return *out != NULL ? 0 : TB_E_CRYPTO;
}

static int make_rsa(const struct tb_jose_parts *parts, EVP_PKEY **out, const char **out_why)
{
    BIGNUM *n = BN_bin2bn(parts->a.p, (int)parts->a.len, NULL);
    BIGNUM *e = BN_bin2bn(parts->b.p, (int)parts->b.len, NULL);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    int r = TB_E_NOMEM;

    if (n == NULL || e == NULL || bld == NULL || OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
        OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) != 1 || (params = OSSL_PARAM_BLD_to_param(bld)) == NULL)
        goto out;
    *out_why = "the modulus is even";
    r = TB_E_FORMAT;
    if (!BN_is_odd(n))
        goto out;
    *out = from_params("RSA", params);
    r = *out != NULL ? 0 : TB_E_CRYPTO;
out:
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    BN_free(e);
    BN_free(n);
    return r;
}

int tb_jose_keymake(const struct tb_jose_parts *parts, EVP_PKEY **out, const char **out_why)
{
    static int (*const makers[TB_ALG__COUNT])(const struct tb_jose_parts *, EVP_PKEY **, const char **) = {
        [TB_ALG_ES256] = make_ec,
        [TB_ALG_ES384] = make_ec,
        [TB_ALG_EDDSA] = make_ed25519,
        [TB_ALG_RS256] = make_rsa,
    };

    *out = NULL;
    *out_why = "";
    return makers[parts->alg](parts, out, out_why);
}
