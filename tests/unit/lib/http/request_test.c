#include "tests/unit/test.h"

#include "lib/http/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define H "Host: ca.example\r\n"

struct result {
    struct tb_http_request req;
    size_t used;
    bool head_done;
    int status;
    const char *why;
};

static int parse(const char *text, size_t len, struct result *res)
{
    return tb_http_request_parse(tb_span_of(text, len), &res->req, &res->used, &res->head_done, &res->status,
                                 &res->why);
}

/* Parses from a block of exactly its size, forgets the spans. */
static int parse_exact(const char *text, size_t len, struct result *res)
{
    char *exact = malloc(len + (len == 0));
    int r;

    memcpy(exact, text, len);
    r = parse(exact, len, res);
    free(exact);
    return r;
}

static const char post[] = "POST /acme/new-order?x=1 HTTP/1.1\r\nhost: CA.example:8443\r\nUser-Agent:lego\xc3\xa9 1\r\n"
                           "CONTENT-TYPE: \t application/jose+json \r\nAccept: */*\r\nContent-Length: 0005\r\n"
                           "X-Empty:\r\nConnection: keep-alive\r\n\r\nhello";

static void a_post_is_read(void **state)
{
    struct result res;

    (void)state;
    assert_ok(parse(post, sizeof(post) - 1, &res));
    assert_int_equal(res.used, sizeof(post) - 1);
    assert_true(res.head_done);
    assert_int_equal(res.req.method, TB_HTTP_POST);
    assert_span_equal(res.req.target, "/acme/new-order?x=1", 19);
    assert_span_equal(res.req.host, "CA.example:8443", 15);
    assert_span_equal(res.req.content_type, "application/jose+json", 21);
    assert_span_equal(res.req.accept, "*/*", 3);
    assert_span_equal(res.req.user_agent, "lego\xc3\xa9 1", 8);
    assert_span_equal(res.req.body, "hello", 5);
    assert_true(res.req.keep_alive);
    assert_false(res.req.expect_continue);
    assert_int_equal(res.status, 0);
    assert_null(res.why);
}

static void methods(void **state)
{
    static const struct {
        const char *text;
        enum tb_http_method method;
    } rows[] = {
        {"GET / HTTP/1.1\r\n" H "\r\n", TB_HTTP_GET},
        {"GET / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", TB_HTTP_GET},
        {"HEAD /x HTTP/1.1\r\n" H "\r\n", TB_HTTP_HEAD},
        {"OPTIONS /x HTTP/1.1\r\n" H "\r\n", TB_HTTP_OPTIONS},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 0\r\n\r\n", TB_HTTP_POST},
        {"DELETE /x HTTP/1.1\r\n" H "\r\n", TB_HTTP_OTHER},
        {"get / HTTP/1.1\r\n" H "\r\n", TB_HTTP_OTHER},
        {"M-SEARCH / HTTP/1.1\r\n" H "\r\n", TB_HTTP_OTHER},
    };
    struct result res;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        assert_ok(parse(rows[i].text, strlen(rows[i].text), &res));
        assert_int_equal(res.req.method, rows[i].method);
        assert_int_equal(res.used, strlen(rows[i].text));
    }
}

static void a_request_split_at_every_byte_waits(void **state)
{
    const char *end = strstr(post, "\r\n\r\n") + 4;
    struct result res;

    (void)state;
    for (size_t n = 0; n < sizeof(post) - 1; n++) {
        assert_int_equal(parse_exact(post, n, &res), TB_E_AGAIN);
        assert_int_equal(res.used, 0);
        assert_int_equal(res.status, 0);
        assert_int_equal(res.head_done, n >= (size_t)(end - post));
    }
    assert_ok(parse_exact(post, sizeof(post) - 1, &res));
}

