/* Functions under test: the role tb_judge_role on a real loop, with a real keyholder and log; the test is the front. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "ca/judge/judge.h"
#include "ca/keyholder/keyholder.h"
#include "lib/ipc/msg_sign.h"
#include "tests/unit/ca/judge/world.h"

#define ANSWERS_MAX 128

struct answer {
    uint32_t id;
    struct tb_problem problem;
    struct tb_issued issued;
    uint8_t cert[TB_CERT_MAX];
};

struct fix {
    struct world *w;
    char dir[64];
    struct tb_child child;
    struct tb_channel *front, *holder; /* the test's ends */
    struct tb_keyholder kh;
    unsigned sign_requests;
    bool holder_refuses;
    struct tb_msg_judge_hello hello;
    struct answer *answer;
    size_t num_answers;
    struct tb_msg_sync_rsp sync;
    unsigned syncs, closed;
    uint32_t last_id;
};

static const char *const state_files[] = {"keys/statement-1-1.key", "issuing-server.pem", "issuing-client.pem",
                                          "root-server.pem",        "root-client.pem",    "https.pem"};

static void put(const struct fix *f, const char *name, const void *p, size_t len)
{
    char path[160];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", f->dir, name);
    fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, len), (ssize_t)len);
    close(fd);
}

/* The judge's side of an edge, as ca/child.c has it. */
static int to_judge(struct tb_channel *ch, const struct tb_msg *m, void *arg)
{
    struct fix *f = arg;

    assert_non_null(tb_judge_role.handlers[m->type]);
    return tb_judge_role.handlers[m->type](&f->child, ch, m);
}

static void judge_closed(struct tb_channel *ch, int err, void *arg)
{
    struct fix *f = arg;
    enum tb_role peer = tb_channel_peer(ch);

    assert_int_equal(err, TB_E_FORMAT);
    f->child.peer[peer] = NULL;
    f->closed++;
    tb_channel_free(ch);
    tb_judge_role.peer_down(&f->child, peer);
}

static const struct tb_channel_ops judge_ops = {to_judge, judge_closed};

static int to_front(struct tb_channel *ch, const struct tb_msg *m, void *arg)
{
    struct fix *f = arg;
    struct tb_msg_finalize_rsp rsp;
    struct answer *a;

    (void)ch;
    switch ((int)m->type) {
    case TB_MSG_JUDGE_HELLO:
        return tb_msg_judge_hello_read(m->body, &f->hello);
    case TB_MSG_SYNC_RSP:
        f->syncs++;
        return tb_msg_sync_rsp_read(m->body, &f->sync);
    case TB_MSG_FINALIZE_RSP:
        assert_true(f->num_answers < ANSWERS_MAX);
        assert_int_equal(tb_msg_finalize_rsp_read(m->body, &rsp), 0);
        a = &f->answer[f->num_answers++];
        a->id = m->id;
        a->problem = rsp.problem;
        a->issued = rsp.issued;
        if (rsp.problem.type == TB_P_NONE)
            memcpy(a->cert, rsp.issued.cert.p, rsp.issued.cert.len);
        a->issued.cert.p = a->cert;
        return 0;
    }
    fail();
    return TB_E_FORMAT;
}

static int to_holder(struct tb_channel *ch, const struct tb_msg *m, void *arg)
{
    struct fix *f = arg;
    struct tb_msg_sign_req req;
    struct tb_msg_sign_rsp rsp;
    const char *reason;
    struct tb_wr wr;
    int r;

    f->sign_requests++;
    assert_int_equal(tb_msg_sign_req_read(m->body, &req), 0);
    r = tb_keyholder_sign(&f->kh, &req, tb_clock_now_s() + (f->holder_refuses ? 86400 : 0), &rsp, &reason);
    assert_int_equal(r < 0, f->holder_refuses);
    tb_wr_init(&wr, 65536);
    tb_msg_sign_rsp_write(&wr, &rsp);
    assert_int_equal(tb_channel_send(ch, TB_MSG_SIGN_RSP, m->id, tb_wr_span(&wr)), 0);
    tb_problem_clear(&rsp.problem);
    tb_wr_clear(&wr);
    return 0;
}

static void other_closed(struct tb_channel *ch, int err, void *arg)
{
    (void)ch;
    (void)err;
    (void)arg;
}

static const struct tb_channel_ops front_ops = {to_front, other_closed}, holder_ops = {to_holder, other_closed};

