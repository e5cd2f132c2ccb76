#include "ca/front/account_op.h"

#include <stdlib.h>
#include <string.h>

#include "ca/front/front.h"
#include "lib/acme/url.h"
#include "lib/base/hash.h"
#include "lib/ipc/msg_account.h"

struct op {
    struct tb_request *rq;
    struct tb_account account; /* as it is going to be stored */
    char new_key[TB_JWK_JSON_MAX];
    bool create;
};

static void finish(struct op *op, int err)
{
    struct tb_request *rq = op->rq;

    if (err == TB_E_EXISTS && op->create &&
        tb_store_account_find_key(rq->front->store, op->account.thumbprint, &op->account) == 0) {
        op->create = false; /* a twin of this request was first */
        err = 0;
    }
    if (err < 0) {
        tb_reply_failure(rq, err);
    } else {
        rq->front->counters.accounts += op->create;
        tb_account_reply(rq, op->create ? 201 : 200, &op->account);
    }
    free(op);
}

static void on_stored(int err, void *arg)
{
    finish(arg, err);
}

/* A key that is neither the first nor the current one gets a row of its own, so that nobody can register with it. */
static int retire_key(struct tb_front *f, struct tb_store_tx *tx, const struct tb_account *before)
{
    struct tb_account stub = {.state = TB_ACCOUNT_REVOKED, .contacts = "[]", .created_at = tb_clock_now_s()};

    if (memcmp(before->thumbprint, before->first_thumbprint, TB_DIGEST_LEN) == 0)
        return 0; /* the account's own URL has it */
    stub.id = tb_store_next_account(f->store);
    memcpy(stub.first_thumbprint, before->thumbprint, TB_DIGEST_LEN);
    memcpy(stub.thumbprint, before->thumbprint, TB_DIGEST_LEN);
    return tb_store_tx_account_insert(tx, &stub);
}

static int store(struct op *op, const struct tb_account *before)
{
    struct tb_front *f = op->rq->front;
    struct tb_store_tx *tx = NULL;
    int r;

    if ((r = tb_store_tx_new(f->store, &tx)) < 0)
        return r;
    r = op->create ? tb_store_tx_account_insert(tx, &op->account) : tb_store_tx_account_update(tx, &op->account);
    if (r < 0 || (memcmp(before->thumbprint, op->account.thumbprint, TB_DIGEST_LEN) != 0 &&
                  (r = retire_key(f, tx, before)) < 0)) {
        tb_store_tx_free(tx);
        return r;
    }
    return tb_store_tx_commit(tx, on_stored, op);
}

/* The statement is the judge's word; that its content fits the request is looked at so that no row contradicts itself.
 */
static int take_over(struct op *op, struct tb_span blob, const struct tb_account *before)
{
    struct tb_account *a = &op->account;
    struct tb_account_statement s;
    uint8_t digest[TB_DIGEST_LEN];
    int r;

    if ((r = tb_account_statement_peek(blob, &s)) < 0)
        return r;
    *a = *before;
    a->statement_len = blob.len <= sizeof(a->statement) ? blob.len : 0;
    memcpy(a->statement, blob.p, a->statement_len);
    if (s.standing == TB_STANDING_DEACTIVATED && a->state == TB_ACCOUNT_VALID)
        r = tb_account_move(&a->state, TB_ACCOUNT_EV_DEACTIVATE);
    if (memcmp(s.thumbprint, a->thumbprint, TB_DIGEST_LEN) == 0)
        return r;
    tb_sha256(digest, tb_span_str(op->new_key));
    if (memcmp(s.thumbprint, digest, TB_DIGEST_LEN) != 0)
        return TB_E_STATE;
    memcpy(a->thumbprint, s.thumbprint, TB_DIGEST_LEN);
    memcpy(a->jwk, op->new_key, sizeof(a->jwk));
    return r;
}

