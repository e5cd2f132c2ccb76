#include "tests/unit/test.h"

#include "lib/der/der.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BYTES(...) tb_span_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

struct bad {
    const char *what;
    uint8_t der[12];
    size_t len;
    int err;
};

static void elements_are_strict(void **state)
{
    static const struct bad bad[] = {
        {"empty", {0}, 0, TB_E_TRUNC},
        {"tag alone", {0x30}, 1, TB_E_TRUNC},
        {"content missing", {0x04, 0x02, 0x00}, 3, TB_E_TRUNC},
        {"indefinite", {0x30, 0x80, 0x00, 0x00}, 4, TB_E_FORMAT},
        {"long form of a short length", {0x04, 0x81, 0x01, 0x00}, 4, TB_E_FORMAT},
        {"127 in long form", {0x04, 0x81, 0x7f}, 3, TB_E_FORMAT},
        {"leading zero in the length", {0x04, 0x82, 0x00, 0x80}, 4, TB_E_FORMAT},
        {"four length octets", {0x04, 0x84, 0x01, 0x00, 0x00, 0x00}, 6, TB_E_LIMIT},
        {"reserved length", {0x04, 0xff, 0x00}, 3, TB_E_LIMIT},
        {"multi-octet tag", {0x1f, 0x81, 0x00, 0x00}, 4, TB_E_FORMAT},
        {"end of contents", {0x00, 0x00}, 2, TB_E_FORMAT},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        struct tb_rd rd = tb_rd_of(tb_span_of(bad[i].der, bad[i].len));
        struct tb_span content = tb_span_of("x", 1);
        uint8_t tag = 0x77;

        if (tb_der_any(&rd, &tag, &content, NULL) != bad[i].err)
            fail_msg("%s", bad[i].what);
        assert_int_equal(rd.left, bad[i].len);
        assert_int_equal(tag, 0x77);
        assert_int_equal(content.len, 1);
    }
}

static void lengths_survive_a_round_trip(void **state)
{
    static const size_t lens[] = {0, 1, 127, 128, 255, 256, 65535, 65536};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(lens); i++) {
        uint8_t *data = calloc(1, lens[i] + 1);
        struct tb_wr a;
        struct tb_wr b;
        struct tb_rd rd;
        struct tb_span got;
        size_t mark;

        tb_wr_init(&a, lens[i] + 8);
        tb_wr_init(&b, lens[i] + 8);
        tb_der_put(&a, TB_DER_OCTET_STRING, tb_span_of(data, lens[i]));
        mark = tb_der_begin(&b, TB_DER_OCTET_STRING);
        tb_wr_bytes(&b, data, lens[i]);
        tb_der_end(&b, mark);
        assert_ok(tb_wr_err(&a));
        assert_ok(tb_wr_err(&b));
        assert_true(tb_span_eq(tb_wr_span(&a), tb_wr_span(&b)));
        assert_ok(tb_der_check(tb_wr_span(&a)));
        rd = tb_rd_of(tb_wr_span(&a));
        assert_ok(tb_der_get(&rd, TB_DER_OCTET_STRING, &got));
        assert_int_equal(got.len, lens[i]);
        assert_ok(tb_rd_end(&rd));
        rd = tb_rd_of(tb_span_of(a.buf, a.len - 1));
        assert_int_equal(tb_der_get(&rd, TB_DER_OCTET_STRING, &got), TB_E_TRUNC);
        tb_wr_clear(&a);
        tb_wr_clear(&b);
        free(data);
    }
}

static void writer_keeps_its_bound(void **state)
{
    uint8_t buf[130];
    uint8_t data[128] = {0};
    struct tb_wr wr;
    size_t mark;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    mark = tb_der_begin(&wr, TB_DER_SEQUENCE);
    tb_wr_bytes(&wr, data, sizeof(data));
    tb_der_end(&wr, mark);
    assert_int_equal(tb_wr_err(&wr), TB_E_LIMIT);
    tb_wr_fixed(&wr, buf, sizeof(buf));
    mark = tb_der_begin(&wr, TB_DER_SEQUENCE);
    tb_wr_bytes(&wr, data, sizeof(data) - 1);
    tb_der_end(&wr, mark);
    assert_ok(tb_wr_err(&wr));
}

