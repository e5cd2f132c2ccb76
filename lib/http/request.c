#include "lib/http/request.h"

#include <string.h>

#include "lib/http/text.h"
#include "lib/http/token.h"

/* One reading of the head; the caller's outputs are filled from it at the end. */
struct reader {
    struct tb_span in;
    size_t pos;
    struct tb_http_request req;
    size_t num_headers;
    size_t body_len;
    bool has_length;
    bool has_host;
    bool old; /* HTTP/1.0 */
    int status;
    const char *why;
};

static int refuse(struct reader *rd, int err, int status, const char *why)
{
    rd->status = status;
    rd->why = why;
    return err;
}

static int bad(struct reader *rd, const char *why)
{
    return refuse(rd, TB_E_FORMAT, 400, why);
}

/* The next line without its CRLF.  Lines end in CRLF only: a lone LF or CR is where two readers disagree. */
static int next_line(struct reader *rd, struct tb_span *out)
{
    size_t window = rd->in.len < TB_HTTP_HEAD_MAX ? rd->in.len : TB_HTTP_HEAD_MAX;
    const uint8_t *p = rd->in.p + rd->pos;
    size_t left = window - rd->pos;
    const uint8_t *lf = left > 0 ? memchr(p, '\n', left) : NULL;
    const uint8_t *cr;
    size_t n;

    if (lf == NULL && rd->in.len >= TB_HTTP_HEAD_MAX)
        return refuse(rd, TB_E_LIMIT, 431, "the request head is too long");
    if (lf == NULL)
        return TB_E_AGAIN;
    n = (size_t)(lf - p);
    if (n == 0 || p[n - 1] != '\r')
        return bad(rd, "a line does not end in CR LF");
    cr = memchr(p, '\r', n);
    if (cr != lf - 1)
        return bad(rd, "a carriage return stands inside a line");
    *out = tb_span_of(p, n - 1);
    rd->pos += n + 1;
    return 0;
}

static enum tb_http_method method_find(struct tb_span s)
{
    static const char *const names[TB_HTTP__COUNT] = {
        [TB_HTTP_GET] = "GET", [TB_HTTP_HEAD] = "HEAD", [TB_HTTP_POST] = "POST", [TB_HTTP_OPTIONS] = "OPTIONS"};

    for (int m = TB_HTTP_OTHER + 1; m < TB_HTTP__COUNT; m++)
        if (tb_span_eq_str(s, names[m]))
            return (enum tb_http_method)m;
    return TB_HTTP_OTHER;
}

/* uri-host and port without their grammar: nothing that would be read as another part of a URL. */
static bool host_is_sound(struct tb_span v)
{
    for (size_t i = 0; i < v.len; i++) {
        uint8_t c = v.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
              c == '_' || c == ':' || c == '[' || c == ']'))
            return false;
    }
    return v.len > 0;
}

static const struct {
    const char *prefix;
    enum tb_http_scheme scheme;
} schemes[] = {{"http://", TB_HTTP_SCHEME_HTTP}, {"https://", TB_HTTP_SCHEME_HTTPS}};

/* absolute-form (RFC 9112 section 3.2.2): what stands before the path is taken off, and counts instead of Host. */
static int take_authority(struct reader *rd, struct tb_span *target)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(schemes); i++) {
        size_t n = strlen(schemes[i].prefix);
        const uint8_t *p = target->p + n, *end = target->p + target->len, *slash;

        if (target->len <= n || !tb_http_eq_nocase(tb_span_of(target->p, n), schemes[i].prefix))
            continue;
        slash = memchr(p, '/', (size_t)(end - p));
        rd->req.host = tb_span_of(p, (size_t)((slash != NULL ? slash : end) - p));
        if (!host_is_sound(rd->req.host))
            return bad(rd, "the request target has no sound host");
        rd->req.scheme = schemes[i].scheme;
        /* An empty path is "/"; the last octet of the prefix is one. */
        *target = slash != NULL ? tb_span_of(slash, (size_t)(end - slash)) : tb_span_of(p - 1, 1);
    }
    return 0;
}

static int check_target(struct reader *rd, struct tb_span target)
{
    int r;

    for (size_t i = 0; i < target.len; i++)
        if (target.p[i] <= 0x20 || target.p[i] >= 0x7f || target.p[i] == '#')
            return bad(rd, "the request target holds a forbidden character");
    if ((r = take_authority(rd, &target)) < 0)
        return r;
    if (target.len == 0 || target.p[0] != '/')
        return bad(rd, "the request target is neither a path nor an http or https URL");
    rd->req.target = target;
    return 0;
}

