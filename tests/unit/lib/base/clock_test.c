#include "tests/unit/test.h"

#include "lib/base/clock.h"

static void times_are_written_and_read(void **state)
{
    static const struct {
        tb_time_t t;
        const char *text;
    } rows[] = {{0, "1970-01-01T00:00:00Z"},
                {1794999360, "2026-11-18T10:56:00Z"},
                {951782400, "2000-02-29T00:00:00Z"},
                {253402300799, "9999-12-31T23:59:59Z"}};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        char text[TB_RFC3339_LEN + 1];
        tb_time_t t;

        tb_rfc3339_format(text, rows[i].t);
        assert_string_equal(text, rows[i].text);
        assert_ok(tb_rfc3339_parse(text, &t));
        assert_true(t == rows[i].t);
    }
}

static void offsets_and_fractions_are_understood(void **state)
{
    tb_time_t t;

    (void)state;
    assert_ok(tb_rfc3339_parse("1970-01-01T01:00:00+01:00", &t));
    assert_true(t == 0);
    assert_ok(tb_rfc3339_parse("1969-12-31T23:30:00.25-00:30", &t));
    assert_true(t == 0);
}

static void other_forms_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "1970-01-01",
                                      "1970-01-01T00:00:00",
                                      "1970-01-01 00:00:00Z",
                                      "1970-1-01T00:00:00Z",
                                      "1970-02-30T00:00:00Z",
                                      "1970-13-01T00:00:00Z",
                                      "1970-00-01T00:00:00Z",
                                      "1970-01-01T24:00:00Z",
                                      "1970-01-01T00:00:00.Z",
                                      "1970-01-01T00:00:00Zx",
                                      "1970-01-01T00:00:00+0100"};
    tb_time_t t;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_int_equal(tb_rfc3339_parse(bad[i], &t), TB_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_written_and_read),
        cmocka_unit_test(offsets_and_fractions_are_understood),
        cmocka_unit_test(other_forms_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
