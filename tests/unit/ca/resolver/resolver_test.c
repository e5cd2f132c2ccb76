#include "ca/resolver/resolver.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ca/resolver/dns_server.h"
#include "tests/unit/test.h"

static struct event_base *base;
static struct dns_server *server;
static struct tb_config cfg;
static struct tb_resolver *resolver;

struct seen {
    int calls;
    int err;
    enum tb_dnssec dnssec;
    size_t num;
    uint8_t first[64];
    size_t first_len;
};

static void answered(void *arg, const struct tb_dns_result *res)
{
    struct seen *s = arg;

    s->calls++;
    s->err = res->err;
    s->dnssec = res->dnssec;
    s->num = res->num;
    if (res->num > 0 && res->rdata[0].len <= sizeof(s->first)) {
        memcpy(s->first, res->rdata[0].p, res->rdata[0].len);
        s->first_len = res->rdata[0].len;
    }
}

static void wait_for(const int *calls, int num, int limit_ms)
{
    for (int i = 0; i < limit_ms && *calls < num; i++) {
        const struct timeval ms = {.tv_usec = 1000};

        event_base_loopexit(base, &ms);
        event_base_dispatch(base);
    }
}

static struct seen ask(const char *name, uint16_t type)
{
    struct seen s = {.calls = 0};
    struct tb_dns_query *q;

    assert_ok(tb_resolver_query(resolver, name, type, answered, &s, &q));
    assert_int_equal(s.calls, 0); /* never inside the call */
    wait_for(&s.calls, 1, 8000);
    assert_int_equal(s.calls, 1);
    return s;
}

static void start_resolver(void)
{
    const char *why;

    tb_resolver_free(resolver);
    resolver = NULL;
    assert_ok(tb_resolver_new(base, &cfg, &resolver, &why));
}

static int setup(void **state)
{
    (void)state;
    base = event_base_new();
    server = dns_server_new(base);
    cfg = (struct tb_config){.num_zones = 1, .zones = {{.num_resolvers = 1, .http_port = 80, .https_port = 443}}};
    dns_server_listen(server, &cfg.zones[0].resolver[0]);
    start_resolver();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tb_resolver_free(resolver);
    resolver = NULL;
    dns_server_free(server);
    event_base_free(base);
    return 0;
}

static void records_arrive_and_cnames_are_followed(void **state)
{
    struct seen s;

    (void)state;
    dns_server_add_a(server, "a.example.test", "192.0.2.1");
    dns_server_add_cname(server, "c.example.test", "a.example.test");
    s = ask("a.example.test", TB_DNS_TYPE_A);
    assert_ok(s.err);
    assert_int_equal(s.num, 1);
    assert_span_equal(tb_span_of(s.first, s.first_len), "\xc0\0\2\1", 4);
    assert_int_equal(s.dnssec, TB_DNSSEC_INSECURE);
    s = ask("c.example.test", TB_DNS_TYPE_A);
    assert_ok(s.err);
    assert_int_equal(s.num, 1);
}

/* The first try at a resolver on this machine counts only when nothing remains to be asked. */
static void the_first_try_counts_when_it_is_final(void **state)
{
    static const struct {
        const char *name;
        uint16_t type;
        bool final;
    } cases[] = {{"a.example.test", TB_DNS_TYPE_A, true},     {"a.example.test", TB_DNS_TYPE_TXT, true},
                 {"b.example.test", TB_DNS_TYPE_A, true},     {"c.example.test", TB_DNS_TYPE_A, false},
                 {"fail.example.test", TB_DNS_TYPE_A, false}, {"short.example.test", TB_DNS_TYPE_A, false}};

    (void)state;
    dns_server_add_a(server, "a.example.test", "192.0.2.1");
    dns_server_add_cname(server, "c.example.test", "a.example.test");
    dns_server_fault(server, "fail.example.test", 0, DNS_SERVFAIL);
    dns_server_fault(server, "short.example.test", 0, DNS_TRUNCATED);
    for (size_t i = 0; i < TB_ARRAY_LEN(cases); i++) {
        uint64_t before = tb_resolver_counters(resolver)->near;

        (void)ask(cases[i].name, cases[i].type);
        if (tb_resolver_counters(resolver)->near - before != cases[i].final)
            fail_msg("case %zu", i);
    }
}

/* An answer that says "nothing" and does not say on whose word (no SOA) may be a referral: libunbound has to ask. */
static void a_denial_without_soa_is_not_final(void **state)
{
    (void)state;
    dns_server_fault(server, "bare.example.test", 0, DNS_BARE);
    assert_int_equal(ask("bare.example.test", TB_DNS_TYPE_A).num, 0);
    assert_int_equal(tb_resolver_counters(resolver)->near, 0);
}

