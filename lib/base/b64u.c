#include "lib/base/b64u.h"

static const char alphabet[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* 0 = not of the alphabet, else value + 1. */
#define R5(c, v) [c] = (v) + 1, [(c) + 1] = (v) + 2, [(c) + 2] = (v) + 3, [(c) + 3] = (v) + 4, [(c) + 4] = (v) + 5
static const uint8_t values[256] = {
    R5('A', 0),  R5('F', 5),  R5('K', 10), R5('P', 15), R5('U', 20), ['Z'] = 26,  R5('a', 26), R5('f', 31),
    R5('k', 36), R5('p', 41), R5('u', 46), ['z'] = 52,  R5('0', 52), R5('5', 57), ['-'] = 63,  ['_'] = 64,
};

void tb_b64u_encode(char *out, struct tb_span in)
{
    const uint8_t *p = in.p;
    size_t n = in.len;

    for (; n >= 3; n -= 3, p += 3) {
        *out++ = alphabet[p[0] >> 2];
        *out++ = alphabet[(p[0] & 3) << 4 | p[1] >> 4];
        *out++ = alphabet[(p[1] & 15) << 2 | p[2] >> 6];
        *out++ = alphabet[p[2] & 63];
    }
    if (n > 0) {
        *out++ = alphabet[p[0] >> 2];
        *out++ = alphabet[(p[0] & 3) << 4 | (n == 2 ? p[1] >> 4 : 0)];
        if (n == 2)
            *out++ = alphabet[(p[1] & 15) << 2];
    }
    *out = '\0';
}

/* Up to four characters as the upper bits of 24; false when one is foreign. */
static inline bool group(const uint8_t *p, size_t n, uint32_t *out)
{
    uint32_t a = values[p[0]];
    uint32_t b = values[p[1]];
    uint32_t c = n > 2 ? values[p[2]] : 1;
    uint32_t d = n > 3 ? values[p[3]] : 1;

    *out = (a - 1) << 18 | (b - 1) << 12 | (c - 1) << 6 | (d - 1);
    return a != 0 && b != 0 && c != 0 && d != 0;
}

int tb_b64u_decode(uint8_t *out, size_t cap, size_t *out_len, struct tb_span in)
{
    size_t rest = in.len % 4;
    size_t whole = in.len - rest;
    size_t n = whole / 4 * 3 + (rest == 0 ? 0 : rest - 1);
    uint32_t acc = 0;
    uint8_t *to = out;

    *out_len = 0;
    if (rest == 1)
        return TB_E_FORMAT;
    if (n > cap)
        return TB_E_LIMIT;
    if (in.len == 0)
        return 0;
    for (const uint8_t *p = in.p, *end = in.p + whole; p < end; p += 4, to += 3) {
        if (!group(p, 4, &acc))
            return TB_E_FORMAT;
        to[0] = (uint8_t)(acc >> 16);
        to[1] = (uint8_t)(acc >> 8);
        to[2] = (uint8_t)acc;
    }
    if (rest > 0) {
        if (!group(in.p + whole, rest, &acc) || (acc & (rest == 2 ? 0xffff : 0xff)) != 0)
            return TB_E_FORMAT;
        *to++ = (uint8_t)(acc >> 16);
        if (rest == 3)
            *to++ = (uint8_t)(acc >> 8);
    }
    *out_len = n;
    return 0;
}

bool tb_b64u_alphabet(struct tb_span in)
{
    for (size_t i = 0; i < in.len; i++)
        if (values[in.p[i]] == 0)
            return false;
    return in.len > 0;
}

void tb_hex_encode(char *out, struct tb_span in)
{
    static const char digits[16] = "0123456789abcdef";

    for (size_t i = 0; i < in.len; i++) {
        *out++ = digits[in.p[i] >> 4];
        *out++ = digits[in.p[i] & 15];
    }
    *out = '\0';
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int tb_hex_decode(uint8_t *out, size_t n, struct tb_span in)
{
    if (in.len != 2 * n)
        return TB_E_FORMAT;
    for (size_t i = 0; i < n; i++) {
        int hi = hex_value(in.p[2 * i]);
        int lo = hex_value(in.p[2 * i + 1]);

        if (hi < 0 || lo < 0)
            return TB_E_FORMAT;
        out[i] = (uint8_t)(hi << 4 | lo);
    }
    return 0;
}
