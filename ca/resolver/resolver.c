#include "ca/resolver/resolver.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <unbound.h>

#include <unbound-event.h>

#include "ca/resolver/near.h"

#define POOL_MAX       512
#define CLASS_IN       1
#define RCODE_OK       0
#define RCODE_NXDOMAIN 3
/* Third parameter of the callback: unbound-event.h. */
#define SEC_BOGUS      1
#define SEC_SECURE     2

struct tb_dns_query {
    struct tb_resolver *r;
    struct tb_dns_query *next, **prev; /* in flight, deferred or pool */
    tb_dns_done_fn *done;              /* NULL: abandoned */
    void *arg;
    bool starting; /* inside ub_resolve_event */
    uint16_t type;
    int err;
    enum tb_dnssec dnssec;
    uint8_t *copy; /* packet of a deferred answer */
    size_t copy_len;
    char name[TB_RESOLVER_NAME_MAX + 1];
    struct tb_near_ask near;
};

struct tb_resolver {
    const struct tb_config *cfg;
    struct ub_ctx *ub;
    struct tb_near *near[TB_CONFIG_NUM_ZONES_MAX]; /* of a zone whose resolver is on this machine; may be NULL */
    struct event *defer;
    struct tb_dns_query *flight, *deferred, *pool;
    size_t num_flight, num_pool;
    bool validates;
    struct tb_resolver_counters n;
};

static void query_link(struct tb_dns_query **head, struct tb_dns_query *q)
{
    q->next = *head;
    q->prev = head;
    if (q->next != NULL)
        q->next->prev = &q->next;
    *head = q;
}

static void query_unlink(struct tb_dns_query *q)
{
    *q->prev = q->next;
    if (q->next != NULL)
        q->next->prev = q->prev;
}

static struct tb_dns_query *query_new(struct tb_resolver *r)
{
    struct tb_dns_query *q = r->pool;

    if (r->num_flight >= TB_RESOLVER_QUERIES_MAX)
        return NULL;
    if (q != NULL) {
        query_unlink(q);
        r->num_pool--;
    } else if ((q = malloc(sizeof(*q))) == NULL)
        return NULL;
    q->r = r;
    q->copy = NULL;
    q->copy_len = 0;
    query_link(&r->flight, q);
    r->num_flight++;
    return q;
}

static void query_release(struct tb_dns_query *q)
{
    struct tb_resolver *r = q->r;

    query_unlink(q);
    r->num_flight--;
    free(q->copy);
    if (r->num_pool == POOL_MAX) {
        free(q);
        return;
    }
    query_link(&r->pool, q);
    r->num_pool++;
}

/* Everything that is not a whole, sound answer is an error before anybody looks for records (bogus comes with data). */
static int answer_judge(int rcode, const void *packet, int packet_len, int sec, int ratelimited)
{
    if (sec == SEC_BOGUS)
        return TB_E_BADSIG;
    if (ratelimited || (rcode != RCODE_OK && rcode != RCODE_NXDOMAIN) || packet == NULL || packet_len <= 0)
        return TB_E_IO;
    return 0;
}

static void query_conclude(struct tb_dns_query *q, const struct tb_answer *answer)
{
    struct tb_dns_result res = {.err = q->err,
                                .dnssec = q->dnssec,
                                .num = answer->num,
                                .chained = answer->chained,
                                .ttl = answer->ttl,
                                .rdata = answer->rdata};
    tb_dns_done_fn *done = q->done;
    void *arg = q->arg;

    if (res.err != 0) {
        res.dnssec = TB_DNSSEC_NONE;
        q->r->n.errors++;
        q->r->n.bogus += res.err == TB_E_BADSIG;
    }
    query_release(q);
    if (done != NULL)
        done(arg, &res);
}

static void query_deliver(struct tb_dns_query *q, struct tb_span packet)
{
    struct tb_answer answer = {.num = 0};

    if (q->err == 0)
        q->err = tb_answer_parse(packet, q->name, q->type, &answer);
    query_conclude(q, &answer);
}

