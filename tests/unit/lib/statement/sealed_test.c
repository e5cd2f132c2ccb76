#include "lib/statement/sealed.h"

#include <string.h>

#include "tests/unit/test.h"

static const struct tb_key key = {{1, 2, 3}}, other_key = {{3, 2, 1}};
static const struct tb_seal seal = TB_SEAL_OF("a domain", TB_SEAL_LEN + 10), other = TB_SEAL_OF("another", 1000);

static size_t sealed(uint8_t *buf, size_t cap, const char *fields)
{
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, cap);
    assert_ok(tb_seal_write(&wr, &seal, &key, tb_span_str(fields)));
    return wr.len;
}

static void it_is_the_fields_and_the_mac_of_domain_nul_and_fields(void **state)
{
    uint8_t buf[100], mac[TB_DIGEST_LEN];
    size_t len = sealed(buf, sizeof(buf), "fields");

    (void)state;
    tb_hmac_sha256(mac, &key, tb_span_of("a domain\0fields", 15));
    assert_int_equal(len, 6 + TB_SEAL_LEN);
    assert_memory_equal(buf, "fields", 6);
    assert_memory_equal(buf + 6, mac, TB_SEAL_LEN);
}

static void nothing_else_opens(void **state)
{
    uint8_t buf[100];
    size_t len = sealed(buf, sizeof(buf), "fields");
    struct tb_span fields;

    (void)state;
    assert_ok(tb_seal_open(tb_span_of(buf, len), &seal, &key, &fields));
    assert_span_equal(fields, "fields", 6);
    assert_int_equal(tb_seal_open(tb_span_of(buf, len), &seal, &other_key, &fields), TB_E_BADSIG);
    assert_int_equal(fields.len, 0);
    assert_int_equal(tb_seal_open(tb_span_of(buf, len), &other, &key, &fields), TB_E_BADSIG);
    for (size_t i = 0; i < len; i++) {
        buf[i] ^= 0x80;
        assert_int_equal(tb_seal_open(tb_span_of(buf, len), &seal, &key, &fields), TB_E_BADSIG);
        assert_int_equal(fields.len, 0);
        assert_ok(tb_seal_peek(tb_span_of(buf, len), &seal, &fields));
        buf[i] ^= 0x80;
    }
}

static void its_length_is_at_least_one_field_and_at_most_the_maximum(void **state)
{
    uint8_t buf[100] = {0};
    struct tb_span fields;
    struct tb_wr wr;

    (void)state;
    assert_int_equal(sealed(buf, sizeof(buf), "0123456789"), seal.max);
    assert_ok(tb_seal_open(tb_span_of(buf, seal.max), &seal, &key, &fields));
    tb_wr_fixed(&wr, buf, sizeof(buf));
    assert_int_equal(tb_seal_write(&wr, &seal, &key, tb_span_str("0123456789a")), TB_E_LIMIT);
    assert_int_equal(wr.len, 0);
    for (size_t len = 0; len <= TB_SEAL_LEN; len++) {
        assert_int_equal(tb_seal_open(tb_span_of(buf, len), &seal, &key, &fields), TB_E_FORMAT);
        assert_int_equal(tb_seal_peek(tb_span_of(buf, len), &seal, &fields), TB_E_FORMAT);
    }
    assert_int_equal(tb_seal_open(tb_span_of(buf, TB_SEAL_LEN + 1), &seal, &key, &fields), TB_E_BADSIG);
    assert_int_equal(tb_seal_open(tb_span_of(buf, seal.max + 1), &seal, &key, &fields), TB_E_FORMAT);
    assert_int_equal(tb_seal_peek(tb_span_of(buf, seal.max + 1), &seal, &fields), TB_E_FORMAT);
}

static void a_buffer_that_is_too_small_is_told(void **state)
{
    uint8_t buf[TB_SEAL_LEN + 5];
    struct tb_wr wr;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    assert_true(tb_seal_write(&wr, &seal, &key, tb_span_str("fields")) < 0);
}

static void a_seal_that_no_buffer_holds_is_none(void **state)
{
    static const char long_domain[100] = "x";
    const struct tb_seal bad[] = {TB_SEAL_OF("d", TB_SEALED_MAX + 1), TB_SEAL_OF(long_domain, 1000)};
    uint8_t buf[100] = {0};
    struct tb_span fields;
    struct tb_wr wr;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        tb_wr_fixed(&wr, buf, sizeof(buf));
        assert_int_equal(tb_seal_write(&wr, &bad[i], &key, tb_span_str("fields")), TB_E_INVAL);
        assert_int_equal(tb_seal_open(tb_span_of(buf, 64), &bad[i], &key, &fields), TB_E_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_fields_and_the_mac_of_domain_nul_and_fields),
        cmocka_unit_test(nothing_else_opens),
        cmocka_unit_test(its_length_is_at_least_one_field_and_at_most_the_maximum),
        cmocka_unit_test(a_buffer_that_is_too_small_is_told),
        cmocka_unit_test(a_seal_that_no_buffer_holds_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