static int on_judged(struct tb_front *f, int err, struct tb_span body, void *arg)
{
    struct op *op = arg;
    struct tb_request *rq = op->rq;
    struct tb_msg_account_rsp m = {0};
    struct tb_account before;
    int bad = 0;

    if (err == 0)
        err = bad = tb_msg_account_rsp_read(body, &m);
    if (err == 0 && m.problem.type != TB_P_NONE) {
        rq->problem = m.problem;
        free(op);
        tb_reply_problem(rq);
        return 0;
    }
    before = rq->account;
    if (err == 0 && !op->create)
        err = tb_store_account_get(f->store, rq->account.id, &before);
    if (err == 0 && (err = take_over(op, m.statement, &before)) == 0)
        err = store(op, &before);
    if (err < 0)
        finish(op, err);
    return bad;
}

static int ask(struct op *op)
{
    struct tb_front *f = op->rq->front;
    const struct tb_msg_account_req m = {.jws = op->rq->body, .account_jwk = tb_span_str(op->rq->account.jwk)};
    struct tb_edge_call call = {.peer = TB_ROLE_JUDGE,
                                .req = TB_MSG_ACCOUNT_REQ,
                                .rsp = TB_MSG_ACCOUNT_RSP,
                                .timeout_s = TB_FRONT_CALL_S,
                                .done = on_judged,
                                .arg = op};
    int r;

    tb_wr_reset(&f->ipc);
    tb_msg_account_req_write(&f->ipc, &m);
    if ((r = tb_wr_err(&f->ipc)) < 0)
        return r;
    call.body = tb_wr_span(&f->ipc);
    return tb_edge_call(f->edge, &call);
}

static void start(struct tb_request *rq, struct tb_span new_key, bool create)
{
    struct op *op = calloc(1, sizeof(*op));
    int r = TB_E_NOMEM;

    if (op != NULL && new_key.len < sizeof(op->new_key)) {
        op->rq = rq;
        op->create = create;
        if (new_key.len > 0)
            memcpy(op->new_key, new_key.p, new_key.len);
        r = ask(op);
    }
    if (r == 0)
        return;
    free(op);
    tb_reply_failure(rq, r);
}

void tb_account_op_start(struct tb_request *rq, struct tb_span new_key)
{
    start(rq, new_key, false);
}

void tb_account_op_create(struct tb_request *rq)
{
    start(rq, (struct tb_span){0}, true);
}

static int check_limits(const struct tb_account_limits *l, const struct tb_profile *profile,
                        const struct tb_ident *ident, size_t num, struct tb_problem *pb)
{
    if (!tb_account_limits_allow_profile(l, profile->name))
        return tb_problem_set(pb, TB_E_DENIED, TB_P_INVALID_PROFILE,
                              "the external account binding of this account does not allow this profile");
    for (size_t i = 0; i < num; i++)
        if (!tb_account_limits_allow_name(l, &ident[i]))
            tb_problem_add(pb, TB_P_REJECTED_IDENTIFIER, &ident[i],
                           "the external account binding of this account does not allow this name");
    return pb->type == TB_P_NONE ? 0 : TB_E_DENIED;
}

int tb_account_allowed(const struct tb_config *cfg, const struct tb_account *a, const struct tb_profile *profile,
                       const struct tb_ident *ident, size_t num, struct tb_problem *pb)
{
    bool required = cfg->external_account == TB_EXTERNAL_REQUIRED;
    struct tb_account_statement s;

    s.eab_kid[0] = '\0'; /* most accounts have no statement, and it is large */
    if (a->statement_len > 0 && tb_account_statement_peek(tb_span_of(a->statement, a->statement_len), &s) < 0)
        return TB_E_INTERNAL; /* the row contradicts itself */
    if (s.eab_kid[0] == '\0')
        return required ? tb_problem_set(pb, TB_E_DENIED, TB_P_EXTERNAL_ACCOUNT_REQUIRED,
                                         "this account has no external account binding")
                        : 0;
    return check_limits(&s.limits, profile, ident, num, pb);
}

int tb_account_may(struct tb_request *rq, const struct tb_profile *profile, const struct tb_ident *ident, size_t num)
{
    return tb_account_allowed(rq->front->cfg, &rq->account, profile, ident, num, &rq->problem);
}
