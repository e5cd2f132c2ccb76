/* What the judge says when what it is built on fails; the faults are put in by the linker (--wrap). */
#include "tests/unit/ca/made_ca.h"
#include "tests/unit/said.h"
#include "tests/unit/test.h"

#include <string.h>

#include "ca/judge/judge.h"
#include "lib/ipc/msg_crl.h"
#include "lib/ipc/msg_revoke.h"

static enum { NOTHING, DECIDING_TO_SIGN, DECIDING_AGAIN, SENDING, RESERVING } broken;

int __real_tb_channel_send(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span);
int __wrap_tb_channel_send(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span);
void __wrap_tb_judge_decide(struct tb_judge_state *, const struct tb_msg_finalize_req *, tb_time_t,
                            struct tb_decision *);
void __wrap_tb_judge_decide_revoke(struct tb_judge_state *, const struct tb_msg_revoke_req *, tb_issuance_read_fn *,
                                   void *, tb_time_t, struct tb_revoke_decision *);
int __wrap_tb_flight_prepare(struct tb_flight *, const struct tb_decision *, const struct tb_proofs *, const char **);
int __wrap_tb_ilog_read(const struct tb_ilog *, uint64_t, struct tb_wr *, struct tb_log_rec *, uint64_t *);
int __wrap_tb_ilog_find(const struct tb_ilog *, uint64_t, uint64_t *);
int __wrap_tb_revoked_reserve(struct tb_revoked *, size_t, tb_time_t);

int __wrap_tb_channel_send(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body)
{
    return broken == SENDING ? TB_E_LIMIT : __real_tb_channel_send(ch, type, id, body);
}

/* What it decides is not the matter here: only what is done then. */
void __wrap_tb_judge_decide(struct tb_judge_state *s TB_UNUSED, const struct tb_msg_finalize_req *req TB_UNUSED,
                            tb_time_t now TB_UNUSED, struct tb_decision *d)
{
    memset(d, 0, sizeof(*d));
    d->verdict = broken == DECIDING_TO_SIGN ? TB_VERDICT_SIGN : TB_VERDICT_AGAIN;
}

void __wrap_tb_judge_decide_revoke(struct tb_judge_state *s TB_UNUSED, const struct tb_msg_revoke_req *req TB_UNUSED,
                                   tb_issuance_read_fn *read TB_UNUSED, void *arg TB_UNUSED, tb_time_t now TB_UNUSED,
                                   struct tb_revoke_decision *d)
{
    memset(d, 0, sizeof(*d));
    d->verdict = TB_REVOKE_LOG;
}

int __wrap_tb_flight_prepare(struct tb_flight *flight TB_UNUSED, const struct tb_decision *d TB_UNUSED,
                             const struct tb_proofs *proofs TB_UNUSED, const char **why)
{
    *why = "broken";
    return TB_E_DENIED;
}

int __wrap_tb_ilog_read(const struct tb_ilog *log TB_UNUSED, uint64_t offset TB_UNUSED, struct tb_wr *buf TB_UNUSED,
                        struct tb_log_rec *out TB_UNUSED, uint64_t *next TB_UNUSED)
{
    return TB_E_BADSIG;
}

int __wrap_tb_ilog_find(const struct tb_ilog *log TB_UNUSED, uint64_t seq TB_UNUSED, uint64_t *out)
{
    *out = 0;
    return 0;
}

int __wrap_tb_revoked_reserve(struct tb_revoked *r TB_UNUSED, size_t num TB_UNUSED, tb_time_t now TB_UNUSED)
{
    return TB_E_LIMIT;
}

