/* From where a name's holder may come, against a name server of the test. */
#include "ca/responder/sources.h"

#include <stdlib.h>
#include <string.h>

#include "tests/unit/ca/resolver/dns_server.h"
#include "tests/unit/test.h"

#define NAME   "relay.example"
#define EGRESS TB_EGRESS_LABEL NAME

static struct event_base *base;
static struct dns_server *server;
static struct tb_config cfg;
static struct tb_resolver *resolver;
static struct tb_sources s;
static struct tb_ident ident;

static int setup(void **state)
{
    static const struct tb_net documentation[] = {
        {.addr = {[10] = 0xff, [11] = 0xff, 192, 0, 2}, .prefix = 120},
        {.addr = {[10] = 0xff, [11] = 0xff, 198, 51, 100}, .prefix = 120},
        {.addr = {0x20, 0x01, 0x0d, 0xb8}, .prefix = 32},
    };
    const char *why;

    (void)state;
    base = event_base_new();
    server = dns_server_new(base);
    memset(&cfg, 0, sizeof(cfg));
    tb_config_zone_preset(&cfg.zones[0]);
    cfg.num_zones = 1;
    cfg.zones[0].num_resolvers = 1;
    dns_server_listen(server, &cfg.zones[0].resolver[0]);
    memcpy(cfg.zones[0].allow_private, documentation, sizeof(documentation));
    cfg.zones[0].num_allow_private = TB_ARRAY_LEN(documentation);
    ident = (struct tb_ident){.type = TB_IDENT_DNS, .value = NAME};
    return tb_resolver_new(base, &cfg, &resolver, &why);
}

static int teardown(void **state)
{
    (void)state;
    tb_sources_cancel(&s);
    tb_resolver_free(resolver);
    dns_server_free(server);
    event_base_free(base);
    return 0;
}

static void done(void *arg)
{
    ++*(int *)arg;
    event_base_loopbreak(base);
}

static void find(void)
{
    const struct timeval limit = {.tv_sec = 20};
    int calls = 0;

    if (tb_sources_find(&s, resolver, &cfg, &ident, done, &calls) < 0)
        return;
    assert_int_equal(calls, 0); /* never inside the call */
    event_base_loopexit(base, &limit);
    event_base_dispatch(base);
    assert_int_equal(calls, 1);
}

static void found(const char *want)
{
    char text[TB_SOURCES_TEXT_MAX + 1];

    find();
    if (!s.known)
        fail_msg("%s", s.problem.detail);
    tb_sources_text(text, &s);
    assert_string_equal(text, want);
}

static void refused(enum tb_problem_type type, const char *part)
{
    find();
    assert_false(s.known);
    assert_int_equal(s.problem.type, type);
    if (strstr(s.problem.detail, part) == NULL)
        fail_msg("\"%s\" does not hold \"%s\"", s.problem.detail, part);
}

static uint8_t match(const char *address)
{
    struct tb_address a;

    assert_ok(tb_address_from_text(address, &a));
    return tb_sources_match(&s, &a);
}

static void published_addresses_of_both_families(void **state)
{
    (void)state;
    dns_server_add_a(server, NAME, "192.0.2.1");
    dns_server_add_a(server, NAME, "192.0.2.2");
    dns_server_add_a(server, NAME, "2001:db8::1");
    find();
    assert_true(s.known);
    assert_false(s.declared);
    assert_int_equal(s.num, 3);
    assert_int_equal(s.dnssec, TB_DNSSEC_INSECURE);
    assert_int_equal(match("192.0.2.1"), 128);
    assert_int_equal(match("2001:db8::1"), 128);
    assert_int_equal(match("192.0.2.3"), 0);
    assert_int_equal(match("2001:db8::2"), 0);
}

static void one_family_is_enough(void **state)
{
    (void)state;
    dns_server_add_a(server, NAME, "192.0.2.1");
    found("192.0.2.1");
    dns_server_clear(server);
    dns_server_add_a(server, NAME, "2001:db8::1");
    found("2001:db8::1");
}

static void an_alias_is_followed(void **state)
{
    (void)state;
    dns_server_add_cname(server, NAME, "host.example");
    dns_server_add_a(server, "host.example", "192.0.2.1");
    found("192.0.2.1");
}