static void no_such_name_and_no_such_type_are_no_record(void **state)
{
    struct seen s;

    (void)state;
    dns_server_add_a(server, "a.example.test", "192.0.2.1");
    s = ask("a.example.test", TB_DNS_TYPE_TXT);
    assert_ok(s.err);
    assert_int_equal(s.num, 0);
    s = ask("b.example.test", TB_DNS_TYPE_TXT);
    assert_ok(s.err);
    assert_int_equal(s.num, 0);
}

/* Invariant: servfail, refusal, truncation are never "no record". */
static void failures_are_never_no_record(void **state)
{
    (void)state;
    dns_server_fault(server, "servfail.test", 0, DNS_SERVFAIL);
    dns_server_fault(server, "refused.test", 0, DNS_REFUSED);
    assert_int_equal(ask("servfail.test", TB_DNS_TYPE_CAA).err, TB_E_IO);
    assert_int_equal(ask("refused.test", TB_DNS_TYPE_CAA).err, TB_E_IO);
    assert_int_equal(tb_resolver_counters(resolver)->errors, 2);
}

static void a_truncated_udp_answer_is_asked_again_over_tcp(void **state)
{
    struct seen s;

    (void)state;
    dns_server_fault(server, "long.test", 0, DNS_TRUNCATED);
    dns_server_add_txt(server, "long.test", "whole");
    s = ask("long.test", TB_DNS_TYPE_TXT);
    assert_ok(s.err);
    assert_int_equal(s.num, 1);
    assert_true(dns_server_asked(server) >= 2);
}

static void what_was_published_a_moment_ago_is_seen(void **state)
{
    struct seen s;

    (void)state;
    assert_int_equal(ask("_acme-challenge.fresh.test", TB_DNS_TYPE_TXT).num, 0);
    dns_server_add_txt(server, "_acme-challenge.fresh.test", "one");
    s = ask("_acme-challenge.fresh.test", TB_DNS_TYPE_TXT);
    assert_int_equal(s.num, 1);
    dns_server_clear(server);
    dns_server_add_txt(server, "_acme-challenge.fresh.test", "two");
    s = ask("_acme-challenge.fresh.test", TB_DNS_TYPE_TXT);
    assert_span_equal(tb_span_of(s.first, s.first_len), "\3two", 4);
}

static void builtin_zones_do_not_answer(void **state)
{
    static const char *const names[] = {"x.test", "x.invalid", "x.home.arpa", "1.0.0.10.in-addr.arpa", "x.local"};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++) {
        dns_server_add_a(server, names[i], "192.0.2.9");
        if (ask(names[i], TB_DNS_TYPE_A).num != 1)
            fail_msg("%s is answered by the library", names[i]);
    }
}

static void localhost_is_loopback_and_comes_from_the_loop(void **state)
{
    struct seen s;

    (void)state;
    s = ask("localhost", TB_DNS_TYPE_A);
    assert_ok(s.err);
    assert_span_equal(tb_span_of(s.first, s.first_len), "\x7f\0\0\1", 4);
    assert_int_equal(dns_server_asked(server), 0);
}

