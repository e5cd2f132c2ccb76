#include "lib/base/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/mem.h"

struct tb_span tb_span_str(const char *s)
{
    return tb_span_of(s, strlen(s));
}

bool tb_span_eq(struct tb_span a, struct tb_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool tb_span_eq_str(struct tb_span a, const char *s)
{
    return tb_span_eq(a, tb_span_str(s));
}

int tb_rd_bytes(struct tb_rd *rd, size_t n, struct tb_span *out)
{
    if (n > rd->left)
        return TB_E_TRUNC;
    *out = tb_span_of(rd->p, n);
    if (n > 0)
        rd->p += n;
    rd->left -= n;
    return 0;
}

int tb_rd_copy(struct tb_rd *rd, void *out, size_t n)
{
    struct tb_span s;
    int r = tb_rd_bytes(rd, n, &s);

    if (r == 0 && n > 0)
        memcpy(out, s.p, n);
    return r;
}

static int rd_uint(struct tb_rd *rd, size_t n, uint64_t *out)
{
    struct tb_span s;
    int r = tb_rd_bytes(rd, n, &s);

    if (r < 0)
        return r;
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out = *out << 8 | s.p[i];
    return 0;
}

int tb_rd_u8(struct tb_rd *rd, uint8_t *out)
{
    uint64_t v;
    int r = rd_uint(rd, sizeof(*out), &v);

    if (r == 0)
        *out = (uint8_t)v;
    return r;
}

int tb_rd_u16(struct tb_rd *rd, uint16_t *out)
{
    uint64_t v;
    int r = rd_uint(rd, sizeof(*out), &v);

    if (r == 0)
        *out = (uint16_t)v;
    return r;
}

int tb_rd_u32(struct tb_rd *rd, uint32_t *out)
{
    uint64_t v;
    int r = rd_uint(rd, sizeof(*out), &v);

    if (r == 0)
        *out = (uint32_t)v;
    return r;
}

int tb_rd_u64(struct tb_rd *rd, uint64_t *out)
{
    return rd_uint(rd, sizeof(*out), out);
}

static int rd_var(struct tb_rd *rd, size_t prefix, size_t max, struct tb_span *out)
{
    struct tb_rd try = *rd;
    uint64_t n;
    int r;

    if ((r = rd_uint(&try, prefix, &n)) < 0)
        return r;
    if (n > max)
        return TB_E_LIMIT;
    if ((r = tb_rd_bytes(&try, n, out)) < 0)
        return r;
    *rd = try;
    return 0;
}

int tb_rd_var16(struct tb_rd *rd, size_t max, struct tb_span *out)
{
    return rd_var(rd, 2, max, out);
}

int tb_rd_var32(struct tb_rd *rd, size_t max, struct tb_span *out)
{
    return rd_var(rd, 4, max, out);
}

int tb_rd_str16(struct tb_rd *rd, char *out, size_t cap)
{
    struct tb_rd try = *rd;
    struct tb_span s;
    int r;

    if (cap == 0)
        return TB_E_INVAL;
    if ((r = tb_rd_var16(&try, cap - 1, &s)) < 0)
        return r;
    if (s.len > 0 && memchr(s.p, 0, s.len) != NULL)
        return TB_E_FORMAT;
    if (s.len > 0)
        memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    *rd = try;
    return 0;
}

int tb_rd_end(const struct tb_rd *rd)
{
    return rd->left == 0 ? 0 : TB_E_TRAIL;
}

void tb_wr_init(struct tb_wr *wr, size_t max)
{
    *wr = (struct tb_wr){.max = max};
}

void tb_wr_fixed(struct tb_wr *wr, void *buf, size_t cap)
{
    *wr = (struct tb_wr){.buf = buf, .cap = cap, .max = cap, .fixed = true};
}

void tb_wr_clear(struct tb_wr *wr)
{
    if (wr == NULL)
        return;
    if (!wr->fixed)
        free(wr->buf);
    *wr = (struct tb_wr){0};
}

void tb_wr_clear_secret(struct tb_wr *wr)
{
    if (wr != NULL && wr->buf != NULL)
        tb_wipe(wr->buf, wr->cap);
    tb_wr_clear(wr);
}

void tb_wr_reset(struct tb_wr *wr)
{
    wr->len = 0;
    wr->err = 0;
}

int tb_wr_err(const struct tb_wr *wr)
{
    return wr->err;
}

struct tb_span tb_wr_span(const struct tb_wr *wr)
{
    return tb_span_of(wr->buf, wr->len);
}

uint8_t *tb_wr_take(struct tb_wr *wr, size_t *out_len)
{
    uint8_t *p = NULL;

    *out_len = 0;
    if (wr->err == 0 && !wr->fixed) {
        p = wr->buf;
        *out_len = wr->len;
        wr->buf = NULL;
    }
    tb_wr_clear(wr);
    return p;
}

static int wr_grow(struct tb_wr *wr, size_t need)
{
    size_t cap = wr->cap < 128 ? 128 : wr->cap;
    uint8_t *p;

    while (cap < need)
        cap *= 2;
    if (cap > wr->max)
        cap = wr->max;
    p = realloc(wr->buf, cap);
    if (p == NULL)
        return TB_E_NOMEM;
    wr->buf = p;
    wr->cap = cap;
    return 0;
}

uint8_t *tb_wr_reserve(struct tb_wr *wr, size_t n)
{
    uint8_t *p;

    if (wr->err != 0)
        return NULL;
    if (n > wr->max - wr->len) {
        wr->err = TB_E_LIMIT;
        return NULL;
    }
    if (n > wr->cap - wr->len && (wr->err = wr_grow(wr, wr->len + n)) != 0)
        return NULL;
    if (wr->buf == NULL && (wr->err = wr_grow(wr, 1)) != 0)
        return NULL;
    p = wr->buf + wr->len;
    wr->len += n;
    return p;
}

void tb_wr_bytes(struct tb_wr *wr, const void *p, size_t n)
{
    uint8_t *to;

    if (n == 0)
        return;
    to = tb_wr_reserve(wr, n);
    if (to != NULL)
        memcpy(to, p, n);
}

static void wr_uint(struct tb_wr *wr, uint64_t v, size_t n)
{
    uint8_t *to = tb_wr_reserve(wr, n);

    if (to == NULL)
        return;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(v >> (8 * (n - 1 - i)));
}

void tb_wr_u8(struct tb_wr *wr, uint8_t v)
{
    wr_uint(wr, v, 1);
}

void tb_wr_u16(struct tb_wr *wr, uint16_t v)
{
    wr_uint(wr, v, 2);
}

void tb_wr_u32(struct tb_wr *wr, uint32_t v)
{
    wr_uint(wr, v, 4);
}

void tb_wr_u64(struct tb_wr *wr, uint64_t v)
{
    wr_uint(wr, v, 8);
}

void tb_wr_str(struct tb_wr *wr, const char *s)
{
    tb_wr_bytes(wr, s, strlen(s));
}

void tb_wr_var16(struct tb_wr *wr, struct tb_span s)
{
    if (s.len > UINT16_MAX && wr->err == 0)
        wr->err = TB_E_LIMIT;
    tb_wr_u16(wr, (uint16_t)s.len);
    tb_wr_bytes(wr, s.p, s.len);
}

void tb_wr_var32(struct tb_wr *wr, struct tb_span s)
{
    if (s.len > UINT32_MAX && wr->err == 0)
        wr->err = TB_E_LIMIT;
    tb_wr_u32(wr, (uint32_t)s.len);
    tb_wr_bytes(wr, s.p, s.len);
}

void tb_wr_str16(struct tb_wr *wr, const char *s)
{
    tb_wr_var16(wr, tb_span_str(s));
}

void tb_wr_printf(struct tb_wr *wr, const char *fmt, ...)
{
    char small[512];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(small, sizeof(small), fmt, ap);
    va_end(ap);
    if (n < 0 || (size_t)n >= sizeof(small)) {
        if (wr->err == 0)
            wr->err = n < 0 ? TB_E_INTERNAL : TB_E_LIMIT;
        return;
    }
    tb_wr_bytes(wr, small, (size_t)n);
}
