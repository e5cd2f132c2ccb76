/*
 * Egress declaration (doc/tls-client-01.md section 5.2): the TXT records at _acme-egress.NAME that say from where a
 * name's holder connects outwards.
 */
#ifndef TB_DNS_EGRESS_H
#define TB_DNS_EGRESS_H

#include "lib/base/bytes.h"

#define TB_EGRESS_LABEL     "_acme-egress."
#define TB_EGRESS_ITEMS_MAX 32
#define TB_EGRESS_MIN_V4    24 /* shortest prefixes, unless policy says otherwise */
#define TB_EGRESS_MIN_V6    48

struct tb_egress_item {
    uint8_t addr[16]; /* IPv4 in v4-mapped form */
    uint8_t prefix;   /* in that form: IPv4 /24 is 120 */
};
struct tb_egress_set {
    bool declared; /* there is a record; without items: nobody */
    size_t num;
    struct tb_egress_item item[TB_EGRESS_ITEMS_MAX];
};
/* Shortest prefixes that policy admits, each in its own family's count. */
struct tb_egress_policy {
    uint8_t min_v4, min_v6;
};

/*
 * TXT record data of the whole set.  Records that do not begin with "v=egress1" are somebody else's; none of ours, and
 * *out says undeclared.  On failure *out is undeclared and *out_why a constant sentence part: TB_E_FORMAT (grammar),
 * TB_E_DUP (two records, or an item twice), TB_E_LIMIT (too many items, record too long), TB_E_DENIED (a prefix below
 * policy).
 */
int tb_egress_read(const struct tb_span *rdata, size_t num, const struct tb_egress_policy *policy,
                   struct tb_egress_set *out, const char **out_why) TB_MUST_USE;
/* Does the item cover an address (v4-mapped form)? */
bool tb_egress_covers(const struct tb_egress_item *it, const uint8_t addr[static 16]);
/* The longest prefix that covers an address (v4-mapped form); 0 = nobody declared it. */
uint8_t tb_egress_match(const struct tb_egress_set *set, const uint8_t addr[static 16]);

#endif
