/*
 * Resolver of validator and responder: libunbound on the process's libevent loop.  Answers are "records" or an error;
 * SERVFAIL, a time-out, truncation and a bogus signature are errors, never "no record".
 */
#ifndef TB_CA_RESOLVER_RESOLVER_H
#define TB_CA_RESOLVER_RESOLVER_H

#include <event2/event.h>

#include "ca/config/config.h"
#include "ca/resolver/answer.h"
#include "lib/statement/statement.h"

#define TB_RESOLVER_QUERIES_MAX 16384 /* unanswered, abandoned ones included: a dead resolver must not eat memory */
/* "_ujmmovf2vn55tgye._acme-challenge." before a name may exceed the limit. */
#define TB_RESOLVER_NAME_MAX    (TB_IDENT_VALUE_MAX + 34)
#define TB_RESOLVER_CACHE_S     10 /* of recursion; forwarded zones are not cached at all */

struct tb_resolver;
struct tb_dns_query;

/*
 * err: 0, TB_E_BADSIG (bogus), TB_E_IO (no usable answer), TB_E_FORMAT, TB_E_TRUNC, TB_E_LIMIT.  num 0 with err 0 means
 * that there is no such record.  rdata is borrowed until the callback returns.
 */
struct tb_dns_result {
    int err;
    enum tb_dnssec dnssec;
    size_t num;
    bool chained; /* a CNAME was followed: the records are another name's */
    uint32_t ttl; /* the smallest; 0 when num is 0 */
    const struct tb_span *rdata;
};
typedef void tb_dns_done_fn(void *arg, const struct tb_dns_result *result);

struct tb_resolver_counters {
    uint64_t queries, errors, bogus;
    uint64_t near; /* answered by the first try at a resolver on this machine */
};

/*
 * Opens every file that resolving needs, so call it outside the sandbox.  On failure *out_why names the step
 * (constant). cfg is borrowed until tb_resolver_free.
 */
int tb_resolver_new(struct event_base *base, const struct tb_config *cfg, struct tb_resolver **out,
                    const char **out_why) TB_MUST_USE;
void tb_resolver_free(struct tb_resolver *r); /* no callback fires; NULL-safe */
/* Is any zone validated with DNSSEC? */
bool tb_resolver_validates(const struct tb_resolver *r);
const struct tb_resolver_counters *tb_resolver_counters(const struct tb_resolver *r);

/*
 * name without trailing dot.  done is called once, later, from the loop, never inside this call; the query is gone
 * when it is called.
 * TB_E_INVAL for a name that has no wire form, TB_E_LIMIT beyond TB_RESOLVER_QUERIES_MAX, TB_E_NOMEM, TB_E_IO.
 */
int tb_resolver_query(struct tb_resolver *r, const char *name, uint16_t type, tb_dns_done_fn *done, void *arg,
                      struct tb_dns_query **out) TB_MUST_USE;
/* done will not be called; the query ends by itself. NULL-safe. */
void tb_dns_query_abandon(struct tb_dns_query *q);

/* What went wrong, for a problem's text; constant. */
const char *tb_dns_err_text(int err);
/* "the weaker of": how far a decision is secured that rests on both. */
enum tb_dnssec tb_dnssec_weaker(enum tb_dnssec a, enum tb_dnssec b);

struct ub_ctx;
/* Sets up and finalises a fresh context; *out_why as for tb_resolver_new. */
int tb_resolver_context(struct ub_ctx *ub, const struct tb_config *cfg, bool *out_validates,
                        const char **out_why) TB_MUST_USE;

/* The unbound.conf that a configuration means; for tests. */
void tb_resolver_conf(const struct tb_config *cfg, struct tb_wr *wr);
/* Does any zone have an anchor, or "." recursion the system's root key? */
bool tb_resolver_conf_recurses(const struct tb_config *cfg);

#endif
