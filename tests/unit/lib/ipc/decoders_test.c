/*
 * All decoders at once: each message of a table is read and written back byte for byte; cut by one or longer by one it
 * is refused; so is each of the hostile ones, with its own error.
 */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "fuzz/ipc_messages.h"

#define BODY_MAX 4096

static const struct tb_ident name = {.type = TB_IDENT_DNS, .value = "www.example.net"};
static const struct tb_challenge_spec spec = {.method = TB_METHOD_HTTP_01,
                                              .purposes = 1u << TB_PURPOSE_SERVER_AUTH,
                                              .ident = {.type = TB_IDENT_DNS, .value = "www.example.net"}};
static const uint8_t blob[] = {1, 2, 3};

static void put_config(struct tb_wr *wr)
{
    struct tb_msg_config m = {.version = TB_IPC_VERSION, .log_json = true, .path = "/p", .text = {blob, 3}};

    tb_msg_config_write(wr, &m);
}

static void put_fd(struct tb_wr *wr)
{
    tb_msg_fd_write(wr, &(struct tb_msg_fd){TB_LISTEN_ACME});
}

static void put_peer(struct tb_wr *wr)
{
    tb_msg_peer_write(wr, &(struct tb_msg_peer){TB_ROLE_JUDGE});
}

static void put_ready(struct tb_wr *wr)
{
    tb_msg_ready_write(wr, &(struct tb_msg_ready){TB_SANDBOX_SECCOMP | TB_SANDBOX_NETNS});
}

static void put_token_req(struct tb_wr *wr)
{
    struct tb_msg_token_req m = {.account_url = "https://ca/acme/acct/x", .expiry = 9, .num = 1, .spec = &spec};

    tb_msg_token_req_write(wr, &m);
}

static void put_token_rsp(struct tb_wr *wr)
{
    char token[2][TB_TOKEN_LEN + 1] = {{0}};
    struct tb_msg_token_rsp m = {.num = 2, .token = token};

    memset(token[0], 'A', TB_TOKEN_LEN);
    memset(token[1], 'b', TB_TOKEN_LEN);
    tb_msg_token_rsp_write(wr, &m);
}

static void put_validate_req(struct tb_wr *wr)
{
    struct tb_msg_validate_req m = {.spec = spec, .account_url = "u"};

    memset(m.token, 'A', TB_TOKEN_LEN);
    tb_msg_validate_req_write(wr, &m);
}

/* As above, with the scope that a wildcard has already. */
static void put_validate_req_wildcard(struct tb_wr *wr)
{
    struct tb_msg_validate_req m = {.spec = spec, .account_url = "u"};

    m.spec.ident.wildcard = true;
    memset(m.token, 'A', TB_TOKEN_LEN);
    tb_msg_validate_req_write(wr, &m);
}

static void put_statements(struct tb_wr *wr)
{
    struct tb_msg_statements m = {.num = 2, .blob = {{blob, 1}, {blob, 3}}};

    tb_msg_statements_write(wr, &m);
}

static void put_caa_req(struct tb_wr *wr)
{
    struct tb_msg_caa_req m = {.ident = name};

    tb_msg_caa_req_write(wr, &m);
}

static void put_hello(struct tb_wr *wr)
{
    tb_msg_judge_hello_write(wr, &(struct tb_msg_judge_hello){1, 2, 3});
}

static void put_finalize_req(struct tb_wr *wr)
{
    const struct tb_span statement[] = {{blob, 3}, {blob, 2}};
    struct tb_msg_finalize_req m = {
        .jws = {blob, 3}, .account_jwk = {blob, 2}, .validity = {7, 8}, .num_statements = 2, .statement = statement};

    tb_msg_finalize_req_write(wr, &m);
}

static const struct tb_issued issued = {
    .seq = 4, .order = 5, .made_at = 6, .issuer = TB_ISSUER_SERVER, .cert = {blob, 3}};

static void put_finalize_rsp(struct tb_wr *wr)
{
    tb_msg_finalize_rsp_write(wr, &(struct tb_msg_finalize_rsp){.issued = issued});
}

static void put_finalize_problem(struct tb_wr *wr)
{
    struct tb_msg_finalize_rsp m = {0};

    tb_problem_add(&m.problem, TB_P_CAA, &name, "nobody may");
    tb_msg_finalize_rsp_write(wr, &m);
    tb_problem_clear(&m.problem);
}

