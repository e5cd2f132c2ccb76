/* What the responder says when what it is built on fails; the faults are put in by the linker (--wrap). */
#include "tests/unit/ca/made_ca.h"
#include "tests/unit/said.h"
#include "tests/unit/test.h"

#include "ca/operation.h"
#include "ca/responder/responder.h"

static enum { NOTHING, RESOLVER, SENDING } broken;

int __real_tb_resolver_new(struct event_base *, const struct tb_config *, struct tb_resolver **, const char **);
int __real_tb_channel_send(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span);
int __wrap_tb_resolver_new(struct event_base *, const struct tb_config *, struct tb_resolver **, const char **);
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

int __wrap_tb_channel_send(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body)
{
    return broken == SENDING ? TB_E_LIMIT : __real_tb_channel_send(ch, type, id, body);
}

static int set_up(void **state)
{
    static struct made_ca m;

    broken = NOTHING;
    made_ca_new(&m, &tb_responder_role);
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

static void a_resolver_that_cannot_be_made(void **state)
{
    struct made_ca *m = *state;

    broken = RESOLVER;
    assert_int_equal(tb_responder_role.open(&m->child), TB_E_IO);
    assert_true(said("resolver-failed"));
}

static void a_certificate_that_is_none(void **state)
{
    struct made_ca *m = *state;

    made_ca_spoil(m, TB_FILE_RESPONDER_CHAIN);
    assert_true(tb_responder_role.open(&m->child) < 0);
    assert_true(said("tls-setup-failed"));
}

static void a_socket_that_was_not_given(void **state)
{
    struct made_ca *m = *state;

    assert_ok(tb_responder_role.open(&m->child));
    assert_int_equal(tb_responder_role.setup(&m->child), TB_E_IO);
    assert_true(said("no-listener"));
}

static void opened(struct made_ca *m)
{
    assert_ok(tb_responder_role.open(&m->child));
    made_ca_edge(m, TB_ROLE_FRONT);
    made_ca_edge(m, TB_ROLE_PARENT);
    broken = SENDING;
}

static void counters_that_cannot_be_sent(void **state)
{
    struct made_ca *m = *state;

    opened(m);
    assert_ok(made_ca_receive(m, TB_ROLE_FRONT, TB_MSG_STATS_REQ, 1, tb_span_of(NULL, 0)));
    assert_true(said("answer-lost"));
}

static void an_outcome_that_cannot_be_sent(void **state)
{
    const struct tb_problem pb = {.type = TB_P_DNS, .detail = "no"};
    struct made_ca *m = *state;

    opened(m);
    tb_responder_send_problem(m->child.state, 1, &pb);
    assert_true(said("answer-lost"));
}

static void an_operator_who_gets_no_answer(void **state)
{
    struct made_ca *m = *state;

    opened(m);
    tb_responder_role.control(&m->child, 1, tb_span_str("{\"cmd\":\"responder\"}"));
    assert_true(said("control-not-answered"));
}

#define ALARM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALARM(a_resolver_that_cannot_be_made), ALARM(a_certificate_that_is_none),
        ALARM(a_socket_that_was_not_given),    ALARM(counters_that_cannot_be_sent),
        ALARM(an_outcome_that_cannot_be_sent), ALARM(an_operator_who_gets_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
