#include "bench/response.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* How the body is delimited (RFC 9112 section 6.3). */
struct framing {
    bool chunked;
    bool has_length;
    size_t length;
};

static int read_number(struct tb_span s, unsigned base, size_t max, size_t *out)
{
    static const char digits[] = "0123456789abcdef";
    size_t v = 0;

    if (s.len == 0 || s.len > 15)
        return TB_E_FORMAT;
    for (size_t i = 0; i < s.len; i++) {
        const char *at = s.p[i] == '\0' ? NULL : strchr(digits, s.p[i] >= 'A' && s.p[i] <= 'F' ? s.p[i] + 32 : s.p[i]);

        if (at == NULL || (size_t)(at - digits) >= base)
            return TB_E_FORMAT;
        v = v * base + (size_t)(at - digits);
    }
    if (v > max)
        return TB_E_LIMIT;
    *out = v;
    return 0;
}

static bool is(struct tb_span s, const char *text)
{
    return s.len == strlen(text) && strncasecmp((const char *)s.p, text, s.len) == 0;
}

static int take_field(struct tb_span name, struct tb_span value, struct tb_load_response *rs, struct framing *fr)
{
    size_t v;

    if (is(name, "location"))
        rs->location = value;
    else if (is(name, "replay-nonce"))
        rs->nonce = value;
    else if (is(name, "retry-after"))
        rs->retry_after_s = read_number(value, 10, 1000000, &v) == 0 ? (long)v : -1;
    else if (is(name, "connection"))
        rs->close = is(value, "close");
    else if (is(name, "transfer-encoding"))
        fr->chunked = is(value, "chunked");
    else if (is(name, "content-length")) {
        fr->has_length = true;
        return read_number(value, 10, TB_LOAD_BODY_MAX, &fr->length);
    }
    return 0;
}

/* One line without its CRLF; false when there is none. */
static bool next_line(struct tb_span *in, struct tb_span *out)
{
    const uint8_t *nl = in->len == 0 ? NULL : memchr(in->p, '\n', in->len);

    if (nl == NULL || nl == in->p || nl[-1] != '\r')
        return false;
    *out = tb_span_of(in->p, (size_t)(nl - in->p) - 1);
    in->len -= (size_t)(nl + 1 - in->p);
    in->p = nl + 1;
    return true;
}

static int read_field(struct tb_span line, struct tb_load_response *rs, struct framing *fr)
{
    const uint8_t *colon = memchr(line.p, ':', line.len);
    struct tb_span name, value;

    if (colon == NULL)
        return TB_E_FORMAT;
    name = tb_span_of(line.p, (size_t)(colon - line.p));
    value = tb_span_of(colon + 1, line.len - name.len - 1);
    while (value.len > 0 && (value.p[0] == ' ' || value.p[0] == '\t'))
        value = tb_span_of(value.p + 1, value.len - 1);
    return take_field(name, value, rs, fr);
}

static int read_head(struct tb_span head, struct tb_load_response *rs, struct framing *fr)
{
    struct tb_span line;
    size_t status;
    int r;

    if (!next_line(&head, &line) || line.len < 12 || memcmp(line.p, "HTTP/1.1 ", 9) != 0 ||
        read_number(tb_span_of(line.p + 9, 3), 10, 599, &status) < 0)
        return TB_E_FORMAT;
    rs->status = (int)status;
    while (next_line(&head, &line))
        if (line.len > 0 && (r = read_field(line, rs, fr)) < 0)
            return r;
    return 0;
}

/* RFC 9112 section 7.1; the chunks are moved together to the front of in. */
static int join_chunks(uint8_t *p, size_t len, struct tb_span *out)
{
    struct tb_span in = tb_span_of(p, len);
    struct tb_span line;
    size_t total = 0;
    size_t n;
    int r;

    do {
        if (!next_line(&in, &line))
            return TB_E_AGAIN;
        if ((r = read_number(line, 16, TB_LOAD_BODY_MAX - total, &n)) < 0)
            return r;
        if (in.len < n + 2)
            return TB_E_AGAIN;
        if (memcmp(in.p + n, "\r\n", 2) != 0)
            return TB_E_FORMAT;
        /* Only a whole message may be changed: look to the end first, move in the second pass. */
        if (out != NULL)
            memmove(p + total, in.p, n);
        total += n;
        in = tb_span_of(in.p + n + 2, in.len - n - 2);
    } while (n > 0);
    if (in.len > 0)
        return TB_E_TRAIL;
    if (out != NULL)
        *out = tb_span_of(p, total);
    return 0;
}

static int read_body(uint8_t *p, size_t len, const struct framing *fr, struct tb_load_response *rs)
{
    int r;

    if (fr->chunked)
        return (r = join_chunks(p, len, NULL)) < 0 ? r : join_chunks(p, len, &rs->body);
    if (!fr->has_length)
        return TB_E_UNSUPPORTED;
    if (len < fr->length)
        return TB_E_AGAIN;
    rs->body = tb_span_of(p, fr->length);
    return len > fr->length ? TB_E_TRAIL : 0;
}

int tb_load_response_parse(uint8_t *buf, size_t len, bool head_only, struct tb_load_response *out)
{
    struct tb_load_response rs = {.retry_after_s = -1};
    struct framing fr = {0};
    uint8_t *end = memmem(buf, len, "\r\n\r\n", 4);
    size_t head_len;
    int r;

    if (end == NULL)
        return len < TB_LOAD_HEAD_MAX ? TB_E_AGAIN : TB_E_LIMIT;
    head_len = (size_t)(end - buf) + 4;
    if ((r = read_head(tb_span_of(buf, head_len), &rs, &fr)) < 0)
        return r;
    if (head_only || rs.status == 204 || rs.status == 304)
        r = len > head_len ? TB_E_TRAIL : 0;
    else
        r = read_body(end + 4, len - head_len, &fr, &rs);
    if (r == 0)
        *out = rs;
    return r;
}
