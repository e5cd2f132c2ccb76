/* What becomes of requests for tokens while their names are looked up; the test is the front and the name server. */
#include "ca/responder/admission.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/responder/responder.h"
#include "tests/unit/ca/resolver/dns_server.h"
#include "tests/unit/test.h"

#define TIMEOUT_S 1

static struct event_base *base;
static struct dns_server *server;
static struct tb_config cfg;
static struct tb_child child;
static struct tb_responder rp;
static struct tb_channel *front;

/* The answers that the front got. */
static struct {
    unsigned num;
    uint32_t id;
    struct tb_problem problem; /* of the last one */
    size_t num_tokens;
} got;

static int front_message(struct tb_channel *ch TB_UNUSED, const struct tb_msg *m, void *arg TB_UNUSED)
{
    struct tb_msg_token_rsp rsp = {0};

    assert_int_equal(m->type, TB_MSG_TOKEN_RSP);
    assert_ok(tb_msg_token_rsp_read(m->body, &rsp));
    tb_problem_clear(&got.problem);
    got.num++;
    got.id = m->id;
    got.problem = rsp.problem;
    got.num_tokens = rsp.num;
    rsp.problem = (struct tb_problem){0};
    tb_msg_token_rsp_clear(&rsp);
    return 0;
}

static void gone(struct tb_channel *ch TB_UNUSED, int err TB_UNUSED, void *arg TB_UNUSED)
{
}

static const struct tb_channel_ops ops = {.message = front_message, .closed = gone};

static int set_up(void **state)
{
    const char *why;
    int fd[2];

    (void)state;
    base = event_base_new();
    server = dns_server_new(base);
    cfg = (struct tb_config){
        .num_zones = 1, .methods = TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01), .limits.validation_timeout_s = TIMEOUT_S};
    tb_config_zone_preset(&cfg.zones[0]);
    cfg.zones[0].num_resolvers = 1;
    dns_server_listen(server, &cfg.zones[0].resolver[0]);
    child = (struct tb_child){.role = TB_ROLE_RESPONDER, .base = base, .cfg = &cfg, .state = &rp};
    rp = (struct tb_responder){.child = &child};
    tb_wr_init(&rp.wr, 1u << 20);
    assert_ok(tb_resolver_new(base, &cfg, &rp.resolver, &why));
    assert_ok(tb_channel_pair(fd));
    assert_ok(
        tb_channel_new(base, fd[0], TB_ROLE_RESPONDER, TB_ROLE_FRONT, false, &ops, NULL, &child.peer[TB_ROLE_FRONT]));
    assert_ok(tb_channel_new(base, fd[1], TB_ROLE_FRONT, TB_ROLE_RESPONDER, false, &ops, NULL, &front));
    memset(&got, 0, sizeof(got));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    tb_admissions_abandon(&rp);
    assert_int_equal(rp.admissions.num, 0);
    tb_channel_free(child.peer[TB_ROLE_FRONT]);
    tb_channel_free(front);
    tb_resolver_free(rp.resolver);
    tb_wr_clear(&rp.wr);
    tb_problem_clear(&got.problem);
    dns_server_free(server);
    event_base_free(base);
    return 0;
}

/* A request for tokens of these names, which end with NULL. */
static void ask(uint32_t id, const char *const *names)
{
    struct tb_challenge_spec spec[8] = {0};
    struct tb_msg_token_req req = {
        .account_url = "https://ca.example/acme/acct/x", .expiry = tb_clock_now_s() + 60, .spec = spec};
    struct tb_msg m = {.type = TB_MSG_TOKEN_REQ, .id = id, .fd = -1};
    struct tb_wr wr;

    for (; names[req.num] != NULL; req.num++) {
        bool ip = names[req.num][strspn(names[req.num], "0123456789.")] == '\0';

        spec[req.num].method = TB_METHOD_TLS_CLIENT_01;
        spec[req.num].purposes = TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH);
        assert_ok(
            tb_ident_parse(ip ? TB_IDENT_IP : TB_IDENT_DNS, tb_span_str(names[req.num]), &spec[req.num].ident, NULL));
    }
    tb_wr_init(&wr, 65536);
    tb_msg_token_req_write(&wr, &req);
    m.body = tb_wr_span(&wr);
    assert_ok(tb_responder_on_token(&child, child.peer[TB_ROLE_FRONT], &m));
    tb_wr_clear(&wr); /* what is needed of it was copied */
}

