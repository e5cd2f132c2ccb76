#include "client/dns_message.h"

#include <string.h>

#include "client/dns_name.h"

#define HEADER_LEN   12
#define FLAG_QR      0x8000
#define FLAG_TC      0x0200
#define FLAG_RD      0x0100
#define OPCODE_SHIFT 11
#define TXT_TTL_S    60
#define TXT_MAX      255

static void put_header(struct tb_wr *wr, uint16_t id, uint16_t flags, uint16_t third)
{
    tb_wr_u16(wr, id);
    tb_wr_u16(wr, flags);
    tb_wr_u16(wr, 1);
    tb_wr_u16(wr, 0);
    tb_wr_u16(wr, third);
    tb_wr_u16(wr, 0);
}

int tb_dns_query_write(struct tb_wr *wr, uint16_t id, const char *name, uint16_t type)
{
    put_header(wr, id, FLAG_RD, 0);
    if (tb_dns_name_write(wr, name) < 0)
        return TB_E_FORMAT;
    tb_wr_u16(wr, type);
    tb_wr_u16(wr, TB_DNS_CLASS_IN);
    return tb_wr_err(wr);
}

/* RFC 2136 sections 2.3, 2.5.1 and 2.5.4. */
int tb_dns_update_write(struct tb_wr *wr, uint16_t id, const char *zone, const char *name, const char *value, bool add)
{
    size_t len = strlen(value);

    if (len > TXT_MAX)
        return TB_E_LIMIT;
    put_header(wr, id, TB_DNS_OPCODE_UPDATE << OPCODE_SHIFT, 1);
    if (tb_dns_name_write(wr, zone) < 0)
        return TB_E_FORMAT;
    tb_wr_u16(wr, TB_DNS_TYPE_SOA);
    tb_wr_u16(wr, TB_DNS_CLASS_IN);
    if (tb_dns_name_write(wr, name) < 0)
        return TB_E_FORMAT;
    tb_wr_u16(wr, TB_DNS_TYPE_TXT);
    tb_wr_u16(wr, add ? TB_DNS_CLASS_IN : TB_DNS_CLASS_NONE);
    tb_wr_u32(wr, add ? TXT_TTL_S : 0);
    tb_wr_u16(wr, (uint16_t)(len + 1));
    tb_wr_u8(wr, (uint8_t)len);
    tb_wr_bytes(wr, value, len);
    return tb_wr_err(wr);
}

static void take_alias(struct tb_span message, struct tb_rd rdata, const struct tb_dns_record *rr,
                       struct tb_dns_answer *out)
{
    char target[TB_DNS_NAME_MAX + 1];

    /* In the order of the chain, as servers send it; what does not continue it is no part of it. */
    if (strcmp(rr->name, out->alias) == 0 && tb_dns_name_read(message, &rdata, target) == 0)
        strcpy(out->alias, target);
}

static void take_record(struct tb_span message, const struct tb_dns_record *rr, const char *txt, bool answer,
                        struct tb_dns_answer *out)
{
    size_t len = txt != NULL ? strlen(txt) : 0;

    if (rr->class != TB_DNS_CLASS_IN)
        return;
    if (rr->type == TB_DNS_TYPE_CNAME && answer)
        take_alias(message, rr->rdata, rr, out);
    else if (rr->type == TB_DNS_TYPE_SOA && out->zone[0] == '\0')
        strcpy(out->zone, rr->name);
    else if (rr->type == TB_DNS_TYPE_TXT && answer && txt != NULL && strcmp(rr->name, out->alias) == 0)
        out->has_txt = out->has_txt ||
                       (rr->rdata.left == len + 1 && rr->rdata.p[0] == len && memcmp(rr->rdata.p + 1, txt, len) == 0);
}

int tb_dns_answer_read(struct tb_span message, uint16_t id, unsigned opcode, const char *name, const char *txt,
                       struct tb_dns_answer *out)
{
    struct tb_dns_header head;
    struct tb_dns_record rr;
    struct tb_rd rd;
    char asked[TB_DNS_NAME_MAX + 1];
    uint32_t ignored;

    *out = (struct tb_dns_answer){0};
    if (tb_dns_header_read(message, &rd, &head) < 0 || head.id != id || !(head.flags & FLAG_QR) ||
        (head.flags & FLAG_TC) || (head.flags >> OPCODE_SHIFT & 15) != opcode || head.counts[0] > 1)
        return TB_E_FORMAT;
    out->rcode = head.flags & 15;
    if (head.counts[0] == 1 && (tb_dns_name_read(message, &rd, asked) < 0 || tb_rd_u32(&rd, &ignored) < 0))
        return TB_E_FORMAT;
    /* An answer to an update may leave its sections out (RFC 2136 section 3.8). */
    if (opcode != TB_DNS_OPCODE_QUERY)
        return 0;
    if (head.counts[0] != 1 || strcmp(asked, name) != 0)
        return TB_E_FORMAT;
    strcpy(out->alias, name);
    for (unsigned i = 0; i < (unsigned)head.counts[1] + head.counts[2]; i++) {
        if (i == TB_DNS_RECORDS_MAX || tb_dns_record_read(message, &rd, &rr) < 0)
            return TB_E_FORMAT;
        take_record(message, &rr, txt, i < head.counts[1], out);
    }
    return 0;
}
