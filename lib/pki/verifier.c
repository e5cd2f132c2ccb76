#include "lib/pki/verifier.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdlib.h>

struct tb_verifier {
    EVP_PKEY *key[TB_KEY__COUNT]; /* the curve; the point is of the last call */
    EVP_PKEY_CTX *ctx[TB_KEY__COUNT];
};

static const char *const groups[TB_KEY__COUNT] = {
    [TB_KEY_P256] = "P-256",
    [TB_KEY_P384] = "P-384",
};

bool tb_verifier_serves(enum tb_key_kind kind)
{
    return (unsigned)kind < TB_KEY__COUNT && groups[kind] != NULL;
}

static EVP_PKEY *curve_make(const char *group)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    OSSL_PARAM params[2] = {
        /* OpenSSL takes a char * and only reads it. */
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
        OSSL_PARAM_construct_end(),
    };

    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1 ||
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEY_PARAMETERS, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    return key;
}

int tb_verifier_new(struct tb_verifier **out)
{
    struct tb_verifier *v = calloc(1, sizeof(*v));

    *out = NULL;
    if (v == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < TB_KEY__COUNT; i++) {
        if (groups[i] == NULL)
            continue;
        if ((v->key[i] = curve_make(groups[i])) == NULL || (v->ctx[i] = EVP_PKEY_CTX_new(v->key[i], NULL)) == NULL ||
            EVP_PKEY_verify_init(v->ctx[i]) != 1) {
            ERR_clear_error();
            tb_verifier_free(v);
            return TB_E_CRYPTO;
        }
    }
    *out = v;
    return 0;
}

void tb_verifier_free(struct tb_verifier *v)
{
    if (v == NULL)
        return;
    for (size_t i = 0; i < TB_KEY__COUNT; i++) {
        EVP_PKEY_CTX_free(v->ctx[i]);
        EVP_PKEY_free(v->key[i]);
    }
    free(v);
}

int tb_verifier_verify(struct tb_verifier *v, const struct tb_spki *spki, struct tb_span digest, struct tb_span sig)
{
    int r;

    if (!tb_verifier_serves(spki->kind))
        return TB_E_INVAL;
    /* Checks coordinates and curve, as making a key does.  A refused point may be half in: nothing is verified then. */
    if (EVP_PKEY_set1_encoded_public_key(v->key[spki->kind], spki->point.p, spki->point.len) != 1)
        r = TB_E_CRYPTO;
    else
        r = EVP_PKEY_verify(v->ctx[spki->kind], sig.p, sig.len, digest.p, digest.len) == 1 ? 0 : TB_E_BADSIG;
    if (r < 0)
        ERR_clear_error();
    return r;
}
