#include "client/https.h"
#include "tests/unit/test.h"

#include <string.h>

static struct tb_https_answer with(const char *line)
{
    struct tb_https_answer a = {.retry_after_s = -1};

    tb_https_header(&a, tb_span_str(line));
    return a;
}

static void urls_are_https_printable_and_without_user(void **state)
{
    char longest[TB_HTTPS_URL_MAX + 2];

    (void)state;
    assert_true(tb_https_url_ok(tb_span_str("https://a/b@c")));
    assert_true(tb_https_url_ok(tb_span_str("https://[::1]:14000/x?y")));
    assert_false(tb_https_url_ok(tb_span_str("http://a/")));
    assert_false(tb_https_url_ok(tb_span_str("https://")));
    assert_false(tb_https_url_ok(tb_span_str("https:///x")));
    assert_false(tb_https_url_ok(tb_span_str("https://user@host/")));
    assert_false(tb_https_url_ok(tb_span_str("https://a/ b")));
    assert_false(tb_https_url_ok(tb_span_str("https://a/\x1b")));
    memset(longest, 'a', sizeof(longest));
    memcpy(longest, "https://", 8);
    assert_true(tb_https_url_ok(tb_span_of(longest, TB_HTTPS_URL_MAX)));
    assert_false(tb_https_url_ok(tb_span_of(longest, TB_HTTPS_URL_MAX + 1)));
}

static void a_nonce_outside_the_alphabet_is_none(void **state)
{
    (void)state;
    assert_string_equal(with("Replay-Nonce: abc-_9\r\n").nonce, "abc-_9");
    assert_string_equal(with("replay-nonce:x\r\n").nonce, "x");
    assert_string_equal(with("Replay-Nonce: a b\r\n").nonce, "");
    assert_string_equal(with("Replay-Nonce: a\"\r\n").nonce, "");
    assert_string_equal(with("Replay-Nonce:\r\n").nonce, "");
}

static void retry_after_is_seconds_or_a_date_and_capped(void **state)
{
    (void)state;
    assert_int_equal(with("Retry-After: 7\r\n").retry_after_s, 7);
    assert_int_equal(with("Retry-After: 0\r\n").retry_after_s, 0);
    assert_int_equal(with("Retry-After: 99999999999\r\n").retry_after_s, TB_HTTPS_RETRY_MAX_S);
    assert_int_equal(with("Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n").retry_after_s, 0);
    assert_int_equal(with("Retry-After: -5\r\n").retry_after_s, -1);
    assert_int_equal(with("Retry-After: soon\r\n").retry_after_s, -1);
    assert_int_equal(with("Retry-After:\r\n").retry_after_s, -1);
}

static void only_the_terms_are_taken_from_links(void **state)
{
    (void)state;
    assert_string_equal(with("Link: <https://a/t>;rel=\"terms-of-service\"\r\n").terms, "https://a/t");
    assert_string_equal(with("Link: <https://a/t>;rel=\"index\"\r\n").terms, "");
    assert_string_equal(with("Link: <http://a/t>;rel=\"terms-of-service\"\r\n").terms, "");
    assert_string_equal(with("Link: <").terms, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(urls_are_https_printable_and_without_user),
        cmocka_unit_test(a_nonce_outside_the_alphabet_is_none),
        cmocka_unit_test(retry_after_is_seconds_or_a_date_and_capped),
        cmocka_unit_test(only_the_terms_are_taken_from_links),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
