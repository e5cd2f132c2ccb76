#include "tests/unit/lib/jose/keys.h"

#include "tests/unit/test.h"

#include <openssl/ec.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#include "lib/jose/sign.h"

EVP_PKEY *test_key(enum tb_jws_alg alg)
{
    static EVP_PKEY *keys[TB_ALG__COUNT];

    if (keys[alg] == NULL) {
        keys[TB_ALG_ES256] = EVP_EC_gen("P-256");
        keys[TB_ALG_ES384] = EVP_EC_gen("P-384");
        keys[TB_ALG_EDDSA] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        keys[TB_ALG_RS256] = EVP_RSA_gen(2048);
    }
    return keys[alg];
}

char *test_jwk_text(EVP_PKEY *key)
{
    struct tb_wr wr;
    size_t n;

    tb_wr_init(&wr, TB_JWK_JSON_MAX);
    assert_ok(tb_jwk_of_pkey(key, &wr, NULL));
    tb_wr_u8(&wr, 0);
    return (char *)tb_wr_take(&wr, &n);
}

struct tb_jwk *test_jwk(EVP_PKEY *key)
{
    char *text = test_jwk_text(key);
    struct tb_jwk *jwk = NULL;

    assert_ok(tb_jwk_parse(tb_span_str(text), &jwk, NULL));
    free(text);
    return jwk;
}
