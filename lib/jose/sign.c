#include "lib/jose/sign.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "lib/jose/canonical.h"
#include "lib/json/json.h"

enum tb_jws_alg tb_jws_alg_of_pkey(const EVP_PKEY *key)
{
    char group[32];

    if (EVP_PKEY_is_a(key, "ED25519"))
        return TB_ALG_EDDSA;
    if (EVP_PKEY_is_a(key, "RSA"))
        return TB_ALG_RS256;
    if (!EVP_PKEY_is_a(key, "EC") || EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
        return TB_ALG_NONE;
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++) {
        const char *want = tb_jose_kind((enum tb_jws_alg)a)->group;

        if (want != NULL && strcmp(group, want) == 0)
            return (enum tb_jws_alg)a;
    }
    return TB_ALG_NONE;
}

/* width 0: as many bytes as the number needs. */
static int get_number(EVP_PKEY *key, const char *name, uint8_t *out, size_t cap, size_t width, struct tb_span *out_span)
{
    BIGNUM *bn = NULL;
    size_t len;
    int r = TB_E_CRYPTO;

    if (EVP_PKEY_get_bn_param(key, name, &bn) == 1) {
        len = width != 0 ? width : (size_t)BN_num_bytes(bn);
        if (len > cap)
            r = TB_E_UNSUPPORTED;
        else if (BN_bn2binpad(bn, out, (int)len) == (int)len)
            r = 0;
        *out_span = tb_span_of(out, len);
    }
    BN_free(bn);
    return r;
}

static int get_parts(EVP_PKEY *key, uint8_t a[static TB_JOSE_RSA_N_MAX], uint8_t b[static TB_JOSE_COORD_MAX],
                     struct tb_jose_parts *out)
{
    size_t width = tb_jose_kind(out->alg)->coord_len;
    int r;

    if (out->alg == TB_ALG_EDDSA) {
        out->a = tb_span_of(a, width);
        return EVP_PKEY_get_raw_public_key(key, a, &width) == 1 ? 0 : TB_E_CRYPTO;
    }
    if (out->alg == TB_ALG_RS256) {
        r = get_number(key, OSSL_PKEY_PARAM_RSA_N, a, TB_JOSE_RSA_N_MAX, 0, &out->a);
        return r < 0 ? r : get_number(key, OSSL_PKEY_PARAM_RSA_E, b, TB_JOSE_RSA_E_MAX, 0, &out->b);
    }
    r = get_number(key, OSSL_PKEY_PARAM_EC_PUB_X, a, TB_JOSE_COORD_MAX, width, &out->a);
    return r < 0 ? r : get_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, b, TB_JOSE_COORD_MAX, width, &out->b);
}

int tb_jwk_of_pkey(EVP_PKEY *key, struct tb_wr *json, uint8_t *thumbprint)
{
    struct tb_jose_parts parts = {.alg = tb_jws_alg_of_pkey(key)};
    uint8_t a[TB_JOSE_RSA_N_MAX];
    uint8_t b[TB_JOSE_COORD_MAX];
    size_t from = json->len;
    int r;

    if (parts.alg == TB_ALG_NONE)
        return TB_E_UNSUPPORTED;
    if ((r = get_parts(key, a, b, &parts)) < 0) {
        ERR_clear_error();
        return r;
    }
    tb_jose_write_canonical(json, &parts);
    if ((r = tb_wr_err(json)) == 0 && thumbprint != NULL)
        tb_sha256(thumbprint, tb_span_of(json->buf + from, json->len - from));
    return r;
}

/* DER to the fixed-width r || s of RFC 7518 section 3.4. */
static int raw_ecdsa(const uint8_t *der, size_t der_len, size_t width, uint8_t *out)
{
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)der_len);
    int r = TB_E_CRYPTO;

    if (sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, (int)width) == (int)width &&
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + width, (int)width) == (int)width)
        r = 0;
    ECDSA_SIG_free(sig);
    return r;
}

