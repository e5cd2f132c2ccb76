#include "ca/validator/tlsalpn01.h"

#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/validator/challenge.h"
#include "lib/base/clock.h"
#include "lib/base/hash.h"
#include "tests/unit/ca/resolver/dns_server.h"
#include "tests/unit/ca/validator/tls_server.h"
#include "tests/unit/test.h"

#define KEYAUTH "dG9rZW4.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define CANARY  "c4n4ry" /* the common name of every certificate */

static struct event_base *base;
static struct dns_server *dns;
static struct tls_server *web;
static struct tb_config cfg;
static struct tb_challenge_env env;
static struct tb_challenge challenge;
static int calls;

static int start(bool v4_only)
{
    const char *why;

    (void)signal(SIGPIPE, SIG_IGN);
    base = event_base_new();
    dns = dns_server_new(base);
    web = tls_server_new(base, v4_only);
    cfg = (struct tb_config){.num_zones = 1};
    cfg.zones[0] = (struct tb_zone){.num_resolvers = 1,
                                    .tls_alpn_port = tls_server_port(web),
                                    .num_allow_private = 2,
                                    .allow_private = {{.prefix = 104, .addr = {[10] = 0xff, [11] = 0xff, [12] = 127}},
                                                      {.prefix = 128, .addr = {[15] = 1}}}};
    dns_server_listen(dns, &cfg.zones[0].resolver[0]);
    env = (struct tb_challenge_env){.cfg = &cfg};
    assert_ok(tb_resolver_new(base, &cfg, &env.resolver, &why));
    assert_ok(tb_handshaker_new(base, TB_TLSALPN01_PROTOCOL, &env.handshaker));
    return 0;
}

static int setup(void **state)
{
    (void)state;
    return start(false);
}

static int setup_v4(void **state)
{
    (void)state;
    return start(true);
}