static void integers(void **state)
{
    struct tb_rd rd;
    struct tb_span m;
    uint32_t v = 9;

    (void)state;
    rd = tb_rd_of(BYTES(2, 2, 0x00, 0x80));
    assert_ok(tb_der_uint(&rd, &m));
    assert_span_equal(m, "\x80", 1);
    rd = tb_rd_of(BYTES(2, 1, 0));
    assert_ok(tb_der_small(&rd, 0, &v));
    assert_int_equal(v, 0);
    rd = tb_rd_of(BYTES(2, 5, 0, 0xff, 0xff, 0xff, 0xff));
    assert_ok(tb_der_small(&rd, UINT32_MAX, &v));
    assert_int_equal(v, UINT32_MAX);
    rd = tb_rd_of(BYTES(2, 1, 5));
    assert_int_equal(tb_der_small(&rd, 4, &v), TB_E_LIMIT);
    assert_int_equal(rd.left, 3);
    rd = tb_rd_of(BYTES(2, 0));
    assert_int_equal(tb_der_uint(&rd, &m), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(2, 1, 0x80));
    assert_int_equal(tb_der_uint(&rd, &m), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(2, 2, 0x00, 0x7f));
    assert_int_equal(tb_der_uint(&rd, &m), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(2, 5, 1, 0, 0, 0, 0));
    assert_int_equal(tb_der_small(&rd, UINT32_MAX, &v), TB_E_LIMIT);
}

static void simple_types(void **state)
{
    struct tb_rd rd;
    struct tb_span s;
    uint16_t bits;
    bool b;

    (void)state;
    rd = tb_rd_of(BYTES(1, 1, 0xff));
    assert_ok(tb_der_bool(&rd, &b));
    assert_true(b);
    rd = tb_rd_of(BYTES(1, 1, 0x01));
    assert_int_equal(tb_der_bool(&rd, &b), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(6, 3, 0x2a, 0x86, 0x48));
    assert_ok(tb_der_oid(&rd, &s));
    rd = tb_rd_of(BYTES(6, 3, 0x2a, 0x80, 0x48));
    assert_int_equal(tb_der_oid(&rd, &s), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(6, 2, 0x2a, 0x86));
    assert_int_equal(tb_der_oid(&rd, &s), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(6, 0));
    assert_int_equal(tb_der_oid(&rd, &s), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(3, 2, 0, 0x55));
    assert_ok(tb_der_bits(&rd, &s));
    assert_span_equal(s, "\x55", 1);
    rd = tb_rd_of(BYTES(3, 2, 1, 0x54));
    assert_int_equal(tb_der_bits(&rd, &s), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(3, 2, 7, 0x80));
    assert_ok(tb_der_named_bits(&rd, &bits));
    assert_int_equal(bits, 0x8000);
    rd = tb_rd_of(BYTES(3, 3, 7, 0x00, 0x80));
    assert_ok(tb_der_named_bits(&rd, &bits));
    assert_int_equal(bits, 0x0080);
    rd = tb_rd_of(BYTES(3, 1, 0));
    assert_ok(tb_der_named_bits(&rd, &bits));
    assert_int_equal(bits, 0);
    rd = tb_rd_of(BYTES(3, 2, 6, 0x80));
    assert_int_equal(tb_der_named_bits(&rd, &bits), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(3, 2, 7, 0xc0));
    assert_int_equal(tb_der_named_bits(&rd, &bits), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(3, 2, 0, 0x00));
    assert_int_equal(tb_der_named_bits(&rd, &bits), TB_E_FORMAT);
    rd = tb_rd_of(BYTES(3, 2, 8, 0x80));
    assert_int_equal(tb_der_named_bits(&rd, &bits), TB_E_FORMAT);
}

static void oid_length_is_bounded(void **state)
{
    uint8_t der[TB_DER_OID_MAX + 3] = {TB_DER_OID, TB_DER_OID_MAX};
    struct tb_rd rd = tb_rd_of(tb_span_of(der, TB_DER_OID_MAX + 2));
    struct tb_span s;

    (void)state;
    memset(der + 2, 0x2a, sizeof(der) - 2);
    assert_ok(tb_der_oid(&rd, &s));
    der[1]++;
    rd = tb_rd_of(tb_span_of(der, sizeof(der)));
    assert_int_equal(tb_der_oid(&rd, &s), TB_E_LIMIT);
}

