#include "lib/der/der.h"

#include <string.h>

#define TAG_NUMBER   0x1f
#define TAG_CONS     0x20
#define TAG_CLASS    0xc0
#define LEN_LONG     0x80
#define LEN_OCTETS   3
#define OID_MORE     0x80
#define SIGN_BIT     0x80
#define NAMED_OCTETS 2

/* Length octets in the one form that X.690 section 10.1 allows. */
static int get_len(struct tb_rd *rd, size_t *out)
{
    uint8_t first;
    uint8_t octet;
    size_t n;
    size_t v = 0;
    int r;

    if ((r = tb_rd_u8(rd, &first)) < 0)
        return r;
    if (first < LEN_LONG) {
        *out = first;
        return 0;
    }
    n = first & ~LEN_LONG;
    if (n == 0) /* indefinite */
        return TB_E_FORMAT;
    if (n > LEN_OCTETS)
        return TB_E_LIMIT;
    for (size_t i = 0; i < n; i++) {
        if ((r = tb_rd_u8(rd, &octet)) < 0)
            return r;
        if (i == 0 && octet == 0)
            return TB_E_FORMAT;
        v = v << 8 | octet;
    }
    if (v < LEN_LONG)
        return TB_E_FORMAT;
    *out = v;
    return 0;
}

int tb_der_any(struct tb_rd *rd, uint8_t *out_tag, struct tb_span *out_content, struct tb_span *out_whole)
{
    struct tb_rd try = *rd;
    struct tb_span content;
    uint8_t tag;
    size_t len;
    int r;

    if ((r = tb_rd_u8(&try, &tag)) < 0)
        return r;
    /* Multi-octet tags occur in nothing that we read; 00 is the end of an indefinite length. */
    if ((tag & TAG_NUMBER) == TAG_NUMBER || (tag & ~TAG_CONS) == 0)
        return TB_E_FORMAT;
    if ((r = get_len(&try, &len)) < 0 || (r = tb_rd_bytes(&try, len, &content)) < 0)
        return r;
    *out_tag = tag;
    if (out_content != NULL)
        *out_content = content;
    if (out_whole != NULL)
        *out_whole = tb_span_of(rd->p, rd->left - try.left);
    *rd = try;
    return 0;
}

static int get(struct tb_rd *rd, uint8_t want, struct tb_span *out_content, struct tb_span *out_whole)
{
    uint8_t tag;

    if (rd->left > 0 && rd->p[0] != want)
        return TB_E_FORMAT;
    return tb_der_any(rd, &tag, out_content, out_whole);
}

int tb_der_get(struct tb_rd *rd, uint8_t tag, struct tb_span *out_content)
{
    return get(rd, tag, out_content, NULL);
}

int tb_der_get_whole(struct tb_rd *rd, uint8_t tag, struct tb_span *out_whole)
{
    return get(rd, tag, NULL, out_whole);
}

int tb_der_enter(struct tb_rd *rd, uint8_t tag, struct tb_rd *out_inner)
{
    struct tb_span content;
    int r = tb_der_get(rd, tag, &content);

    if (r == 0)
        *out_inner = tb_rd_of(content);
    return r;
}

bool tb_der_next_is(const struct tb_rd *rd, uint8_t tag)
{
    return rd->left > 0 && rd->p[0] == tag;
}

/* X.690 section 8.3.2: the first nine bits are neither all ones nor all zeros. Negative numbers are refused. */
static int uint_magnitude(struct tb_span content, struct tb_span *out)
{
    if (content.len == 0 || (content.p[0] & SIGN_BIT) != 0)
        return TB_E_FORMAT;
    if (content.len > 1 && content.p[0] == 0) {
        if ((content.p[1] & SIGN_BIT) == 0)
            return TB_E_FORMAT;
        content = tb_span_of(content.p + 1, content.len - 1);
    }
    *out = content;
    return 0;
}

int tb_der_uint(struct tb_rd *rd, struct tb_span *out_magnitude)
{
    struct tb_rd try = *rd;
    struct tb_span content;
    int r;

    if ((r = tb_der_get(&try, TB_DER_INTEGER, &content)) < 0 || (r = uint_magnitude(content, out_magnitude)) < 0)
        return r;
    *rd = try;
    return 0;
}