static void a_pipelined_request_stays_untouched(void **state)
{
    static const char two[] = "POST /a HTTP/1.1\r\n" H "Content-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n" H "\r\n";
    size_t first = (size_t)(strstr(two, "GET") - two);
    struct result res;

    (void)state;
    assert_ok(parse(two, sizeof(two) - 1, &res));
    assert_int_equal(res.used, first);
    assert_span_equal(res.req.body, "abc", 3);
    assert_ok(parse(two + first, sizeof(two) - 1 - first, &res));
    assert_int_equal(res.req.method, TB_HTTP_GET);
    assert_span_equal(res.req.target, "/b", 2);
    assert_int_equal(res.used, sizeof(two) - 1 - first);
    /* Rubbish behind a whole request is the next request's business. */
    assert_ok(parse("GET / HTTP/1.1\r\n" H "\r\n\n\n", 16 + strlen(H) + 4, &res));
}

static void expect_and_connection(void **state)
{
    static const char expect[] = "POST / HTTP/1.1\r\n" H "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\n";
    static const struct {
        const char *fields;
        bool keep;
    } rows[] = {
        {"", true},
        {"Connection: close\r\n", false},
        {"Connection: x, CLOSE ,y\r\n", false},
        {"Connection: closed\r\n", true},
        {"Connection: clos\r\n", true},
        {"Connection: ,,\r\n", true},
        {"Connection: close\r\nConnection: keep-alive\r\n", false},
    };
    struct result res;

    (void)state;
    assert_int_equal(parse(expect, sizeof(expect) - 1, &res), TB_E_AGAIN);
    assert_true(res.head_done);
    assert_true(res.req.expect_continue);
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        char text[256];

        snprintf(text, sizeof(text), "GET / HTTP/1.1\r\n" H "%s\r\n", rows[i].fields);
        assert_ok(parse(text, strlen(text), &res));
        assert_int_equal(res.req.keep_alive, rows[i].keep);
    }
}

/* RFC 9112 section 3.2.2: an origin server takes it, and its authority instead of Host. */
static void a_target_in_absolute_form_is_a_path_and_a_host(void **state)
{
    static const struct {
        const char *target, *path, *host;
        enum tb_http_scheme scheme;
    } rows[] = {
        {"/a?b", "/a?b", "ca.example", TB_HTTP_SCHEME_NONE},
        {"/http://x/", "/http://x/", "ca.example", TB_HTTP_SCHEME_NONE},
        {"http://other.example/a?b", "/a?b", "other.example", TB_HTTP_SCHEME_HTTP},
        {"HTTPS://Other.Example:14000/", "/", "Other.Example:14000", TB_HTTP_SCHEME_HTTPS},
        {"http://[::1]:80//a", "//a", "[::1]:80", TB_HTTP_SCHEME_HTTP},
        {"http://other.example", "/", "other.example", TB_HTTP_SCHEME_HTTP},
    };
    struct result res;
    char text[256];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        snprintf(text, sizeof(text), "GET %s HTTP/1.1\r\n" H "\r\n", rows[i].target);
        assert_ok(parse(text, strlen(text), &res));
        assert_span_equal(res.req.target, rows[i].path, strlen(rows[i].path));
        assert_span_equal(res.req.host, rows[i].host, strlen(rows[i].host));
        assert_int_equal(res.req.scheme, rows[i].scheme);
        assert_int_equal(res.used, strlen(text));
    }
}

/* RFC 9112 section 2.2. */
static void one_empty_line_before_a_request_is_passed_over(void **state)
{
    static const char text[] = "\r\nGET /a HTTP/1.1\r\n" H "\r\n";
    struct result res;

    (void)state;
    for (size_t n = 0; n < sizeof(text) - 1; n++)
        assert_int_equal(parse_exact(text, n, &res), TB_E_AGAIN);
    assert_ok(parse(text, sizeof(text) - 1, &res));
    assert_span_equal(res.req.target, "/a", 2);
    assert_int_equal(res.used, sizeof(text) - 1);
}

/* RFC 9110 section 6.2: the major version decides, and a minor version that is not known reads as the last known. */
static void every_minor_version_of_http_1_is_read(void **state)
{
    static const struct {
        const char *text;
        bool keep, expect;
    } rows[] = {
        {"GET / HTTP/1.0\r\n\r\n", false, false},
        {"GET / HTTP/1.0\r\n" H "Connection: keep-alive\r\n\r\n", false, false},
        {"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na", false, false},
        {"POST / HTTP/1.0\r\nExpect: more\r\nContent-Length: 1\r\n\r\na", false, false},
        {"GET / HTTP/1.2\r\n" H "\r\n", true, false},
        {"POST / HTTP/1.9\r\n" H "Expect: 100-continue\r\nContent-Length: 1\r\n\r\na", true, true},
    };
    struct result res;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        assert_ok(parse(rows[i].text, strlen(rows[i].text), &res));
        assert_int_equal(res.req.keep_alive, rows[i].keep);
        assert_int_equal(res.req.expect_continue, rows[i].expect);
    }
    assert_int_equal(parse_exact("GET / HTTP/1.2\r\n\r\n", 18, &res), TB_E_FORMAT); /* without Host */
}

