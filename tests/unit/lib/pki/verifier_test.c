#include "lib/pki/verifier.h"

#include <openssl/err.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/pki/signer.h"
#include "tests/unit/lib/pki/fixture.h"
#include "tests/unit/test.h"

#define BUF_MAX 600

static struct tb_verifier *verifier;

/* A key with its signature over the digest of `text`. */
struct signed_text {
    EVP_PKEY *key;
    uint8_t der[BUF_MAX];
    struct tb_spki spki;
    uint8_t digest[TB_DIGEST_LEN];
    uint8_t sig[TB_SIG_MAX];
    size_t sig_len;
};

static void make(struct signed_text *t, enum tb_curve curve, const char *text)
{
    EVP_PKEY_CTX *ctx;

    t->sig_len = sizeof(t->sig);
    assert_ok(tb_key_generate(curve, &t->key));
    assert_ok(tb_spki_parse(fix_spki(t->key, t->der, sizeof(t->der)), &t->spki, NULL));
    tb_sha256(t->digest, tb_span_str(text));
    assert_non_null(ctx = EVP_PKEY_CTX_new(t->key, NULL));
    assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
    assert_int_equal(EVP_PKEY_sign(ctx, t->sig, &t->sig_len, t->digest, sizeof(t->digest)), 1);
    EVP_PKEY_CTX_free(ctx);
}

static int verify(const struct signed_text *key, const struct signed_text *sig)
{
    int r = tb_verifier_verify(verifier, &key->spki, tb_span_of(sig->digest, sizeof(sig->digest)),
                               tb_span_of(sig->sig, sig->sig_len));

    assert_int_equal(ERR_peek_error(), 0);
    return r;
}

/* Each verification is under the key of its own call, whatever stood in the verifier before. */
static void keys_take_turns(void **state)
{
    struct signed_text t[6];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(t); i++)
        make(&t[i], i % 2 == 0 ? TB_CURVE_P256 : TB_CURVE_P384, "the same text");
    for (size_t i = 0; i < TB_ARRAY_LEN(t); i++)
        for (size_t k = 0; k < TB_ARRAY_LEN(t); k++)
            assert_int_equal(verify(&t[i], &t[k]), i == k ? 0 : TB_E_BADSIG);
    for (size_t i = 0; i < TB_ARRAY_LEN(t); i++)
        EVP_PKEY_free(t[i].key);
}

static void changed_by_a_bit(void **state)
{
    struct signed_text t;

    (void)state;
    make(&t, TB_CURVE_P256, "text");
    t.digest[31] ^= 1;
    assert_int_equal(verify(&t, &t), TB_E_BADSIG);
    t.digest[31] ^= 1;
    t.sig[t.sig_len - 1] ^= 1;
    assert_int_equal(verify(&t, &t), TB_E_BADSIG);
    t.sig[t.sig_len - 1] ^= 1;
    t.sig_len--;
    assert_int_equal(verify(&t, &t), TB_E_BADSIG);
    t.sig_len++;
    assert_ok(verify(&t, &t));
    EVP_PKEY_free(t.key);
}

/* A refused point verifies nothing, leaves nothing behind, and does not spoil the next key. */
static void points_off_the_curve(void **state)
{
    static const uint8_t zeros[65] = {0x04};
    uint8_t huge[65], infinity = 0;
    struct signed_text t, bad;

    (void)state;
    make(&t, TB_CURVE_P256, "text");
    memset(huge, 0xff, sizeof(huge)); /* coordinates not below p */
    huge[0] = 0x04;
    assert_ok(verify(&t, &t));
    for (int i = 0; i < 4; i++) {
        uint8_t point[65];

        memcpy(point, t.spki.point.p, sizeof(point));
        point[64] ^= 1;
        bad = t;
        bad.spki.point = i == 0   ? tb_span_of(point, sizeof(point))
                         : i == 1 ? tb_span_of(zeros, sizeof(zeros))
                         : i == 2 ? tb_span_of(huge, sizeof(huge))
                                  : tb_span_of(t.spki.point.p, 64);
        assert_int_equal(verify(&bad, &t), TB_E_CRYPTO);
        assert_ok(verify(&t, &t));
    }
    /* Infinity is a point; nothing verifies under it. tb_spki_parse lets none through. */
    bad.spki.point = tb_span_of(&infinity, 1);
    assert_int_not_equal(verify(&bad, &t), 0);
    assert_ok(verify(&t, &t));
    EVP_PKEY_free(t.key);
}

