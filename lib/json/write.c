#include "lib/json/json.h"

#include <inttypes.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

struct tb_jw tb_jw_of(struct tb_wr *wr)
{
    return (struct tb_jw){.wr = wr};
}

/* Before a value: a comma when one is due.  After it one is. */
static void value(struct tb_jw *jw)
{
    if (jw->comma)
        tb_wr_u8(jw->wr, ',');
    jw->comma = true;
}

static void open_with(struct tb_jw *jw, uint8_t c)
{
    value(jw);
    tb_wr_u8(jw->wr, c);
    jw->comma = false;
}

static void close_with(struct tb_jw *jw, uint8_t c)
{
    tb_wr_u8(jw->wr, c);
    jw->comma = true;
}

void tb_jw_obj(struct tb_jw *jw)
{
    open_with(jw, '{');
}

void tb_jw_end_obj(struct tb_jw *jw)
{
    close_with(jw, '}');
}

void tb_jw_arr(struct tb_jw *jw)
{
    open_with(jw, '[');
}

void tb_jw_end_arr(struct tb_jw *jw)
{
    close_with(jw, ']');
}

/* Length of the well-formed UTF-8 sequence at p (Unicode table 3-7), 0 when there is none. */
static size_t utf8_len(const uint8_t *p, size_t left)
{
    uint8_t c = p[0];
    uint8_t low = 0x80;
    uint8_t high = 0xbf;
    size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;

    if (n > left)
        return 0;
    if (c == 0xe0)
        low = 0xa0;
    else if (c == 0xed)
        high = 0x9f;
    else if (c == 0xf0)
        low = 0x90;
    else if (c == 0xf4)
        high = 0x8f;
    if (n > 1 && (p[1] < low || p[1] > high))
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

/* What needs no escape is copied in runs. */
static void put_escaped(struct tb_wr *wr, struct tb_span s)
{
    size_t from = 0;
    size_t i = 0;

    while (i < s.len) {
        uint8_t c = s.p[i];
        size_t n = c < 0x80 ? 1 : utf8_len(s.p + i, s.len - i);

        if (n > 0 && c >= 0x20 && c != '"' && c != '\\') {
            i += n;
            continue;
        }
        tb_wr_bytes(wr, s.p + from, i - from);
        if (n == 0)
            tb_wr_str(wr, REPLACEMENT);
        else if (c == '"' || c == '\\')
            tb_wr_bytes(wr, (uint8_t[]){'\\', c}, 2);
        else
            tb_wr_printf(wr, "\\u%04x", c);
        from = ++i;
    }
    if (s.len > from)
        tb_wr_bytes(wr, s.p + from, s.len - from);
}

static void put_string(struct tb_wr *wr, struct tb_span s)
{
    tb_wr_u8(wr, '"');
    put_escaped(wr, s);
    tb_wr_u8(wr, '"');
}

void tb_jw_key(struct tb_jw *jw, const char *name)
{
    value(jw);
    put_string(jw->wr, tb_span_str(name));
    tb_wr_u8(jw->wr, ':');
    jw->comma = false;
}

void tb_jw_str(struct tb_jw *jw, const char *s)
{
    tb_jw_span(jw, tb_span_str(s));
}

void tb_jw_span(struct tb_jw *jw, struct tb_span s)
{
    value(jw);
    put_string(jw->wr, s);
}

void tb_jw_int(struct tb_jw *jw, int64_t v)
{
    value(jw);
    tb_wr_printf(jw->wr, "%" PRId64, v);
}

void tb_jw_bool(struct tb_jw *jw, bool v)
{
    value(jw);
    tb_wr_str(jw->wr, v ? "true" : "false");
}

void tb_jw_kv(struct tb_jw *jw, const char *name, const char *s)
{
    tb_jw_key(jw, name);
    tb_jw_str(jw, s);
}

void tb_jw_raw(struct tb_jw *jw, struct tb_span json)
{
    value(jw);
    tb_wr_bytes(jw->wr, json.p, json.len);
}
