#include "tests/unit/test.h"

#include "lib/pki/spki.h"
#include "tests/unit/lib/pki/fixture.h"

#include <openssl/bn.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "lib/der/der.h"
#include "lib/pki/oid.h"

#define BUF_MAX 700

static void every_kind_becomes_the_same_key(void **state)
{
    (void)state;
    for (int k = FIX_P256; k <= FIX_RSA4096; k++) {
        uint8_t buf[BUF_MAX];
        uint8_t digest[32];
        struct tb_span der = fix_spki(fix_key((enum fix_key)k), buf, sizeof(buf));
        struct tb_spki spki;
        EVP_PKEY *key;

        assert_ok(tb_spki_parse(der, &spki, NULL));
        assert_ok(tb_spki_pkey(&spki, &key));
        assert_int_equal(EVP_PKEY_eq(key, fix_key((enum fix_key)k)), 1);
        assert_int_equal(spki.bits, EVP_PKEY_get_bits(key) == 253 ? 256 : EVP_PKEY_get_bits(key));
        SHA256(der.p, der.len, digest);
        assert_memory_equal(digest, spki.digest, sizeof(digest));
        EVP_PKEY_free(key);
        for (size_t cut = 0; cut < der.len; cut++) {
            assert_int_not_equal(tb_spki_parse(tb_span_of(buf, cut), &spki, NULL), 0);
            assert_int_equal(spki.kind, TB_KEY_NONE);
        }
    }
}

static void points_off_the_curve(void **state)
{
    uint8_t buf[BUF_MAX];
    struct tb_span der = fix_spki(fix_key(FIX_P256), buf, sizeof(buf));
    struct tb_spki spki;
    EVP_PKEY *key;

    (void)state;
    buf[der.len - 1] ^= 1;
    assert_ok(tb_spki_parse(der, &spki, NULL));
    assert_int_equal(tb_spki_pkey(&spki, &key), TB_E_CRYPTO);
    assert_null(key);
    buf[der.len - 65] = 0x06; /* hybrid */
    assert_int_equal(tb_spki_parse(der, &spki, NULL), TB_E_FORMAT);
    assert_int_equal(tb_spki_pkey(&spki, &key), TB_E_INVAL);
}

static void point_at_infinity_and_compressed(void **state)
{
    static const uint8_t infinity[] = {0x30, 0x17, 0x30,        0x13, 0x06, 0x07, TB_OID_EC_PUBLIC_KEY,
                                       0x06, 0x08, TB_OID_P256, 0x03, 0x02, 0x00, 0x00};
    uint8_t buf[BUF_MAX] = {0x30, 0x39, 0x30,        0x13, 0x06, 0x07, TB_OID_EC_PUBLIC_KEY,
                            0x06, 0x08, TB_OID_P256, 0x03, 0x22, 0x00, 0x02};
    struct tb_spki spki;

    (void)state;
    assert_int_equal(tb_spki_parse(tb_span_of(infinity, sizeof(infinity)), &spki, NULL), TB_E_FORMAT);
    assert_int_equal(tb_spki_parse(tb_span_of(buf, 0x3b), &spki, NULL), TB_E_FORMAT);
}

static int rsa_try(size_t n_len, uint8_t first, uint8_t last, const uint8_t *e, size_t e_len)
{
    static const uint8_t alg[] = {0x30, 0x0d, 0x06, 0x09, TB_OID_RSA_ENCRYPTION, 0x05, 0x00};
    uint8_t n[520];
    uint8_t inner[700];
    uint8_t buf[800];
    struct tb_wr key;
    struct tb_wr wr;
    struct tb_spki spki;
    size_t mark;

    memset(n, 0x5a, sizeof(n));
    n[0] = 0;
    n[1] = first;
    n[n_len] = last;
    tb_wr_fixed(&key, inner, sizeof(inner));
    mark = tb_der_begin(&key, TB_DER_SEQUENCE);
    tb_der_put(&key, TB_DER_INTEGER, first & 0x80 ? tb_span_of(n, n_len + 1) : tb_span_of(n + 1, n_len));
    tb_der_put(&key, TB_DER_INTEGER, tb_span_of(e, e_len));
    tb_der_end(&key, mark);
    tb_wr_fixed(&wr, buf, sizeof(buf));
    mark = tb_der_begin(&wr, TB_DER_SEQUENCE);
    tb_wr_bytes(&wr, alg, sizeof(alg));
    tb_der_put_bits(&wr, tb_wr_span(&key));
    tb_der_end(&wr, mark);
    assert_ok(tb_wr_err(&wr));
    return tb_spki_parse(tb_wr_span(&wr), &spki, NULL);
}