static void other_kinds_are_not_served(void **state)
{
    static const enum tb_key_kind kinds[] = {TB_KEY_NONE, TB_KEY_ED25519, TB_KEY_RSA, TB_KEY__COUNT};
    struct signed_text t;

    (void)state;
    make(&t, TB_CURVE_P256, "text");
    assert_true(tb_verifier_serves(TB_KEY_P256) && tb_verifier_serves(TB_KEY_P384));
    for (size_t i = 0; i < TB_ARRAY_LEN(kinds); i++) {
        assert_false(tb_verifier_serves(kinds[i]));
        t.spki.kind = kinds[i];
        assert_int_equal(verify(&t, &t), TB_E_INVAL);
    }
    EVP_PKEY_free(t.key);
}

static void a_signer_signs_again_and_again(void **state)
{
    static const struct {
        enum tb_curve curve;
        enum tb_sig_alg alg, other;
    } sorts[] = {{TB_CURVE_P256, TB_SIG_ECDSA_SHA256, TB_SIG_ECDSA_SHA384},
                 {TB_CURVE_P384, TB_SIG_ECDSA_SHA384, TB_SIG_ECDSA_SHA256}};
    const char *const texts[] = {"one", "two", "three"};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(sorts); i++) {
        struct tb_signer *s;
        uint8_t sig[TB_SIG_MAX];
        size_t len = 7;
        EVP_PKEY *key;

        assert_ok(tb_key_generate(sorts[i].curve, &key));
        assert_ok(tb_signer_new(key, &s));
        for (size_t k = 0; k < TB_ARRAY_LEN(texts); k++) {
            EVP_MD_CTX *md = EVP_MD_CTX_new();

            assert_int_equal(tb_signer_sign(s, sorts[i].other, tb_span_str("x"), sig, &len), TB_E_INVAL);
            assert_int_equal(len, 0);
            assert_int_equal(tb_signer_sign(s, sorts[i].alg, tb_span_str(""), sig, &len), TB_E_INVAL);
            assert_ok(tb_signer_sign(s, sorts[i].alg, tb_span_str(texts[k]), sig, &len));
            assert_int_equal(EVP_DigestVerifyInit(md, NULL, i == 0 ? EVP_sha256() : EVP_sha384(), NULL, key), 1);
            assert_int_equal(EVP_DigestVerify(md, sig, len, (const uint8_t *)texts[k], strlen(texts[k])), 1);
            EVP_MD_CTX_free(md);
        }
        EVP_PKEY_free(key);
        /* The signer has a reference of its own. */
        assert_ok(tb_signer_sign(s, sorts[i].alg, tb_span_str("x"), sig, &len));
        tb_signer_free(s);
    }
}

static void only_issuing_kinds_sign(void **state)
{
    static const enum fix_key others[] = {FIX_ED25519, FIX_RSA2048, FIX_OTHER};
    struct tb_signer *s;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(others); i++) {
        assert_int_equal(tb_signer_new(fix_key(others[i]), &s), TB_E_UNSUPPORTED);
        assert_null(s);
    }
    tb_signer_free(NULL);
}

static int setup(void **state)
{
    (void)state;
    return tb_verifier_new(&verifier);
}

static int teardown(void **state)
{
    (void)state;
    tb_verifier_free(verifier);
    tb_verifier_free(NULL);
    fix_keys_free();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_take_turns),
        cmocka_unit_test(changed_by_a_bit),
        cmocka_unit_test(points_off_the_curve),
        cmocka_unit_test(other_kinds_are_not_served),
        cmocka_unit_test(a_signer_signs_again_and_again),
        cmocka_unit_test(only_issuing_kinds_sign),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
