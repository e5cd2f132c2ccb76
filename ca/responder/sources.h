/*
 * Sources: the addresses that an identifier authorises for a use proof (doc/tls-client-01.md section 5), looked up
 * afresh for each.
 */
#ifndef TB_CA_RESPONDER_SOURCES_H
#define TB_CA_RESPONDER_SOURCES_H

#include "ca/resolver/address.h"
#include "ca/resolver/resolver.h"
#include "lib/base/problem.h"
#include "lib/dns/egress.h"

#define TB_SOURCES_MAX      (2 * TB_ANSWER_RECORDS_MAX) /* A and AAAA; a declaration has fewer */
#define TB_SOURCES_TEXT_MAX 255

struct tb_sources;
typedef void tb_sources_done_fn(void *arg);

/* In the window's memory; zeroed memory is "nothing under way". */
struct tb_sources {
    bool known;                /* the rest counts; otherwise problem says why not */
    bool nowhere;              /* DNS answered, and has neither an address nor a declaration of the name */
    struct tb_problem problem; /* cleared by tb_sources_cancel */
    enum tb_dnssec dnssec;     /* of every answer that this rests on */
    bool declared;             /* by _acme-egress.NAME; otherwise published, or the identifier itself */
    size_t num;                /* at least one */
    struct tb_egress_item item[TB_SOURCES_MAX];

    /* Of the lookup. */
    struct tb_resolver *resolver;
    const struct tb_zone *zone;
    const struct tb_ident *ident;
    struct tb_dns_query *query[2];
    unsigned pending;
    uint8_t set_digest[TB_DIGEST_LEN]; /* of the declaration's record set, whatever its order */
    struct tb_egress_set set;
    int set_err; /* of reading it */
    const char *set_why;
    const char *denied_why; /* why denied does not count */
    struct tb_address denied;
    tb_sources_done_fn *done;
    void *arg;
};

/*
 * ident (borrowed) is a dns name without wildcard, or an address.  0: done comes later, once, never inside this call.
 * TB_E_STATE: there was nothing to look up, the outcome is there.
 */
int tb_sources_find(struct tb_sources *s, struct tb_resolver *r, const struct tb_config *cfg,
                    const struct tb_ident *ident, tb_sources_done_fn *done, void *arg) TB_MUST_USE;
/* done does not come; harmless at any time. */
void tb_sources_cancel(struct tb_sources *s);

/* The prefix of the longest source that covers a, in v4-mapped form; 0 = none, or the zone's policy does not admit a.
 */
uint8_t tb_sources_match(const struct tb_sources *s, const struct tb_address *a);
/* "192.0.2.1, 2001:db8::/48", cut at a whole item. */
void tb_sources_text(char out[static TB_SOURCES_TEXT_MAX + 1], const struct tb_sources *s);

#endif