/* Row 20: every refusal of the contract, with its status. */
static void row20_refusals(void **state)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        /* line ends */
        {400, "GET / HTTP/1.1\n" H "\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "\n"},
        {400, "GET / HTTP/1.1\r\n" H "A: b\rc\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "A: b\r\r\n\r\n"},
        {400, "\r\n\r\nGET / HTTP/1.1\r\n" H "\r\n"},
        {400, "\nGET / HTTP/1.1\r\n" H "\r\n"},
        /* fields */
        {400, "GET / HTTP/1.1\r\n" H "A: b\r\n c\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n Host: a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "A: b\r\n\tc\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "A\t: b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H ": b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "A b: c\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "A(: c\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "\xc3\xa9: c\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "nocolon\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "A: b\x01\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "A: b\x7f\r\n\r\n"},
        /* Host */
        {400, "GET / HTTP/1.1\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost:\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: \t \r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H H "\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        /* framing */
        {411, "POST / HTTP/1.1\r\n" H "\r\n"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nContent-Length: 1\r\n\r\na"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Length: 0\r\nContent-Length: 0\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Length:\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Length: +1\r\n\r\na"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\na"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1, 1\r\n\r\na"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1 1\r\n\r\na"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Length: 0x1\r\n\r\na"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1.0\r\n\r\na"},
        {413, "POST / HTTP/1.1\r\n" H "Content-Length: 65537\r\n\r\n"},
        {413, "POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551617\r\n\r\na"},
        {413, "POST / HTTP/1.1\r\n" H "Content-Length: 99999999999999999999999999999999999999999\r\n\r\na"},
        {413, "PUT / HTTP/1.1\r\n" H "Content-Length: 65537\r\n\r\n"},
        {411, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {411, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\nTransfer-Encoding: Chunked\r\n\r\na"},
        {411, "POST / HTTP/1.0\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\na"},
        {501, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip , chunked\r\n\r\n0\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" H "Transfer-Encoding: identity\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Length: 1\r\ntransfer-encoding:\r\n\r\na"},
        {411, "GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n\r\n"},
        {400, "GET / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\na"},
        {400, "HEAD / HTTP/1.1\r\n" H "Content-Length: 1\r\n\r\na"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Type: a\r\nContent-Type: a\r\nContent-Length: 0\r\n\r\n"},
        {400, "POST / HTTP/1.1\r\n" H "Content-Type:\r\nContent-Type: a\r\nContent-Length: 0\r\n\r\n"},
        {417, "POST / HTTP/1.1\r\n" H "Expect: more\r\nContent-Length: 0\r\n\r\n"},
        {417, "POST / HTTP/1.1\r\n" H "Expect: 100-continue, x\r\nContent-Length: 0\r\n\r\n"},
        /* request line */
        {400, "GET http:///a HTTP/1.1\r\n" H "\r\n"},
        {400, "GET http:// HTTP/1.1\r\n" H "\r\n"},
        {400, "GET http:/a HTTP/1.1\r\n" H "\r\n"},
        {400, "GET http://u@ca.example/ HTTP/1.1\r\n" H "\r\n"},
        {400, "GET http://ca.example?x HTTP/1.1\r\n" H "\r\n"},
        {400, "GET http://ca.example/\x01 HTTP/1.1\r\n" H "\r\n"},
        {400, "GET ftp://ca.example/ HTTP/1.1\r\n" H "\r\n"},
        {400, "GET ca.example/ HTTP/1.1\r\n" H "\r\n"},
        {400, "GET http://ca.example/ HTTP/1.1\r\n\r\n"},
        {400, "GET http://ca.example/ HTTP/1.1\r\nHost: a/b\r\n\r\n"},
        {400, "CONNECT ca.example:443 HTTP/1.1\r\n" H "\r\n"},
        {400, "OPTIONS * HTTP/1.1\r\n" H "\r\n"},
        {400, "GET /#a HTTP/1.1\r\n" H "\r\n"},
        {400, "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"},
        {400, "GET /\x01 HTTP/1.1\r\n" H "\r\n"},
        {400, "GET /\x7f HTTP/1.1\r\n" H "\r\n"},
        {400, "GET /\t HTTP/1.1\r\n" H "\r\n"},
        {400, "GET  / HTTP/1.1\r\n" H "\r\n"},
        {400, "GET /  HTTP/1.1\r\n" H "\r\n"},
        {400, "GET / a HTTP/1.1\r\n" H "\r\n"},
        {400, " GET / HTTP/1.1\r\n" H "\r\n"},
        {400, "GET / HTTP/1.1 \r\n" H "\r\n"},
        {400, "GET /\r\n" H "\r\n"},
        {400, "GET\r\n" H "\r\n"},
        {400, "G(T / HTTP/1.1\r\n" H "\r\n"},
        {400, "GET / http/1.1\r\n" H "\r\n"},
        {400, "GET / HTTP/1.10\r\n" H "\r\n"},
        {400, "GET / HTTP/11\r\n" H "\r\n"},
        {400, "GET / HTTP/1.0\r\nHost:\r\n\r\n"},
        {400, "GET / HTTP/1.0\r\n" H H "\r\n"},
        {411, "POST / HTTP/1.0\r\n\r\n"},
        {505, "GET / HTTP/0.9\r\n" H "\r\n"},
        {505, "GET / HTTP/2.1\r\n" H "\r\n"},
        {505, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
    };
    struct result res;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        int r = parse_exact(rows[i].text, strlen(rows[i].text), &res);

        if (r >= 0 || r == TB_E_AGAIN || res.status != rows[i].status)
            fail_msg("row %zu: %d, status %d: %s", i, r, res.status, rows[i].text);
        assert_non_null(res.why);
        assert_int_equal(res.used, 0);
        assert_false(res.head_done);
        assert_null(res.req.target.p);
    }
    assert_int_equal(parse_exact("GET / HTTP/1.1\r\n" H "A: \0\r\n\r\n", 16 + strlen(H) + 8, &res), TB_E_FORMAT);
    assert_int_equal(parse_exact("GET /\0 HTTP/1.1\r\n" H "\r\n", 17 + strlen(H) + 2, &res), TB_E_FORMAT);
}

/* By the rule for lines, not only because some field happens to refuse the character. */
static void row20_a_bare_cr_is_refused_as_such(void **state)
{
    static const char *const rows[] = {"GET / HTTP/1.1\r\n" H "A: b\rc\r\n\r\n", "GET /\r HTTP/1.1\r\n" H "\r\n",
                                       "GET / HTTP/1.1\r\n" H "\r\r\n"};
    struct result res;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        assert_int_equal(parse_exact(rows[i], strlen(rows[i]), &res), TB_E_FORMAT);
        assert_string_equal(res.why, "a carriage return stands inside a line");
    }
}

/* A request whose line has n characters. */
static int parse_line(size_t n, bool whole, struct result *res)
{
    struct tb_wr wr;
    int r;

    tb_wr_init(&wr, 65536);
    tb_wr_str(&wr, "GET /");
    while (wr.len < n - 9)
        tb_wr_u8(&wr, 'a');
    tb_wr_str(&wr, " HTTP/1.1");
    tb_wr_str(&wr, whole ? "\r\n" H "\r\n" : "\r");
    r = parse_exact((const char *)wr.buf, wr.len, res);
    tb_wr_clear(&wr);
    return r;
}

static void row24_limit_of_the_request_line(void **state)
{
    struct result res;

    (void)state;
    assert_ok(parse_line(TB_HTTP_LINE_MAX, true, &res));
    assert_int_equal(parse_line(TB_HTTP_LINE_MAX, false, &res), TB_E_AGAIN);
    assert_int_equal(parse_line(TB_HTTP_LINE_MAX + 1, true, &res), TB_E_LIMIT);
    assert_int_equal(res.status, 414);
    assert_int_equal(parse_line(TB_HTTP_LINE_MAX + 1, false, &res), TB_E_LIMIT);
    assert_int_equal(res.status, 414);
    assert_int_equal(parse_line(2 * TB_HTTP_HEAD_MAX, false, &res), TB_E_LIMIT);
    assert_int_equal(res.status, 414);
}

/* A head of n bytes in all, of which cut are not there yet. */
static int parse_head(size_t n, size_t cut, struct result *res)
{
    struct tb_wr wr;
    int r;

    tb_wr_init(&wr, 65536);
    tb_wr_str(&wr, "GET / HTTP/1.1\r\n" H "A: ");
    while (wr.len < n - 4)
        tb_wr_u8(&wr, 'a');
    tb_wr_str(&wr, "\r\n\r\n");
    r = parse_exact((const char *)wr.buf, wr.len - cut, res);
    tb_wr_clear(&wr);
    return r;
}

static void row24_limit_of_the_head(void **state)
{
    struct result res;

    (void)state;
    assert_ok(parse_head(TB_HTTP_HEAD_MAX, 0, &res));
    assert_int_equal(parse_head(TB_HTTP_HEAD_MAX, 1, &res), TB_E_AGAIN);
    for (size_t cut = 0; cut <= 1; cut++) {
        assert_int_equal(parse_head(TB_HTTP_HEAD_MAX + 1, cut, &res), TB_E_LIMIT);
        assert_int_equal(res.status, 431);
    }
    assert_int_equal(parse_head(3 * TB_HTTP_HEAD_MAX, 4, &res), TB_E_LIMIT);
    assert_int_equal(res.status, 431);
}

static int parse_fields(size_t n, struct result *res)
{
    struct tb_wr wr;
    int r;

    tb_wr_init(&wr, 65536);
    tb_wr_str(&wr, "GET / HTTP/1.1\r\n" H);
    for (size_t i = 1; i < n; i++)
        tb_wr_str(&wr, "A: b\r\n");
    tb_wr_str(&wr, "\r\n");
    r = parse_exact((const char *)wr.buf, wr.len, res);
    tb_wr_clear(&wr);
    return r;
}

static void row24_limit_of_the_number_of_fields(void **state)
{
    struct result res;

    (void)state;
    assert_ok(parse_fields(TB_HTTP_HEADERS_MAX, &res));
    assert_int_equal(parse_fields(TB_HTTP_HEADERS_MAX + 1, &res), TB_E_LIMIT);
    assert_int_equal(res.status, 431);
}

static void row24_limit_of_the_body(void **state)
{
    static char text[512 + TB_HTTP_BODY_MAX];
    size_t head = (size_t)sprintf(text, "POST / HTTP/1.1\r\n" H "Content-Length: %d\r\n\r\n", TB_HTTP_BODY_MAX);
    struct result res;

    (void)state;
    assert_int_equal(parse(text, head + TB_HTTP_BODY_MAX - 1, &res), TB_E_AGAIN);
    assert_ok(parse(text, head + TB_HTTP_BODY_MAX, &res));
    assert_int_equal(res.req.body.len, TB_HTTP_BODY_MAX);
    assert_int_equal(res.used, head + TB_HTTP_BODY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_post_is_read),
        cmocka_unit_test(methods),
        cmocka_unit_test(a_request_split_at_every_byte_waits),
        cmocka_unit_test(a_pipelined_request_stays_untouched),
        cmocka_unit_test(expect_and_connection),
        cmocka_unit_test(a_target_in_absolute_form_is_a_path_and_a_host),
        cmocka_unit_test(one_empty_line_before_a_request_is_passed_over),
        cmocka_unit_test(every_minor_version_of_http_1_is_read),
        cmocka_unit_test(row20_refusals),
        cmocka_unit_test(row20_a_bare_cr_is_refused_as_such),
        cmocka_unit_test(row24_limit_of_the_request_line),
        cmocka_unit_test(row24_limit_of_the_head),
        cmocka_unit_test(row24_limit_of_the_number_of_fields),
        cmocka_unit_test(row24_limit_of_the_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