static void no_address_is_a_refusal(void **state)
{
    (void)state;
    refused(TB_P_DNS, "neither A nor AAAA");
}

/* Whether the name has an address of that family is then not known. */
static void failure_of_either_family_is_a_refusal(void **state)
{
    static const uint16_t types[] = {TB_DNS_TYPE_A, TB_DNS_TYPE_AAAA};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(types); i++) {
        dns_server_clear(server);
        dns_server_add_a(server, NAME, i == 0 ? "2001:db8::1" : "192.0.2.1");
        dns_server_fault(server, NAME, types[i], DNS_SERVFAIL);
        refused(TB_P_DNS, i == 0 ? "A lookup for " NAME " failed" : "AAAA lookup for " NAME " failed");
        tb_sources_cancel(&s);
    }
}

static void failure_of_the_declaration_is_a_refusal(void **state)
{
    (void)state;
    dns_server_add_a(server, NAME, "192.0.2.1");
    dns_server_fault(server, EGRESS, TB_DNS_TYPE_TXT, DNS_SERVFAIL);
    refused(TB_P_DNS, "TXT lookup for " NAME " failed");
}

static void special_addresses_count_where_policy_admits_them(void **state)
{
    (void)state;
    dns_server_add_a(server, NAME, "10.0.0.1");
    refused(TB_P_UNAUTHORIZED, "10.0.0.1, from which this CA takes no proof: private use (RFC 1918)");
    dns_server_add_a(server, NAME, "192.0.2.1");
    found("192.0.2.1");
    assert_int_equal(match("10.0.0.1"), 0);
}

static void a_mapped_address_is_no_ipv6_address(void **state)
{
    (void)state;
    dns_server_add_a(server, NAME, "::ffff:192.0.2.1");
    refused(TB_P_UNAUTHORIZED, "IPv4-mapped");
}

static void a_declaration_counts_instead(void **state)
{
    (void)state;
    dns_server_add_a(server, NAME, "192.0.2.1");
    dns_server_add_txt(server, EGRESS, "v=egress1 ip4:198.51.100.0/28 ip6:2001:db8:5::/48");
    found("198.51.100.0/28, 2001:db8:5::/48");
    assert_true(s.declared);
    assert_int_equal(match("198.51.100.15"), 96 + 28);
    assert_int_equal(match("2001:db8:5:1::1"), 48);
    assert_int_equal(match("198.51.100.16"), 0);
    assert_int_equal(match("192.0.2.1"), 0); /* published, and not declared */
}

static void somebody_elses_text_declares_nothing(void **state)
{
    (void)state;
    dns_server_add_a(server, NAME, "192.0.2.1");
    dns_server_add_txt(server, EGRESS, "v=spf1 -all");
    found("192.0.2.1");
}

static void declarations_that_are_refused(void **state)
{
    static const struct {
        const char *text;
        enum tb_problem_type type;
        const char *part;
    } rows[] = {
        {"v=egress1", TB_P_UNAUTHORIZED, "names no address: nobody may prove use"},
        {"v=egress1 ip4:198.51.100.1/28", TB_P_DNS, "bits beyond its prefix"},
        {"v=egress1 ipv4:198.51.100.1", TB_P_DNS, "neither ip4: nor ip6:"},
        {"v=egress1 ip4:198.51.0.0/16", TB_P_UNAUTHORIZED, "shorter than this CA's policy"},
        {"v=egress1 ip6:2001:db8::/47", TB_P_UNAUTHORIZED, "shorter than this CA's policy"},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        dns_server_clear(server);
        dns_server_add_a(server, NAME, "192.0.2.1");
        dns_server_add_txt(server, EGRESS, rows[i].text);
        refused(rows[i].type, rows[i].part);
        tb_sources_cancel(&s);
    }
    dns_server_clear(server);
    dns_server_add_txt(server, EGRESS, "v=egress1 ip4:198.51.100.1");
    dns_server_add_txt(server, EGRESS, "v=egress1 ip4:198.51.100.2");
    refused(TB_P_DNS, "is there twice");
}