int tb_der_small(struct tb_rd *rd, uint32_t max, uint32_t *out)
{
    struct tb_rd try = *rd;
    struct tb_span magnitude;
    uint32_t v = 0;
    int r;

    if ((r = tb_der_uint(&try, &magnitude)) < 0)
        return r;
    if (magnitude.len > sizeof(v))
        return TB_E_LIMIT;
    for (size_t i = 0; i < magnitude.len; i++)
        v = v << 8 | magnitude.p[i];
    if (v > max)
        return TB_E_LIMIT;
    *out = v;
    *rd = try;
    return 0;
}

int tb_der_bool(struct tb_rd *rd, bool *out)
{
    struct tb_rd try = *rd;
    struct tb_span content;
    int r;

    if ((r = tb_der_get(&try, TB_DER_BOOLEAN, &content)) < 0)
        return r;
    if (content.len != 1 || (content.p[0] != 0x00 && content.p[0] != 0xff))
        return TB_E_FORMAT;
    *out = content.p[0] == 0xff;
    *rd = try;
    return 0;
}

int tb_der_oid(struct tb_rd *rd, struct tb_span *out_content)
{
    struct tb_rd try = *rd;
    struct tb_span content;
    bool start = true;
    int r;

    if ((r = tb_der_get(&try, TB_DER_OID, &content)) < 0)
        return r;
    if (content.len > TB_DER_OID_MAX)
        return TB_E_LIMIT;
    for (size_t i = 0; i < content.len; i++) {
        if (start && content.p[i] == OID_MORE)
            return TB_E_FORMAT;
        start = (content.p[i] & OID_MORE) == 0;
    }
    if (content.len == 0 || !start)
        return TB_E_FORMAT;
    *out_content = content;
    *rd = try;
    return 0;
}

int tb_der_bits(struct tb_rd *rd, struct tb_span *out_octets)
{
    struct tb_rd try = *rd;
    struct tb_span content;
    int r;

    if ((r = tb_der_get(&try, TB_DER_BIT_STRING, &content)) < 0)
        return r;
    if (content.len == 0 || content.p[0] != 0)
        return TB_E_FORMAT;
    *out_octets = tb_span_of(content.p + 1, content.len - 1);
    *rd = try;
    return 0;
}

int tb_der_named_bits(struct tb_rd *rd, uint16_t *out)
{
    struct tb_rd try = *rd;
    struct tb_span content;
    unsigned unused;
    uint16_t v = 0;
    int r;

    if ((r = tb_der_get(&try, TB_DER_BIT_STRING, &content)) < 0)
        return r;
    if (content.len == 0 || content.p[0] > 7 || (content.len == 1 && content.p[0] != 0))
        return TB_E_FORMAT;
    if (content.len > 1 + NAMED_OCTETS)
        return TB_E_LIMIT;
    unused = content.p[0];
    for (size_t i = 1; i < content.len; i++)
        v |= (uint16_t)(content.p[i] << (8 * (NAMED_OCTETS - i)));
    /* The last bit that is sent is a one, and all after it are zeros. */
    if (content.len > 1 && (content.p[content.len - 1] & ((2U << unused) - 1)) != 1U << unused)
        return TB_E_FORMAT;
    *out = v;
    *rd = try;
    return 0;
}

/* Universal types that we know have one form each (X.690 section 10.2); others are left to their readers. */
static bool form_ok(uint8_t tag)
{
    bool cons = (tag & TAG_CONS) != 0;
    uint8_t number = tag & TAG_NUMBER;
    bool holds_others = number == (TB_DER_SEQUENCE & TAG_NUMBER) || number == (TB_DER_SET & TAG_NUMBER);

    /* EXTERNAL and EMBEDDED PDV are constructed, too; they have no business in a certificate or request. */
    return (tag & TAG_CLASS) != 0 || cons == holds_others;
}

int tb_der_check(struct tb_span der)
{
    struct tb_rd level[TB_DER_DEPTH_MAX + 1];
    struct tb_span content;
    size_t depth = 0;
    uint8_t tag;
    int r;

    level[0] = tb_rd_of(der);
    do {
        while (depth > 0 && level[depth].left == 0)
            depth--;
        if (depth == 0 && level[0].left == 0)
            break;
        if (depth == 0 && level[0].left != der.len)
            return TB_E_TRAIL;
        if ((r = tb_der_any(&level[depth], &tag, &content, NULL)) < 0)
            return r;
        if (!form_ok(tag))
            return TB_E_FORMAT;
        if ((tag & TAG_CONS) == 0)
            continue;
        if (depth == TB_DER_DEPTH_MAX)
            return TB_E_LIMIT;
        level[++depth] = tb_rd_of(content);
    } while (true);
    return der.len > 0 ? 0 : TB_E_TRUNC;
}