static void rsa_limits(void **state)
{
    static const uint8_t f4[] = {1, 0, 1};
    static const uint8_t three[] = {3};
    static const uint8_t below[] = {0, 0xff, 0xff};
    static const uint8_t even[] = {1, 0, 2};
    static const uint8_t wide[] = {0, 0x80, 0, 0, 0, 0, 0, 0, 1};
    static const uint8_t wider[] = {1, 0, 0, 0, 0, 0, 0, 0, 1};

    (void)state;
    assert_ok(rsa_try(256, 0x80, 1, f4, 3));
    assert_ok(rsa_try(512, 0xff, 1, f4, 3));
    assert_ok(rsa_try(384, 0x80, 1, wide, 9));
    assert_int_equal(rsa_try(255, 0x80, 1, f4, 3), TB_E_UNSUPPORTED);
    assert_int_equal(rsa_try(513, 0x80, 1, f4, 3), TB_E_UNSUPPORTED);
    assert_int_equal(rsa_try(256, 0x40, 1, f4, 3), TB_E_UNSUPPORTED);
    assert_int_equal(rsa_try(256, 0x80, 2, f4, 3), TB_E_FORMAT);
    assert_int_equal(rsa_try(256, 0x80, 1, three, 1), TB_E_UNSUPPORTED);
    assert_int_equal(rsa_try(256, 0x80, 1, below, 3), TB_E_UNSUPPORTED);
    assert_int_equal(rsa_try(256, 0x80, 1, even, 3), TB_E_UNSUPPORTED);
    assert_int_equal(rsa_try(256, 0x80, 1, wider, 9), TB_E_UNSUPPORTED);
}

/* RFC 9881: OpenSSL 3.5 has them, no profile takes them. */
static void ml_dsa_is_no_kind_of_ours(void **state)
{
    static const uint8_t alg[] = {0x30, 0x0b, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11};
    static const uint8_t point[1312];
    uint8_t buf[1400];
    struct tb_problem pb = {0};
    struct tb_spki spki;
    struct tb_wr wr;
    size_t mark;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    mark = tb_der_begin(&wr, TB_DER_SEQUENCE);
    tb_wr_bytes(&wr, alg, sizeof(alg));
    tb_der_put_bits(&wr, tb_span_of(point, sizeof(point)));
    tb_der_end(&wr, mark);
    assert_ok(tb_wr_err(&wr));
    assert_int_equal(tb_spki_parse(tb_wr_span(&wr), &spki, &pb), TB_E_UNSUPPORTED);
    assert_non_null(strstr(pb.detail, "only P-256, P-384, Ed25519 and RSA"));
}

static void names_of_kinds(void **state)
{
    (void)state;
    for (int k = 0; k < TB_KEY__COUNT; k++)
        assert_non_null(tb_key_kind_name((enum tb_key_kind)k));
    assert_string_equal(tb_key_kind_name(TB_KEY_P256), "P-256");
    assert_string_equal(tb_key_kind_name((enum tb_key_kind)99), "none");
}

static int teardown(void **state)
{
    (void)state;
    fix_keys_free();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_becomes_the_same_key),  cmocka_unit_test(points_off_the_curve),
        cmocka_unit_test(point_at_infinity_and_compressed), cmocka_unit_test(rsa_limits),
        cmocka_unit_test(ml_dsa_is_no_kind_of_ours),        cmocka_unit_test(names_of_kinds),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}