static void policy_says_how_short_a_prefix_may_be(void **state)
{
    (void)state;
    cfg.zones[0].egress_prefix_v4 = 16;
    cfg.zones[0].egress_prefix_v6 = 32;
    dns_server_add_txt(server, EGRESS, "v=egress1 ip4:198.51.0.0/16 ip6:2001:db8::/32");
    found("198.51.0.0/16, 2001:db8::/32");
    assert_int_equal(match("198.51.100.1"), 96 + 16);
    /* Policy about special addresses holds within a declaration, too. */
    dns_server_clear(server);
    dns_server_add_txt(server, EGRESS, "v=egress1 ip4:10.0.0.0/24");
    find();
    assert_true(s.known);
    assert_int_equal(match("10.0.0.1"), 0);
}

static void a_declaration_by_alias_is_another_names(void **state)
{
    (void)state;
    dns_server_add_a(server, NAME, "192.0.2.1");
    dns_server_add_cname(server, EGRESS, "egress.other.example");
    dns_server_add_txt(server, "egress.other.example", "v=egress1 ip4:198.51.100.1");
    found("192.0.2.1");
}

static void a_name_without_room_for_the_label_declares_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < 245; i++)
        ident.value[i] = i % 50 == 49 ? '.' : 'a';
    ident.value[245] = '\0';
    dns_server_add_a(server, ident.value, "192.0.2.1");
    found("192.0.2.1");
    assert_int_equal(dns_server_asked(server), 2);
}

static void an_address_authorises_itself(void **state)
{
    (void)state;
    ident = (struct tb_ident){.type = TB_IDENT_IP, .value = "192.0.2.9"};
    found("192.0.2.9");
    assert_false(s.declared);
    assert_int_equal(s.dnssec, TB_DNSSEC_NONE);
    ident = (struct tb_ident){.type = TB_IDENT_IP, .value = "10.0.0.1"};
    refused(TB_P_UNAUTHORIZED, "private use (RFC 1918)");
}

static void a_long_list_is_cut_at_a_whole_item(void **state)
{
    char text[TB_SOURCES_TEXT_MAX + 1], address[32];

    (void)state;
    for (int i = 1; i <= 60; i++) {
        snprintf(address, sizeof(address), "192.0.2.%d", i);
        dns_server_add_a(server, NAME, address);
    }
    find();
    assert_true(s.known);
    assert_int_equal(s.num, 60);
    tb_sources_text(text, &s);
    assert_true(strlen(text) <= TB_SOURCES_TEXT_MAX);
    assert_string_equal(text + strlen(text) - 5, ", ...");
}

static void cancelled_it_calls_nobody(void **state)
{
    const struct timeval soon = {.tv_usec = 200000};
    int calls = 0;

    (void)state;
    dns_server_add_a(server, NAME, "192.0.2.1");
    assert_ok(tb_sources_find(&s, resolver, &cfg, &ident, done, &calls));
    tb_sources_cancel(&s);
    event_base_loopexit(base, &soon);
    event_base_dispatch(base);
    assert_int_equal(calls, 0);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(published_addresses_of_both_families),
        WITH_SERVER(one_family_is_enough),
        WITH_SERVER(an_alias_is_followed),
        WITH_SERVER(no_address_is_a_refusal),
        WITH_SERVER(failure_of_either_family_is_a_refusal),
        WITH_SERVER(failure_of_the_declaration_is_a_refusal),
        WITH_SERVER(special_addresses_count_where_policy_admits_them),
        WITH_SERVER(a_mapped_address_is_no_ipv6_address),
        WITH_SERVER(a_declaration_counts_instead),
        WITH_SERVER(somebody_elses_text_declares_nothing),
        WITH_SERVER(declarations_that_are_refused),
        WITH_SERVER(policy_says_how_short_a_prefix_may_be),
        WITH_SERVER(a_declaration_by_alias_is_another_names),
        WITH_SERVER(a_name_without_room_for_the_label_declares_nothing),
        WITH_SERVER(an_address_authorises_itself),
        WITH_SERVER(a_long_list_is_cut_at_a_whole_item),
        WITH_SERVER(cancelled_it_calls_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
