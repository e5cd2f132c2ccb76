#include "tests/unit/test.h"

#include "lib/base/bytes.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t input[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void integers_are_big_endian(void **state)
{
    struct tb_rd rd = tb_rd_of(tb_span_of(input, sizeof(input)));
    uint8_t a;
    uint16_t b;
    uint32_t c;

    (void)state;
    assert_ok(tb_rd_u8(&rd, &a));
    assert_ok(tb_rd_u16(&rd, &b));
    assert_ok(tb_rd_u32(&rd, &c));
    assert_int_equal(a, 1);
    assert_int_equal(b, 0x0203);
    assert_int_equal(c, 0x04050607);
    assert_int_equal(tb_rd_end(&rd), TB_E_TRAIL);
}

static void a_short_reader_fails_and_does_not_move(void **state)
{
    struct tb_rd rd = tb_rd_of(tb_span_of(input, 7));
    uint64_t v;
    struct tb_span s;

    (void)state;
    assert_int_equal(tb_rd_u64(&rd, &v), TB_E_TRUNC);
    assert_int_equal(rd.left, 7);
    assert_ptr_equal(rd.p, input);
    assert_int_equal(tb_rd_bytes(&rd, SIZE_MAX, &s), TB_E_TRUNC);
    assert_int_equal(tb_rd_var16(&rd, 10000, &s), TB_E_TRUNC);
    assert_int_equal(tb_rd_var32(&rd, SIZE_MAX, &s), TB_E_TRUNC);
    assert_int_equal(rd.left, 7);
}

static void a_length_prefix_is_bounded_by_the_maximum(void **state)
{
    static const uint8_t three[] = {0, 3, 'a', 'b', 'c'};
    struct tb_rd rd = tb_rd_of(tb_span_of(three, sizeof(three)));
    struct tb_span s;

    (void)state;
    assert_int_equal(tb_rd_var16(&rd, 2, &s), TB_E_LIMIT);
    assert_int_equal(rd.left, sizeof(three));
    assert_ok(tb_rd_var16(&rd, 3, &s));
    assert_span_equal(s, "abc", 3);
    assert_ok(tb_rd_end(&rd));
}

static void strings_hold_no_nul_and_fit(void **state)
{
    static const uint8_t nul[] = {0, 2, 'a', 0};
    static const uint8_t ok[] = {0, 2, 'a', 'b'};
    struct tb_rd rd = tb_rd_of(tb_span_of(nul, sizeof(nul)));
    char out[3];

    (void)state;
    assert_int_equal(tb_rd_str16(&rd, out, sizeof(out)), TB_E_FORMAT);
    rd = tb_rd_of(tb_span_of(ok, sizeof(ok)));
    assert_int_equal(tb_rd_str16(&rd, out, 2), TB_E_LIMIT);
    assert_ok(tb_rd_str16(&rd, out, 3));
    assert_string_equal(out, "ab");
}

static void the_writer_remembers_its_first_error(void **state)
{
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, 4);
    tb_wr_u32(&wr, 7);
    assert_ok(tb_wr_err(&wr));
    tb_wr_u8(&wr, 1);
    tb_wr_bytes(&wr, "", 0);
    assert_int_equal(tb_wr_err(&wr), TB_E_LIMIT);
    assert_int_equal(wr.len, 4);
    tb_wr_clear(&wr);
}

static void what_is_written_is_read_back(void **state)
{
    struct tb_wr wr;
    struct tb_rd rd;
    struct tb_span s;
    uint64_t v;
    char text[16];

    (void)state;
    tb_wr_init(&wr, 1000);
    tb_wr_u64(&wr, UINT64_C(0x0102030405060708));
    tb_wr_var32(&wr, tb_span_str("hello"));
    tb_wr_str16(&wr, "x");
    tb_wr_printf(&wr, "%d", 42);
    assert_ok(tb_wr_err(&wr));
    rd = tb_rd_of(tb_wr_span(&wr));
    assert_ok(tb_rd_u64(&rd, &v));
    assert_true(v == UINT64_C(0x0102030405060708));
    assert_ok(tb_rd_var32(&rd, 5, &s));
    assert_span_equal(s, "hello", 5);
    assert_ok(tb_rd_str16(&rd, text, sizeof(text)));
    assert_int_equal(rd.left, 2);
    tb_wr_clear(&wr);
}

static void a_writer_grows_and_hands_over(void **state)
{
    struct tb_wr wr;
    uint8_t *p;
    size_t n;

    (void)state;
    tb_wr_init(&wr, 100000);
    for (int i = 0; i < 10000; i++)
        tb_wr_u8(&wr, (uint8_t)i);
    p = tb_wr_take(&wr, &n);
    assert_non_null(p);
    assert_int_equal(n, 10000);
    assert_int_equal(p[9999], 9999 & 255);
    free(p);
    assert_int_equal(wr.len, 0);
}

static void a_value_longer_than_its_prefix_is_refused(void **state)
{
    struct tb_wr wr;
    static uint8_t big[65536];

    (void)state;
    tb_wr_init(&wr, 100000);
    tb_wr_var16(&wr, tb_span_of(big, sizeof(big)));
    assert_int_equal(tb_wr_err(&wr), TB_E_LIMIT);
    assert_int_equal(wr.len, 0);
    tb_wr_clear(&wr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_are_big_endian),
        cmocka_unit_test(a_short_reader_fails_and_does_not_move),
        cmocka_unit_test(a_length_prefix_is_bounded_by_the_maximum),
        cmocka_unit_test(strings_hold_no_nul_and_fit),
        cmocka_unit_test(the_writer_remembers_its_first_error),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(a_writer_grows_and_hands_over),
        cmocka_unit_test(a_value_longer_than_its_prefix_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