static void query_defer(struct tb_dns_query *q, const void *packet, size_t len)
{
    struct tb_resolver *r = q->r;

    if (q->err == 0) {
        q->copy = malloc(len);
        if (q->copy == NULL)
            q->err = TB_E_NOMEM;
        else
            memcpy(q->copy, packet, len);
        q->copy_len = len;
    }
    query_unlink(q);
    query_link(&r->deferred, q);
    event_active(r->defer, EV_TIMEOUT, 1);
}

static void answered(void *arg, int rcode, void *packet, int packet_len, int sec, char *why_bogus, int ratelimited)
{
    struct tb_dns_query *q = arg;

    (void)why_bogus; /* quotes the zone's data: neither for problems nor for the log */
    q->err = answer_judge(rcode, packet, packet_len, sec, ratelimited);
    q->dnssec = sec == SEC_SECURE ? TB_DNSSEC_SECURE : TB_DNSSEC_INSECURE;
    if (q->starting)
        query_defer(q, packet, packet_len > 0 ? (size_t)packet_len : 0);
    else
        query_deliver(q, tb_span_of(packet, packet_len > 0 ? (size_t)packet_len : 0));
}

static void deferred_fire(evutil_socket_t fd, short what, void *arg)
{
    struct tb_resolver *r = arg;
    struct tb_dns_query *q;

    (void)fd;
    (void)what;
    while ((q = r->deferred) != NULL) {
        uint8_t *copy = q->copy;
        size_t len = q->copy_len;

        q->copy = NULL;
        query_deliver(q, tb_span_of(copy, len));
        free(copy);
    }
}

static int query_resolve(struct tb_dns_query *q)
{
    int ub;

    q->starting = true;
    ub = ub_resolve_event(q->r->ub, q->name, q->type, CLASS_IN, q, answered, NULL);
    q->starting = false;
    return ub == 0 ? 0 : TB_E_IO;
}

/*
 * Records that stand at the name itself, or a denial with its SOA: that is final.  A chain may lead into a zone with
 * another resolver, and what else there is needs another try or is an error: libunbound's matter.
 */
static void near_answered(struct tb_near_ask *ask, struct tb_span packet)
{
    struct tb_dns_query *q = (struct tb_dns_query *)((uint8_t *)ask - offsetof(struct tb_dns_query, near));
    struct tb_answer answer = {.num = 0};

    q->err = 0;
    q->dnssec = TB_DNSSEC_INSECURE;
    if (packet.p != NULL && tb_answer_parse(packet, q->name, q->type, &answer) == 0 && !answer.chained &&
        (answer.num > 0 ? tb_near_rcode(packet) == RCODE_OK : answer.denied)) {
        q->r->n.near++;
        query_conclude(q, &answer);
        return;
    }
    if ((q->err = query_resolve(q)) < 0)
        query_conclude(q, &(struct tb_answer){.num = 0});
}

/* libunbound answers for these itself: no resolver may. */
static bool has_builtin_answer(const char *name)
{
    static const char *const tops[] = {"localhost", "onion", "arpa"};
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; i < TB_ARRAY_LEN(tops); i++)
        if (strcmp(dot != NULL ? dot + 1 : name, tops[i]) == 0)
            return true;
    return false;
}

static bool near_asked(struct tb_dns_query *q)
{
    struct tb_resolver *r = q->r;
    struct tb_near *near = r->near[tb_config_zone(r->cfg, q->name) - r->cfg->zones];

    return near != NULL && !has_builtin_answer(q->name) &&
           tb_near_ask(near, &q->near, q->name, q->type, near_answered) == 0;
}

/* Where all resolvers of a zone are on this machine. Where anything is validated, only libunbound knows what is. */
static int nears_open(struct tb_resolver *r, struct event_base *base)
{
    int err = 0;

    for (size_t i = 0; i < r->cfg->num_zones && err == 0 && !r->validates; i++) {
        const struct tb_zone *zone = &r->cfg->zones[i];
        bool near = zone->num_resolvers > 0;

        for (size_t k = 0; k < zone->num_resolvers; k++)
            near &= tb_near_is_loopback(&zone->resolver[k].addr);
        if (near)
            err = tb_near_new(base, &zone->resolver[0].addr, &r->near[i]);
    }
    return err;
}

