#include "ca/validator/http01.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/validator/challenge.h"
#include "lib/base/clock.h"
#include "tests/unit/ca/resolver/dns_server.h"
#include "tests/unit/ca/validator/http_server.h"
#include "tests/unit/test.h"

#define TOKEN   "dG9rZW4"
#define KEYAUTH "dG9rZW4.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define PATH    "/.well-known/acme-challenge/" TOKEN
#define OK      "HTTP/1.1 200 OK\r\n\r\n"
#define CANARY  "c4n4ry"

static struct event_base *base;
static struct dns_server *dns;
static struct http_server *web;
static struct tb_config cfg;
static struct tb_challenge_env env;
static struct tb_challenge challenge;
static int calls;

static struct tb_net loopback_net(bool v6)
{
    struct tb_net n = {.prefix = v6 ? 128 : 104, .addr = {[15] = 1}};

    if (!v6)
        memcpy(n.addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\0", 16);
    return n;
}

static int start(bool v4_only)
{
    const char *why;

    base = event_base_new();
    dns = dns_server_new(base);
    web = http_server_new(base, v4_only);
    cfg = (struct tb_config){.num_zones = 1};
    cfg.zones[0] = (struct tb_zone){.num_resolvers = 1,
                                    .http_port = http_server_port(web),
                                    .https_port = http_server_port(web),
                                    .num_allow_private = 2,
                                    .allow_private = {loopback_net(false), loopback_net(true)}};
    dns_server_listen(dns, &cfg.zones[0].resolver[0]);
    env = (struct tb_challenge_env){.cfg = &cfg};
    assert_ok(tb_resolver_new(base, &cfg, &env.resolver, &why));
    assert_ok(tb_fetcher_new(base, "tabard/test", &env.fetcher));
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
    tb_fetcher_free(env.fetcher);
    tb_resolver_free(env.resolver);
    http_server_free(web);
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

static void wait_done(int ms)
{
    for (int i = 0; i < ms && calls == 0; i++) {
        const struct timeval tv = {.tv_usec = 1000};

        event_base_loopexit(base, &tv);
        event_base_dispatch(base);
    }
}

/* The type of the problem, or NONE; no text ever holds what a host returned. */
static enum tb_problem_type validate_within(const char *name, uint32_t ms)
{
    static struct tb_ident ident;

    tb_challenge_cancel(&challenge);
    calls = 0;
    ident = (struct tb_ident){.type = strpbrk(name, ":") != NULL || name[0] == '1' ? TB_IDENT_IP : TB_IDENT_DNS};
    strcpy(ident.value, name);
    challenge.ident = &ident;
    challenge.token = TOKEN;
    strcpy(challenge.key_authorization, KEYAUTH);
    challenge.deadline_ms = tb_clock_mono_ms() + ms;
    challenge.done = done;
    if (tb_challenge_start(&challenge, &env, &tb_http01_method) == 0) {
        assert_int_equal(calls, 0);
        wait_done(10000);
        assert_int_equal(calls, 1);
    }
    assert_null(strstr(challenge.problem.detail, CANARY));
    assert_null(strstr(challenge.problem.detail, KEYAUTH));
    return challenge.problem.type;
}

static enum tb_problem_type validate(const char *name)
{
    return validate_within(name, 5000);
}

static void the_key_authorization_proves(void **state)
{
    char host[64];

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    http_server_serve(web, PATH, OK KEYAUTH " \r\n\t\n");
    assert_int_equal(validate("a.test"), TB_P_NONE);
    assert_true(challenge.has_peer);
    assert_true(challenge.peer.v4);
    assert_int_equal(challenge.dnssec, TB_DNSSEC_INSECURE);
    (void)snprintf(host, sizeof(host), "\r\nHost: a.test:%u\r\n", http_server_port(web));
    assert_non_null(strstr(http_server_last(web), host));
    assert_non_null(strstr(http_server_last(web), "\r\nAccept: */*\r\n"));
    assert_non_null(strstr(http_server_last(web), "\r\nUser-Agent: tabard/test\r\n"));
    assert_null(strstr(http_server_last(web), "Cookie"));
    assert_null(strstr(http_server_last(web), "Encoding"));
}

static const struct {
    const char *response;
    enum tb_problem_type type;
} wrong[] = {
    {OK, TB_P_INCORRECT_RESPONSE},
    {OK CANARY, TB_P_INCORRECT_RESPONSE},
    {OK " " KEYAUTH, TB_P_INCORRECT_RESPONSE},
    {OK KEYAUTH "x", TB_P_INCORRECT_RESPONSE},
    {"HTTP/1.1 404 " CANARY "\r\n\r\n" KEYAUTH, TB_P_UNAUTHORIZED},
    {"HTTP/1.1 201 Created\r\n\r\n" KEYAUTH, TB_P_UNAUTHORIZED},
    {"HTTP/1.1 206 Partial\r\n\r\n" KEYAUTH, TB_P_UNAUTHORIZED},
    {"HTTP/1.1 500 " CANARY "\r\n\r\n" CANARY, TB_P_UNAUTHORIZED},
    {"HTTP/1.1 303 See\r\nLocation: http://a.test/" CANARY "\r\n\r\n", TB_P_UNAUTHORIZED},
    {"HTTP/1.1 304 Same\r\n\r\n", TB_P_UNAUTHORIZED},
    {"HTTP/1.1 302 Found\r\n\r\n", TB_P_CONNECTION},
    {"HTTP/1.1 302 Found\r\nLocation: http://a.test:1/" CANARY "\r\n\r\n", TB_P_CONNECTION},
    {"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/" CANARY "\r\n\r\n", TB_P_CONNECTION},
    {"HTTP/1.1 302 Found\r\nLocation: http://" CANARY "@a.test/\r\n\r\n", TB_P_CONNECTION},
    {"HTTP/1.1 302 Found\r\nLocation: http://" CANARY ".test/\r\n\r\n", TB_P_DNS},
    {"HTTP/1.1 302 Found\r\nLocation: " PATH "\r\n\r\n", TB_P_CONNECTION},
    {CANARY "\r\n\r\n" KEYAUTH, TB_P_CONNECTION},
    {"", TB_P_CONNECTION},
};

static void every_other_answer_is_refused(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    for (size_t i = 0; i < TB_ARRAY_LEN(wrong); i++) {
        enum tb_problem_type type;

        http_server_serve(web, PATH, wrong[i].response);
        type = validate("a.test");
        if (type != wrong[i].type)
            fail_msg("answer %zu: %s: %s", i, type == TB_P_NONE ? "valid" : tb_problem_type_name(type),
                     challenge.problem.detail);
    }
}

static void a_body_has_128_octets_at_most(void **state)
{
    char response[512];
    size_t pad = TB_FETCH_BODY_MAX - strlen(KEYAUTH);

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    (void)snprintf(response, sizeof(response), "%s%s%*s", OK, KEYAUTH, (int)pad, "");
    http_server_serve(web, PATH, response);
    assert_int_equal(validate("a.test"), TB_P_NONE);
    strcat(response, " ");
    assert_int_equal(validate("a.test"), TB_P_INCORRECT_RESPONSE);
}

/* The page that nginx sends along with a redirect has more octets than a key authorization. */
static void the_page_beside_another_status_does_not_count(void **state)
{
    static char response[1024];

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    http_server_serve(web, "/there", OK KEYAUTH);
    (void)snprintf(response, sizeof(response), "HTTP/1.1 301 M\r\nLocation: /there\r\n\r\n%*s", TB_FETCH_BODY_MAX + 1,
                   "");
    http_server_serve(web, PATH, response);
    assert_int_equal(validate("a.test"), TB_P_NONE);
    memcpy(response + strlen("HTTP/1.1 "), "404", 3);
    assert_int_equal(validate("a.test"), TB_P_UNAUTHORIZED);
}

static const char *const framed[] = {
    "HTTP/1.0 200 OK\n\n" KEYAUTH "\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n" KEYAUTH "beyond",
    "HTTP/1.1 103 Hints\r\nLocation: /x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 51\r\n\r\n" KEYAUTH,
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8;x=y\r\ndG9rZW4.\r\n"
    "2b\r\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\n0\r\n\r\n",
};

static void an_answer_may_come_in_parts(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    for (size_t i = 0; i < TB_ARRAY_LEN(framed); i++) {
        http_server_serve(web, PATH, framed[i]);
        for (size_t at = 0; at < strlen(framed[i]); at += at == 0 || i == 3 ? 1 : 7) {
            http_server_split(web, at);
            if (validate("a.test") != TB_P_NONE)
                fail_msg("answer %zu, split at %zu: %s", i, at, challenge.problem.detail);
        }
    }
}

static void an_answer_that_ends_early_is_refused(void **state)
{
    static const struct {
        const char *response;
        enum tb_problem_type type;
    } cut[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 52\r\n\r\n" KEYAUTH, TB_P_CONNECTION},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n33\r\n" KEYAUTH "\r\n", TB_P_CONNECTION},
        {"HTTP/1.1 200 OK\r\nContent-Length: 129\r\n\r\n" KEYAUTH, TB_P_INCORRECT_RESPONSE},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n81\r\n", TB_P_INCORRECT_RESPONSE},
        {"HTTP/1.1 200 OK\r\nX: y\r\n", TB_P_CONNECTION},
    };

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    for (size_t i = 0; i < TB_ARRAY_LEN(cut); i++) {
        enum tb_problem_type type;

        http_server_serve(web, PATH, cut[i].response);
        if ((type = validate("a.test")) != cut[i].type)
            fail_msg("answer %zu: %d: %s", i, type, challenge.problem.detail);
    }
}

static void a_head_has_a_limit(void **state)
{
    static char response[TB_FETCH_HEAD_MAX + 256];

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    strcpy(response, "HTTP/1.1 200 OK\r\nX: ");
    memset(response + strlen(response), 'a', TB_FETCH_HEAD_MAX);
    strcat(response, "\r\n\r\n" KEYAUTH);
    http_server_serve(web, PATH, response);
    assert_int_equal(validate("a.test"), TB_P_INCORRECT_RESPONSE);
}

static void redirects_are_resolved_and_judged_again(void **state)
{
    char to_b[256], to_private[256];

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    dns_server_add_a(dns, "b.test", "::1");
    dns_server_add_a(dns, "inside.test", "10.0.0.1");
    (void)snprintf(to_b, sizeof(to_b), "HTTP/1.1 301 M\r\nLocation: http://b.test:%u/there?x=1\r\n\r\n",
                   http_server_port(web));
    http_server_serve(web, PATH, to_b);
    http_server_serve(web, "/there?x=1", OK KEYAUTH);
    assert_int_equal(validate("a.test"), TB_P_NONE);
    assert_false(challenge.peer.v4);
    (void)snprintf(to_private, sizeof(to_private), "HTTP/1.1 307 M\r\nLocation: http://inside.test:%u/\r\n\r\n",
                   http_server_port(web));
    http_server_serve(web, PATH, to_private);
    assert_int_equal(validate("a.test"), TB_P_CONNECTION);
    assert_null(strstr(challenge.problem.detail, "10.0.0.1"));
    assert_null(strstr(challenge.problem.detail, "inside"));
}

static void redirects_are_counted_to_the_maximum(void **state)
{
    static char response[TB_REDIRECTS_MAX + 2][128];
    char path[64];

    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    for (int extra = 0; extra <= 1; extra++) {
        int num = TB_REDIRECTS_MAX + extra;

        for (int i = 0; i < num; i++) {
            (void)snprintf(response[i], sizeof(response[i]), "HTTP/1.1 308 M\r\nLocation: /hop%d\r\n\r\n", i + 1);
            (void)snprintf(path, sizeof(path), "/hop%d", i);
            if (extra == 0)
                http_server_serve(web, i == 0 ? PATH : path, response[i]);
        }
        (void)snprintf(path, sizeof(path), "/hop%d", num);
        if (extra == 0)
            http_server_serve(web, path, OK KEYAUTH);
        else {
            http_server_serve(web, "/hop10", response[10]);
            http_server_serve(web, "/hop11", OK KEYAUTH);
        }
        assert_int_equal(validate("a.test"), extra == 0 ? TB_P_NONE : TB_P_CONNECTION);
    }
}

static void a_loop_ends_at_once(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    http_server_serve(web, PATH, "HTTP/1.1 302 F\r\nLocation: /x\r\n\r\n");
    http_server_serve(web, "/x", "HTTP/1.1 302 F\r\nLocation: " PATH "\r\n\r\n");
    assert_int_equal(validate("a.test"), TB_P_CONNECTION);
    assert_int_equal(http_server_requests(web), 2);
}

static void special_addresses_are_not_contacted(void **state)
{
    static const char *const addrs[] = {"10.0.0.1", "169.254.169.254", "192.168.0.1", "::ffff:127.0.0.1",
                                        "fe80::1",  "64:ff9b::7f00:1", "fd00::1"};

    (void)state;
    http_server_serve(web, PATH, OK KEYAUTH);
    for (size_t i = 0; i < TB_ARRAY_LEN(addrs); i++) {
        dns_server_clear(dns);
        dns_server_add_a(dns, "a.test", addrs[i]);
        assert_int_equal(validate("a.test"), TB_P_CONNECTION);
        assert_non_null(strstr(challenge.problem.detail, "a.test"));
    }
    /* without the zone's word, loopback neither */
    cfg.zones[0].num_allow_private = 0;
    dns_server_clear(dns);
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    dns_server_add_a(dns, "a.test", "::1");
    assert_int_equal(validate("a.test"), TB_P_CONNECTION);
    assert_int_equal(http_server_requests(web), 0);
    assert_int_equal(tb_fetcher_count(env.fetcher), 0);
}

static void lookup_failures_are_dns_problems(void **state)
{
    (void)state;
    http_server_serve(web, PATH, OK KEYAUTH);
    assert_int_equal(validate("none.test"), TB_P_DNS);
    dns_server_add_a(dns, "half.test", "127.0.0.1");
    dns_server_fault(dns, "half.test", TB_DNS_TYPE_AAAA, DNS_SERVFAIL);
    assert_int_equal(validate("half.test"), TB_P_DNS);
    assert_int_equal(http_server_requests(web), 0);
}

static void ipv6_comes_first_and_falls_back_once(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    dns_server_add_a(dns, "a.test", "::1");
    http_server_serve(web, PATH, OK KEYAUTH);
    assert_int_equal(validate("a.test"), TB_P_NONE);
    assert_true(challenge.peer.v4);
    assert_int_equal(tb_fetcher_count(env.fetcher), 2);
}

static void a_wrong_answer_over_ipv6_is_final(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    dns_server_add_a(dns, "a.test", "::1");
    http_server_serve(web, PATH, OK "wrong");
    assert_int_equal(validate("a.test"), TB_P_INCORRECT_RESPONSE);
    assert_int_equal(http_server_requests(web), 1);
}

static void addresses_are_looked_at_to_the_maximum(void **state)
{
    char addr[32];

    (void)state;
    http_server_serve(web, PATH, OK KEYAUTH);
    for (int extra = 0; extra <= 1; extra++) {
        dns_server_clear(dns);
        for (int i = 1; i < TB_HOST_ADDRESSES_MAX + extra; i++) {
            (void)snprintf(addr, sizeof(addr), "10.0.0.%d", i);
            dns_server_add_a(dns, "a.test", addr);
        }
        dns_server_add_a(dns, "a.test", "127.0.0.1");
        assert_int_equal(validate("a.test"), extra == 0 ? TB_P_NONE : TB_P_CONNECTION);
    }
}

static void a_silent_server_ends_with_the_deadline(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    http_server_serve(web, PATH, NULL);
    assert_int_equal(validate_within("a.test", 300), TB_P_CONNECTION);
}

static void an_address_identifier_is_its_own_host(void **state)
{
    char host[64];

    (void)state;
    http_server_serve(web, PATH, OK KEYAUTH);
    assert_int_equal(validate("127.0.0.1"), TB_P_NONE);
    assert_int_equal(validate("::1"), TB_P_NONE);
    (void)snprintf(host, sizeof(host), "\r\nHost: [::1]:%u\r\n", http_server_port(web));
    assert_non_null(strstr(http_server_last(web), host));
    assert_int_equal(validate("10.0.0.1"), TB_P_CONNECTION);
    assert_int_equal(dns_server_asked(dns), 0);
}

static void proxy_variables_have_no_effect(void **state)
{
    (void)state;
    assert_ok(setenv("http_proxy", "http://127.0.0.1:1/", 1));
    assert_ok(setenv("ALL_PROXY", "http://127.0.0.1:1/", 1));
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    http_server_serve(web, PATH, OK KEYAUTH);
    assert_int_equal(validate("a.test"), TB_P_NONE);
    assert_ok(unsetenv("http_proxy"));
    assert_ok(unsetenv("ALL_PROXY"));
}

static void cancelling_at_any_moment_leaves_nothing(void **state)
{
    (void)state;
    dns_server_add_a(dns, "a.test", "127.0.0.1");
    http_server_serve(web, PATH, OK KEYAUTH);
    for (int turns = 0; turns < 12; turns++) {
        struct tb_ident ident = {.type = TB_IDENT_DNS, .value = "a.test"};

        calls = 0;
        challenge.ident = &ident;
        challenge.token = TOKEN;
        challenge.deadline_ms = tb_clock_mono_ms() + 5000;
        challenge.done = done;
        assert_ok(tb_challenge_start(&challenge, &env, &tb_http01_method));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_key_authorization_proves),
        T(every_other_answer_is_refused),
        T(a_body_has_128_octets_at_most),
        T(the_page_beside_another_status_does_not_count),
        T(an_answer_may_come_in_parts),
        T(an_answer_that_ends_early_is_refused),
        T(a_head_has_a_limit),
        T(redirects_are_resolved_and_judged_again),
        T(redirects_are_counted_to_the_maximum),
        T(a_loop_ends_at_once),
        T(special_addresses_are_not_contacted),
        T(lookup_failures_are_dns_problems),
        T_V4(ipv6_comes_first_and_falls_back_once),
        T(a_wrong_answer_over_ipv6_is_final),
        T(addresses_are_looked_at_to_the_maximum),
        T(a_silent_server_ends_with_the_deadline),
        T(an_address_identifier_is_its_own_host),
        T(proxy_variables_have_no_effect),
        T(cancelling_at_any_moment_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
