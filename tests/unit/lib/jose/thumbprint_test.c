#include "tests/unit/test.h"

#include <openssl/x509.h>
#include <string.h>

#include "lib/jose/thumbprint.h"
#include "tests/unit/lib/jose/keys.h"

static void every_kind_has_the_thumbprint_of_its_jwk(void **state)
{
    (void)state;
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++) {
        EVP_PKEY *key = test_key((enum tb_jws_alg)a);
        struct tb_jwk *jwk = test_jwk(key);
        uint8_t thumbprint[TB_DIGEST_LEN];
        unsigned char *der = NULL;
        struct tb_spki spki;
        int len = i2d_PUBKEY(key, &der);

        assert_true(len > 0);
        assert_ok(tb_spki_parse(tb_span_of(der, (size_t)len), &spki, NULL));
        assert_ok(tb_jwk_thumbprint_of_spki(thumbprint, &spki));
        assert_memory_equal(thumbprint, tb_jwk_thumbprint(jwk), TB_DIGEST_LEN);
        OPENSSL_free(der);
        tb_jwk_free(jwk);
    }
}

static void no_key_has_none(void **state)
{
    const struct tb_spki none = {.kind = TB_KEY_NONE};
    const struct tb_spki other = {.kind = TB_KEY__COUNT};
    uint8_t thumbprint[TB_DIGEST_LEN];

    (void)state;
    assert_int_equal(tb_jwk_thumbprint_of_spki(thumbprint, &none), TB_E_UNSUPPORTED);
    assert_int_equal(tb_jwk_thumbprint_of_spki(thumbprint, &other), TB_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_has_the_thumbprint_of_its_jwk),
        cmocka_unit_test(no_key_has_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