static void connect_edge(struct fix *f, enum tb_role role, const struct tb_channel_ops *ops, struct tb_channel **mine)
{
    int fds[2];

    tb_channel_free(*mine);
    *mine = NULL;
    tb_channel_free(f->child.peer[role]);
    assert_int_equal(tb_channel_pair(fds), 0);
    assert_int_equal(
        tb_channel_new(f->child.base, fds[0], TB_ROLE_JUDGE, role, false, &judge_ops, f, &f->child.peer[role]), 0);
    assert_int_equal(tb_channel_new(f->child.base, fds[1], role, TB_ROLE_JUDGE, false, ops, f, mine), 0);
    tb_judge_role.peer_up(&f->child, role);
}

static void turn(struct fix *f)
{
    for (int i = 0; i < 8; i++)
        event_base_loop(f->child.base, EVLOOP_NONBLOCK);
}

static int start(struct fix *f)
{
    int r = tb_judge_role.open(&f->child);

    if (r < 0)
        return r;
    assert_int_equal(tb_judge_role.setup(&f->child), 0);
    connect_edge(f, TB_ROLE_FRONT, &front_ops, &f->front);
    connect_edge(f, TB_ROLE_KEYHOLDER, &holder_ops, &f->holder);
    turn(f);
    return 0;
}

static void stop(struct fix *f)
{
    tb_channel_free(f->front);
    tb_channel_free(f->holder);
    f->front = f->holder = NULL;
    for (size_t i = 0; i < TB_ROLE__COUNT; i++) {
        tb_channel_free(f->child.peer[i]);
        f->child.peer[i] = NULL;
    }
    tb_judge_role.teardown(&f->child);
}

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));
    char path[160];

    w_time = tb_clock_now_s();
    f->w = w_new();
    f->w->ref.epoch = 1;
    f->answer = calloc(ANSWERS_MAX, sizeof(*f->answer));
    strcpy(f->dir, "/tmp/tb-judge-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    snprintf(path, sizeof(path), "%s/keys", f->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/log", f->dir);
    assert_int_equal(mkdir(path, 0700), 0);
    put(f, state_files[0], &f->w->key, sizeof(f->w->key));
    for (size_t i = 1; i < TB_ARRAY_LEN(state_files); i++) {
        const char *pem = f->w->ca_pem[strstr(state_files[i], "client") ? TB_ISSUER_CLIENT : TB_ISSUER_SERVER];
        put(f, state_files[i], pem, strlen(pem));
    }
    for (enum tb_issuer i = TB_ISSUER_SERVER; i <= TB_ISSUER_CLIENT; i++)
        assert_int_equal(
            tb_keyholder_add(&f->kh, i, tb_span_str(f->w->ca_pem[i]), tb_span_str(f->w->ca_key_pem[i]), NULL), 0);
    assert_int_equal(tb_serials_new(64, &f->kh.serials), 0);
    strcpy(f->w->cfg->dir, f->dir);
    f->w->cfg->methods = ~(tb_methods_t)0;
    f->w->cfg->num_zones = 1; /* "." */
    f->child.role = TB_ROLE_JUDGE;
    f->child.cfg = f->w->cfg;
    f->child.base = event_base_new();
    assert_int_equal(start(f), 0);
    /* The log may have begun in a later second than the one that the world was made in. */
    f->w->ref.order = (tb_order_no_t)tb_clock_now_s() << TB_ORDER_SEQ_BITS | 7;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = *state;
    char cmd[128];

    stop(f);
    for (size_t i = 0; i < f->num_answers; i++)
        tb_problem_clear(&f->answer[i].problem);
    event_base_free(f->child.base);
    tb_keyholder_clear(&f->kh);
    w_free(f->w);
    snprintf(cmd, sizeof(cmd), "rm -r '%s'", f->dir);
    assert_int_equal(system(cmd), 0);
    free(f->answer);
    free(f);
    return 0;
}

static void send_request(struct fix *f)
{
    struct tb_wr body;

    tb_wr_init(&body, 1u << 20);
    w_request(f->w, &body);
    assert_int_equal(tb_channel_send(f->front, TB_MSG_FINALIZE_REQ, ++f->last_id, tb_wr_span(&body)), 0);
    tb_wr_clear(&body);
}

static const struct answer *ask(struct fix *f)
{
    size_t before = f->num_answers;

    send_request(f);
    turn(f);
    assert_int_equal(f->num_answers, before + 1);
    assert_int_equal(f->answer[before].id, f->last_id);
    return &f->answer[before];
}

static const struct answer *issue(struct fix *f)
{
    const struct answer *a = ask(f);

    assert_int_equal(a->problem.type, TB_P_NONE);
    return a;
}

