/* What the front says when what it is built on fails; the faults are put in by the linker (--wrap). */
#include "tests/unit/ca/made_ca.h"
#include "tests/unit/said.h"
#include "tests/unit/test.h"

#include <string.h>

#include "ca/front/finalize.h"
#include "ca/front/revoke.h"
#include "ca/front/server.h"
#include "ca/front/validation.h"
#include "lib/ipc/msg_crl.h"

static enum { NOTHING, CALLING, SENDING, COLLECTING, COLLECTED, LISTING, LOOKING, CHANGING } broken;
static struct tb_edge_call called; /* the last call that was taken */
static struct made_ca m;

int __real_tb_edge_call(struct tb_edge *, const struct tb_edge_call *);
int __real_tb_channel_send(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span);
int __real_tb_policy_open(const struct tb_config *, struct tb_policy **, char *);
int __wrap_tb_policy_open(const struct tb_config *, struct tb_policy **, char *);
int __real_tb_store_collect(struct tb_store *, tb_time_t, uint32_t, tb_store_done_fn *, void *);
int __real_tb_store_authz_list_processing(struct tb_store *, size_t, uint64_t *, size_t *);
int __wrap_tb_edge_call(struct tb_edge *, const struct tb_edge_call *);
int __wrap_tb_channel_send(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span);
int __wrap_tb_store_collect(struct tb_store *, tb_time_t, uint32_t, tb_store_done_fn *, void *);
int __wrap_tb_store_authz_list_processing(struct tb_store *, size_t, uint64_t *, size_t *);
int __wrap_tb_store_authz_get(struct tb_store *, uint64_t, struct tb_authz *);
int __wrap_tb_store_account_get(struct tb_store *, uint64_t, struct tb_account *);
int __wrap_tb_published_take_crl(struct tb_published *, const struct tb_msg_crl *);

int __wrap_tb_edge_call(struct tb_edge *e, const struct tb_edge_call *call)
{
    if (broken == CALLING)
        return TB_E_LIMIT;
    called = *call;
    return __real_tb_edge_call(e, call);
}

int __wrap_tb_channel_send(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body)
{
    return broken == SENDING ? TB_E_LIMIT : __real_tb_channel_send(ch, type, id, body);
}

/* A certificate is read for the policy first: it changes before it is read again. */
int __wrap_tb_policy_open(const struct tb_config *cfg, struct tb_policy **out, char *why)
{
    int r = __real_tb_policy_open(cfg, out, why);

    if (broken == CHANGING)
        made_ca_spoil(&m, TB_FILE_ISSUING_CLIENT);
    return r;
}

int __wrap_tb_store_collect(struct tb_store *st, tb_time_t now, uint32_t keep_s, tb_store_done_fn *done, void *arg)
{
    if (broken == COLLECTING)
        return TB_E_NOMEM;
    if (broken != COLLECTED)
        return __real_tb_store_collect(st, now, keep_s, done, arg);
    done(TB_E_IO, arg); /* as the writer tells it */
    return 0;
}

int __wrap_tb_store_authz_list_processing(struct tb_store *st, size_t max, uint64_t *ids, size_t *num)
{
    if (broken == LISTING)
        return TB_E_IO;
    if (broken != LOOKING)
        return __real_tb_store_authz_list_processing(st, max, ids, num);
    ids[0] = 1;
    *num = 1;
    return 0;
}

/* One whose account is not there. */
int __wrap_tb_store_authz_get(struct tb_store *st TB_UNUSED, uint64_t id, struct tb_authz *out)
{
    *out = (struct tb_authz){.id = id,
                             .state = TB_AUTHZ_PENDING,
                             .num_challenges = 1,
                             .challenge = {{.method = TB_METHOD_HTTP_01, .state = TB_CHALLENGE_PROCESSING}}};
    return 0;
}

int __wrap_tb_store_account_get(struct tb_store *st TB_UNUSED, uint64_t id TB_UNUSED, struct tb_account *out TB_UNUSED)
{
    return TB_E_IO;
}

int __wrap_tb_published_take_crl(struct tb_published *p TB_UNUSED, const struct tb_msg_crl *crl TB_UNUSED)
{
    return TB_E_NOMEM;
}

static int set_up(void **state)
{
    (void)state;
    broken = NOTHING;
    made_ca_new(&m, &tb_front_role);
    said_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    said_end();
    made_ca_free(&m);
    return 0;
}

static struct tb_front *opened(void)
{
    assert_ok(tb_front_role.open(&m.child));
    assert_ok(tb_front_role.setup(&m.child));
    return m.child.state;
}

