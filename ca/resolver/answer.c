#include "ca/resolver/answer.h"

#include <string.h>

#define FLAGS_TC     0x0200
#define FLAGS_QR     0x8000
#define CLASS_IN     1
#define POINTERS_MAX 64

/* Uncompressed, lower case, with the root's zero octet. */
struct wire_name {
    uint8_t b[TB_DNS_WIRE_NAME_MAX];
    size_t len;
};

static bool name_eq(const struct wire_name *a, const struct wire_name *b)
{
    return a->len == b->len && memcmp(a->b, b->b, a->len) == 0;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static int name_append(struct wire_name *n, const uint8_t *label, size_t len)
{
    /* One octet stays free for the root label. */
    if (len > TB_DNS_LABEL_MAX || n->len + 1 + len + 1 > sizeof(n->b))
        return TB_E_FORMAT;
    n->b[n->len++] = (uint8_t)len;
    for (size_t i = 0; i < len; i++)
        n->b[n->len++] = lower(label[i]);
    return 0;
}

static int name_from_text(const char *text, struct wire_name *out)
{
    int r;

    out->len = 0;
    while (*text != '\0') {
        size_t n = strcspn(text, ".");

        if (n == 0 || (r = name_append(out, (const uint8_t *)text, n)) < 0)
            return TB_E_INVAL;
        text += n;
        if (*text == '.')
            text++;
    }
    out->b[out->len++] = 0;
    return 0;
}

/* Reads at rd, following pointers, which must lead backwards (RFC 1035 section 4.1.4: "a prior occurrence"). */
static int name_read(struct tb_span packet, struct tb_rd *rd, struct wire_name *out)
{
    struct tb_rd cur = *rd;
    bool jumped = false;
    uint8_t n, low;
    struct tb_span label;
    int r;

    out->len = 0;
    for (unsigned pointers = 0;;) {
        size_t at = packet.len - cur.left;

        if ((r = tb_rd_u8(&cur, &n)) < 0)
            return r;
        if ((n & 0xc0) == 0xc0) {
            size_t target;

            if ((r = tb_rd_u8(&cur, &low)) < 0)
                return r;
            target = (size_t)(n & 0x3f) << 8 | low;
            if (target >= at || ++pointers > POINTERS_MAX)
                return TB_E_FORMAT;
            if (!jumped)
                *rd = cur;
            jumped = true;
            cur = (struct tb_rd){.p = packet.p + target, .left = packet.len - target};
            continue;
        }
        if (n > TB_DNS_LABEL_MAX)
            return TB_E_FORMAT;
        if (n == 0)
            break;
        if ((r = tb_rd_bytes(&cur, n, &label)) < 0 || (r = name_append(out, label.p, label.len)) < 0)
            return r;
    }
    out->b[out->len++] = 0;
    if (!jumped)
        *rd = cur;
    return 0;
}

static int question_skip(struct tb_span packet, struct tb_rd *rd, uint16_t num)
{
    struct wire_name name;
    struct tb_span rest;
    int r;

    for (; num > 0; num--)
        if ((r = name_read(packet, rd, &name)) < 0 || (r = tb_rd_bytes(rd, 4, &rest)) < 0)
            return r;
    return 0;
}

struct record {
    struct wire_name owner;
    uint16_t type;
    uint16_t class;
    uint32_t ttl;
    struct tb_span rdata;
};

static int record_read(struct tb_span packet, struct tb_rd *rd, struct record *out)
{
    uint16_t len;
    int r;

    if ((r = name_read(packet, rd, &out->owner)) < 0 || (r = tb_rd_u16(rd, &out->type)) < 0 ||
        (r = tb_rd_u16(rd, &out->class)) < 0 || (r = tb_rd_u32(rd, &out->ttl)) < 0 || (r = tb_rd_u16(rd, &len)) < 0 ||
        (r = tb_rd_bytes(rd, len, &out->rdata)) < 0)
        return r;
    return 0;
}

/* The name in a CNAME's data may be compressed; it must end where the data ends. */
static int cname_target(struct tb_span packet, struct tb_span rdata, struct wire_name *out)
{
    size_t at = (size_t)(rdata.p - packet.p);
    struct tb_rd rd = {.p = rdata.p, .left = packet.len - at};
    int r;

    if ((r = name_read(packet, &rd, out)) < 0)
        return r;
    return rd.p == rdata.p + rdata.len ? 0 : TB_E_FORMAT;
}

static int answer_read(struct tb_span packet, struct tb_rd *rd, uint16_t num, struct wire_name *want, uint16_t type,
                       struct tb_answer *out)
{
    struct record rec;
    uint32_t ttl = UINT32_MAX;
    unsigned chain = 0;
    int r;

    for (; num > 0; num--) {
        if ((r = record_read(packet, rd, &rec)) < 0)
            return r;
        if (rec.class != CLASS_IN)
            continue;
        if (rec.type == type) {
            if (!name_eq(&rec.owner, want))
                return TB_E_FORMAT;
            if (out->num == TB_ANSWER_RECORDS_MAX)
                return TB_E_LIMIT;
            out->rdata[out->num++] = rec.rdata;
            ttl = rec.ttl < ttl ? rec.ttl : ttl;
        } else if (rec.type == TB_DNS_TYPE_CNAME && name_eq(&rec.owner, want)) {
            if (++chain > TB_ANSWER_CHAIN_MAX)
                return TB_E_LIMIT;
            if (out->num > 0)
                return TB_E_FORMAT;
            ttl = rec.ttl < ttl ? rec.ttl : ttl;
            if ((r = cname_target(packet, rec.rdata, want)) < 0)
                return r;
            out->chained = true;
        }
    }
    /* RFC 2181 section 8: with the top bit set it counts as zero. */
    out->ttl = out->num > 0 && ttl <= INT32_MAX ? ttl : 0;
    return 0;
}

/* Behind an answer without records. Here nothing is refused: what cannot be read says nothing. */
static bool authority_denies(struct tb_span packet, struct tb_rd *rd, uint16_t num)
{
    struct record rec;

    for (; num > 0 && record_read(packet, rd, &rec) == 0; num--)
        if (rec.class == CLASS_IN && rec.type == TB_DNS_TYPE_SOA)
            return true;
    return false;
}

int tb_answer_parse(struct tb_span packet, const char *qname, uint16_t type, struct tb_answer *out)
{
    struct tb_rd rd = tb_rd_of(packet);
    uint16_t id, flags, num_q, num_answer, num_authority;
    struct wire_name want;
    struct tb_span rest;
    int r;

    out->num = 0;
    out->ttl = 0;
    out->chained = out->denied = false;
    if ((r = name_from_text(qname, &want)) < 0)
        return r;
    if ((r = tb_rd_u16(&rd, &id)) < 0 || (r = tb_rd_u16(&rd, &flags)) < 0 || (r = tb_rd_u16(&rd, &num_q)) < 0 ||
        (r = tb_rd_u16(&rd, &num_answer)) < 0 || (r = tb_rd_u16(&rd, &num_authority)) < 0 ||
        (r = tb_rd_bytes(&rd, 2, &rest)) < 0)
        return r;
    if ((flags & FLAGS_QR) == 0)
        return TB_E_FORMAT;
    if ((flags & FLAGS_TC) != 0)
        return TB_E_TRUNC;
    if ((r = question_skip(packet, &rd, num_q)) < 0 ||
        (r = answer_read(packet, &rd, num_answer, &want, type, out)) < 0) {
        out->num = 0;
        return r;
    }
    out->denied = out->num == 0 && authority_denies(packet, &rd, num_authority);
    return 0;
}
