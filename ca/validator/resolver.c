#include "ca/validator/resolver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <unbound.h>

#include <unbound-event.h>

#define ROOT_KEY_FILE  "/usr/share/dns/root.key"
#define CONF_MAX       (64u << 10)
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
};

struct tb_resolver {
    struct ub_ctx *ub;
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

static void query_deliver(struct tb_dns_query *q, struct tb_span packet)
{
    struct tb_answer answer = {.num = 0};
    struct tb_dns_result res = {.err = q->err, .dnssec = q->dnssec, .rdata = answer.rdata};
    tb_dns_done_fn *done = q->done;
    void *arg = q->arg;

    if (res.err == 0)
        res.err = tb_answer_parse(packet, q->name, q->type, &answer);
    res.num = answer.num;
    res.ttl = answer.ttl;
    if (res.err != 0) {
        res.dnssec = TB_DNSSEC_NONE;
        q->r->n.errors++;
        q->r->n.bogus += res.err == TB_E_BADSIG;
    }
    query_release(q);
    if (done != NULL)
        done(arg, &res);
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

/* libunbound reads forward-zone clauses from a file only; an unnamed one does. */
static int conf_apply(struct ub_ctx *ub, const struct tb_config *cfg)
{
    char path[64];
    struct tb_wr wr;
    struct tb_span text;
    int fd = -1, r = TB_E_NOMEM;

    tb_wr_init(&wr, CONF_MAX);
    tb_resolver_conf(cfg, &wr);
    if ((r = tb_wr_err(&wr)) < 0)
        goto out;
    text = tb_wr_span(&wr);
    r = TB_E_IO;
    fd = memfd_create("resolver", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text.p, text.len) != (ssize_t)text.len)
        goto out;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    r = ub_ctx_config(ub, path) == 0 ? 0 : TB_E_CONFIG;
out:
    if (fd >= 0)
        (void)close(fd);
    tb_wr_clear(&wr);
    return r;
}

static int anchors_apply(struct tb_resolver *r, const struct tb_config *cfg)
{
    bool root_anchor = false;

    for (size_t i = 0; i < cfg->num_zones; i++) {
        const struct tb_zone *zone = &cfg->zones[i];

        for (size_t k = 0; k < zone->num_trust_anchors; k++) {
            if (ub_ctx_add_ta(r->ub, zone->trust_anchor[k]) != 0)
                return TB_E_CONFIG;
            r->validates = true;
            root_anchor |= zone->domain[0] == '\0';
        }
    }
    if (root_anchor || !tb_resolver_conf_recurses(cfg) || access(ROOT_KEY_FILE, R_OK) != 0)
        return 0;
    if (ub_ctx_add_ta_file(r->ub, ROOT_KEY_FILE) != 0)
        return TB_E_CONFIG;
    r->validates = true;
    return 0;
}

/*
 * libunbound answers these itself, before any resolver (RFC 6761).  `localhost` and `onion` stay: no resolver may
 * answer for them.  The first removal also finalises the context: it reads anchors and hints now.
 */
static int builtin_zones_remove(struct ub_ctx *ub)
{
    static const char *const zones[] = {"test.", "invalid.", "home.arpa.", "resolver.arpa.", "service.arpa."};

    for (size_t i = 0; i < TB_ARRAY_LEN(zones); i++)
        if (ub_ctx_zone_remove(ub, zones[i]) != 0)
            return TB_E_CONFIG;
    return 0;
}

static int context_setup(struct tb_resolver *r, const struct tb_config *cfg, const char **out_why)
{
    int err;

    (void)ub_ctx_debugout(r->ub, NULL);
    if ((err = conf_apply(r->ub, cfg)) < 0) {
        *out_why = "the resolver refuses its configuration";
        return err;
    }
    if ((err = anchors_apply(r, cfg)) < 0) {
        *out_why = "a trust anchor is not usable";
        return err;
    }
    if ((err = builtin_zones_remove(r->ub)) < 0)
        *out_why = "the resolver cannot be set up (a trust anchor may be malformed)";
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
    r->defer = event_new(base, -1, EV_TIMEOUT, deferred_fire, r);
    r->ub = ub_ctx_create_event(base);
    if (r->defer == NULL || r->ub == NULL)
        goto out;
    if ((err = context_setup(r, cfg, out_why)) < 0)
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
    int ub;

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
    q->starting = true;
    r->n.queries++;
    ub = ub_resolve_event(r->ub, name, type, CLASS_IN, q, answered, NULL);
    q->starting = false;
    if (ub != 0) {
        query_release(q);
        return TB_E_IO;
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