static int teardown(void **state)
{
    (void)state;
    tb_challenge_cancel(&challenge);
    tb_handshaker_free(env.handshaker);
    tb_resolver_free(env.resolver);
    tls_server_free(web);
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

static void aim(const char *name, uint32_t ms)
{
    static struct tb_ident ident;

    tb_challenge_cancel(&challenge);
    calls = 0;
    ident = (struct tb_ident){.type = strpbrk(name, ":") != NULL || name[0] == '1' ? TB_IDENT_IP : TB_IDENT_DNS};
    strcpy(ident.value, name);
    challenge.ident = &ident;
    strcpy(challenge.key_authorization, KEYAUTH);
    challenge.deadline_ms = tb_clock_mono_ms() + ms;
    challenge.done = done;
}

/* The type of the problem, or NONE; no text ever holds what a host returned. */
static enum tb_problem_type validate_within(const char *name, uint32_t ms)
{
    aim(name, ms);
    if (tb_challenge_start(&challenge, &env, &tb_tlsalpn01_method) == 0) {
        assert_int_equal(calls, 0);
        for (int i = 0; i < 10000 && calls == 0; i++) {
            const struct timeval tv = {.tv_usec = 1000};

            event_base_loopexit(base, &tv);
            event_base_dispatch(base);
        }
        assert_int_equal(calls, 1);
    }
    assert_null(strstr(challenge.problem.detail, CANARY));
    return challenge.problem.type;
}

static enum tb_problem_type validate(const char *name)
{
    return validate_within(name, 5000);
}

static struct test_cert cert_for(const char *name)
{
    struct test_cert c = {.san = {name}};

    tb_sha256(c.digest, tb_span_str(KEYAUTH));
    return c;
}

static void show(const char *name, enum tls_server_mode mode)
{
    struct test_cert c = cert_for(name);

    tls_server_show(web, &c, mode);
}

static void the_certificate_proves(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    show("a.test", TLS_FINE);
    assert_int_equal(validate("a.test"), TB_P_NONE);
    assert_string_equal(tls_server_sni(web), "a.test");
    assert_true(challenge.has_peer && challenge.peer.v4);
    assert_int_equal(challenge.dnssec, TB_DNSSEC_INSECURE);
    show("a.test", TLS_1_2);
    assert_int_equal(validate("a.test"), TB_P_NONE);
}

static void an_address_has_the_sni_of_its_reverse_mapping(void **state)
{
    (void)state;
    show("127.0.0.1", TLS_FINE);
    assert_int_equal(validate("127.0.0.1"), TB_P_NONE);
    assert_string_equal(tls_server_sni(web), "1.0.0.127.in-addr.arpa");
    show("::1", TLS_FINE);
    assert_int_equal(validate("::1"), TB_P_NONE);
    assert_string_equal(tls_server_sni(web),
                        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.ip6.arpa");
    assert_int_equal(validate("127.0.0.1"), TB_P_UNAUTHORIZED);
    assert_int_equal(dns_server_asked(dns), 0);
}

/* Invariant: TLS below 1.2 and an ALPN protocol that was not negotiated are refused. */
static void every_other_handshake_is_refused(void **state)
{
    static const struct {
        enum tls_server_mode mode;
        enum tb_problem_type type;
    } rows[] = {
        {TLS_NO_ALPN, TB_P_UNAUTHORIZED}, {TLS_OTHER_ALPN, TB_P_TLS}, {TLS_1_1, TB_P_TLS},
        {TLS_CLOSES, TB_P_CONNECTION},    {TLS_GARBAGE, TB_P_TLS},
    };

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        enum tb_problem_type type;

        show("a.test", rows[i].mode);
        type = validate("a.test");
        if (type != rows[i].type)
            fail_msg("mode %d: %s: %s", rows[i].mode, type == TB_P_NONE ? "valid" : tb_problem_type_name(type),
                     challenge.problem.detail);
        assert_false(challenge.has_peer);
    }
}

static void certificates_are_judged(void **state)
{
    struct test_cert c = cert_for("a.test");

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    c.acme_not_critical = true;
    tls_server_show(web, &c, TLS_FINE);
    assert_int_equal(validate("a.test"), TB_P_UNAUTHORIZED);
    assert_non_null(strstr(challenge.problem.detail, "not critical"));
    c = cert_for("a.test");
    c.digest[31] ^= 1;
    tls_server_show(web, &c, TLS_FINE);
    assert_int_equal(validate("a.test"), TB_P_INCORRECT_RESPONSE);
    show("b.test", TLS_FINE);
    assert_int_equal(validate("a.test"), TB_P_UNAUTHORIZED);
}

static void a_certificate_message_has_a_limit(void **state)
{
    struct test_cert c = cert_for("a.test");

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    c.padding = TB_HANDSHAKE_CERTS_MAX - 1024;
    tls_server_show(web, &c, TLS_FINE);
    assert_int_equal(validate("a.test"), TB_P_NONE);
    c.padding = TB_HANDSHAKE_CERTS_MAX;
    tls_server_show(web, &c, TLS_FINE);
    assert_int_equal(validate("a.test"), TB_P_TLS);
}

static void special_addresses_are_not_contacted(void **state)
{
    static const char *const addrs[] = {"10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1", "fe80::1", "fd00::1"};

    (void)state;
    show("a.test", TLS_FINE);
    for (size_t i = 0; i < TB_ARRAY_LEN(addrs); i++) {
        dns_server_clear(dns);
        dns_server_add_a(dns, "a.test", addrs[i]);
        assert_int_equal(validate("a.test"), TB_P_CONNECTION);
    }
    assert_int_equal(validate("10.0.0.1"), TB_P_CONNECTION);
    cfg.zones[0].num_allow_private = 0;
    assert_int_equal(validate("127.0.0.1"), TB_P_CONNECTION);
    assert_int_equal(validate("::1"), TB_P_CONNECTION);
    assert_int_equal(tb_handshaker_count(env.handshaker), 0);
}

static void lookup_failures_are_dns_problems(void **state)
{
    (void)state;
    show("half.test", TLS_FINE);
    assert_int_equal(validate("none.test"), TB_P_DNS);
    dns_server_add_a(dns, "half.test", "127.0.0.1");
    dns_server_fault(dns, "half.test", TB_DNS_TYPE_AAAA, DNS_SERVFAIL);
    assert_int_equal(validate("half.test"), TB_P_DNS);
    assert_int_equal(tls_server_connections(web), 0);
}

static void ipv6_comes_first_and_falls_back_once(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    dns_server_add_a(dns, "a.test", "::1");
    show("a.test", TLS_FINE);
    assert_int_equal(validate("a.test"), TB_P_NONE);
    assert_true(challenge.peer.v4);
    assert_int_equal(tb_handshaker_count(env.handshaker), 2);
    assert_int_equal(validate("::1"), TB_P_CONNECTION);
}

/* A link-local address without a zone: connect fails in the call itself. */
static void an_address_that_cannot_be_dialled_is_no_connection(void **state)
{
    (void)state;
    cfg.zones[0].allow_private[2] = (struct tb_net){.prefix = 10, .addr = {0xfe, 0x80}};
    cfg.zones[0].num_allow_private = 3;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    dns_server_add_a(dns, "a.test", "fe80::1");
    show("a.test", TLS_FINE);
    assert_int_equal(validate("a.test"), TB_P_NONE);
    assert_true(challenge.peer.v4);
    assert_int_equal(tb_handshaker_count(env.handshaker), 2);
}

static void a_wrong_answer_over_ipv6_is_final(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    dns_server_add_a(dns, "a.test", "::1");
    show("a.test", TLS_CLOSES);
    assert_int_equal(validate("a.test"), TB_P_CONNECTION);
    assert_int_equal(tls_server_connections(web), 1);
}

static void a_silent_server_ends_with_the_deadline(void **state)
{
    uint64_t before;

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    show("a.test", TLS_SILENT);
    before = tb_clock_mono_ms();
    assert_int_equal(validate_within("a.test", 300), TB_P_CONNECTION);
    assert_true(tb_clock_mono_ms() - before < 3000);
}

static void cancelling_at_any_moment_leaves_nothing(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    show("a.test", TLS_FINE);
    for (int turns = 0; turns < 16; turns++) {
        aim("a.test", 5000);
        assert_ok(tb_challenge_start(&challenge, &env, &tb_tlsalpn01_method));
        for (int i = 0; i < turns && calls == 0; i++)
            event_base_loop(base, EVLOOP_ONCE);
        tb_challenge_cancel(&challenge);
        for (int i = 0; i < 20; i++)
            event_base_loop(base, EVLOOP_NONBLOCK);
        assert_true(calls <= 1);
    }
    assert_int_equal(validate("a.test"), TB_P_NONE);
}

#define T(f)    cmocka_unit_test_setup_teardown(f, setup, teardown)
#define T_V4(f) cmocka_unit_test_setup_teardown(f, setup_v4, teardown)

/* Old versions must be refused by us, not by what a distribution's openssl.cnf happens to say. */
static void openssl_allows_everything(void)
{
    char path[] = "/tmp/tb-openssl-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");

    fputs("openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n"
          "MinProtocol = TLSv1\nCipherString = ALL:@SECLEVEL=0\n",
          f);
    (void)fclose(f);
    (void)setenv("OPENSSL_CONF", path, 1);
    (void)OPENSSL_init_ssl(0, NULL);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_certificate_proves),
        T(an_address_has_the_sni_of_its_reverse_mapping),
        T(every_other_handshake_is_refused),
        T(certificates_are_judged),
        T(a_certificate_message_has_a_limit),
        T(special_addresses_are_not_contacted),
        T(lookup_failures_are_dns_problems),
        T_V4(ipv6_comes_first_and_falls_back_once),
        T(an_address_that_cannot_be_dialled_is_no_connection),
        T(a_wrong_answer_over_ipv6_is_final),
        T(a_silent_server_ends_with_the_deadline),
        T(cancelling_at_any_moment_leaves_nothing),
    };

    openssl_allows_everything();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
