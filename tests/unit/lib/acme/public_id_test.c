#include "tests/unit/test.h"

#include <openssl/evp.h>
#include <string.h>

#include "lib/acme/public_id.h"
#include "lib/base/b64u.h"
#include "lib/base/hash.h"

static const enum tb_public_id_kind kinds[] = {TB_ID_ORDER, TB_ID_AUTHZ, TB_ID_CERT, TB_ID_NONCE};
static const struct tb_key key = {{1, 2, 3}};

static struct tb_public_id *make(const struct tb_key *k)
{
    struct tb_public_id *p = NULL;

    assert_ok(tb_public_id_new(k, &p));
    return p;
}

static void what_is_encoded_is_decoded(void **state)
{
    static const uint64_t numbers[] = {0, 1, 2, 255, 256, UINT32_MAX, UINT64_C(1) << 63, UINT64_MAX};
    struct tb_public_id *p = make(&key);
    char text[TB_PUBLIC_ID_LEN + 1];
    uint64_t got;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(numbers); i++)
        for (size_t k = 0; k < TB_ARRAY_LEN(kinds); k++) {
            assert_ok(tb_public_id_encode(p, kinds[k], numbers[i], text));
            assert_int_equal(strlen(text), TB_PUBLIC_ID_LEN);
            got = ~numbers[i];
            assert_ok(tb_public_id_decode(p, kinds[k], tb_span_str(text), &got));
            assert_true(got == numbers[i]);
        }
    tb_public_id_free(p);
    tb_public_id_free(NULL);
}

/* The format itself, made by OpenSSL's one-shot interface: ids outlive a release. */
static void the_block_is_as_specified(void **state)
{
    const uint8_t plain[16] = {TB_ID_CERT, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
    struct tb_public_id *p = make(&key);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    char text[TB_PUBLIC_ID_LEN + 1], want[TB_PUBLIC_ID_LEN + 1];
    uint8_t block[32];
    int n = 0;

    (void)state;
    assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key.b, NULL), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, block, &n, plain, sizeof(plain)), 1);
    tb_b64u_encode(want, tb_span_of(block, 16));
    assert_ok(tb_public_id_encode(p, TB_ID_CERT, UINT64_C(0x0102030405060708), text));
    assert_string_equal(text, want);
    EVP_CIPHER_CTX_free(ctx);
    tb_public_id_free(p);
}

static void an_id_is_of_one_kind_and_one_key(void **state)
{
    const struct tb_key other = {{1, 2, 4}};
    struct tb_public_id *p = make(&key), *q = make(&other);
    char text[TB_PUBLIC_ID_LEN + 1];
    uint64_t got = 7;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(kinds); i++) {
        assert_ok(tb_public_id_encode(p, kinds[i], 42, text));
        for (size_t k = 0; k < TB_ARRAY_LEN(kinds); k++)
            assert_int_equal(tb_public_id_decode(p, kinds[k], tb_span_str(text), &got), i == k ? 0 : TB_E_FORMAT);
        assert_int_equal(tb_public_id_decode(q, kinds[i], tb_span_str(text), &got), TB_E_FORMAT);
        assert_int_equal(got, 0);
    }
    tb_public_id_free(p);
    tb_public_id_free(q);
}

static void no_kind_is_no_id(void **state)
{
    struct tb_public_id *p = make(&key);
    char text[TB_PUBLIC_ID_LEN + 1] = "old";
    uint64_t got;

    (void)state;
    assert_int_equal(tb_public_id_encode(p, TB_ID_NONE, 1, text), TB_E_INVAL);
    assert_string_equal(text, "");
    assert_int_equal(tb_public_id_encode(p, (enum tb_public_id_kind)(TB_ID_NONCE + 1), 1, text), TB_E_INVAL);
    assert_ok(tb_public_id_encode(p, TB_ID_ORDER, 1, text));
    assert_int_equal(tb_public_id_decode(p, TB_ID_NONE, tb_span_str(text), &got), TB_E_FORMAT);
    tb_public_id_free(p);
}

