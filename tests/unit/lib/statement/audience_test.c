#include "tests/unit/test.h"

#include <string.h>

#include "lib/statement/audience.h"

static struct tb_audience sample(void)
{
    struct tb_audience a = {.directory = "https://ca.example:14000"};

    memset(a.ca_id, 1, sizeof(a.ca_id));
    memset(a.policy_digest, 2, sizeof(a.policy_digest));
    return a;
}

static void it_round_trips_and_is_refused_when_cut(void **state)
{
    const struct tb_audience a = sample();
    struct tb_audience got;
    uint8_t buf[512];
    struct tb_wr wr;
    struct tb_rd rd;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_audience_write(&wr, &a);
    assert_ok(tb_wr_err(&wr));
    rd = tb_rd_of(tb_wr_span(&wr));
    assert_ok(tb_audience_read(&rd, &got));
    assert_ok(tb_rd_end(&rd));
    assert_true(tb_audience_eq(&a, &got));
    for (size_t len = 0; len < wr.len; len++) {
        rd = tb_rd_of(tb_span_of(buf, len));
        assert_int_equal(tb_audience_read(&rd, &got), TB_E_TRUNC);
        assert_int_equal(rd.left, len);
        assert_string_equal(got.directory, "");
    }
}

static void the_directory_has_a_limit(void **state)
{
    struct tb_audience got;
    uint8_t buf[512];
    struct tb_wr wr;
    struct tb_rd rd;

    (void)state;
    for (unsigned len = TB_BASE_URL_MAX; len <= TB_BASE_URL_MAX + 1; len++) {
        memset(buf, 'a', sizeof(buf));
        tb_wr_fixed(&wr, buf, sizeof(buf));
        tb_wr_reserve(&wr, TB_CA_ID_LEN);
        tb_wr_u16(&wr, (uint16_t)len);
        rd = tb_rd_of(tb_span_of(buf, sizeof(buf)));
        assert_int_equal(tb_audience_read(&rd, &got), len <= TB_BASE_URL_MAX ? 0 : TB_E_LIMIT);
    }
}

static void each_part_counts(void **state)
{
    const struct tb_audience a = sample();
    struct tb_audience b = a;

    (void)state;
    for (size_t i = 0; i < sizeof(b.ca_id); i++) {
        b = a;
        b.ca_id[i] ^= 1;
        assert_false(tb_audience_eq(&a, &b));
    }
    for (size_t i = 0; i < sizeof(b.policy_digest); i++) {
        b = a;
        b.policy_digest[i] ^= 1;
        assert_false(tb_audience_eq(&a, &b));
    }
    b = a;
    strcpy(b.directory, "https://ca.example:1400");
    assert_false(tb_audience_eq(&a, &b));
    /* What stands behind the NUL does not. */
    b = a;
    b.directory[TB_BASE_URL_MAX] = 'x';
    assert_true(tb_audience_eq(&a, &b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_round_trips_and_is_refused_when_cut),
        cmocka_unit_test(the_directory_has_a_limit),
        cmocka_unit_test(each_part_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
