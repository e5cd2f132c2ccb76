#include "client/private_jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/mem.h"
#include "lib/json/json.h"

#define NUMBER_MAX 512 /* RSA-4096 */
#define TEXT_MAX   16384

struct number {
    const char *member;
    const char *param;
};

/* A member of base64url; secret, so it is wiped by who owns buf. */
static int get_bytes(const json_t *obj, const char *name, uint8_t buf[static NUMBER_MAX], size_t *out_len)
{
    struct tb_span text;
    int r = tb_json_str(obj, name, TB_B64U_LEN(NUMBER_MAX), &text);

    return r < 0 ? r : tb_b64u_decode(buf, NUMBER_MAX, out_len, text);
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *bld)
{
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    EVP_PKEY *key = NULL;

    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
        key = NULL;
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    return key;
}

static int push_numbers(const json_t *obj, OSSL_PARAM_BLD *bld, const struct number *numbers, size_t num, BIGNUM **held)
{
    uint8_t buf[NUMBER_MAX];
    size_t len;
    int r = 0;

    for (size_t i = 0; r == 0 && i < num; i++) {
        r = get_bytes(obj, numbers[i].member, buf, &len);
        if (r == 0 && ((held[i] = BN_secure_new()) == NULL || BN_bin2bn(buf, (int)len, held[i]) == NULL ||
                       OSSL_PARAM_BLD_push_BN(bld, numbers[i].param, held[i]) != 1))
            r = TB_E_FORMAT;
    }
    tb_wipe(buf, sizeof(buf));
    return r;
}

static int parse_rsa(const json_t *obj, EVP_PKEY **out)
{
    static const struct number numbers[] = {
        {"n", OSSL_PKEY_PARAM_RSA_N},          {"e", OSSL_PKEY_PARAM_RSA_E},
        {"d", OSSL_PKEY_PARAM_RSA_D},          {"p", OSSL_PKEY_PARAM_RSA_FACTOR1},
        {"q", OSSL_PKEY_PARAM_RSA_FACTOR2},    {"dp", OSSL_PKEY_PARAM_RSA_EXPONENT1},
        {"dq", OSSL_PKEY_PARAM_RSA_EXPONENT2}, {"qi", OSSL_PKEY_PARAM_RSA_COEFFICIENT1},
    };
    BIGNUM *held[TB_ARRAY_LEN(numbers)] = {0};
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    int r = bld != NULL ? push_numbers(obj, bld, numbers, TB_ARRAY_LEN(numbers), held) : TB_E_NOMEM;

    if (r == 0 && (*out = from_params("RSA", bld)) == NULL)
        r = TB_E_FORMAT;
    OSSL_PARAM_BLD_free(bld);
    for (size_t i = 0; i < TB_ARRAY_LEN(numbers); i++)
        BN_clear_free(held[i]);
    return r;
}

static int parse_ec(const json_t *obj, EVP_PKEY **out)
{
    static const struct {
        const char *crv;
        size_t width;
    } curves[] = {{"P-256", 32}, {"P-384", 48}};
    static const struct number numbers[] = {{"d", OSSL_PKEY_PARAM_PRIV_KEY}};
    uint8_t x[NUMBER_MAX];
    uint8_t y[NUMBER_MAX];
    uint8_t point[1 + 2 * 48] = {POINT_CONVERSION_UNCOMPRESSED};
    struct tb_span crv;
    BIGNUM *held[1] = {0};
    OSSL_PARAM_BLD *bld = NULL;
    size_t xl, yl, c = 0;
    int r = TB_E_FORMAT;

    if (tb_json_str(obj, "crv", 16, &crv) < 0)
        return TB_E_FORMAT;
    while (c < TB_ARRAY_LEN(curves) && !tb_span_eq_str(crv, curves[c].crv))
        c++;
    if (c == TB_ARRAY_LEN(curves))
        return TB_E_UNSUPPORTED;
    if (get_bytes(obj, "x", x, &xl) < 0 || get_bytes(obj, "y", y, &yl) < 0 || xl != curves[c].width || yl != xl ||
        (bld = OSSL_PARAM_BLD_new()) == NULL)
        return TB_E_FORMAT;
    memcpy(point + 1, x, xl);
    memcpy(point + 1 + xl, y, yl);
    if (OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, curves[c].crv, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, 1 + 2 * xl) == 1)
        r = push_numbers(obj, bld, numbers, 1, held);
    if (r == 0 && (*out = from_params("EC", bld)) == NULL)
        r = TB_E_FORMAT;
    OSSL_PARAM_BLD_free(bld);
    BN_clear_free(held[0]);
    return r;
}

static int parse_okp(const json_t *obj, EVP_PKEY **out)
{
    uint8_t d[NUMBER_MAX];
    struct tb_span crv;
    size_t len = 0;
    int r;

    if (tb_json_str(obj, "crv", 16, &crv) < 0 || !tb_span_eq_str(crv, "Ed25519"))
        return TB_E_UNSUPPORTED;
    r = get_bytes(obj, "d", d, &len);
    if (r == 0 && (len != 32 || (*out = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, d, len)) == NULL))
        r = TB_E_FORMAT;
    tb_wipe(d, sizeof(d));
    return r;
}

/* The public members may lie: what is signed with the private part must verify with the public one. */
static bool pair_agrees(EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    bool ok = ctx != NULL && (EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_pairwise_check(ctx) == 1);

    EVP_PKEY_CTX_free(ctx);
    return ok;
}

int tb_private_jwk_parse(struct tb_span json, EVP_PKEY **out, const char **out_why)
{
    static const struct {
        const char *kty;
        int (*parse)(const json_t *obj, EVP_PKEY **out);
    } kinds[] = {{"RSA", parse_rsa}, {"EC", parse_ec}, {"OKP", parse_okp}};
    json_t *obj = NULL;
    struct tb_span kty;
    int r;

    *out = NULL;
    *out_why = "is no private JWK";
    if ((r = tb_json_parse(json, TEXT_MAX, &obj)) < 0)
        return r;
    r = tb_json_str(obj, "kty", 16, &kty);
    if (r == 0) {
        r = TB_E_UNSUPPORTED;
        for (size_t i = 0; i < TB_ARRAY_LEN(kinds); i++)
            if (tb_span_eq_str(kty, kinds[i].kty))
                r = kinds[i].parse(obj, out);
    }
    if (r == 0 && !pair_agrees(*out)) {
        EVP_PKEY_free(*out);
        *out = NULL;
        *out_why = "is a JWK whose private and public parts do not belong together";
        r = TB_E_FORMAT;
    }
    json_decref(obj);
    ERR_clear_error();
    return r == 0 || r == TB_E_UNSUPPORTED || r == TB_E_NOMEM ? r : TB_E_FORMAT;
}