static void a_certificate_is_issued_and_verifies(void **state)
{
    struct fix *f = *state;
    const struct answer *a = issue(f);
    const unsigned char *p = a->cert;
    X509 *cert = d2i_X509(NULL, &p, (long)a->issued.cert.len);

    assert_non_null(cert);
    assert_int_equal(p - a->cert, a->issued.cert.len);
    assert_int_equal(X509_verify(cert, f->w->ca_key[TB_ISSUER_SERVER]), 1);
    assert_int_equal(X509_check_host(cert, "a.example", 0, 0, NULL), 1);
    assert_int_equal(X509_check_ca(cert), 0);
    assert_int_equal(X509_get_extended_key_usage(cert), XKU_SSL_SERVER);
    assert_int_equal(a->issued.order, f->w->ref.order);
    assert_int_equal(a->issued.issuer, TB_ISSUER_SERVER);
    X509_free(cert);
}

static void the_same_jws_gets_the_same_certificate_also_after_a_restart(void **state)
{
    struct fix *f = *state;
    const struct answer *first = issue(f), *again;

    f->w->resend = true;
    for (int restarted = 0; restarted < 2; restarted++) {
        again = issue(f);
        assert_true(tb_span_eq(again->issued.cert, first->issued.cert));
        assert_int_equal(again->issued.seq, first->issued.seq);
        assert_int_equal(again->issued.made_at, first->issued.made_at);
        stop(f);
        assert_int_equal(start(f), 0);
        assert_int_equal(f->hello.last_seq, first->issued.seq);
        assert_int_equal(f->hello.epoch, 1);
    }
    f->w->resend = false;
    assert_int_equal(ask(f)->problem.type, TB_P_ORDER_NOT_READY);
    assert_int_equal(f->sign_requests, 1);
}

static void a_hundred_in_parallel_give_one_certificate(void **state)
{
    struct fix *f = *state;
    unsigned issued = 0;

    for (int i = 0; i < 100; i++)
        send_request(f); /* each with a signature of its own */
    turn(f);
    assert_int_equal(f->num_answers, 100);
    for (size_t i = 0; i < f->num_answers; i++)
        issued += f->answer[i].problem.type == TB_P_NONE;
    assert_int_equal(issued, 1);
    assert_int_equal(f->sign_requests, 1);
}

static void the_same_jws_in_parallel_waits_for_the_one_certificate(void **state)
{
    struct fix *f = *state;
    unsigned issued = 0;

    for (int i = 0; i < TB_WAITERS_MAX + 1; i++) {
        send_request(f);
        f->w->resend = true;
    }
    turn(f);
    assert_int_equal(f->num_answers, TB_WAITERS_MAX + 1);
    for (size_t i = 0; i < f->num_answers; i++)
        issued += f->answer[i].problem.type == TB_P_NONE;
    assert_int_equal(issued, TB_WAITERS_MAX);
    assert_int_equal(f->sign_requests, 1);
}

static void what_arrives_together_is_synced_together(void **state)
{
    struct fix *f = *state;
    struct tb_judge *j = f->child.state;

    for (int i = 0; i < 20; i++, f->w->ref.order++)
        send_request(f);
    turn(f);
    assert_int_equal(f->num_answers, 20);
    assert_int_equal(j->counters.issued, 20);
    assert_in_range(j->counters.syncs, 1, 3);
}

static void a_lost_keyholder_is_asked_again(void **state)
{
    struct fix *f = *state;

    tb_channel_free(f->holder);
    f->holder = NULL;
    tb_channel_free(f->child.peer[TB_ROLE_KEYHOLDER]);
    f->child.peer[TB_ROLE_KEYHOLDER] = NULL;
    send_request(f);
    turn(f);
    assert_int_equal(f->num_answers, 0);
    connect_edge(f, TB_ROLE_KEYHOLDER, &holder_ops, &f->holder);
    turn(f);
    assert_int_equal(f->num_answers, 1);
    assert_int_equal(f->answer[0].problem.type, TB_P_NONE);
}

static void a_restarted_front_gets_the_certificate_by_asking_again(void **state)
{
    struct fix *f = *state;

    tb_channel_free(f->child.peer[TB_ROLE_KEYHOLDER]);
    f->child.peer[TB_ROLE_KEYHOLDER] = NULL;
    send_request(f);
    turn(f);
    tb_judge_role.peer_down(&f->child, TB_ROLE_FRONT);
    connect_edge(f, TB_ROLE_FRONT, &front_ops, &f->front);
    connect_edge(f, TB_ROLE_KEYHOLDER, &holder_ops, &f->holder);
    turn(f);
    assert_int_equal(f->num_answers, 0); /* nobody waits any more */
    f->w->resend = true;
    issue(f);
    assert_int_equal(f->sign_requests, 1);
}