#define ASK(id, ...) ask((id), (const char *const[]){__VA_ARGS__, NULL})

static void run(unsigned ms)
{
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000 * 1000)};

    assert_ok(event_base_loopexit(base, &tv));
    assert_true(event_base_dispatch(base) >= 0);
}

static void run_until_answers(unsigned num)
{
    for (int i = 0; i < 1000 && got.num < num; i++)
        run(10);
    assert_int_equal(got.num, num);
}

static void tokens_come_when_every_name_was_found(void **state)
{
    (void)state;
    dns_server_add_a(server, "a.example", "192.0.2.1");
    dns_server_add_txt(server, "_acme-egress.b.example", "v=egress1 ip4:192.0.2.0/24");
    ASK(7, "a.example", "b.example");
    assert_int_equal(rp.admissions.num, 1);
    assert_int_equal(rp.admissions.num_names, 2);
    run_until_answers(1);
    assert_int_equal(got.id, 7);
    assert_int_equal(got.problem.type, TB_P_NONE);
    assert_int_equal(got.num_tokens, 2);
    assert_int_equal(rp.admissions.num, 0);
    assert_int_equal(rp.admissions.num_names, 0);
}

static void a_name_that_is_nowhere_is_refused(void **state)
{
    (void)state;
    dns_server_add_a(server, "a.example", "192.0.2.1");
    ASK(7, "a.example", "none.example");
    run_until_answers(1);
    assert_int_equal(got.num_tokens, 0);
    assert_int_equal(got.problem.type, TB_P_REJECTED_IDENTIFIER);
    assert_non_null(strstr(got.problem.detail, "none.example has neither A nor AAAA records"));
    assert_int_equal(got.problem.num_sub, 1);
    assert_string_equal(got.problem.sub[0].ident.value, "none.example");
    assert_int_equal(rp.stat[TB_RSTAT_DENIED], 1);
}

static void each_name_that_is_nowhere_is_named(void **state)
{
    (void)state;
    ASK(7, "none.example", "also.example");
    run_until_answers(1);
    assert_int_equal(got.problem.num_sub, 2);
    assert_string_equal(got.problem.sub[0].ident.value, "none.example");
    assert_string_equal(got.problem.sub[1].ident.value, "also.example");
    assert_null(strstr(got.problem.detail, "none.example"));
}

/* Only an answer that there is nothing is one: the rest is for the arming of the challenge to say. */
static void a_name_that_dns_does_not_answer_for_gets_its_token(void **state)
{
    (void)state;
    dns_server_fault(server, "broken.example", 0, DNS_SERVFAIL);
    dns_server_fault(server, "_acme-egress.broken.example", 0, DNS_SERVFAIL);
    ASK(7, "broken.example");
    run_until_answers(1);
    assert_int_equal(got.problem.type, TB_P_NONE);
    assert_int_equal(got.num_tokens, 1);
}

static void silent(void)
{
    dns_server_fault(server, "silent.example", 0, DNS_SILENT);
    dns_server_fault(server, "_acme-egress.silent.example", 0, DNS_SILENT);
}

static void the_deadline_gives_tokens(void **state)
{
    (void)state;
    silent();
    ASK(7, "silent.example");
    run(500);
    assert_int_equal(got.num, 0);
    run_until_answers(1);
    assert_int_equal(got.problem.type, TB_P_NONE);
    assert_int_equal(got.num_tokens, 1);
    assert_int_equal(rp.admissions.num, 0);
}

static void what_was_found_to_be_nowhere_is_refused_at_the_deadline(void **state)
{
    (void)state;
    silent();
    ASK(7, "silent.example", "none.example");
    run_until_answers(1);
    assert_int_equal(got.problem.type, TB_P_REJECTED_IDENTIFIER);
    assert_int_equal(got.problem.num_sub, 1);
    assert_string_equal(got.problem.sub[0].ident.value, "none.example");
}

static void an_address_needs_no_look_up(void **state)
{
    (void)state;
    ASK(7, "192.0.2.1");
    assert_int_equal(rp.admissions.num, 0);
    run_until_answers(1);
    assert_int_equal(got.num_tokens, 1);
    assert_int_equal(dns_server_asked(server), 0);
}

