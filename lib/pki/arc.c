#include "lib/pki/arc.h"

#include <stdio.h>
#include <string.h>

#define NUMBER_MAX UINT32_C(0x7fffffff)
#define ROOT_STEP  40u /* X.690 section 8.19.4: the first two numbers share one subidentifier */

/* Digits up to a dot or the end. */
static int read_number(const char **text, uint32_t *out)
{
    const char *p = *text;
    uint64_t v = 0;

    *out = 0;
    if (*p < '0' || *p > '9' || (*p == '0' && p[1] >= '0' && p[1] <= '9'))
        return TB_E_FORMAT;
    for (; *p >= '0' && *p <= '9'; p++)
        if ((v = v * 10 + (uint64_t)(*p - '0')) > NUMBER_MAX)
            return TB_E_LIMIT;
    if (*p != '.' && *p != '\0')
        return TB_E_FORMAT;
    *out = (uint32_t)v;
    *text = p;
    return 0;
}

static int put_number(struct tb_arc *arc, uint32_t v)
{
    int groups = 1;

    while (groups < 5 && v >> (7 * groups) != 0)
        groups++;
    if (arc->len + (size_t)groups > sizeof(arc->der))
        return TB_E_LIMIT;
    while (groups-- > 0)
        arc->der[arc->len++] = (uint8_t)((v >> (7 * groups) & 0x7f) | (groups > 0 ? 0x80 : 0));
    return 0;
}

/* The first two numbers, as one. */
static int read_root(const char **text, uint32_t *out)
{
    uint32_t first, second;
    int r;

    *out = 0;
    if ((r = read_number(text, &first)) < 0)
        return r;
    if (first > 2 || **text != '.')
        return TB_E_FORMAT;
    ++*text;
    if ((r = read_number(text, &second)) < 0)
        return r;
    if (first < 2 ? second >= ROOT_STEP : second > NUMBER_MAX - 2 * ROOT_STEP)
        return TB_E_FORMAT;
    *out = first * ROOT_STEP + second;
    return 0;
}

int tb_arc_parse(const char *text, struct tb_arc *out)
{
    struct tb_arc arc = {0};
    uint32_t v;
    int r;

    *out = (struct tb_arc){0};
    if (strnlen(text, TB_ARC_TEXT_MAX + 1) > TB_ARC_TEXT_MAX)
        return TB_E_LIMIT;
    if ((r = read_root(&text, &v)) < 0 || (r = put_number(&arc, v)) < 0)
        return r;
    while (*text == '.') {
        text++;
        if ((r = read_number(&text, &v)) < 0 || (r = put_number(&arc, v)) < 0)
            return r;
    }
    *out = arc;
    return 0;
}

/* One subidentifier. */
static int get_number(struct tb_rd *rd, uint32_t *out)
{
    uint64_t v = 0;
    uint8_t octet = 0x80;
    int r;

    while ((octet & 0x80) != 0) {
        if ((r = tb_rd_u8(rd, &octet)) < 0)
            return TB_E_FORMAT;
        if (v == 0 && octet == 0x80)
            return TB_E_FORMAT;
        if ((v = v << 7 | (octet & 0x7f)) > NUMBER_MAX)
            return TB_E_LIMIT;
    }
    *out = (uint32_t)v;
    return 0;
}

int tb_arc_text(struct tb_span oid, char out[static TB_ARC_TEXT_MAX + 1])
{
    struct tb_rd rd = tb_rd_of(oid);
    struct tb_wr wr;
    uint32_t v, first;
    int r;

    out[0] = '\0';
    tb_wr_fixed(&wr, out, TB_ARC_TEXT_MAX);
    if ((r = get_number(&rd, &v)) < 0)
        return r;
    first = v < 2 * ROOT_STEP ? v / ROOT_STEP : 2;
    tb_wr_printf(&wr, "%u.%u", first, v - first * ROOT_STEP);
    while (rd.left > 0) {
        if ((r = get_number(&rd, &v)) < 0)
            break;
        tb_wr_printf(&wr, ".%u", v);
    }
    if (r == 0)
        r = tb_wr_err(&wr);
    out[r == 0 ? wr.len : 0] = '\0';
    return r;
}