int tb_resolver_new(struct event_base *base, const struct tb_config *cfg, struct tb_resolver **out,
                    const char **out_why)
{
    struct tb_resolver *r = calloc(1, sizeof(*r));
    int err = TB_E_NOMEM;

    *out = NULL;
    *out_why = "out of memory";
    if (r == NULL)
        return TB_E_NOMEM;
    r->cfg = cfg;
    r->defer = event_new(base, -1, EV_TIMEOUT, deferred_fire, r);
    r->ub = ub_ctx_create_event(base);
    if (r->defer == NULL || r->ub == NULL)
        goto out;
    if ((err = tb_resolver_context(r->ub, cfg, &r->validates, out_why)) < 0)
        goto out;
    *out_why = "no socket to a resolver on this machine";
    if ((err = nears_open(r, base)) < 0)
        goto out;
    *out_why = NULL;
    *out = r;
    r = NULL;
out:
    tb_resolver_free(r);
    return err;
}

static void queries_free(struct tb_dns_query *q)
{
    while (q != NULL) {
        struct tb_dns_query *next = q->next;

        free(q->copy);
        free(q);
        q = next;
    }
}

void tb_resolver_free(struct tb_resolver *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < TB_ARRAY_LEN(r->near); i++)
        tb_near_free(r->near[i]);
    for (struct tb_dns_query *q = r->flight; q != NULL; q = q->next)
        q->done = NULL;
    /* May still call `answered`, which releases into the pool. */
    if (r->ub != NULL)
        ub_ctx_delete(r->ub);
    if (r->defer != NULL)
        event_free(r->defer);
    queries_free(r->flight);
    queries_free(r->deferred);
    queries_free(r->pool);
    free(r);
}

bool tb_resolver_validates(const struct tb_resolver *r)
{
    return r->validates;
}

const struct tb_resolver_counters *tb_resolver_counters(const struct tb_resolver *r)
{
    return &r->n;
}

int tb_resolver_query(struct tb_resolver *r, const char *name, uint16_t type, tb_dns_done_fn *done, void *arg,
                      struct tb_dns_query **out)
{
    size_t len = strlen(name);
    struct tb_dns_query *q;
    int err;

    *out = NULL;
    /* The text form may hold 253 characters (RFC 1035 section 2.3.4: 255 octets on the wire). */
    if (len == 0 || len > TB_IDENT_VALUE_MAX)
        return TB_E_INVAL;
    if ((q = query_new(r)) == NULL)
        return r->num_flight >= TB_RESOLVER_QUERIES_MAX ? TB_E_LIMIT : TB_E_NOMEM;
    memcpy(q->name, name, len + 1);
    q->type = type;
    q->done = done;
    q->arg = arg;
    q->starting = false;
    r->n.queries++;
    if (!near_asked(q) && (err = query_resolve(q)) < 0) {
        query_release(q);
        return err;
    }
    *out = q;
    return 0;
}

void tb_dns_query_abandon(struct tb_dns_query *q)
{
    if (q != NULL)
        q->done = NULL;
}

const char *tb_dns_err_text(int err)
{
    switch (err) {
    case TB_E_BADSIG:
        return "the answer's DNSSEC signatures do not verify";
    case TB_E_LIMIT:
        return "the answer has too many records";
    case TB_E_TRUNC:
        return "the answer is truncated";
    case TB_E_FORMAT:
        return "the answer is malformed";
    case TB_E_INVAL:
        return "the name is too long";
    case TB_E_TIMEOUT:
        return "no answer in time";
    default:
        return "SERVFAIL, a refusal or no answer";
    }
}

enum tb_dnssec tb_dnssec_weaker(enum tb_dnssec a, enum tb_dnssec b)
{
    return a < b ? a : b;
}
