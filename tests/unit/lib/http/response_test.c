#include "tests/unit/test.h"

#include "lib/http/request.h"
#include "lib/http/response.h"

#include <string.h>

static void a_head_is_written(void **state)
{
    static const char want[] = "HTTP/1.1 201 Created\r\nLocation: https://ca.example/1\r\nRetry-After: 5\r\n"
                               "X-Tab: a\tb\r\nContent-Length: 18446744073709551615\r\n\r\n";
    uint8_t buf[TB_HTTP_RESPONSE_HEAD_MAX];
    struct tb_wr wr;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_http_response_begin(&wr, 201);
    tb_http_header(&wr, "Location", "https://ca.example/1");
    tb_http_header_int(&wr, "Retry-After", 5);
    tb_http_header_span(&wr, "X-Tab", tb_span_of("a\tb", 3));
    tb_http_response_end(&wr, SIZE_MAX);
    assert_ok(tb_wr_err(&wr));
    assert_span_equal(tb_wr_span(&wr), want, sizeof(want) - 1);
}

static void a_head_without_body_has_no_length(void **state)
{
    static const char want[] = "HTTP/1.1 204 No Content\r\n\r\n";
    uint8_t buf[64];
    struct tb_wr wr;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_http_response_begin(&wr, 204);
    tb_http_response_end_bodiless(&wr);
    assert_ok(tb_wr_err(&wr));
    assert_span_equal(tb_wr_span(&wr), want, sizeof(want) - 1);
}

static void values_cannot_split_the_head(void **state)
{
    static const struct {
        const char *name;
        struct tb_span value;
    } rows[] = {
        {"A", {(const uint8_t *)"b\r\nSet-Cookie: c", 16}},
        {"A", {(const uint8_t *)"b\n", 2}},
        {"A", {(const uint8_t *)"\r", 1}},
        {"A", {(const uint8_t *)"b\0c", 3}},
        {"A", {(const uint8_t *)"\x7f", 1}},
        {"A\r\nB", {(const uint8_t *)"b", 1}},
        {"A b", {(const uint8_t *)"b", 1}},
        {"A:", {(const uint8_t *)"b", 1}},
        {"", {(const uint8_t *)"b", 1}},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        uint8_t buf[128];
        struct tb_wr wr;
        size_t before;

        tb_wr_fixed(&wr, buf, sizeof(buf));
        tb_http_response_begin(&wr, 200);
        before = wr.len;
        tb_http_header_span(&wr, rows[i].name, rows[i].value);
        assert_int_equal(tb_wr_err(&wr), TB_E_INVAL);
        assert_int_equal(wr.len, before);
    }
}

static void status_and_reason(void **state)
{
    static const int bad[] = {-1, 0, 99, 600, 100000};
    uint8_t buf[128];
    struct tb_wr wr;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        tb_wr_fixed(&wr, buf, sizeof(buf));
        tb_http_response_begin(&wr, bad[i]);
        assert_int_equal(tb_wr_err(&wr), TB_E_INVAL);
        assert_int_equal(wr.len, 0);
    }
    assert_string_equal(tb_http_reason(200), "OK");
    assert_string_equal(tb_http_reason(505), "HTTP Version Not Supported");
    assert_string_equal(tb_http_reason(299), "Error");
    assert_string_equal(tb_http_reason(-1), "Error");
    assert_string_equal(tb_http_reason(506), "Error");
}

static void the_head_is_bounded(void **state)
{
    uint8_t buf[38];
    struct tb_wr wr;

    (void)state;
    for (size_t cap = 37; cap <= 38; cap++) {
        tb_wr_fixed(&wr, buf, cap);
        tb_http_response_begin(&wr, 200); /* 17 */
        tb_http_response_end(&wr, 7);     /* 21 */
        assert_int_equal(tb_wr_err(&wr), cap == 38 ? 0 : TB_E_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_written),
        cmocka_unit_test(a_head_without_body_has_no_length),
        cmocka_unit_test(values_cannot_split_the_head),
        cmocka_unit_test(status_and_reason),
        cmocka_unit_test(the_head_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