static void put_sync_req(struct tb_wr *wr)
{
    tb_msg_after_write(wr, &(struct tb_msg_after){7});
}

static void put_sync_rsp(struct tb_wr *wr)
{
    static struct tb_msg_sync_rsp m;

    m.num = 2;
    m.issued[0] = m.issued[1] = issued;
    m.issued[1].seq++;
    tb_msg_sync_rsp_write(wr, &m);
}

static void put_sign_req(struct tb_wr *wr)
{
    tb_msg_sign_req_write(wr, &(struct tb_msg_sign_req){TB_ISSUER_SERVER, {blob, 3}});
}

static void put_sign_rsp(struct tb_wr *wr)
{
    tb_msg_sign_rsp_write(wr, &(struct tb_msg_sign_rsp){.sig = {9, 9}, .sig_len = 2});
}

static void put_stats(struct tb_wr *wr)
{
    static struct tb_msg_stats m = {.num = 1, .stat = {{"front_requests_total", 8}}};

    tb_msg_stats_write(wr, &m);
}

static void put_account_req(struct tb_wr *wr)
{
    tb_msg_account_req_write(wr, &(struct tb_msg_account_req){.jws = {blob, 3}, .account_jwk = {blob, 2}});
}

static void put_account_rsp(struct tb_wr *wr)
{
    tb_msg_account_rsp_write(wr, &(struct tb_msg_account_rsp){.statement = {blob, 3}});
}

static void put_crl_sign_req(struct tb_wr *wr)
{
    tb_msg_crl_sign_req_write(wr, &(struct tb_msg_crl_sign_req){TB_ISSUER_SERVER, {blob, 3}});
}

static void put_crl(struct tb_wr *wr)
{
    struct tb_msg_crl m = {
        .issuer = TB_ISSUER_CLIENT, .shard = 15, .this_update = 7, .next_update = 8, .der = {blob, 3}};

    tb_msg_crl_write(wr, &m);
}

static void put_revoke_req(struct tb_wr *wr)
{
    const struct tb_span statement[] = {{blob, 3}, {blob, 2}};

    tb_msg_revoke_req_write(
        wr,
        &(struct tb_msg_revoke_req){
            .jws = {blob, 3}, .account_jwk = {blob, 2}, .issuance = 7, .num_statements = 2, .statement = statement});
}

static void put_revoke_rsp(struct tb_wr *wr)
{
    tb_msg_revoke_rsp_write(wr, &(struct tb_msg_revoke_rsp){0});
}

static void put_revoked_req(struct tb_wr *wr)
{
    tb_msg_after_write(wr, &(struct tb_msg_after){.after = 9});
}

static void put_revoked(struct tb_wr *wr)
{
    static const struct tb_msg_revoked m = {.num = 2,
                                            .note = {{.seq = 3, .issuer = TB_ISSUER_SERVER, .revoked_at = 5},
                                                     {.seq = 4, .issuer = TB_ISSUER_CLIENT, .revoked_at = 6}}};

    tb_msg_revoked_write(wr, &m);
}

static void put_armed(struct tb_wr *wr)
{
    tb_msg_validate_note_write(wr, &(struct tb_msg_validate_note){0});
}

static void put_refusal(struct tb_wr *wr)
{
    struct tb_msg_validate_note m = {0};

    (void)tb_problem_set(&m.problem, TB_E_DENIED, TB_P_UNAUTHORIZED, "not from there");
    tb_msg_validate_note_write(wr, &m);
    tb_problem_clear(&m.problem);
}