/* A block that somebody made up, or one bit of a real one turned, is refused before anything is looked up. */
static void forged_ids_are_refused(void **state)
{
    struct tb_public_id *p = make(&key);
    char text[TB_PUBLIC_ID_LEN + 1];
    uint8_t block[16];
    uint64_t got;
    size_t n;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        tb_random(block, sizeof(block));
        tb_b64u_encode(text, tb_span_of(block, sizeof(block)));
        assert_int_equal(tb_public_id_decode(p, TB_ID_ORDER, tb_span_str(text), &got), TB_E_FORMAT);
    }
    for (unsigned bit = 0; bit < 128; bit++) {
        assert_ok(tb_public_id_encode(p, TB_ID_ORDER, 5, text));
        assert_ok(tb_b64u_decode(block, sizeof(block), &n, tb_span_str(text)));
        block[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        tb_b64u_encode(text, tb_span_of(block, sizeof(block)));
        assert_int_equal(tb_public_id_decode(p, TB_ID_ORDER, tb_span_str(text), &got), TB_E_FORMAT);
    }
    tb_public_id_free(p);
}

/* Seven zero octets stand between kind and number, each of them counts. */
static void padding_that_is_not_zero_is_refused(void **state)
{
    struct tb_public_id *p = make(&key);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    char text[TB_PUBLIC_ID_LEN + 1];
    uint8_t block[32];
    uint64_t got;
    int n = 0;

    (void)state;
    for (size_t at = 0; at < 16; at++) {
        uint8_t plain[16] = {TB_ID_ORDER};

        plain[at] ^= at == 0 ? 0x80 : 1;
        assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_ecb(), NULL, key.b, NULL), 1);
        assert_int_equal(EVP_EncryptUpdate(ctx, block, &n, plain, sizeof(plain)), 1);
        tb_b64u_encode(text, tb_span_of(block, 16));
        assert_int_equal(tb_public_id_decode(p, TB_ID_ORDER, tb_span_str(text), &got), at < 8 ? TB_E_FORMAT : 0);
    }
    EVP_CIPHER_CTX_free(ctx);
    tb_public_id_free(p);
}

static void text_of_another_shape_is_refused(void **state)
{
    struct tb_public_id *p = make(&key);
    char text[TB_PUBLIC_ID_LEN + 3];
    uint64_t got = 7;

    (void)state;
    assert_ok(tb_public_id_encode(p, TB_ID_ORDER, 1, text));
    for (size_t len = 0; len < TB_PUBLIC_ID_LEN; len++)
        assert_int_equal(tb_public_id_decode(p, TB_ID_ORDER, tb_span_of(text, len), &got), TB_E_FORMAT);
    memcpy(text + TB_PUBLIC_ID_LEN, "A", 2);
    assert_int_equal(tb_public_id_decode(p, TB_ID_ORDER, tb_span_str(text), &got), TB_E_FORMAT);
    memcpy(text + TB_PUBLIC_ID_LEN, "==", 3);
    assert_int_equal(tb_public_id_decode(p, TB_ID_ORDER, tb_span_str(text), &got), TB_E_FORMAT);
    text[3] = '+';
    assert_int_equal(tb_public_id_decode(p, TB_ID_ORDER, tb_span_of(text, TB_PUBLIC_ID_LEN), &got), TB_E_FORMAT);
    assert_int_equal(got, 0);
    tb_public_id_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_encoded_is_decoded),       cmocka_unit_test(the_block_is_as_specified),
        cmocka_unit_test(an_id_is_of_one_kind_and_one_key), cmocka_unit_test(no_kind_is_no_id),
        cmocka_unit_test(forged_ids_are_refused),           cmocka_unit_test(padding_that_is_not_zero_is_refused),
        cmocka_unit_test(text_of_another_shape_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
