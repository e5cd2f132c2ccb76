#include "ca/validator/caa_lookup.h"

#include <string.h>
#include <unistd.h>

#include "tests/unit/ca/resolver/dns_server.h"
#include "tests/unit/test.h"

#define US      "ca.example"
#define ACCOUNT "https://ca.example/acme/acct/1"

static struct event_base *base;
static struct dns_server *dns;
static struct tb_config cfg;
static struct tb_resolver *resolver;
static struct tb_caa_lookup lookup;
static struct tb_ident ident;
static struct tb_caa_cache *cache; /* NULL except where it is looked at */
static int calls;

static int setup(void **state)
{
    const char *why;

    (void)state;
    base = event_base_new();
    dns = dns_server_new(base);
    cfg = (struct tb_config){.num_zones = 1, .num_caa_identities = 1, .caa_identities = {US}};
    cfg.zones[0].num_resolvers = 1;
    dns_server_listen(dns, &cfg.zones[0].resolver[0]);
    return tb_resolver_new(base, &cfg, &resolver, &why);
}

static int teardown(void **state)
{
    (void)state;
    tb_caa_lookup_cancel(&lookup);
    tb_resolver_free(resolver);
    tb_caa_cache_free(cache);
    cache = NULL;
    dns_server_free(dns);
    event_base_free(base);
    return 0;
}

static void done(struct tb_caa_lookup *l, void *arg)
{
    (void)l;
    (void)arg;
    calls++;
}

static int start(const char *name)
{
    tb_caa_lookup_cancel(&lookup);
    calls = 0;
    ident = (struct tb_ident){.type = TB_IDENT_DNS, .wildcard = strncmp(name, "*.", 2) == 0};
    strcpy(ident.value, ident.wildcard ? name + 2 : name);
    return tb_caa_lookup_start(&lookup, resolver, cache, &cfg, &ident, done, NULL);
}

static enum tb_problem_type look(const char *name)
{
    if (start(name) == 0) {
        for (int i = 0; i < 8000 && calls == 0; i++) {
            const struct timeval tv = {.tv_usec = 1000};

            event_base_loopexit(base, &tv);
            event_base_dispatch(base);
        }
        assert_int_equal(calls, 1);
    }
    return lookup.problem.type;
}

static void no_record_anywhere_restricts_nobody(void **state)
{
    (void)state;
    assert_int_equal(look("a.b.test"), TB_P_NONE);
    assert_true(lookup.result.unrestricted);
    assert_int_equal(dns_server_asked(dns), 3);
    assert_int_equal(lookup.dnssec, TB_DNSSEC_INSECURE);
}

static void the_lowest_set_counts(void **state)
{
    (void)state;
    dns_server_add_caa(dns, "test", 0, "issue", "other.example");
    dns_server_add_caa(dns, "b.test", 0, "issue", US);
    assert_int_equal(look("a.b.test"), TB_P_NONE);
    assert_false(lookup.result.unrestricted);
    assert_int_equal(look("b.test"), TB_P_NONE);
    assert_int_equal(look("c.test"), TB_P_CAA);
    dns_server_add_caa(dns, "a.b.test", 0, "issue", ";");
    assert_int_equal(look("a.b.test"), TB_P_CAA);
    assert_int_equal(look("x.a.b.test"), TB_P_CAA);
}

/* With an alias and a retry over TCP on the way; which answer comes first is up to the resolver. */
static void aliases_and_retries_do_not_change_which_set_counts(void **state)
{
    (void)state;
    dns_server_add_cname(dns, "test", "alias.example");
    dns_server_add_caa(dns, "alias.example", 0, "issue", "other.example");
    dns_server_add_caa(dns, "b.test", 0, "issue", US);
    dns_server_fault(dns, "a.b.test", 0, DNS_TRUNCATED);
    assert_int_equal(look("a.b.test"), TB_P_NONE);
    assert_int_equal(lookup.result.num_grants, 1);
}

static void an_alias_is_followed_but_not_climbed(void **state)
{
    (void)state;
    dns_server_add_cname(dns, "a.b.test", "host.elsewhere.example");
    dns_server_add_caa(dns, "elsewhere.example", 0, "issue", "other.example");
    assert_int_equal(look("a.b.test"), TB_P_NONE);
    dns_server_add_caa(dns, "host.elsewhere.example", 0, "issue", "other.example");
    assert_int_equal(look("a.b.test"), TB_P_CAA);
}

static void an_error_at_or_below_the_found_set_fails(void **state)
{
    (void)state;
    dns_server_add_caa(dns, "b.test", 0, "issue", US);
    dns_server_fault(dns, "test", 0, DNS_SERVFAIL);
    assert_int_equal(look("a.b.test"), TB_P_NONE); /* above: of no importance */
    dns_server_fault(dns, "a.b.test", 0, DNS_SERVFAIL);
    assert_int_equal(look("a.b.test"), TB_P_DNS);
    dns_server_clear(dns);
    dns_server_fault(dns, "test", 0, DNS_REFUSED);
    assert_int_equal(look("a.b.test"), TB_P_DNS); /* nothing found below: not "no record" */
}

static void wildcards_have_their_own_property(void **state)
{
    (void)state;
    dns_server_add_caa(dns, "b.test", 0, "issue", US);
    dns_server_add_caa(dns, "b.test", 0, "issuewild", ";");
    assert_int_equal(look("b.test"), TB_P_NONE);
    assert_int_equal(look("*.b.test"), TB_P_CAA);
}