static int set_up(void **state)
{
    static struct made_ca m;

    broken = NOTHING;
    made_ca_new(&m, &tb_judge_role);
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

static void a_list_of_blocked_keys_that_is_gone(void **state)
{
    struct made_ca *m = *state;

    strcpy(m->child.cfg->blocked_keys, "/nonexistent");
    assert_true(tb_judge_role.open(&m->child) < 0);
    assert_true(said("blocked-keys"));
}

static void opened(struct made_ca *m)
{
    assert_ok(tb_judge_role.open(&m->child));
    assert_ok(tb_judge_role.setup(&m->child));
    made_ca_edge(m, TB_ROLE_FRONT);
}

static void finalize(struct made_ca *m)
{
    const struct tb_msg_finalize_req req = {.jws = tb_span_str("{}"), .account_jwk = tb_span_str("{}")};
    struct tb_wr wr;

    tb_wr_init(&wr, 4096);
    tb_msg_finalize_req_write(&wr, &req);
    assert_ok(made_ca_receive(m, TB_ROLE_FRONT, TB_MSG_FINALIZE_REQ, 1, tb_wr_span(&wr)));
    tb_wr_clear(&wr);
}

static void a_certificate_that_the_lint_refuses(void **state)
{
    struct made_ca *m = *state;

    opened(m);
    broken = DECIDING_TO_SIGN;
    finalize(m);
    assert_true(said("lint-failed"));
    assert_true(said("finalize-refused"));
}

static void the_record_of_a_certificate_that_is_asked_for_again(void **state)
{
    struct made_ca *m = *state;

    opened(m);
    broken = DECIDING_AGAIN;
    finalize(m);
    assert_true(said("log-unreadable"));
    assert_true(said("finalize-refused"));
}

static void the_records_that_the_front_wants_to_catch_up_with(void **state)
{
    const struct tb_msg_after after = {.after = 0};
    struct made_ca *m = *state;
    struct tb_wr wr;

    opened(m);
    ((struct tb_judge *)m->child.state)->last_issue_seq = 9;
    tb_wr_init(&wr, 64);
    tb_msg_after_write(&wr, &after);
    assert_ok(made_ca_receive(m, TB_ROLE_FRONT, TB_MSG_SYNC_REQ, 1, tb_wr_span(&wr)));
    tb_wr_clear(&wr);
    assert_true(said("log-unreadable"));
}

static void an_answer_that_cannot_be_sent(void **state)
{
    struct made_ca *m = *state;

    opened(m);
    broken = SENDING;
    tb_judge_role.peer_up(&m->child, TB_ROLE_FRONT);
    assert_true(said("answer-not-sent"));
}

static void a_table_of_revocations_that_is_full(void **state)
{
    const struct tb_msg_revoke_req req = {.jws = tb_span_str("{}")};
    struct made_ca *m = *state;
    struct tb_wr wr;

    opened(m);
    tb_wr_init(&wr, 4096);
    tb_msg_revoke_req_write(&wr, &req);
    assert_ok(made_ca_receive(m, TB_ROLE_FRONT, TB_MSG_REVOKE_REQ, 1, tb_wr_span(&wr)));
    tb_wr_clear(&wr);
    assert_true(said("revocation-table-full"));
    assert_true(said("revocation-refused"));
}

static void a_crl_that_the_keyholder_does_not_get(void **state)
{
    struct made_ca *m = *state;

    opened(m);
    made_ca_edge(m, TB_ROLE_KEYHOLDER);
    broken = SENDING;
    tb_judge_role.peer_up(&m->child, TB_ROLE_KEYHOLDER);
    assert_true(said("crl-not-made"));
}

static void a_crl_that_the_keyholder_refuses(void **state)
{
    const struct tb_msg_sign_rsp rsp = {.problem = {.type = TB_P_SERVER_INTERNAL, .detail = "no"}};
    struct made_ca *m = *state;
    struct tb_judge *j;
    struct tb_wr wr;

    opened(m);
    made_ca_edge(m, TB_ROLE_KEYHOLDER);
    tb_judge_role.peer_up(&m->child, TB_ROLE_KEYHOLDER);
    assert_false(said("crl-not-made"));
    j = m->child.state;
    tb_wr_init(&wr, 4096);
    tb_msg_sign_rsp_write(&wr, &rsp);
    assert_ok(made_ca_receive(m, TB_ROLE_KEYHOLDER, TB_MSG_CRL_SIGN_RSP, j->crls.slot[TB_ISSUER_SERVER][0].sign_id,
                              tb_wr_span(&wr)));
    tb_wr_clear(&wr);
    assert_true(said("crl-not-made"));
}

#define ALARM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALARM(a_list_of_blocked_keys_that_is_gone),
        ALARM(a_certificate_that_the_lint_refuses),
        ALARM(the_record_of_a_certificate_that_is_asked_for_again),
        ALARM(the_records_that_the_front_wants_to_catch_up_with),
        ALARM(an_answer_that_cannot_be_sent),
        ALARM(a_table_of_revocations_that_is_full),
        ALARM(a_crl_that_the_keyholder_does_not_get),
        ALARM(a_crl_that_the_keyholder_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