static void an_issuing_certificate_that_is_none(void **state)
{
    (void)state;
    broken = CHANGING;
    assert_true(tb_front_role.open(&m.child) < 0);
    assert_true(said("issuing-certificate"));
}

static void a_list_of_blocked_keys_that_is_gone(void **state)
{
    (void)state;
    strcpy(m.child.cfg->blocked_keys, "/nonexistent");
    assert_true(tb_front_role.open(&m.child) < 0);
    assert_true(said("blocked-keys"));
}

static void a_socket_that_was_not_given(void **state)
{
    struct tb_front *f = opened();

    (void)state;
    assert_int_equal(tb_server_start(f), TB_E_IO);
    assert_true(said("no-listener"));
}

static void a_message_that_a_peer_does_not_take(void **state)
{
    struct tb_front *f = opened();

    (void)state;
    made_ca_edge(&m, TB_ROLE_JUDGE);
    broken = SENDING;
    tb_revoked_sync(f);
    assert_true(said("send-failed"));
}

static void calls_that_find_no_room(void **state)
{
    struct tb_front *f = opened();

    (void)state;
    broken = CALLING;
    tb_sync_start(f);
    assert_true(said("sync-not-started"));
    tb_revoked_sync(f);
    assert_true(said("revocations-not-fetched"));
}

/* The first answer comes, the second question finds no room. */
static void a_sync_that_stops_half_way(void **state)
{
    struct tb_issued issued = {.seq = 1, .order = 1, .issuer = TB_ISSUER_SERVER, .cert = tb_span_str("0")};
    const struct tb_msg_sync_rsp rsp = {.num = 1, .issued = {issued}};
    struct tb_front *f = opened();
    struct tb_wr wr;

    (void)state;
    tb_sync_start(f);
    assert_int_equal(called.req, TB_MSG_SYNC_REQ);
    tb_wr_init(&wr, 4096);
    tb_msg_sync_rsp_write(&wr, &rsp);
    broken = CALLING;
    assert_ok(called.done(f, 0, tb_wr_span(&wr), called.arg));
    tb_wr_clear(&wr);
    assert_true(said("sync-stopped"));
}

static void validations_that_cannot_be_listed_after_a_restart(void **state)
{
    struct tb_front *f = opened();

    (void)state;
    broken = LISTING;
    tb_validation_resume(f);
    assert_true(said("validations-not-resumed"));
}

static void a_validation_that_cannot_be_taken_up_again(void **state)
{
    struct tb_front *f = opened();

    (void)state;
    broken = LOOKING;
    tb_validation_resume(f);
    assert_true(said("validation-not-resumed"));
    assert_true(said("validations-resumed"));
}

static void old_rows_that_cannot_be_collected(void **state)
{
    struct tb_front *f = opened();

    (void)state;
    broken = COLLECTING;
    f->next_collect = 0;
    made_ca_run(&m, 1000 * TB_FRONT_HOLD_S + 200);
    assert_true(said("collect-failed"));
}

static void old_rows_whose_end_is_not_written(void **state)
{
    struct tb_front *f = opened();

    (void)state;
    broken = COLLECTED;
    f->next_collect = 0;
    made_ca_run(&m, 1000 * TB_FRONT_HOLD_S + 200);
    assert_true(said("collect-failed"));
}

static void a_crl_that_finds_no_memory(void **state)
{
    const struct tb_msg_crl crl = {
        .issuer = TB_ISSUER_SERVER, .this_update = 1, .next_update = 2, .der = tb_span_str("crl")};
    struct tb_wr wr;

    (void)state;
    opened();
    made_ca_edge(&m, TB_ROLE_JUDGE);
    tb_wr_init(&wr, 4096);
    tb_msg_crl_write(&wr, &crl);
    assert_ok(made_ca_receive(&m, TB_ROLE_JUDGE, TB_MSG_CRL, 0, tb_wr_span(&wr)));
    tb_wr_clear(&wr);
    assert_true(said("crl-not-taken"));
}

#define ALARM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALARM(an_issuing_certificate_that_is_none),
        ALARM(a_list_of_blocked_keys_that_is_gone),
        ALARM(a_socket_that_was_not_given),
        ALARM(a_message_that_a_peer_does_not_take),
        ALARM(calls_that_find_no_room),
        ALARM(a_sync_that_stops_half_way),
        ALARM(validations_that_cannot_be_listed_after_a_restart),
        ALARM(a_validation_that_cannot_be_taken_up_again),
        ALARM(old_rows_that_cannot_be_collected),
        ALARM(old_rows_whose_end_is_not_written),
        ALARM(a_crl_that_finds_no_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
