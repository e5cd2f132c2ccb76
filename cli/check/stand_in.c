#include "cli/check/stand_in.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <string.h>

#include "lib/base/compiler.h"

#define POINT_MAX 256
#define GROUP_MAX 64

/* What the builder borrows until the parameters are made. */
struct parts {
    BIGNUM *bn[3];
    unsigned char point[POINT_MAX];
    char group[GROUP_MAX];
};

static int push_rsa(OSSL_PARAM_BLD *bld, EVP_PKEY *from, struct parts *parts)
{
    BIGNUM **bn = parts->bn;

    /* A private exponent of three is the true one of no key in use. */
    return EVP_PKEY_get_bn_param(from, OSSL_PKEY_PARAM_RSA_N, &bn[0]) == 1 &&
           EVP_PKEY_get_bn_param(from, OSSL_PKEY_PARAM_RSA_E, &bn[1]) == 1 && (bn[2] = BN_new()) != NULL &&
           BN_set_word(bn[2], 3) == 1 && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, bn[0]) == 1 &&
           OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, bn[1]) == 1 &&
           OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_D, bn[2]) == 1;
}

static int push_ec(OSSL_PARAM_BLD *bld, EVP_PKEY *from, struct parts *parts)
{
    BIGNUM **bn = parts->bn;
    size_t len;

    return EVP_PKEY_get_group_name(from, parts->group, sizeof(parts->group), &len) == 1 &&
           OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, parts->group, 0) == 1 &&
           EVP_PKEY_get_octet_string_param(from, OSSL_PKEY_PARAM_PUB_KEY, parts->point, POINT_MAX, &len) == 1 &&
           OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, parts->point, len) == 1 &&
           (bn[0] = BN_new()) != NULL && BN_set_word(bn[0], 3) == 1 &&
           OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, bn[0]) == 1;
}

static int push_ecx(OSSL_PARAM_BLD *bld, EVP_PKEY *from, struct parts *parts)
{
    static const unsigned char seed[57] = {3};
    size_t len = 0;

    return EVP_PKEY_get_octet_string_param(from, OSSL_PKEY_PARAM_PUB_KEY, parts->point, POINT_MAX, &len) == 1 &&
           len <= sizeof(seed) &&
           OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, parts->point, len) == 1 &&
           OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PRIV_KEY, seed, len) == 1;
}

EVP_PKEY *tb_check_stand_in(EVP_PKEY *public_key)
{
    struct parts parts = {0};
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY_CTX *ctx = NULL;
    EVP_PKEY *key = NULL;
    const char *type = EVP_PKEY_get0_type_name(public_key);
    int ok = 0;

    if (bld == NULL || type == NULL)
        goto out;
    if (strcmp(type, "RSA") == 0)
        ok = push_rsa(bld, public_key, &parts);
    else if (strcmp(type, "EC") == 0)
        ok = push_ec(bld, public_key, &parts);
    else if (strcmp(type, "ED25519") == 0 || strcmp(type, "ED448") == 0)
        ok = push_ecx(bld, public_key, &parts);
    if (ok && (params = OSSL_PARAM_BLD_to_param(bld)) != NULL &&
        (ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL)) != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) != 1)
        key = NULL;
out:
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    for (size_t i = 0; i < TB_ARRAY_LEN(parts.bn); i++)
        BN_free(parts.bn[i]);
    return key;
}