static int time_of(uint8_t tag, const char *text, tb_time_t *out)
{
    uint8_t buf[64];
    struct tb_wr wr;
    struct tb_rd rd;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_der_put(&wr, tag, tb_span_str(text));
    rd = tb_rd_of(tb_wr_span(&wr));
    return tb_der_time(&rd, out);
}

static void times(void **state)
{
    static const tb_time_t good[] = {-631152000, 0, 951782400, 1709210096, 2524607999, 2524608000, 253402300799};
    static const char *const bad_utc[] = {"991231235960Z", "990229000000Z", "991301000000Z", "990001000000Z",
                                          "990100000000Z", "9912312359Z",   "991231235959",  "9912312359590",
                                          "991231240000Z", "99123123595 Z", "991231236000Z"};
    uint8_t buf[32];
    struct tb_wr wr;
    struct tb_rd rd;
    tb_time_t t;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++) {
        tb_wr_fixed(&wr, buf, sizeof(buf));
        tb_der_put_time(&wr, good[i]);
        assert_ok(tb_wr_err(&wr));
        assert_int_equal(buf[0], good[i] < 2524608000 ? TB_DER_UTC_TIME : TB_DER_GENERALIZED_TIME);
        rd = tb_rd_of(tb_wr_span(&wr));
        assert_ok(tb_der_time(&rd, &t));
        assert_true(t == good[i]);
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(bad_utc); i++)
        if (time_of(TB_DER_UTC_TIME, bad_utc[i], &t) != TB_E_FORMAT)
            fail_msg("%s", bad_utc[i]);
    assert_int_equal(time_of(TB_DER_GENERALIZED_TIME, "20491231235959Z", &t), TB_E_FORMAT);
    assert_int_equal(time_of(TB_DER_GENERALIZED_TIME, "20500101000000.5Z", &t), TB_E_FORMAT);
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_der_put_time(&wr, -631152001);
    assert_int_equal(tb_wr_err(&wr), TB_E_INVAL);
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_der_put_time(&wr, 253402300800);
    assert_int_equal(tb_wr_err(&wr), TB_E_INVAL);
}

static int nested(size_t depth)
{
    uint8_t der[2 * (TB_DER_DEPTH_MAX + 2)];

    for (size_t i = 0; i < depth; i++) {
        der[2 * i] = TB_DER_SEQUENCE;
        der[2 * i + 1] = (uint8_t)(2 * (depth - i - 1));
    }
    return tb_der_check(tb_span_of(der, 2 * depth));
}

static void check_follows_everything(void **state)
{
    (void)state;
    assert_ok(nested(1));
    assert_ok(nested(TB_DER_DEPTH_MAX));
    assert_int_equal(nested(TB_DER_DEPTH_MAX + 1), TB_E_LIMIT);
    assert_int_equal(tb_der_check(tb_span_of(NULL, 0)), TB_E_TRUNC);
    assert_int_equal(tb_der_check(BYTES(0x30, 0, 0)), TB_E_TRAIL);
    assert_int_equal(tb_der_check(BYTES(0x05, 0, 0x05, 0)), TB_E_TRAIL);
    assert_ok(tb_der_check(BYTES(0x30, 6, 0x31, 2, 5, 0, 5, 0)));
    assert_int_equal(tb_der_check(BYTES(0x30, 4, 0x31, 3, 5, 0)), TB_E_TRUNC);
    assert_int_equal(tb_der_check(BYTES(0x30, 4, 0x24, 2, 4, 0)), TB_E_FORMAT);
    assert_int_equal(tb_der_check(BYTES(0x10, 0)), TB_E_FORMAT);
    assert_int_equal(tb_der_check(BYTES(0x30, 4, 0xa0, 2, 4, 0x81)), TB_E_TRUNC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(elements_are_strict),
        cmocka_unit_test(lengths_survive_a_round_trip),
        cmocka_unit_test(writer_keeps_its_bound),
        cmocka_unit_test(integers),
        cmocka_unit_test(simple_types),
        cmocka_unit_test(oid_length_is_bounded),
        cmocka_unit_test(times),
        cmocka_unit_test(check_follows_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