static void what_the_keyholder_refuses_leaves_the_order_free(void **state)
{
    struct fix *f = *state;

    f->holder_refuses = true;
    assert_int_equal(ask(f)->problem.type, TB_P_SERVER_INTERNAL);
    f->holder_refuses = false;
    issue(f);
}

static void malformed_messages_cost_the_sender_its_edge(void **state)
{
    struct fix *f = *state;

    assert_int_equal(tb_channel_send(f->front, TB_MSG_FINALIZE_REQ, 1, tb_span_str("nonsense")), 0);
    turn(f);
    assert_int_equal(f->closed, 1);
    connect_edge(f, TB_ROLE_FRONT, &front_ops, &f->front);
    issue(f);
    assert_int_equal(tb_channel_send(f->holder, TB_MSG_SIGN_RSP, 77, tb_span_str("nonsense")), 0);
    turn(f);
    assert_int_equal(f->closed, 2);
    connect_edge(f, TB_ROLE_KEYHOLDER, &holder_ops, &f->holder);
    f->w->ref.order++;
    issue(f);
}

static void ask_sync(struct fix *f, uint64_t after, size_t want)
{
    const struct tb_msg_after req = {.after = after};
    unsigned before = f->syncs;
    struct tb_wr wr;

    tb_wr_init(&wr, 64);
    tb_msg_after_write(&wr, &req);
    assert_int_equal(tb_channel_send(f->front, TB_MSG_SYNC_REQ, 5, tb_wr_span(&wr)), 0);
    tb_wr_clear(&wr);
    turn(f);
    assert_int_equal(f->syncs, before + 1);
    assert_int_equal(f->sync.num, want);
}

static void the_front_catches_up_with_the_log(void **state)
{
    struct fix *f = *state;
    uint64_t first = 0, last = 0;

    ask_sync(f, 0, 0);
    for (int i = 0; i < TB_MSG_SYNC_RECORDS_MAX + 2; i++, f->w->ref.order++) {
        last = issue(f)->issued.seq;
        first = first == 0 ? last : first;
    }
    ask_sync(f, 0, TB_MSG_SYNC_RECORDS_MAX);
    assert_int_equal(f->sync.issued[0].seq, first);
    assert_int_equal(f->sync.issued[TB_MSG_SYNC_RECORDS_MAX - 1].seq, first + TB_MSG_SYNC_RECORDS_MAX - 1);
    ask_sync(f, last - 2, 2);
    assert_int_equal(f->sync.issued[1].seq, last);
    ask_sync(f, last, 0);
    ask_sync(f, UINT64_MAX, 0);
}

/* As restore does: the log goes on in a new epoch. */
static void begin_epoch(const struct fix *f, uint32_t epoch, uint64_t first_seq)
{
    struct tb_log_header h = {.signer = 1, .epoch = epoch, .began_at = tb_clock_now_s(), .first_seq = first_seq};
    char path[160], name[TB_ILOG_NAME_LEN + 1];
    uint8_t buf[TB_LOG_HEADER_LEN];
    struct tb_wr wr;
    int fd;

    memcpy(h.ca_id, f->w->cfg->ca_id, sizeof(h.ca_id));
    tb_ilog_name(name, epoch - 1);
    snprintf(path, sizeof(path), "%s/log/%s", f->dir, name);
    fd = open(path, O_RDONLY);
    assert_int_equal(pread(fd, h.before, TB_DIGEST_LEN, lseek(fd, 0, SEEK_END) - TB_DIGEST_LEN), TB_DIGEST_LEN);
    close(fd);
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_log_header_write(&wr, &h);
    tb_ilog_name(name, epoch);
    snprintf(path, sizeof(path), "log/%s", name);
    put(f, path, buf, sizeof(buf));
}