static void a_critical_unknown_property_forbids(void **state)
{
    (void)state;
    dns_server_add_caa(dns, "b.test", 0, "issue", US);
    dns_server_add_caa(dns, "b.test", 0x80, "newtag", "x");
    assert_int_equal(look("b.test"), TB_P_CAA);
}

static void account_method_and_purpose_are_judged_now(void **state)
{
    tb_purposes_t server = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH);

    (void)state;
    dns_server_add_caa(dns, "b.test", 0, "issue", US "; accounturi=" ACCOUNT "; validationmethods=dns-01");
    assert_int_equal(look("b.test"), TB_P_NONE);
    assert_ok(tb_caa_lookup_allows(&lookup, ACCOUNT, TB_METHOD_DNS_01, server));
    assert_int_equal(tb_caa_lookup_allows(&lookup, ACCOUNT, TB_METHOD_HTTP_01, server), TB_E_DENIED);
    assert_int_equal(lookup.problem.type, TB_P_CAA);
    assert_int_equal(look("b.test"), TB_P_NONE);
    assert_int_equal(tb_caa_lookup_allows(&lookup, ACCOUNT "2", TB_METHOD_DNS_01, server), TB_E_DENIED);
}

static void labels_are_climbed_to_the_maximum(void **state)
{
    char name[2 * TB_CAA_LEVELS_MAX + 8] = "";

    (void)state;
    for (int i = 0; i < TB_CAA_LEVELS_MAX; i++)
        strcat(name, i == 0 ? "a" : ".a");
    assert_int_equal(look(name), TB_P_NONE);
    assert_int_equal(dns_server_asked(dns), TB_CAA_LEVELS_MAX);
    strcat(name, ".a");
    assert_int_equal(look(name), TB_P_REJECTED_IDENTIFIER);
    assert_int_equal(dns_server_asked(dns), TB_CAA_LEVELS_MAX);
}

static void sleep_ms(unsigned ms)
{
    assert_ok(usleep(ms * 1000));
}

/* Ancestors are asked once for all names below them; the name itself always. */
static void ancestors_are_asked_once(void **state)
{
    (void)state;
    assert_ok(tb_caa_cache_new(TB_CAA_CACHE_FOUND_MS, TB_CAA_CACHE_NONE_MS, &cache));
    dns_server_add_caa(dns, "b.test", 0, "issue", US);
    assert_int_equal(look("one.b.test"), TB_P_NONE);
    assert_int_equal(dns_server_asked(dns), 3);
    for (unsigned i = 1; i <= 3; i++) {
        assert_int_equal(look("two.b.test"), TB_P_NONE);
        assert_int_equal(lookup.result.num_grants, 1);
        assert_int_equal(lookup.dnssec, TB_DNSSEC_INSECURE);
        assert_int_equal(dns_server_asked(dns), 3 + i);
    }
    /* The kept set is judged anew for each identifier. */
    assert_int_equal(look("*.b.test"), TB_P_NONE);
    dns_server_add_caa(dns, "two.b.test", 0, "issue", "other.example");
    assert_int_equal(look("two.b.test"), TB_P_CAA);
    dns_server_fault(dns, "three.b.test", 0, DNS_SERVFAIL);
    assert_int_equal(look("three.b.test"), TB_P_DNS);
}

static void a_changed_ancestor_is_seen_after_the_cap(void **state)
{
    (void)state;
    assert_ok(tb_caa_cache_new(200, 200, &cache));
    assert_int_equal(look("a.b.test"), TB_P_NONE);
    dns_server_add_caa(dns, "b.test", 0, "issue", "other.example");
    sleep_ms(250);
    assert_int_equal(look("a.b.test"), TB_P_CAA);
    dns_server_clear(dns);
    dns_server_add_caa(dns, "b.test", 0, "issue", US);
    sleep_ms(250);
    assert_int_equal(look("a.b.test"), TB_P_NONE);
    assert_int_equal(lookup.result.num_grants, 1);
}

static void a_failed_ancestor_is_asked_again(void **state)
{
    (void)state;
    assert_ok(tb_caa_cache_new(TB_CAA_CACHE_FOUND_MS, TB_CAA_CACHE_NONE_MS, &cache));
    dns_server_fault(dns, "b.test", 0, DNS_REFUSED);
    assert_int_equal(look("a.b.test"), TB_P_DNS);
    dns_server_clear(dns);
    assert_int_equal(look("a.b.test"), TB_P_NONE);
}

static void cancelling_leaves_nothing(void **state)
{
    (void)state;
    assert_ok(start("a.b.test"));
    tb_caa_lookup_cancel(&lookup);
    for (int i = 0; i < 50; i++) {
        const struct timeval tv = {.tv_usec = 1000};

        event_base_loopexit(base, &tv);
        event_base_dispatch(base);
    }
    assert_int_equal(calls, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(no_record_anywhere_restricts_nobody),
        T(the_lowest_set_counts),
        T(aliases_and_retries_do_not_change_which_set_counts),
        T(an_alias_is_followed_but_not_climbed),
        T(an_error_at_or_below_the_found_set_fails),
        T(wildcards_have_their_own_property),
        T(a_critical_unknown_property_forbids),
        T(account_method_and_purpose_are_judged_now),
        T(labels_are_climbed_to_the_maximum),
        T(ancestors_are_asked_once),
        T(a_changed_ancestor_is_seen_after_the_cap),
        T(a_failed_ancestor_is_asked_again),
        T(cancelling_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
