#include "client/dns_name.h"

#include <string.h>

#define LABEL_MAX    63
#define POINTER      0xc0
#define POINTERS_MAX 32 /* each leads backwards; no honest message needs more */

static uint8_t lower(uint8_t c)
{
    return (uint8_t)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

int tb_dns_name_write(struct tb_wr *wr, const char *name)
{
    if (strlen(name) > TB_DNS_NAME_MAX)
        return TB_E_FORMAT;
    while (name[0] != '\0') {
        size_t len = strcspn(name, ".");

        if (len == 0 || len > LABEL_MAX || (name[len] == '.' && name[len + 1] == '\0'))
            return TB_E_FORMAT;
        tb_wr_u8(wr, (uint8_t)len);
        for (size_t i = 0; i < len; i++)
            tb_wr_u8(wr, lower((uint8_t)name[i]));
        name += len + (name[len] == '.');
    }
    tb_wr_u8(wr, 0);
    return tb_wr_err(wr);
}

/* One label behind what is there. */
static int append(char out[static TB_DNS_NAME_MAX + 1], size_t *len, struct tb_span label)
{
    if (*len + label.len + (*len > 0) > TB_DNS_NAME_MAX)
        return TB_E_FORMAT;
    if (*len > 0)
        out[(*len)++] = '.';
    for (size_t i = 0; i < label.len; i++) {
        if (label.p[i] <= ' ' || label.p[i] > '~' || label.p[i] == '.')
            return TB_E_FORMAT;
        out[(*len)++] = (char)lower(label.p[i]);
    }
    return 0;
}

/* A reader at the target of a pointer, which must lie before limit. */
static int follow(struct tb_span message, size_t *limit, uint8_t high, struct tb_rd *at)
{
    uint8_t low;
    size_t target;

    if (tb_rd_u8(at, &low) < 0)
        return TB_E_TRUNC;
    target = (size_t)(high & ~POINTER) << 8 | low;
    if (target >= *limit)
        return TB_E_FORMAT;
    *limit = target;
    *at = tb_rd_of(tb_span_of(message.p + target, message.len - target));
    return 0;
}

int tb_dns_name_read(struct tb_span message, struct tb_rd *rd, char out[static TB_DNS_NAME_MAX + 1])
{
    size_t limit = (size_t)(rd->p - message.p);
    struct tb_rd at = *rd;
    struct tb_span label;
    bool jumped = false;
    unsigned pointers = 0;
    size_t len = 0;
    uint8_t c;

    out[0] = '\0';
    for (;;) {
        if (tb_rd_u8(&at, &c) < 0)
            return TB_E_TRUNC;
        if ((c & POINTER) == POINTER) {
            struct tb_rd behind = at;

            if (++pointers > POINTERS_MAX || follow(message, &limit, c, &at) < 0)
                return TB_E_FORMAT;
            if (!jumped) {
                *rd = (struct tb_rd){.p = behind.p + 1, .left = behind.left - 1};
                jumped = true;
            }
            continue;
        }
        if (c == 0)
            break;
        if (c > LABEL_MAX || tb_rd_bytes(&at, c, &label) < 0 || append(out, &len, label) < 0)
            return TB_E_FORMAT;
    }
    out[len] = '\0';
    if (!jumped)
        *rd = at;
    return 0;
}

int tb_dns_header_read(struct tb_span message, struct tb_rd *out_rest, struct tb_dns_header *out)
{
    struct tb_rd rd = tb_rd_of(message);
    int r;

    if ((r = tb_rd_u16(&rd, &out->id)) < 0 || (r = tb_rd_u16(&rd, &out->flags)) < 0)
        return r;
    for (size_t i = 0; i < TB_ARRAY_LEN(out->counts); i++)
        if ((r = tb_rd_u16(&rd, &out->counts[i])) < 0)
            return r;
    *out_rest = rd;
    return 0;
}

int tb_dns_record_read(struct tb_span message, struct tb_rd *rd, struct tb_dns_record *out)
{
    struct tb_span rdata;
    int r;

    out->at = (size_t)(rd->p - message.p);
    if ((r = tb_dns_name_read(message, rd, out->name)) < 0 || (r = tb_rd_u16(rd, &out->type)) < 0 ||
        (r = tb_rd_u16(rd, &out->class)) < 0 || (r = tb_rd_u32(rd, &out->ttl)) < 0 ||
        (r = tb_rd_var16(rd, TB_DNS_MESSAGE_MAX, &rdata)) < 0)
        return r;
    out->rdata = tb_rd_of(rdata);
    return 0;
}