/* A request that finds no room is answered at once, and is not looked at. */
static void the_number_of_requests_is_bounded(void **state)
{
    (void)state;
    silent();
    rp.admissions.num = TB_ADMISSIONS_MAX - 1;
    ASK(1, "silent.example");
    assert_int_equal(rp.admissions.num, TB_ADMISSIONS_MAX);
    ASK(2, "none.example");
    assert_int_equal(rp.admissions.num, TB_ADMISSIONS_MAX);
    run(50);
    assert_int_equal(got.num, 1);
    assert_int_equal(got.id, 2);
    assert_int_equal(got.problem.type, TB_P_NONE);
    assert_int_equal(got.num_tokens, 1);
    tb_admissions_abandon(&rp);
    rp.admissions.num = 0;
}

static void the_number_of_names_of_all_requests_is_bounded(void **state)
{
    (void)state;
    silent();
    rp.admissions.num_names = TB_ADMISSIONS_NAMES_MAX - 2;
    ASK(1, "silent.example", "none.example");
    assert_int_equal(rp.admissions.num, 1);
    assert_int_equal(rp.admissions.num_names, TB_ADMISSIONS_NAMES_MAX);
    ASK(2, "none.example");
    assert_int_equal(rp.admissions.num, 1);
    assert_int_equal(rp.admissions.num_names, TB_ADMISSIONS_NAMES_MAX);
    run(50);
    assert_int_equal(got.num, 1);
    assert_int_equal(got.id, 2);
    assert_int_equal(got.num_tokens, 1);
    rp.admissions.num_names--; /* room for one: a request of two finds none */
    ASK(3, "none.example", "also.example");
    assert_int_equal(rp.admissions.num, 1);
    tb_admissions_abandon(&rp);
    rp.admissions.num_names = 0;
}

static void abandoned_requests_get_no_answer(void **state)
{
    (void)state;
    dns_server_add_a(server, "a.example", "192.0.2.1");
    ASK(1, "a.example");
    ASK(2, "none.example", "a.example");
    ASK(3, "a.example");
    assert_int_equal(rp.admissions.num, 3);
    tb_admissions_abandon(&rp);
    assert_int_equal(rp.admissions.num, 0);
    assert_int_equal(rp.admissions.num_names, 0);
    run(1000 * TIMEOUT_S + 200);
    assert_int_equal(got.num, 0);
}

/* They end in any order. */
static void requests_end_one_by_one(void **state)
{
    (void)state;
    silent();
    dns_server_add_a(server, "a.example", "192.0.2.1");
    ASK(1, "silent.example");
    ASK(2, "a.example");
    ASK(3, "silent.example");
    run_until_answers(1);
    assert_int_equal(got.id, 2);
    assert_int_equal(rp.admissions.num, 2);
    run_until_answers(3);
    assert_int_equal(rp.admissions.num, 0);
    assert_null(rp.admissions.all);
}

static void a_front_that_has_gone_gets_nothing(void **state)
{
    struct tb_channel *was = child.peer[TB_ROLE_FRONT];

    (void)state;
    ASK(1, "none.example");
    child.peer[TB_ROLE_FRONT] = NULL;
    run(500);
    child.peer[TB_ROLE_FRONT] = was;
    assert_int_equal(rp.admissions.num, 0);
    run(50);
    assert_int_equal(got.num, 0);
}

static void a_malformed_request_is_told(void **state)
{
    const struct tb_msg m = {.type = TB_MSG_TOKEN_REQ, .id = 1, .body = tb_span_str("x"), .fd = -1};

    (void)state;
    assert_true(tb_responder_on_token(&child, child.peer[TB_ROLE_FRONT], &m) < 0);
    assert_int_equal(rp.admissions.num, 0);
}

#define ADMISSION(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ADMISSION(tokens_come_when_every_name_was_found),
        ADMISSION(a_name_that_is_nowhere_is_refused),
        ADMISSION(each_name_that_is_nowhere_is_named),
        ADMISSION(a_name_that_dns_does_not_answer_for_gets_its_token),
        ADMISSION(the_deadline_gives_tokens),
        ADMISSION(what_was_found_to_be_nowhere_is_refused_at_the_deadline),
        ADMISSION(an_address_needs_no_look_up),
        ADMISSION(the_number_of_requests_is_bounded),
        ADMISSION(the_number_of_names_of_all_requests_is_bounded),
        ADMISSION(abandoned_requests_get_no_answer),
        ADMISSION(requests_end_one_by_one),
        ADMISSION(a_front_that_has_gone_gets_nothing),
        ADMISSION(a_malformed_request_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
