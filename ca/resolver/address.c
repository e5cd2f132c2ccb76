#include "ca/resolver/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

struct range {
    uint8_t addr[16];
    uint8_t prefix;
    const char *why;
};

#define V4(a, b, c, d, len, text)                                                                                      \
    {                                                                                                                  \
        .addr = {[10] = 0xff, [11] = 0xff, [12] = (a), [13] = (b), [14] = (c), [15] = (d)}, .prefix = 96 + (len),      \
        .why = (text)                                                                                                  \
    }
#define V6(a, b, c, len, text)                                                                                         \
    {                                                                                                                  \
        .addr = {(a) >> 8, (a)&0xff, (b) >> 8, (b)&0xff, (c) >> 8, (c)&0xff}, .prefix = (len), .why = (text)           \
    }

/*
 * IANA IPv4 Special-Purpose Address Registry, every row, the globally reachable ones as well (no applicant's host
 * lives there), and what lies above 224.0.0.0.
 */
static const struct range special_v4[] = {
    V4(0, 0, 0, 0, 8, "\"this network\" (RFC 791)"),
    V4(10, 0, 0, 0, 8, "private use (RFC 1918)"),
    V4(100, 64, 0, 0, 10, "shared address space (RFC 6598)"),
    V4(127, 0, 0, 0, 8, "loopback (RFC 1122)"),
    V4(169, 254, 0, 0, 16, "link local (RFC 3927)"),
    V4(172, 16, 0, 0, 12, "private use (RFC 1918)"),
    V4(192, 0, 0, 0, 24, "IETF protocol assignments (RFC 6890)"),
    V4(192, 0, 2, 0, 24, "documentation (RFC 5737)"),
    V4(192, 31, 196, 0, 24, "AS112 (RFC 7535)"),
    V4(192, 52, 193, 0, 24, "AMT (RFC 7450)"),
    V4(192, 88, 99, 0, 24, "6to4 relay anycast (RFC 7526)"),
    V4(192, 168, 0, 0, 16, "private use (RFC 1918)"),
    V4(192, 175, 48, 0, 24, "AS112 (RFC 7534)"),
    V4(198, 18, 0, 0, 15, "benchmarking (RFC 2544)"),
    V4(198, 51, 100, 0, 24, "documentation (RFC 5737)"),
    V4(203, 0, 113, 0, 24, "documentation (RFC 5737)"),
    V4(224, 0, 0, 0, 4, "multicast (RFC 5771)"),
    V4(240, 0, 0, 0, 4, "reserved (RFC 1112)"),
};

/* IANA IPv6 Special-Purpose Address Registry; the first match names the reason, so narrow rows stand first. */
static const struct range special_v6[] = {
    V6(0x0064, 0xff9b, 0x0001, 48, "local-use translation (RFC 8215)"),
    V6(0x0064, 0xff9b, 0, 96, "NAT64 (RFC 6052)"),
    V6(0x0100, 0, 0, 64, "discard only (RFC 6666)"),
    V6(0x2001, 0x0000, 0, 32, "Teredo (RFC 4380)"),
    V6(0x2001, 0x0002, 0, 48, "benchmarking (RFC 5180)"),
    V6(0x2001, 0x0010, 0, 28, "ORCHID (RFC 4843)"),
    V6(0x2001, 0x0020, 0, 28, "ORCHIDv2 (RFC 7343)"),
    V6(0x2001, 0x0000, 0, 23, "IETF protocol assignments (RFC 2928)"),
    V6(0x2001, 0x0db8, 0, 32, "documentation (RFC 3849)"),
    V6(0x2002, 0, 0, 16, "6to4 (RFC 3056)"),
    V6(0x2620, 0x004f, 0x8000, 48, "AS112 (RFC 7534)"),
    V6(0x3fff, 0, 0, 20, "documentation (RFC 9637)"),
    V6(0x5f00, 0, 0, 16, "segment routing (RFC 9602)"),
    V6(0xfc00, 0, 0, 7, "unique local (RFC 4193)"),
    V6(0xfe80, 0, 0, 10, "link local (RFC 4291)"),
    V6(0xfec0, 0, 0, 10, "site local (RFC 3879)"),
    V6(0xff00, 0, 0, 8, "multicast (RFC 4291)"),
    {.addr = {[15] = 1}, .prefix = 128, .why = "loopback (RFC 4291)"},
    {.addr = {0}, .prefix = 128, .why = "unspecified (RFC 4291)"},
    V6(0, 0, 0, 96, "IPv4-compatible (RFC 4291)"),
};

static const struct range global_unicast = V6(0x2000, 0, 0, 3, "");

