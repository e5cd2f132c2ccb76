#include "lib/dns/egress.h"

#include <arpa/inet.h>
#include <string.h>

#include "lib/dns/txt.h"

#define VERSION    "v=egress1"
#define V4_OFFSET  96 /* bits of ::ffff:0:0/96 */
#define V4_BITS    32
#define V6_BITS    128
#define ITEM_MAX   49 /* "ip4:" or "ip6:" is read before it; address, slash, three digits */
#define PREFIX_LEN 4  /* of "ip4:" */

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

static struct tb_span after(struct tb_span s, size_t n)
{
    return tb_span_of(s.p + n, s.len - n);
}

static bool begins(struct tb_span s, const char *text)
{
    size_t n = strlen(text);

    return s.len >= n && memcmp(s.p, text, n) == 0;
}

/* Decimal without sign and leading zero, at most max. */
static bool number_read(struct tb_span s, unsigned max, unsigned *out)
{
    unsigned v = 0;

    if (s.len == 0 || s.len > 3 || (s.len > 1 && s.p[0] == '0'))
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s.p[i] - '0');
    }
    *out = v;
    return v <= max;
}

static bool host_bits_are_zero(const struct tb_egress_item *it)
{
    for (unsigned bit = it->prefix; bit < V6_BITS; bit++)
        if ((it->addr[bit / 8] >> (7 - bit % 8) & 1) != 0)
            return false;
    return true;
}

static bool address_read(struct tb_span s, bool v4, uint8_t out[static 16])
{
    char text[ITEM_MAX + 1];

    if (s.len == 0 || s.len > ITEM_MAX || memchr(s.p, '\0', s.len) != NULL)
        return false;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    if (v4) {
        memcpy(out, mapped, sizeof(mapped));
        return inet_pton(AF_INET, text, out + sizeof(mapped)) == 1;
    }
    /* The mapped form would be IPv4 under IPv6's rule for the shortest prefix. */
    return inet_pton(AF_INET6, text, out) == 1 && memcmp(out, mapped, sizeof(mapped)) != 0;
}

static int item_read(struct tb_span s, const struct tb_egress_policy *policy, struct tb_egress_item *out,
                     const char **why)
{
    bool v4 = begins(s, "ip4:");
    unsigned bits = v4 ? V4_BITS : V6_BITS;
    unsigned prefix = bits;
    const uint8_t *slash;
    struct tb_span addr;

    *why = "has an item that is neither ip4: nor ip6: with an address and a prefix";
    if (!v4 && !begins(s, "ip6:"))
        return TB_E_FORMAT;
    addr = s = after(s, PREFIX_LEN);
    slash = s.len > 0 ? memchr(s.p, '/', s.len) : NULL;
    if (slash != NULL) {
        addr.len = (size_t)(slash - s.p);
        if (!number_read(after(s, addr.len + 1), bits, &prefix))
            return TB_E_FORMAT;
    }
    if (!address_read(addr, v4, out->addr))
        return TB_E_FORMAT;
    *why = "has a prefix that is shorter than this CA's policy admits";
    if (prefix == 0 || prefix < (v4 ? policy->min_v4 : policy->min_v6))
        return TB_E_DENIED;
    out->prefix = (uint8_t)(v4 ? prefix + V4_OFFSET : prefix);
    *why = "has an address with bits beyond its prefix";
    return host_bits_are_zero(out) ? 0 : TB_E_FORMAT;
}

static int item_add(struct tb_egress_set *set, const struct tb_egress_item *it, const char **why)
{
    for (size_t i = 0; i < set->num; i++)
        if (set->item[i].prefix == it->prefix && memcmp(set->item[i].addr, it->addr, sizeof(it->addr)) == 0) {
            *why = "has an item twice";
            return TB_E_DUP;
        }
    if (set->num == TB_EGRESS_ITEMS_MAX) {
        *why = "has too many items";
        return TB_E_LIMIT;
    }
    set->item[set->num++] = *it;
    return 0;
}

/* What follows the version: every item has spaces before it, nothing stands after the last. */
static int items_read(struct tb_span s, const struct tb_egress_policy *policy, struct tb_egress_set *set,
                      const char **why)
{
    struct tb_egress_item it;
    int r;

    while (s.len > 0) {
        const uint8_t *end;
        size_t len;

        *why = "is outside the grammar";
        if (s.p[0] != ' ')
            return TB_E_FORMAT;
        while (s.len > 0 && s.p[0] == ' ')
            s = after(s, 1);
        if (s.len == 0)
            return TB_E_FORMAT;
        end = memchr(s.p, ' ', s.len);
        len = end != NULL ? (size_t)(end - s.p) : s.len;
        if ((r = item_read(tb_span_of(s.p, len), policy, &it, why)) < 0 || (r = item_add(set, &it, why)) < 0)
            return r;
        s = after(s, len);
    }
    return 0;
}

static int record_read(struct tb_span rdata, const struct tb_egress_policy *policy, struct tb_egress_set *set,
                       const char **why)
{
    uint8_t text[TB_TXT_MAX];
    size_t len = 0;
    struct tb_span s;
    int r = tb_txt_join(rdata, text, &len);

    /* What cannot be read might have been ours: only its first character-string tells. */
    if (r < 0) {
        *why = "is too long or torn";
        return rdata.len > 1 && begins(after(rdata, 1), VERSION) ? (r == TB_E_LIMIT ? r : TB_E_FORMAT) : 0;
    }
    s = tb_span_of(text, len);
    if (!begins(s, VERSION))
        return 0;
    if (set->declared) {
        *why = "is there twice";
        return TB_E_DUP;
    }
    set->declared = true;
    return items_read(after(s, strlen(VERSION)), policy, set, why);
}

int tb_egress_read(const struct tb_span *rdata, size_t num, const struct tb_egress_policy *policy,
                   struct tb_egress_set *out, const char **out_why)
{
    struct tb_egress_set set = {.num = 0};
    const char *why = NULL;
    int r = 0;

    *out = set;
    *out_why = NULL;
    for (size_t i = 0; i < num && r == 0; i++)
        r = record_read(rdata[i], policy, &set, &why);
    if (r < 0)
        *out_why = why;
    else
        *out = set;
    return r;
}

bool tb_egress_covers(const struct tb_egress_item *it, const uint8_t addr[static 16])
{
    size_t whole = it->prefix / 8;
    unsigned rest = it->prefix % 8;

    /* A short IPv6 prefix ("::/1") never speaks for IPv4, whose form it happens to cover. */
    if (memcmp(addr, mapped, sizeof(mapped)) == 0 && it->prefix < V4_OFFSET)
        return false;
    if (memcmp(it->addr, addr, whole) != 0)
        return false;
    return rest == 0 || ((it->addr[whole] ^ addr[whole]) >> (8 - rest)) == 0;
}

uint8_t tb_egress_match(const struct tb_egress_set *set, const uint8_t addr[static 16])
{
    uint8_t best = 0;

    for (size_t i = 0; i < set->num; i++)
        if (set->item[i].prefix > best && tb_egress_covers(&set->item[i], addr))
            best = set->item[i].prefix;
    return best;
}