static const struct {
    enum tb_msg_type type;
    void (*put)(struct tb_wr *wr);
} good[] = {
    {TB_MSG_CONFIG, put_config},
    {TB_MSG_FD, put_fd},
    {TB_MSG_PEER, put_peer},
    {TB_MSG_READY, put_ready},
    {TB_MSG_TOKEN_REQ, put_token_req},
    {TB_MSG_TOKEN_RSP, put_token_rsp},
    {TB_MSG_VALIDATE_REQ, put_validate_req},
    {TB_MSG_VALIDATE_RSP, put_statements},
    {TB_MSG_CAA_REQ, put_caa_req},
    {TB_MSG_CAA_RSP, put_statements},
    {TB_MSG_JUDGE_HELLO, put_hello},
    {TB_MSG_FINALIZE_REQ, put_finalize_req},
    {TB_MSG_FINALIZE_RSP, put_finalize_rsp},
    {TB_MSG_FINALIZE_RSP, put_finalize_problem},
    {TB_MSG_SYNC_REQ, put_sync_req},
    {TB_MSG_SYNC_RSP, put_sync_rsp},
    {TB_MSG_SIGN_REQ, put_sign_req},
    {TB_MSG_SIGN_RSP, put_sign_rsp},
    {TB_MSG_STATS_RSP, put_stats},
    {TB_MSG_ACCOUNT_REQ, put_account_req},
    {TB_MSG_ACCOUNT_RSP, put_account_rsp},
    {TB_MSG_CRL_SIGN_REQ, put_crl_sign_req},
    {TB_MSG_CRL_SIGN_RSP, put_sign_rsp},
    {TB_MSG_CRL, put_crl},
    {TB_MSG_REVOKE_REQ, put_revoke_req},
    {TB_MSG_REVOKE_RSP, put_revoke_rsp},
    {TB_MSG_REVOKED, put_revoked},
    {TB_MSG_REVOKED_REQ, put_revoked_req},
    {TB_MSG_REVOKED_RSP, put_revoked},
    {TB_MSG_VALIDATE_NOTE, put_armed},
    {TB_MSG_VALIDATE_NOTE, put_refusal},
};

/* In an exact block, so that a sanitizer sees one byte too many. */
static int again(enum tb_msg_type type, const uint8_t *p, size_t len, struct tb_wr *wr)
{
    uint8_t *exact = malloc(len > 0 ? len : 1);
    int r;

    memcpy(exact, p, len);
    r = tb_ipc_again[type](tb_span_of(exact, len), wr);
    free(exact);
    return r;
}

static void every_message_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++) {
        struct tb_wr a;
        struct tb_wr b;

        tb_wr_init(&a, BODY_MAX);
        tb_wr_init(&b, BODY_MAX);
        good[i].put(&a);
        assert_ok(tb_wr_err(&a));
        assert_ok(again(good[i].type, a.buf, a.len, &b));
        assert_span_equal(tb_wr_span(&b), a.buf, a.len);
        tb_wr_clear(&a);
        tb_wr_clear(&b);
    }
}

static void cut_or_longer_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++) {
        struct tb_wr a;
        struct tb_wr b;

        tb_wr_init(&a, BODY_MAX);
        tb_wr_init(&b, BODY_MAX);
        good[i].put(&a);
        for (size_t len = 0; len < a.len; len++)
            assert_true(again(good[i].type, a.buf, len, &b) < 0);
        tb_wr_u8(&a, 0);
        assert_int_equal(again(good[i].type, a.buf, a.len, &b), TB_E_TRAIL);
        tb_wr_clear(&a);
        tb_wr_clear(&b);
    }
}