/* A later minor version is read as the last that is known (RFC 9110 section 6.2). */
static int check_version(struct reader *rd, struct tb_span v)
{
    if (v.len != 8 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[5] < '0' || v.p[5] > '9' || v.p[6] != '.' || v.p[7] < '0' ||
        v.p[7] > '9')
        return bad(rd, "the request line has no valid version");
    if (v.p[5] != '1')
        return refuse(rd, TB_E_UNSUPPORTED, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    rd->old = v.p[7] == '0';
    rd->req.keep_alive = !rd->old;
    return 0;
}

/* method SP target SP version, each blank exactly one space. */
static int split_request_line(struct reader *rd, struct tb_span line)
{
    const uint8_t *end = line.p + line.len;
    const uint8_t *sp1 = line.len > 0 ? memchr(line.p, ' ', line.len) : NULL;
    const uint8_t *sp2 = sp1 != NULL ? memchr(sp1 + 1, ' ', (size_t)(end - sp1 - 1)) : NULL;
    struct tb_span method, target;
    int r;

    if (sp1 == NULL || sp2 == NULL)
        return bad(rd, "the request line does not have three parts");
    method = tb_span_of(line.p, (size_t)(sp1 - line.p));
    if (!tb_http_token(method))
        return bad(rd, "the method is not a token");
    rd->req.method = method_find(method);
    target = tb_span_of(sp1 + 1, (size_t)(sp2 - sp1 - 1));
    if ((r = check_version(rd, tb_span_of(sp2 + 1, (size_t)(end - sp2 - 1)))) < 0)
        return r;
    return check_target(rd, target);
}

static int read_request_line(struct reader *rd)
{
    struct tb_span line;
    int r = next_line(rd, &line);

    /* One empty line before it, which some clients send behind a body, is passed over (RFC 9112 section 2.2). */
    if (r == 0 && line.len == 0)
        r = next_line(rd, &line);
    /* A CR may already be there while its LF is not. */
    if (r == TB_E_AGAIN && rd->in.len - rd->pos > TB_HTTP_LINE_MAX + 1)
        r = TB_E_LIMIT;
    if (r == TB_E_LIMIT || (r == 0 && line.len > TB_HTTP_LINE_MAX))
        return refuse(rd, TB_E_LIMIT, 414, "the request line is too long");
    return r < 0 ? r : split_request_line(rd, line);
}

static int on_host(struct reader *rd, struct tb_span v)
{
    if (rd->has_host)
        return bad(rd, "Host stands twice");
    rd->has_host = true;
    if (!host_is_sound(v))
        return bad(rd, v.len > 0 ? "Host holds a forbidden character" : "Host is empty");
    if (rd->req.scheme == TB_HTTP_SCHEME_NONE)
        rd->req.host = v;
    return 0;
}

/* Digits alone: "+3", "3, 3" and "0x3" are read differently by different servers (RFC 9112 section 6.3). */
static int on_length(struct reader *rd, struct tb_span v)
{
    if (rd->has_length)
        return bad(rd, "Content-Length stands twice");
    rd->has_length = true;
    if (v.len == 0)
        return bad(rd, "Content-Length is empty");
    for (size_t i = 0; i < v.len; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return bad(rd, "Content-Length is not a number");
        /* Stops growing past the limit, so that it cannot wrap. */
        if (rd->body_len <= TB_HTTP_BODY_MAX)
            rd->body_len = rd->body_len * 10 + (size_t)(v.p[i] - '0');
    }
    if (rd->body_len > TB_HTTP_BODY_MAX)
        return refuse(rd, TB_E_LIMIT, 413, "the request body is too long");
    return 0;
}

/* Chunks are not taken, because a body has one limit that is known before it comes; RFC 9112 section 6.3 allows that.
 */
static int on_transfer_encoding(struct reader *rd, struct tb_span v)
{
    const uint8_t *comma = v.len > 0 ? memrchr(v.p, ',', v.len) : NULL;
    size_t skip = comma != NULL ? (size_t)(comma - v.p) + 1 : 0;

    if (!tb_http_eq_nocase(tb_http_trim(tb_span_of(v.p + skip, v.len - skip)), "chunked"))
        return bad(rd, "the last transfer coding is not chunked");
    if (comma != NULL)
        return refuse(rd, TB_E_UNSUPPORTED, 501, "the transfer coding is not known here");
    return refuse(rd, TB_E_UNSUPPORTED, 411, "chunks are not taken here; send Content-Length alone");
}

static int on_content_type(struct reader *rd, struct tb_span v)
{
    if (rd->req.content_type.p != NULL)
        return bad(rd, "Content-Type stands twice");
    rd->req.content_type = v;
    return 0;
}

/* A second one of these two only adds to what the first says. */
static int on_accept(struct reader *rd, struct tb_span v)
{
    if (rd->req.accept.p == NULL)
        rd->req.accept = v;
    return 0;
}

static int on_user_agent(struct reader *rd, struct tb_span v)
{
    if (rd->req.user_agent.p == NULL)
        rd->req.user_agent = v;
    return 0;
}

/* Conditions that are not understood are no conditions: the whole answer is always right. */
static int on_if_none_match(struct reader *rd, struct tb_span v)
{
    if (rd->req.if_none_match.p == NULL)
        rd->req.if_none_match = v;
    return 0;
}

static int on_if_modified_since(struct reader *rd, struct tb_span v)
{
    if (rd->req.if_modified_since.p == NULL)
        rd->req.if_modified_since = v;
    return 0;
}

static int on_connection(struct reader *rd, struct tb_span v)
{
    while (v.len > 0) {
        const uint8_t *comma = memchr(v.p, ',', v.len);
        size_t n = comma != NULL ? (size_t)(comma - v.p) : v.len;

        if (tb_http_eq_nocase(tb_http_trim(tb_span_of(v.p, n)), "close"))
            rd->req.keep_alive = false;
        n += comma != NULL;
        v = tb_span_of(v.p + n, v.len - n);
    }
    return 0;
}

static int on_expect(struct reader *rd, struct tb_span v)
{
    if (rd->old)
        return 0; /* RFC 9110 section 10.1.1 */
    if (!tb_http_eq_nocase(v, "100-continue"))
        return refuse(rd, TB_E_UNSUPPORTED, 417, "the expectation is not known");
    rd->req.expect_continue = true;
    return 0;
}

/* The fields that change how a request is read; all others are checked and skipped. */
static const struct {
    const char *name;
    int (*on)(struct reader *rd, struct tb_span value);
} fields[] = {
    {"host", on_host},
    {"content-length", on_length},
    {"transfer-encoding", on_transfer_encoding},
    {"content-type", on_content_type},
    {"accept", on_accept},
    {"user-agent", on_user_agent},
    {"if-none-match", on_if_none_match},
    {"if-modified-since", on_if_modified_since},
    {"connection", on_connection},
    {"expect", on_expect},
};

static int read_field(struct reader *rd, struct tb_span line)
{
    const uint8_t *colon = memchr(line.p, ':', line.len);
    struct tb_span name;
    struct tb_span val;

    if (line.p[0] == ' ' || line.p[0] == '\t')
        return bad(rd, "a header field is folded over lines");
    if (colon == NULL)
        return bad(rd, "a header field has no colon");
    name = tb_span_of(line.p, (size_t)(colon - line.p));
    val = tb_http_trim(tb_span_of(colon + 1, line.len - name.len - 1));
    if (!tb_http_token(name))
        return bad(rd, "a header name is not a token");
    if (!tb_http_value(val))
        return bad(rd, "a header value holds a control character");
    if (++rd->num_headers > TB_HTTP_HEADERS_MAX)
        return refuse(rd, TB_E_LIMIT, 431, "there are too many header fields");
    for (size_t i = 0; i < TB_ARRAY_LEN(fields); i++)
        if (tb_http_eq_nocase(name, fields[i].name))
            return fields[i].on(rd, val);
    return 0;
}

static int check_framing(struct reader *rd)
{
    enum tb_http_method m = rd->req.method;

    if (!rd->has_host && !rd->old)
        return bad(rd, "Host is missing");
    if (m == TB_HTTP_POST && !rd->has_length)
        return refuse(rd, TB_E_FORMAT, 411, "Content-Length is missing");
    if ((m == TB_HTTP_GET || m == TB_HTTP_HEAD) && rd->body_len > 0)
        return bad(rd, "this method takes no body");
    return 0;
}

static int read_head(struct reader *rd)
{
    struct tb_span line;
    int r;

    if ((r = read_request_line(rd)) < 0)
        return r;
    for (;;) {
        if ((r = next_line(rd, &line)) < 0)
            return r;
        if (line.len == 0)
            return check_framing(rd);
        if ((r = read_field(rd, line)) < 0)
            return r;
    }
}

int tb_http_request_parse(struct tb_span in, struct tb_http_request *out, size_t *out_used, bool *out_head_done,
                          int *out_status, const char **out_why)
{
    struct reader rd = {.in = in, .req.keep_alive = true};
    int r;

    *out = (struct tb_http_request){0};
    *out_used = 0;
    *out_head_done = false;
    *out_status = 0;
    *out_why = NULL;
    r = read_head(&rd);
    if (r < 0 && r != TB_E_AGAIN) {
        *out_status = rd.status;
        *out_why = rd.why;
    }
    if (r < 0)
        return r;
    *out = rd.req;
    *out_head_done = true;
    if (in.len - rd.pos < rd.body_len)
        return TB_E_AGAIN;
    out->body = tb_span_of(in.p + rd.pos, rd.body_len);
    *out_used = rd.pos + rd.body_len;
    return 0;
}
