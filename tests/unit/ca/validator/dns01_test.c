#include "ca/validator/dns01.h"

#include <string.h>

#include "ca/validator/challenge.h"
#include "lib/base/clock.h"
#include "tests/unit/ca/resolver/dns_server.h"
#include "tests/unit/test.h"

/* RFC 8555 token and RFC 7638 example key and the TXT value that they give. */
#define KEYAUTH "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
#define TXT     "ZTRx1Ckl1-tM05o5zaizTTA0yUy5AGereMgSNWC6Ll8"
#define ACCOUNT "https://example.com/acme/acct/ExampleAccount"
#define LABEL   "_ujmmovf2vn55tgye"

static struct event_base *base;
static struct dns_server *dns;
static struct tb_config cfg;
static struct tb_challenge_env env;
static struct tb_challenge challenge;
static int calls;

static int setup(void **state)
{
    const char *why;

    (void)state;
    base = event_base_new();
    dns = dns_server_new(base);
    cfg = (struct tb_config){.num_zones = 1, .zones = {{.num_resolvers = 1}}};
    dns_server_listen(dns, &cfg.zones[0].resolver[0]);
    env = (struct tb_challenge_env){.cfg = &cfg};
    assert_ok(tb_resolver_new(base, &cfg, &env.resolver, &why));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tb_challenge_cancel(&challenge);
    tb_resolver_free(env.resolver);
    dns_server_free(dns);
    event_base_free(base);
    return 0;
}

static void done(struct tb_challenge *c, void *arg)
{
    (void)c;
    (void)arg;
    calls++;
}

static enum tb_problem_type validate(enum tb_method method, const char *name, const char *account)
{
    static struct tb_ident ident;

    tb_challenge_cancel(&challenge);
    calls = 0;
    ident = (struct tb_ident){.type = TB_IDENT_DNS};
    strcpy(ident.value, name);
    challenge.ident = &ident;
    challenge.account_url = account;
    _Static_assert(sizeof(KEYAUTH) <= sizeof(challenge.key_authorization), "the vector fits");
    strcpy(challenge.key_authorization, KEYAUTH);
    challenge.deadline_ms = tb_clock_mono_ms() + 5000;
    challenge.done = done;
    if (tb_challenge_start(&challenge, &env, tb_challenge_method(method)) == 0) {
        for (int i = 0; i < 10000 && calls == 0; i++) {
            const struct timeval tv = {.tv_usec = 1000};

            event_base_loopexit(base, &tv);
            event_base_dispatch(base);
        }
        assert_int_equal(calls, 1);
    }
    return challenge.problem.type;
}

static void the_digest_proves(void **state)
{
    (void)state;
    assert_int_equal(validate(TB_METHOD_DNS_01, "a.test", ACCOUNT), TB_P_UNAUTHORIZED);
    dns_server_add_txt(dns, "_acme-challenge.a.test", "another");
    assert_int_equal(validate(TB_METHOD_DNS_01, "a.test", ACCOUNT), TB_P_INCORRECT_RESPONSE);
    dns_server_add_txt(dns, "_acme-challenge.a.test", TXT);
    assert_int_equal(validate(TB_METHOD_DNS_01, "a.test", ACCOUNT), TB_P_NONE);
}

static void the_label_is_the_drafts_vector(void **state)
{
    char label[TB_DNS_ACCOUNT_LABEL_LEN + 1];

    (void)state;
    tb_dns_account_label(label, ACCOUNT);
    assert_string_equal(label, LABEL);
    tb_dns_account_label(label, "");
    assert_int_equal(strlen(label), TB_DNS_ACCOUNT_LABEL_LEN);
    assert_string_not_equal(label, LABEL);
}

static void each_account_has_an_owner_name_of_its_own(void **state)
{
    (void)state;
    dns_server_add_txt(dns, LABEL "._acme-challenge.a.test", TXT);
    assert_int_equal(validate(TB_METHOD_DNS_ACCOUNT_01, "a.test", ACCOUNT), TB_P_NONE);
    assert_int_equal(validate(TB_METHOD_DNS_ACCOUNT_01, "a.test", ACCOUNT "x"), TB_P_UNAUTHORIZED);
    assert_int_equal(validate(TB_METHOD_DNS_01, "a.test", ACCOUNT), TB_P_UNAUTHORIZED);
    dns_server_add_txt(dns, "_acme-challenge.b.test", TXT);
    assert_int_equal(validate(TB_METHOD_DNS_ACCOUNT_01, "b.test", ACCOUNT), TB_P_UNAUTHORIZED);
}

/* An owner name has 253 characters at most; labels before a long name go beyond. */
static void a_name_too_long_for_the_label_is_refused(void **state)
{
    char name[TB_IDENT_VALUE_MAX + 1];

    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    for (size_t i = 60; i < TB_IDENT_VALUE_MAX - 10; i += 60)
        name[i] = '.';
    name[TB_IDENT_VALUE_MAX] = '\0';
    assert_int_equal(validate(TB_METHOD_DNS_ACCOUNT_01, name, ACCOUNT), TB_P_DNS);
    assert_int_equal(dns_server_asked(dns), 0);
    name[TB_IDENT_VALUE_MAX - 34] = '\0';
    assert_int_equal(validate(TB_METHOD_DNS_ACCOUNT_01, name, ACCOUNT), TB_P_UNAUTHORIZED);
    assert_true(dns_server_asked(dns) > 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_digest_proves),
        T(the_label_is_the_drafts_vector),
        T(each_account_has_an_owner_name_of_its_own),
        T(a_name_too_long_for_the_label_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
