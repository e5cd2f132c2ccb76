#include "tests/unit/test.h"

#include <string.h>

#include "lib/http/date.h"

static void both_ways(void **state)
{
    static const struct {
        tb_time_t t;
        const char *text;
    } rows[] = {
        {784111777, "Sun, 06 Nov 1994 08:49:37 GMT"},
        {0, "Thu, 01 Jan 1970 00:00:00 GMT"},
        {1790000000, "Mon, 21 Sep 2026 14:13:20 GMT"},
        {INT64_C(253402300799), "Fri, 31 Dec 9999 23:59:59 GMT"},
    };
    char out[TB_HTTP_DATE_LEN + 1];
    tb_time_t t;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        tb_http_date_format(out, rows[i].t);
        assert_string_equal(out, rows[i].text);
        assert_ok(tb_http_date_parse(tb_span_str(rows[i].text), 0, &t));
        assert_true(t == rows[i].t);
    }
    tb_http_date_format(out, INT64_MAX);
    assert_string_equal(out, "Fri, 31 Dec 9999 23:59:59 GMT");
    tb_http_date_format(out, INT64_MIN);
    assert_int_equal(strlen(out), TB_HTTP_DATE_LEN);
}

/* Whoever reads a time must read all three (RFC 9110 section 5.6.7). */
static void the_obsolete_forms_are_read(void **state)
{
    static const struct {
        tb_time_t t;
        const char *text;
    } rows[] = {
        {784111777, "Sunday, 06-Nov-94 08:49:37 GMT"},
        {784111777, "Sun Nov  6 08:49:37 1994"},
        {1790000000, "Monday, 21-Sep-26 14:13:20 GMT"},
        {1790000000, "Mon Sep 21 14:13:20 2026"},
        {INT64_C(3370165200), "Saturday, 17-Oct-76 13:00:00 GMT"}, /* 2076: exactly 50 years ahead */
        {INT64_C(245939696), "Monday, 17-Oct-77 12:34:56 GMT"},    /* 1977: 51 would be */
    };
    tb_time_t t;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        if (tb_http_date_parse(tb_span_str(rows[i].text), 1790000000, &t) != 0 || t != rows[i].t)
            fail_msg("%s: %lld", rows[i].text, (long long)t);
    }
}

static void nothing_else_is_a_date(void **state)
{
    static const char *const bad[] = {
        "",
        "0",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Monday, 06-Nov-94 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",
        "Sunday, 6-Nov-94 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sunday, 06 Nov 94 08:49:37 GMT",
        "Sunday, 06-Nov-9x 08:49:37 GMT",
        "Sunday, 31-Feb-94 08:49:37 GMT",
        "Sunday",
        "Mon Nov  6 08:49:37 1994",
        "Sun Nov 06 08:49:37 1994",
        "Sun Nov 6 08:49:37 1994",
        "Sun Nov  6 08:49:37 94",
        "Sun Feb 31 08:49:37 1994",
        "Sun Nov  6 08:49:37 1994 ",
        "Sun Nov  6 08:49:37 19x4",
        "Sun, 06 Nov 1994 08:49:60 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Thu, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 Nov -994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08 49:37 GMT",
    };
    tb_time_t t;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_int_equal(tb_http_date_parse(tb_span_str(bad[i]), 1790000000, &t), TB_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways),
        cmocka_unit_test(the_obsolete_forms_are_read),
        cmocka_unit_test(nothing_else_is_a_date),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