static void a_new_epoch_knows_what_was_issued_and_refuses_the_orders(void **state)
{
    struct fix *f = *state;
    uint64_t first = issue(f)->issued.seq, second;

    stop(f);
    begin_epoch(f, 2, first + 1000);
    assert_int_equal(start(f), 0);
    assert_int_equal(f->hello.epoch, 2);
    assert_int_equal(f->hello.last_seq, first);
    for (int again = 0; again < 2; again++) {
        f->w->resend = again == 0; /* the very JWS that gave the certificate, and another one */
        assert_int_equal(ask(f)->problem.type, TB_P_ORDER_NOT_READY);
        f->w->resend = false;
    }
    f->w->ref.epoch = 2;
    f->w->ref.order -= (tb_order_no_t)60 << TB_ORDER_SEQ_BITS; /* made before the epoch began */
    assert_int_equal(ask(f)->problem.type, TB_P_ORDER_NOT_READY);
    assert_int_equal(f->sign_requests, 1);
    /* A number that the epoch before has seen is another order in this one, and no reason not to start. */
    f->w->ref.order = (tb_order_no_t)tb_clock_now_s() << TB_ORDER_SEQ_BITS | 7;
    second = issue(f)->issued.seq;
    assert_true(second >= first + 1000);
    stop(f);
    begin_epoch(f, 3, second + 1000);
    assert_int_equal(start(f), 0);
    f->w->ref.epoch = 3;
    assert_true(issue(f)->issued.seq >= second + 1000);
    stop(f);
    assert_int_equal(start(f), 0);
    ask_sync(f, 0, 3); /* all certificates of all epochs */
    assert_int_equal(f->sync.issued[0].seq, first);
    assert_int_equal(f->sync.issued[1].seq, second);
    ask_sync(f, first, 2);
}

static void a_changed_profile_body_stops_the_start(void **state)
{
    struct fix *f = *state;

    stop(f);
    f->w->server->lifetime_s++;
    assert_int_equal(start(f), TB_E_CONFIG);
    stop(f);
    strcpy(f->w->server->version, "2026-02");
    assert_int_equal(start(f), 0);
    stop(f);
    f->w->hidden->lifetime_s++; /* never offered, never logged */
    assert_int_equal(start(f), 0);
}

/* A client order with control and CAA by the validator and use by the responder, and the same with keys changed. */
static enum tb_problem_type client_order(struct fix *f, const struct tb_key *control, const struct tb_key *use)
{
    struct world *w = f->w;

    w->num_st = 0;
    w_caa(w, "a.example");
    w_control(w, "a.example", TB_PURPOSE_CLIENT_AUTH, TB_METHOD_HTTP_01);
    w->st[1].key = control;
    w_use(w, "a.example");
    w->st[2].key = use;
    strcpy(w->ref.profile, "client");
    w->ref.order++;
    return ask(f)->problem.type;
}

static void the_responder_speaks_of_use_and_of_nothing_else(void **state)
{
    struct fix *f = *state;
    const struct tb_key *validator = &f->w->key, *responder = &f->w->foreign_key;

    put(f, "keys/responder-statement-1-1.key", responder, sizeof(*responder));
    assert_int_equal(client_order(f, validator, responder), TB_P_UNAUTHORIZED); /* nobody configured a responder */
    put(f, "responder.pem", f->w->ca_pem[TB_ISSUER_PEER], strlen(f->w->ca_pem[TB_ISSUER_PEER]));
    stop(f);
    f->w->cfg->responder.on = true;
    assert_int_equal(start(f), 0);
    assert_int_equal(client_order(f, validator, responder), TB_P_NONE);
    assert_int_equal(client_order(f, validator, validator), TB_P_UNAUTHORIZED);
    assert_int_equal(client_order(f, responder, responder), TB_P_UNAUTHORIZED);
    assert_int_equal(client_order(f, responder, validator), TB_P_UNAUTHORIZED);
    stop(f);
    f->w->cfg->methods &= ~TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01);
    assert_int_equal(start(f), 0);
    assert_int_equal(client_order(f, validator, responder), TB_P_UNAUTHORIZED);
}

static void draining_refuses_new_work(void **state)
{
    struct fix *f = *state;

    ((struct tb_judge *)f->child.state)->draining = true;
    assert_int_equal(ask(f)->problem.type, TB_P_SERVER_INTERNAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_certificate_is_issued_and_verifies),
        T(the_same_jws_gets_the_same_certificate_also_after_a_restart),
        T(a_hundred_in_parallel_give_one_certificate),
        T(the_same_jws_in_parallel_waits_for_the_one_certificate),
        T(what_arrives_together_is_synced_together),
        T(a_lost_keyholder_is_asked_again),
        T(a_restarted_front_gets_the_certificate_by_asking_again),
        T(what_the_keyholder_refuses_leaves_the_order_free),
        T(malformed_messages_cost_the_sender_its_edge),
        T(the_front_catches_up_with_the_log),
        T(a_new_epoch_knows_what_was_issued_and_refuses_the_orders),
        T(a_changed_profile_body_stops_the_start),
        T(the_responder_speaks_of_use_and_of_nothing_else),
        T(draining_refuses_new_work),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