static bool prefix_covers(const uint8_t net[16], unsigned prefix, const uint8_t addr[16])
{
    size_t whole = prefix / 8;
    unsigned rest = prefix % 8;

    if (memcmp(net, addr, whole) != 0)
        return false;
    return rest == 0 || ((net[whole] ^ addr[whole]) >> (8 - rest)) == 0;
}

static const char *special_find(const struct range *table, size_t num, const uint8_t addr[16])
{
    for (size_t i = 0; i < num; i++)
        if (prefix_covers(table[i].addr, table[i].prefix, addr))
            return table[i].why;
    return NULL;
}

int tb_address_from_rdata(struct tb_span rdata, struct tb_address *out)
{
    *out = (struct tb_address){0};
    if (rdata.len == 16) {
        memcpy(out->b, rdata.p, 16);
        return 0;
    }
    if (rdata.len != 4)
        return TB_E_FORMAT;
    memcpy(out->b, mapped_prefix, 12);
    memcpy(out->b + 12, rdata.p, 4);
    out->v4 = true;
    return 0;
}

int tb_address_from_text(const char *text, struct tb_address *out)
{
    uint8_t raw[16];

    *out = (struct tb_address){0};
    if (inet_pton(AF_INET, text, raw) == 1)
        return tb_address_from_rdata(tb_span_of(raw, 4), out);
    if (inet_pton(AF_INET6, text, raw) == 1)
        return tb_address_from_rdata(tb_span_of(raw, 16), out);
    return TB_E_FORMAT;
}

void tb_address_text(char out[static TB_ADDRESS_TEXT_MAX], const struct tb_address *a)
{
    const void *raw = a->v4 ? a->b + 12 : a->b;

    if (inet_ntop(a->v4 ? AF_INET : AF_INET6, raw, out, TB_ADDRESS_TEXT_MAX) == NULL)
        out[0] = '\0';
}

void tb_address_reverse(char out[static TB_ADDRESS_REVERSE_MAX], const struct tb_address *a)
{
    static const char hex[] = "0123456789abcdef";
    char *p = out;

    if (a->v4) {
        (void)snprintf(out, TB_ADDRESS_REVERSE_MAX, "%u.%u.%u.%u.in-addr.arpa", a->b[15], a->b[14], a->b[13], a->b[12]);
        return;
    }
    for (size_t i = sizeof(a->b); i-- > 0;) {
        *p++ = hex[a->b[i] & 0xf];
        *p++ = '.';
        *p++ = hex[a->b[i] >> 4];
        *p++ = '.';
    }
    strcpy(p, "ip6.arpa");
}

socklen_t tb_address_sockaddr(const struct tb_address *a, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof(*out));
    if (a->v4) {
        struct sockaddr_in *sin = (struct sockaddr_in *)out;

        sin->sin_family = AF_INET;
        sin->sin_port = htons(port);
        memcpy(&sin->sin_addr, a->b + 12, 4);
        return sizeof(*sin);
    }
    struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)out;

    sin6->sin6_family = AF_INET6;
    sin6->sin6_port = htons(port);
    memcpy(&sin6->sin6_addr, a->b, 16);
    return sizeof(*sin6);
}

static const char *special_reason(const struct tb_address *a)
{
    const char *why;

    if (a->v4)
        return special_find(special_v4, TB_ARRAY_LEN(special_v4), a->b);
    why = special_find(special_v6, TB_ARRAY_LEN(special_v6), a->b);
    if (why == NULL && !prefix_covers(global_unicast.addr, global_unicast.prefix, a->b))
        return "not global unicast (RFC 4291)";
    return why;
}

bool tb_address_in(const struct tb_address *a, const struct tb_net *net)
{
    /* A short IPv6 prefix ("::/0") must not open IPv4 through the mapped form. */
    return (!a->v4 || net->prefix >= 96) && prefix_covers(net->addr, net->prefix, a->b);
}

static bool zone_allows(const struct tb_address *a, const struct tb_zone *zone)
{
    for (size_t i = 0; i < zone->num_allow_private; i++)
        if (tb_address_in(a, &zone->allow_private[i]))
            return true;
    return false;
}

int tb_address_check(const struct tb_address *a, const struct tb_zone *zone, const char **out_why)
{
    const char *why;

    if (out_why != NULL)
        *out_why = NULL;
    /* The kernel would leave over IPv4, past the IPv4 table: no policy opens this. */
    if (!a->v4 && memcmp(a->b, mapped_prefix, sizeof(mapped_prefix)) == 0)
        why = "IPv4-mapped (RFC 4291)";
    else {
        why = special_reason(a);
        if (why == NULL || zone_allows(a, zone))
            return 0;
    }
    if (out_why != NULL)
        *out_why = why;
    return TB_E_DENIED;
}