/* Each hostile message is a good one with bytes changed from the end (negative) or the start. */
static const struct {
    enum tb_msg_type type;
    void (*put)(struct tb_wr *wr);
    int at;
    uint8_t byte;
    int err;
} hostile[] = {
    {TB_MSG_CONFIG, put_config, 3, TB_IPC_VERSION + 1, TB_E_UNSUPPORTED},
    {TB_MSG_CONFIG, put_config, 4, 4, TB_E_FORMAT},
    {TB_MSG_FD, put_fd, 0, TB_LISTEN_NONE, TB_E_FORMAT},
    {TB_MSG_FD, put_fd, 0, TB_LISTEN__COUNT, TB_E_FORMAT},
    {TB_MSG_PEER, put_peer, 0, TB_ROLE_PARENT, TB_E_FORMAT},
    {TB_MSG_PEER, put_peer, 0, TB_ROLE__COUNT, TB_E_FORMAT},
    {TB_MSG_READY, put_ready, 3, 16, TB_E_FORMAT},
    {TB_MSG_TOKEN_RSP, put_token_rsp, -1, '=', TB_E_FORMAT},
    {TB_MSG_VALIDATE_REQ, put_validate_req, 0, TB_METHOD_NONE, TB_E_FORMAT},
    {TB_MSG_VALIDATE_REQ, put_validate_req, 0, TB_METHOD__COUNT, TB_E_FORMAT},
    {TB_MSG_VALIDATE_REQ, put_validate_req, 4, 0, TB_E_FORMAT},  /* no purpose */
    {TB_MSG_VALIDATE_REQ, put_validate_req, 4, 3, TB_E_FORMAT},  /* purpose 0 */
    {TB_MSG_VALIDATE_REQ, put_validate_req, 1, 1, TB_E_FORMAT},  /* purpose 24 */
    {TB_MSG_VALIDATE_REQ, put_validate_req, 24, 2, TB_E_FORMAT}, /* scope */
    {TB_MSG_VALIDATE_REQ, put_validate_req_wildcard, 24, 1, TB_E_FORMAT},
    {TB_MSG_VALIDATE_NOTE, put_armed, 0, TB_P__COUNT, TB_E_FORMAT},
    {TB_MSG_JUDGE_HELLO, put_hello, 3, TB_IPC_VERSION + 1, TB_E_UNSUPPORTED},
    {TB_MSG_FINALIZE_RSP, put_finalize_rsp, -8, TB_ISSUER__COUNT, TB_E_FORMAT},
    {TB_MSG_SYNC_RSP, put_sync_rsp, 9, 9, TB_E_FORMAT}, /* numbers go backwards */
    {TB_MSG_REVOKED, put_revoked, 9, 9, TB_E_FORMAT},   /* numbers go backwards */
    {TB_MSG_REVOKED, put_revoked, -1, 6, TB_E_FORMAT},  /* certificateHold */
    {TB_MSG_REVOKED, put_revoked, 10, TB_ISSUER_NONE, TB_E_FORMAT},
    {TB_MSG_SIGN_REQ, put_sign_req, 0, TB_ISSUER_NONE, TB_E_FORMAT},
    {TB_MSG_CRL_SIGN_REQ, put_crl_sign_req, 0, TB_ISSUER__COUNT, TB_E_FORMAT},
    {TB_MSG_CRL, put_crl, 0, TB_ISSUER_NONE, TB_E_FORMAT},
    {TB_MSG_CRL, put_crl, 1, TB_CRL_SHARDS, TB_E_FORMAT},
    {TB_MSG_CRL, put_crl, 2, 0x80, TB_E_FORMAT}, /* a negative time */
    {TB_MSG_CRL, put_crl, 9, 8, TB_E_FORMAT},    /* no life */
    {TB_MSG_STATS_RSP, put_stats, 4, '\n', TB_E_FORMAT},
};

static void hostile_values_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(hostile); i++) {
        struct tb_wr a;
        struct tb_wr b;

        tb_wr_init(&a, BODY_MAX);
        tb_wr_init(&b, BODY_MAX);
        hostile[i].put(&a);
        a.buf[hostile[i].at >= 0 ? (size_t)hostile[i].at : a.len - (size_t)-hostile[i].at] = hostile[i].byte;
        assert_int_equal(again(hostile[i].type, a.buf, a.len, &b), hostile[i].err);
        tb_wr_clear(&a);
        tb_wr_clear(&b);
    }
}

/* A list at its maximum and one above; the bytes for one more are there. */
static void counts_are_limited(void **state)
{
    static struct tb_msg_stats stats = {.num = TB_STATS_MAX + 1};
    struct tb_msg_stats back;
    struct tb_wr wr;

    (void)state;
    for (size_t i = 0; i < TB_STATS_MAX; i++)
        memset(stats.stat[i].name, 'n', TB_STAT_NAME_MAX);
    tb_wr_init(&wr, 1 << 16);
    stats.num = TB_STATS_MAX;
    tb_msg_stats_write(&wr, &stats);
    assert_ok(tb_msg_stats_read(tb_wr_span(&wr), &back));
    assert_int_equal(back.num, TB_STATS_MAX);
    tb_wr_str16(&wr, "n");
    tb_wr_u64(&wr, 1);
    wr.buf[1]++;
    assert_int_equal(tb_msg_stats_read(tb_wr_span(&wr), &back), TB_E_LIMIT);
    assert_int_equal(back.num, 0);
    tb_wr_clear(&wr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_comes_back),
        cmocka_unit_test(cut_or_longer_is_refused),
        cmocka_unit_test(hostile_values_are_refused),
        cmocka_unit_test(counts_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
