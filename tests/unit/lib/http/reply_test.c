#include "lib/http/reply.h"

#include <stdio.h>
#include <string.h>

#include "tests/unit/test.h"

#define BODY_MAX 16

static int head(const char *text, struct tb_http_reply *out)
{
    return tb_http_reply_read(tb_span_str(text), out);
}

static const struct {
    const char *text;
    int status;
    enum tb_http_framing framing;
    uint64_t length;
    const char *location;
} good[] = {
    {"HTTP/1.1 200 OK\r\n\r\n", 200, TB_HTTP_UNTIL_CLOSE, 0, NULL},
    {"HTTP/1.1 200\r\n\r\n", 200, TB_HTTP_UNTIL_CLOSE, 0, NULL},
    {"HTTP/1.0 200 \n\n", 200, TB_HTTP_UNTIL_CLOSE, 0, NULL},
    {"HTTP/1.1 999 \xfc\r\nX:\r\n\r\n", 999, TB_HTTP_UNTIL_CLOSE, 0, NULL},
    {"HTTP/1.1 200 OK\r\nCONTENT-LENGTH: \t7 \r\ncontent-length:7\r\n\r\n", 200, TB_HTTP_LENGTH, 7, NULL},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nContent-Length: 7\r\n\r\n", 200, TB_HTTP_CHUNKED, 7, NULL},
    {"HTTP/1.1 301 M\r\nLocation:\t /x \r\n\r\n", 301, TB_HTTP_UNTIL_CLOSE, 0, "/x"},
    {"HTTP/1.1 100 C\r\nContent-Length: 3\r\nLocation: /y\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200, TB_HTTP_UNTIL_CLOSE, 0,
     NULL},
};

static void a_head_is_read(void **state)
{
    struct tb_http_reply reply;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++) {
        size_t len = strlen(good[i].text);

        if (head(good[i].text, &reply) != 0)
            fail_msg("head %zu", i);
        assert_int_equal(reply.status, good[i].status);
        assert_int_equal(reply.framing, good[i].framing);
        assert_int_equal(reply.length, good[i].length);
        assert_int_equal(reply.head_len, len);
        assert_int_equal(reply.location.p != NULL, good[i].location != NULL);
        assert_true(good[i].location == NULL || tb_span_eq_str(reply.location, good[i].location));
        for (size_t n = 0; n < len; n++)
            assert_int_equal(tb_http_reply_read(tb_span_of(good[i].text, n), &reply), TB_E_AGAIN);
    }
}

static const char *const bad[] = {
    "\r\n",
    "HTTP/2 200\r\n\r\n",
    "HTTP/1.2 200 OK\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 099 OK\r\n\r\n",
    "HTTP/1.1 2x0 OK\r\n\r\n",
    "HTTP/1.1 200 \x01\r\n\r\n",
    "HTTP/1.1 101 Switching\r\n\r\n",
    "HTTP/1.1 200 OK\r\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX : a\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: a\r\n\r\n",
    "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    "HTTP/1.1 200 OK\r\nX: \x7f\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3, 3\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 0x3\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 301 M\r\nLocation: /a\r\nLocation: /a\r\n\r\n",
};

static void what_two_readers_read_differently_is_refused(void **state)
{
    struct tb_http_reply reply;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        if (head(bad[i], &reply) != TB_E_FORMAT || reply.status != 0)
            fail_msg("head %zu", i);
}

static void a_length_never_wraps(void **state)
{
    struct tb_http_reply reply;

    (void)state;
    assert_ok(head("HTTP/1.1 200 OK\r\nContent-Length: 36893488147419103235\r\n\r\n", &reply));
    assert_true(reply.length > UINT32_MAX);
}

static void a_head_has_limits(void **state)
{
    static char text[TB_HTTP_REPLY_HEAD_MAX + 2];
    struct tb_http_reply reply;
    size_t n;

    (void)state;
    strcpy(text, "HTTP/1.1 200 OK\r\nX: ");
    n = strlen(text);
    memset(text + n, 'a', TB_HTTP_REPLY_HEAD_MAX - 4 - n);
    strcpy(text + TB_HTTP_REPLY_HEAD_MAX - 4, "\r\n\r\n");
    assert_ok(head(text, &reply));
    assert_int_equal(reply.head_len, TB_HTTP_REPLY_HEAD_MAX);
    strcpy(text + TB_HTTP_REPLY_HEAD_MAX - 4, "a\r\n\r\n");
    assert_int_equal(head(text, &reply), TB_E_LIMIT);

    for (int extra = 0; extra <= 1; extra++) {
        strcpy(text, "HTTP/1.1 200 OK\r\n");
        for (int i = 0; i < TB_HTTP_REPLY_FIELDS_MAX + extra; i++)
            strcat(text, "X: y\r\n");
        strcat(text, "\r\n");
        assert_int_equal(head(text, &reply), extra == 0 ? 0 : TB_E_LIMIT);

        text[0] = '\0';
        for (int i = 0; i < TB_HTTP_INTERIM_MAX + extra; i++)
            strcat(text, "HTTP/1.1 100 C\r\n\r\n");
        strcat(text, "HTTP/1.1 200 OK\r\n\r\n");
        assert_int_equal(head(text, &reply), extra == 0 ? 0 : TB_E_LIMIT);
    }
}

