/* What the keyholder says when it cannot answer; the fault is put in by the linker (--wrap). */
#include "tests/unit/ca/made_ca.h"
#include "tests/unit/said.h"
#include "tests/unit/test.h"

#include "lib/ipc/msg_sign.h"

static bool broken;

int __real_tb_channel_send(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span);
int __wrap_tb_channel_send(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span);

int __wrap_tb_channel_send(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body)
{
    return broken ? TB_E_LIMIT : __real_tb_channel_send(ch, type, id, body);
}

static void an_answer_that_cannot_be_sent(void **state)
{
    const struct tb_msg_sign_req req = {.issuer = TB_ISSUER_SERVER, .tbs = tb_span_str("no TBS")};
    struct made_ca m;
    struct tb_wr wr;

    (void)state;
    made_ca_new(&m, &tb_keyholder_role);
    assert_ok(tb_keyholder_role.open(&m.child));
    made_ca_edge(&m, TB_ROLE_JUDGE);
    tb_wr_init(&wr, 4096);
    tb_msg_sign_req_write(&wr, &req);
    said_start();
    assert_ok(made_ca_receive(&m, TB_ROLE_JUDGE, TB_MSG_SIGN_REQ, 1, tb_wr_span(&wr)));
    assert_true(said("sign-refused"));
    assert_false(said("answer-not-sent"));
    broken = true;
    assert_ok(made_ca_receive(&m, TB_ROLE_JUDGE, TB_MSG_SIGN_REQ, 2, tb_wr_span(&wr)));
    assert_true(said("answer-not-sent"));
    said_end();
    tb_wr_clear(&wr);
    made_ca_free(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_answer_that_cannot_be_sent)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