static void an_unsigned_answer_under_an_anchor_is_bogus(void **state)
{
    struct seen s;

    (void)state;
    strcpy(cfg.zones[0].trust_anchor[0],
           "signed.test. IN DS 12345 13 2 0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
    cfg.zones[0].num_trust_anchors = 1;
    start_resolver();
    assert_true(tb_resolver_validates(resolver));
    dns_server_add_a(server, "a.signed.test", "192.0.2.1");
    dns_server_add_a(server, "a.plain.test", "192.0.2.1");
    s = ask("a.signed.test", TB_DNS_TYPE_A);
    assert_int_equal(s.err, TB_E_BADSIG);
    assert_int_equal(s.num, 0);
    assert_int_equal(ask("none.signed.test", TB_DNS_TYPE_CAA).err, TB_E_BADSIG);
    assert_ok(ask("a.plain.test", TB_DNS_TYPE_A).err);
    assert_int_equal(tb_resolver_counters(resolver)->bogus, 2);
}

static void each_zone_asks_its_own_resolver(void **state)
{
    struct dns_server *other = dns_server_new(base);

    (void)state;
    strcpy(cfg.zones[1].domain, "lab.test");
    cfg.zones[1].num_resolvers = 1;
    dns_server_listen(other, &cfg.zones[1].resolver[0]);
    cfg.num_zones = 2;
    start_resolver();
    dns_server_add_a(server, "a.test", "192.0.2.1");
    dns_server_add_a(server, "a.lab.test", "192.0.2.1");
    dns_server_add_a(other, "a.lab.test", "192.0.2.2");
    assert_int_equal(ask("a.lab.test", TB_DNS_TYPE_A).first[3], 2);
    assert_int_equal(ask("a.test", TB_DNS_TYPE_A).first[3], 1);
    dns_server_free(other);
}

static void an_abandoned_query_calls_nobody(void **state)
{
    struct seen s = {.calls = 0}, t = {.calls = 0};
    struct tb_dns_query *q;

    (void)state;
    dns_server_add_a(server, "a.test", "192.0.2.1");
    assert_ok(tb_resolver_query(resolver, "a.test", TB_DNS_TYPE_A, answered, &s, &q));
    tb_dns_query_abandon(q);
    assert_ok(tb_resolver_query(resolver, "localhost", TB_DNS_TYPE_A, answered, &s, &q));
    tb_dns_query_abandon(q);
    assert_ok(tb_resolver_query(resolver, "a.test", TB_DNS_TYPE_A, answered, &t, &q));
    wait_for(&t.calls, 1, 2000);
    wait_for(&s.calls, 1, 20);
    assert_int_equal(t.calls, 1);
    assert_int_equal(s.calls, 0);
    /* and one that is open when the resolver goes */
    dns_server_fault(server, "silent.test", 0, DNS_SILENT);
    assert_ok(tb_resolver_query(resolver, "silent.test", TB_DNS_TYPE_A, answered, &s, &q));
    wait_for(&s.calls, 1, 20);
    tb_resolver_free(resolver);
    resolver = NULL;
    assert_int_equal(s.calls, 0);
}

static void names_beyond_the_limit_are_refused(void **state)
{
    char name[TB_IDENT_VALUE_MAX + 2];
    struct tb_dns_query *q;

    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_int_equal(tb_resolver_query(resolver, name, TB_DNS_TYPE_A, answered, NULL, &q), TB_E_INVAL);
    assert_int_equal(tb_resolver_query(resolver, "", TB_DNS_TYPE_A, answered, NULL, &q), TB_E_INVAL);
    assert_null(q);
}

static void a_bad_anchor_is_an_error_at_the_start(void **state)
{
    struct tb_resolver *r;
    const char *why = NULL;

    (void)state;
    strcpy(cfg.zones[0].trust_anchor[0], "not a record");
    cfg.zones[0].num_trust_anchors = 1;
    assert_int_not_equal(tb_resolver_new(base, &cfg, &r, &why), 0);
    assert_null(r);
    assert_non_null(why);
}

static bool conf_has(const char *line)
{
    struct tb_wr wr;
    bool found;

    tb_wr_init(&wr, 65536);
    tb_resolver_conf(&cfg, &wr);
    tb_wr_u8(&wr, 0);
    assert_ok(tb_wr_err(&wr));
    found = strstr((const char *)wr.buf, line) != NULL;
    tb_wr_clear(&wr);
    return found;
}

/* Sockets stay unconnected only when no question leaves the machine. */
static void sockets_are_connected_beyond_loopback(void **state)
{
    struct sockaddr_in *second = (struct sockaddr_in *)&cfg.zones[0].resolver[1].addr;

    (void)state;
    assert_true(conf_has("udp-connect: no\n"));
    cfg.zones[0].resolver[1] = cfg.zones[0].resolver[0];
    second->sin_addr.s_addr = htonl(0xc0000235); /* 192.0.2.53 */
    cfg.zones[0].num_resolvers = 2;
    assert_true(conf_has("udp-connect: yes\n"));
    cfg.zones[0].num_resolvers = 1;
    assert_true(conf_has("udp-connect: no\n"));
    strcpy(cfg.zones[0].domain, "lab.test"); /* everything else is recursion then */
    assert_true(conf_has("udp-connect: yes\n"));
}

static void the_weaker_security_counts(void **state)
{
    (void)state;
    assert_int_equal(tb_dnssec_weaker(TB_DNSSEC_SECURE, TB_DNSSEC_INSECURE), TB_DNSSEC_INSECURE);
    assert_int_equal(tb_dnssec_weaker(TB_DNSSEC_NONE, TB_DNSSEC_SECURE), TB_DNSSEC_NONE);
    assert_int_equal(tb_dnssec_weaker(TB_DNSSEC_SECURE, TB_DNSSEC_SECURE), TB_DNSSEC_SECURE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(records_arrive_and_cnames_are_followed),
        T(the_first_try_counts_when_it_is_final),
        T(a_denial_without_soa_is_not_final),
        T(no_such_name_and_no_such_type_are_no_record),
        T(failures_are_never_no_record),
        T(a_truncated_udp_answer_is_asked_again_over_tcp),
        T(what_was_published_a_moment_ago_is_seen),
        T(builtin_zones_do_not_answer),
        T(localhost_is_loopback_and_comes_from_the_loop),
        T(an_unsigned_answer_under_an_anchor_is_bogus),
        T(each_zone_asks_its_own_resolver),
        T(an_abandoned_query_calls_nobody),
        T(names_beyond_the_limit_are_refused),
        T(a_bad_anchor_is_an_error_at_the_start),
        T(sockets_are_connected_beyond_loopback),
        cmocka_unit_test(the_weaker_security_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