static const struct {
    enum tb_http_framing framing;
    uint64_t length;
    const char *raw;
    int open, closed;
    const char *body;
} bodies[] = {
    {TB_HTTP_UNTIL_CLOSE, 0, "", TB_E_AGAIN, 0, ""},
    {TB_HTTP_UNTIL_CLOSE, 0, "0123456789abcdef", TB_E_AGAIN, 0, "0123456789abcdef"},
    {TB_HTTP_UNTIL_CLOSE, 0, "0123456789abcdefg", TB_E_LIMIT, TB_E_LIMIT, ""},
    {TB_HTTP_LENGTH, 0, "", 0, 0, ""},
    {TB_HTTP_LENGTH, 3, "ab", TB_E_AGAIN, TB_E_TRUNC, ""},
    {TB_HTTP_LENGTH, 3, "abcd", 0, 0, "abc"},
    {TB_HTTP_LENGTH, 16, "0123456789abcdef", 0, 0, "0123456789abcdef"},
    {TB_HTTP_LENGTH, 17, "", TB_E_LIMIT, TB_E_LIMIT, ""},
    {TB_HTTP_CHUNKED, 0, "0\r\n", 0, 0, ""},
    {TB_HTTP_CHUNKED, 0, "2\r\nab\r\n01;x\r\nc\r\n000\r\nT: x\r\n\r\n", 0, 0, "abc"},
    {TB_HTTP_CHUNKED, 0, "A \nabcdefghij\n6\nklmnop\n0\n", 0, 0, "abcdefghijklmnop"},
    {TB_HTTP_CHUNKED, 0, "A\r\nabcdefghij\r\n7\r\n", TB_E_LIMIT, TB_E_LIMIT, ""},
    {TB_HTTP_CHUNKED, 0, "000000001\r\na\r\n0\r\n", TB_E_LIMIT, TB_E_LIMIT, ""},
    {TB_HTTP_CHUNKED, 0, "ffffffff\r\n", TB_E_LIMIT, TB_E_LIMIT, ""},
    {TB_HTTP_CHUNKED, 0, "2\r\nab", TB_E_AGAIN, TB_E_TRUNC, ""},
    {TB_HTTP_CHUNKED, 0, "2\r\nab\r\n", TB_E_AGAIN, TB_E_TRUNC, ""},
    {TB_HTTP_CHUNKED, 0, "2\r\nabc\r\n0\r\n", TB_E_FORMAT, TB_E_FORMAT, ""},
    {TB_HTTP_CHUNKED, 0, "\r\n", TB_E_FORMAT, TB_E_FORMAT, ""},
    {TB_HTTP_CHUNKED, 0, "-1\r\n", TB_E_FORMAT, TB_E_FORMAT, ""},
    {TB_HTTP_CHUNKED, 0, "0x1\r\n", TB_E_FORMAT, TB_E_FORMAT, ""},
};

static void a_body_ends_where_its_framing_says(void **state)
{
    uint8_t out[BODY_MAX];
    size_t len;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bodies); i++) {
        const struct tb_http_reply reply = {.status = 200, .framing = bodies[i].framing, .length = bodies[i].length};
        struct tb_span raw = tb_span_str(bodies[i].raw);

        if (tb_http_reply_body(&reply, raw, false, out, sizeof(out), &len) != bodies[i].open)
            fail_msg("body %zu, open", i);
        if (tb_http_reply_body(&reply, raw, true, out, sizeof(out), &len) != bodies[i].closed)
            fail_msg("body %zu, closed", i);
        assert_int_equal(len, strlen(bodies[i].body));
        assert_memory_equal(out, bodies[i].body, len);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read),
        cmocka_unit_test(what_two_readers_read_differently_is_refused),
        cmocka_unit_test(a_length_never_wraps),
        cmocka_unit_test(a_head_has_limits),
        cmocka_unit_test(a_body_ends_where_its_framing_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
