#include "lib/http/reply.h"

#include <string.h>

#include "lib/http/text.h"
#include "lib/http/token.h"

#define LENGTH_HUGE      (UINT64_C(1) << 32)
#define CHUNK_DIGITS_MAX 8

/* One reading of the head. */
struct reader {
    struct tb_span in;
    size_t pos;
    struct tb_http_reply reply;
    size_t num_fields;
    bool old; /* HTTP/1.0 */
    bool has_length, has_chunked;
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* The next line without its end. */
static int next_line(struct tb_span in, size_t *pos, struct tb_span *out)
{
    const uint8_t *p = in.p + *pos;
    const uint8_t *lf = in.len > *pos ? memchr(p, '\n', in.len - *pos) : NULL;
    size_t n;

    if (lf == NULL)
        return TB_E_AGAIN;
    n = (size_t)(lf - p);
    *pos += n + 1;
    if (n > 0 && p[n - 1] == '\r')
        n--;
    *out = tb_span_of(p, n);
    return memchr(p, '\r', n) == NULL ? 0 : TB_E_FORMAT;
}

/* "HTTP/1.1 200 OK"; the reason, and the space before it, may be missing. */
static int read_status(struct reader *rd, struct tb_span line)
{
    const uint8_t *p = line.p;

    if (line.len < 12 || memcmp(p, "HTTP/1.", 7) != 0 || (p[7] != '0' && p[7] != '1') || p[8] != ' ' || p[9] < '1' ||
        !is_digit(p[9]) || !is_digit(p[10]) || !is_digit(p[11]) || (line.len > 12 && p[12] != ' ') ||
        !tb_http_value(line))
        return TB_E_FORMAT;
    rd->old = p[7] == '0';
    rd->reply.status = (p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0');
    return rd->reply.status == 101 ? TB_E_FORMAT : 0;
}

static int on_length(struct reader *rd, struct tb_span v)
{
    uint64_t n = 0;

    if (v.len == 0)
        return TB_E_FORMAT;
    for (size_t i = 0; i < v.len; i++) {
        if (!is_digit(v.p[i]))
            return TB_E_FORMAT;
        if (n < LENGTH_HUGE)
            n = n * 10 + (uint64_t)(v.p[i] - '0');
    }
    if (rd->has_length && n != rd->reply.length)
        return TB_E_FORMAT;
    rd->has_length = true;
    rd->reply.length = n;
    return 0;
}

static int on_transfer_encoding(struct reader *rd, struct tb_span v)
{
    if (rd->has_chunked || !tb_http_eq_nocase(v, "chunked"))
        return TB_E_FORMAT;
    rd->has_chunked = true;
    return 0;
}

static int on_location(struct reader *rd, struct tb_span v)
{
    if (rd->reply.location.p != NULL)
        return TB_E_FORMAT;
    rd->reply.location = v;
    return 0;
}

static const struct {
    const char *name;
    int (*on)(struct reader *rd, struct tb_span value);
} fields[] = {
    {"content-length", on_length},
    {"transfer-encoding", on_transfer_encoding},
    {"location", on_location},
};

static int read_field(struct reader *rd, struct tb_span line)
{
    const uint8_t *colon = memchr(line.p, ':', line.len);
    struct tb_span name, value;

    if (colon == NULL)
        return TB_E_FORMAT;
    name = tb_span_of(line.p, (size_t)(colon - line.p));
    value = tb_http_trim(tb_span_of(colon + 1, line.len - name.len - 1));
    /* A folded line begins with a blank, which no token holds. */
    if (!tb_http_token(name) || !tb_http_value(value))
        return TB_E_FORMAT;
    if (++rd->num_fields > TB_HTTP_REPLY_FIELDS_MAX)
        return TB_E_LIMIT;
    for (size_t i = 0; i < TB_ARRAY_LEN(fields); i++)
        if (tb_http_eq_nocase(name, fields[i].name))
            return fields[i].on(rd, value);
    return 0;
}

/* RFC 9112 section 6.3: chunks overrule a length. */
static int settle_framing(struct reader *rd)
{
    if (rd->has_chunked && rd->old)
        return TB_E_FORMAT;
    rd->reply.framing = rd->has_chunked ? TB_HTTP_CHUNKED : rd->has_length ? TB_HTTP_LENGTH : TB_HTTP_UNTIL_CLOSE;
    rd->reply.head_len = rd->pos;
    return 0;
}

static int read_one(struct reader *rd)
{
    struct tb_span line;
    int r;

    rd->reply = (struct tb_http_reply){0};
    rd->has_length = rd->has_chunked = false;
    if ((r = next_line(rd->in, &rd->pos, &line)) < 0 || (r = read_status(rd, line)) < 0)
        return r;
    for (;;) {
        if ((r = next_line(rd->in, &rd->pos, &line)) < 0)
            return r;
        if (line.len == 0)
            return settle_framing(rd);
        if ((r = read_field(rd, line)) < 0)
            return r;
    }
}

int tb_http_reply_read(struct tb_span in, struct tb_http_reply *out)
{
    bool more = in.len > TB_HTTP_REPLY_HEAD_MAX;
    struct reader rd = {.in = tb_span_of(in.p, more ? TB_HTTP_REPLY_HEAD_MAX : in.len)};
    int r = 0;

    *out = (struct tb_http_reply){0};
    for (unsigned interim = 0; (r = read_one(&rd)) == 0 && rd.reply.status < 200; interim++)
        if (interim == TB_HTTP_INTERIM_MAX)
            return TB_E_LIMIT;
    if (r == TB_E_AGAIN && in.len >= TB_HTTP_REPLY_HEAD_MAX)
        return TB_E_LIMIT;
    if (r == 0)
        *out = rd.reply;
    return r;
}

static int copy(struct tb_span s, uint8_t *out, size_t cap, size_t *out_len)
{
    if (s.len > cap - *out_len)
        return TB_E_LIMIT;
    if (s.len > 0)
        memcpy(out + *out_len, s.p, s.len);
    *out_len += s.len;
    return 0;
}

static int hex_value(uint8_t c)
{
    if (is_digit(c))
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* chunk-size, then perhaps extensions, which say nothing to us. */
static int chunk_size(struct tb_span line, size_t *out)
{
    size_t i = 0;

    *out = 0;
    for (; i < line.len && hex_value(line.p[i]) >= 0; i++) {
        if (i == CHUNK_DIGITS_MAX)
            return TB_E_LIMIT;
        *out = *out << 4 | (size_t)hex_value(line.p[i]);
    }
    if (i == 0 || (i < line.len && line.p[i] != ';' && line.p[i] != ' ' && line.p[i] != '\t'))
        return TB_E_FORMAT;
    return 0;
}

static int chunks_read(struct tb_span raw, uint8_t *out, size_t cap, size_t *out_len)
{
    struct tb_span line;
    size_t pos = 0, n = 0;
    int r;

    for (;;) {
        if ((r = next_line(raw, &pos, &line)) < 0 || (r = chunk_size(line, &n)) < 0)
            return r;
        if (n == 0)
            return 0;
        if (n > cap - *out_len)
            return TB_E_LIMIT;
        if (n > raw.len - pos)
            return TB_E_AGAIN;
        if ((r = copy(tb_span_of(raw.p + pos, n), out, cap, out_len)) < 0)
            return r;
        pos += n;
        if ((r = next_line(raw, &pos, &line)) < 0)
            return r;
        if (line.len != 0)
            return TB_E_FORMAT;
    }
}

int tb_http_reply_body(const struct tb_http_reply *reply, struct tb_span raw, bool closed, uint8_t *out, size_t cap,
                       size_t *out_len)
{
    int r = 0;

    *out_len = 0;
    switch (reply->framing) {
    case TB_HTTP_UNTIL_CLOSE:
        r = copy(raw, out, cap, out_len);
        if (r == 0 && !closed)
            r = TB_E_AGAIN;
        break;
    case TB_HTTP_LENGTH:
        if (reply->length > cap)
            r = TB_E_LIMIT;
        else if (raw.len < reply->length)
            r = TB_E_AGAIN;
        else
            r = copy(tb_span_of(raw.p, (size_t)reply->length), out, cap, out_len);
        break;
    case TB_HTTP_CHUNKED:
        r = chunks_read(raw, out, cap, out_len);
        break;
    }
    if (r < 0)
        *out_len = 0;
    return r == TB_E_AGAIN && closed ? TB_E_TRUNC : r;
}
