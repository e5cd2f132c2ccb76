#include "lib/der/der.h"

#include <string.h>

#define LEN_LONG 0x80

static size_t len_octets(size_t len)
{
    return len < LEN_LONG ? 0 : len <= 0xff ? 1 : len <= 0xffff ? 2 : 3;
}

static void put_len(uint8_t *at, size_t len, size_t extra)
{
    at[0] = (uint8_t)(extra == 0 ? len : LEN_LONG | extra);
    for (size_t i = 0; i < extra; i++)
        at[1 + i] = (uint8_t)(len >> (8 * (extra - 1 - i)));
}

size_t tb_der_begin(struct tb_wr *wr, uint8_t tag)
{
    tb_wr_u16(wr, (uint16_t)(tag << 8));
    return wr->len;
}

void tb_der_end(struct tb_wr *wr, size_t mark)
{
    size_t len;
    size_t extra;

    if (wr->err != 0)
        return;
    len = wr->len - mark;
    if (len > TB_DER_LEN_MAX) {
        wr->err = TB_E_LIMIT;
        return;
    }
    extra = len_octets(len);
    if (extra > 0 && tb_wr_reserve(wr, extra) == NULL)
        return;
    if (extra > 0)
        memmove(wr->buf + mark + extra, wr->buf + mark, len);
    put_len(wr->buf + mark - 1, len, extra);
}

void tb_der_put(struct tb_wr *wr, uint8_t tag, struct tb_span content)
{
    size_t extra = len_octets(content.len);
    uint8_t *to;

    if (content.len > TB_DER_LEN_MAX) {
        if (wr->err == 0)
            wr->err = TB_E_LIMIT;
        return;
    }
    to = tb_wr_reserve(wr, 2 + extra + content.len);
    if (to == NULL)
        return;
    to[0] = tag;
    put_len(to + 1, content.len, extra);
    if (content.len > 0)
        memcpy(to + 2 + extra, content.p, content.len);
}

void tb_der_put_oid(struct tb_wr *wr, struct tb_span content)
{
    tb_der_put(wr, TB_DER_OID, content);
}

void tb_der_put_bool(struct tb_wr *wr, bool v)
{
    uint8_t octet = v ? 0xff : 0x00;

    tb_der_put(wr, TB_DER_BOOLEAN, tb_span_of(&octet, 1));
}

void tb_der_put_bits(struct tb_wr *wr, struct tb_span octets)
{
    size_t mark = tb_der_begin(wr, TB_DER_BIT_STRING);

    tb_wr_u8(wr, 0);
    tb_wr_bytes(wr, octets.p, octets.len);
    tb_der_end(wr, mark);
}