static int sign_bytes(EVP_PKEY *key, struct tb_span msg, uint8_t out[static TB_JOSE_SIG_MAX], size_t *out_len)
{
    static const char *const digests[TB_ALG__COUNT] = {
        [TB_ALG_ES256] = "SHA256", [TB_ALG_ES384] = "SHA384", [TB_ALG_RS256] = "SHA256"};
    enum tb_jws_alg alg = tb_jws_alg_of_pkey(key);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t sig[TB_JOSE_SIG_MAX];
    size_t len = sizeof(sig);
    int r = TB_E_CRYPTO;

    if (ctx == NULL || EVP_DigestSignInit_ex(ctx, NULL, digests[alg], NULL, NULL, key, NULL) != 1 ||
        EVP_DigestSign(ctx, sig, &len, msg.p, msg.len) != 1)
        goto out;
    if (tb_jose_kind(alg)->group != NULL) {
        *out_len = 2 * tb_jose_kind(alg)->coord_len;
        r = raw_ecdsa(sig, len, *out_len / 2, out);
    } else {
        memcpy(out, sig, len);
        *out_len = len;
        r = 0;
    }
out:
    EVP_MD_CTX_free(ctx);
    if (r < 0)
        ERR_clear_error();
    return r;
}

static void put_b64u(struct tb_wr *wr, struct tb_span in)
{
    char *to = (char *)tb_wr_reserve(wr, TB_B64U_LEN(in.len) + 1);

    if (to == NULL)
        return;
    tb_b64u_encode(to, in);
    wr->len--; /* the NUL */
}

int tb_jws_sign_header(struct tb_wr *out, EVP_PKEY *key, struct tb_span header, struct tb_span payload)
{
    uint8_t sig[TB_JOSE_SIG_MAX];
    size_t sig_len = 0;
    size_t header_len;
    struct tb_wr input;
    struct tb_span in;
    int r;

    if (tb_jws_alg_of_pkey(key) == TB_ALG_NONE)
        return TB_E_UNSUPPORTED;
    tb_wr_init(&input, 2 * TB_JWS_BODY_MAX);
    put_b64u(&input, header);
    header_len = input.len;
    tb_wr_u8(&input, '.');
    put_b64u(&input, payload);
    in = tb_wr_span(&input);
    if ((r = tb_wr_err(&input)) == 0 && (r = sign_bytes(key, in, sig, &sig_len)) == 0) {
        tb_wr_str(out, "{\"protected\":\"");
        tb_wr_bytes(out, in.p, header_len);
        tb_wr_str(out, "\",\"payload\":\"");
        tb_wr_bytes(out, in.p + header_len + 1, in.len - header_len - 1);
        tb_wr_str(out, "\",\"signature\":\"");
        put_b64u(out, tb_span_of(sig, sig_len));
        tb_wr_str(out, "\"}");
        r = tb_wr_err(out);
    }
    tb_wr_clear(&input);
    return r;
}

static int write_header(struct tb_wr *wr, EVP_PKEY *key, enum tb_jws_alg alg, const struct tb_jws_fields *fields)
{
    struct tb_jw jw = tb_jw_of(wr);
    struct tb_wr jwk;
    int r = 0;

    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "alg", tb_jws_alg_name(alg));
    if (fields->kid != NULL) {
        tb_jw_kv(&jw, "kid", fields->kid);
    } else {
        tb_wr_init(&jwk, TB_JWK_JSON_MAX);
        r = tb_jwk_of_pkey(key, &jwk, NULL);
        tb_jw_key(&jw, "jwk");
        tb_jw_raw(&jw, tb_wr_span(&jwk));
        tb_wr_clear(&jwk);
    }
    if (fields->nonce != NULL)
        tb_jw_kv(&jw, "nonce", fields->nonce);
    tb_jw_kv(&jw, "url", fields->url);
    tb_jw_end_obj(&jw);
    return r < 0 ? r : tb_wr_err(wr);
}

int tb_jws_sign(struct tb_wr *out, EVP_PKEY *key, const struct tb_jws_fields *fields, struct tb_span payload)
{
    enum tb_jws_alg alg = tb_jws_alg_of_pkey(key);
    struct tb_wr header;
    int r;

    if (alg == TB_ALG_NONE)
        return TB_E_UNSUPPORTED;
    tb_wr_init(&header, TB_JWS_HEADER_MAX);
    r = write_header(&header, key, alg, fields);
    if (r == 0)
        r = tb_jws_sign_header(out, key, tb_wr_span(&header), payload);
    tb_wr_clear(&header);
    return r;
}
