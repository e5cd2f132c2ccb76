#include "ca/responder/proxy_header.h"

#include <string.h>

#define FIXED_LEN 16 /* signature, version and command, family, length */
#define LOCAL     0x20
#define PROXY     0x21

static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 'Q', 'U', 'I', 'T', 0x0a};

/* Source address, destination address, source port, destination port; what follows them is of no importance. */
static int addresses_read(struct tb_rd *rd, uint8_t family, struct tb_address *out_peer, uint16_t *out_port)
{
    size_t len = family == 0x11 ? 4 : family == 0x21 ? 16 : 0; /* AF_INET and AF_INET6, each with STREAM */
    struct tb_span source, destination;

    if (len == 0 || tb_rd_bytes(rd, len, &source) < 0 || tb_rd_bytes(rd, len, &destination) < 0 ||
        tb_rd_u16(rd, out_port) < 0)
        return TB_E_FORMAT;
    return tb_address_from_rdata(source, out_peer);
}

int tb_proxy_header_read(struct tb_span in, size_t *out_want, struct tb_address *out_peer, uint16_t *out_port)
{
    struct tb_rd rd = tb_rd_of(in);
    uint8_t command, family;
    struct tb_span start;
    uint16_t len;
    int r;

    *out_want = in.len < FIXED_LEN ? FIXED_LEN - in.len : 0;
    *out_peer = (struct tb_address){.v4 = false};
    *out_port = 0;
    if (in.len > 0 && memcmp(in.p, signature, in.len < sizeof(signature) ? in.len : sizeof(signature)) != 0)
        return TB_E_FORMAT;
    if (*out_want > 0)
        return TB_E_AGAIN;
    if (tb_rd_bytes(&rd, sizeof(signature), &start) < 0 || tb_rd_u8(&rd, &command) < 0 || tb_rd_u8(&rd, &family) < 0 ||
        tb_rd_u16(&rd, &len) < 0)
        return TB_E_FORMAT;
    if (command != PROXY)
        return command == LOCAL ? TB_E_CLOSED : TB_E_FORMAT;
    if (FIXED_LEN + (size_t)len > TB_PROXY_HEADER_MAX)
        return TB_E_LIMIT;
    if (rd.left > len)
        return TB_E_TRAIL;
    *out_want = len - rd.left;
    if (*out_want > 0)
        return TB_E_AGAIN;
    if ((r = addresses_read(&rd, family, out_peer, out_port)) < 0) {
        *out_peer = (struct tb_address){.v4 = false};
        *out_port = 0;
    }
    return r;
}
