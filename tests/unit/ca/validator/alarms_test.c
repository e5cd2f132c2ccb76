/* What the validator says when what it is built on fails; the faults are put in by the linker (--wrap). */
#include "tests/unit/ca/made_ca.h"
#include "tests/unit/said.h"
#include "tests/unit/test.h"

#include "ca/validator/validator.h"

static enum { NOTHING, RESOLVER, FETCHER, HANDSHAKER, SENDING } broken;

int __real_tb_resolver_new(struct event_base *, const struct tb_config *, struct tb_resolver **, const char **);
int __real_tb_fetcher_new(struct event_base *, const char *, struct tb_fetcher **);
int __real_tb_handshaker_new(struct event_base *, const char *, struct tb_handshaker **);
int __real_tb_channel_send(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span);
int __wrap_tb_resolver_new(struct event_base *, const struct tb_config *, struct tb_resolver **, const char **);
int __wrap_tb_fetcher_new(struct event_base *, const char *, struct tb_fetcher **);
int __wrap_tb_handshaker_new(struct event_base *, const char *, struct tb_handshaker **);
int __wrap_tb_channel_send(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span);

int __wrap_tb_resolver_new(struct event_base *base, const struct tb_config *cfg, struct tb_resolver **out,
                           const char **why)
{
    if (broken != RESOLVER)
        return __real_tb_resolver_new(base, cfg, out, why);
    *out = NULL;
    *why = "broken";
    return TB_E_IO;
}

int __wrap_tb_fetcher_new(struct event_base *base, const char *agent, struct tb_fetcher **out)
{
    *out = NULL;
    return broken == FETCHER ? TB_E_IO : __real_tb_fetcher_new(base, agent, out);
}

int __wrap_tb_handshaker_new(struct event_base *base, const char *alpn, struct tb_handshaker **out)
{
    *out = NULL;
    return broken == HANDSHAKER ? TB_E_IO : __real_tb_handshaker_new(base, alpn, out);
}

int __wrap_tb_channel_send(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body)
{
    return broken == SENDING ? TB_E_LIMIT : __real_tb_channel_send(ch, type, id, body);
}

static int set_up(void **state)
{
    static struct made_ca m;

    broken = NOTHING;
    made_ca_new(&m, &tb_validator_role);
    said_start();
    *state = &m;
    return 0;
}

static int tear_down(void **state)
{
    said_end();
    made_ca_free(*state);
    return 0;
}

static void each_client_that_it_cannot_make_is_named(void **state)
{
    static const char *const words[] = {
        [RESOLVER] = "resolver-failed", [FETCHER] = "http-client-failed", [HANDSHAKER] = "tls-client-failed"};
    struct made_ca *m = *state;

    for (broken = RESOLVER; broken <= HANDSHAKER; broken++) {
        assert_false(said(words[broken]));
        assert_true(tb_validator_role.open(&m->child) < 0);
        assert_true(said(words[broken]));
    }
}

static void opened(struct made_ca *m)
{
    assert_ok(tb_validator_role.open(&m->child));
    made_ca_edge(m, TB_ROLE_FRONT);
    broken = SENDING;
}

static void counters_that_cannot_be_sent(void **state)
{
    struct made_ca *m = *state;

    opened(m);
    assert_ok(made_ca_receive(m, TB_ROLE_FRONT, TB_MSG_STATS_REQ, 1, tb_span_of(NULL, 0)));
    assert_true(said("answer-lost"));
}

static void a_token_that_cannot_be_sent(void **state)
{
    const struct tb_challenge_spec spec = {.method = TB_METHOD_HTTP_01,
                                           .ident = {.type = TB_IDENT_DNS, .value = "a.example"},
                                           .purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)};
    const struct tb_msg_token_req req = {
        .account_url = "https://ca.example/acme/acct/x", .expiry = tb_clock_now_s() + 60, .num = 1, .spec = &spec};
    struct made_ca *m = *state;
    struct tb_wr wr;

    opened(m);
    tb_wr_init(&wr, 4096);
    tb_msg_token_req_write(&wr, &req);
    assert_ok(made_ca_receive(m, TB_ROLE_FRONT, TB_MSG_TOKEN_REQ, 1, tb_wr_span(&wr)));
    tb_wr_clear(&wr);
    assert_true(said("answer-lost"));
    assert_false(said("token-refused"));
}

static void a_statement_that_cannot_be_sent(void **state)
{
    const struct tb_problem pb = {.type = TB_P_DNS, .detail = "no"};
    struct made_ca *m = *state;

    opened(m);
    tb_validator_send_problem(m->child.state, TB_MSG_VALIDATE_RSP, 1, &pb);
    assert_true(said("answer-lost"));
}

#define ALARM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALARM(each_client_that_it_cannot_make_is_named),

        ALARM(counters_that_cannot_be_sent),
        ALARM(a_token_that_cannot_be_sent),
        ALARM(a_statement_that_cannot_be_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
