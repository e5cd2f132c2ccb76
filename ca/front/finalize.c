/*
 * Finalize.  The judge verifies the JWS; here only what saves it work is checked: whose order it is, that it is
 * ready, and that the CSR names what was ordered.  Until the judge has spoken nothing changes, because whoever sent
 * this has not been authenticated yet.
 */
#include "ca/front/finalize.h"

#include <stdlib.h>
#include <string.h>

#include "ca/front/finalize_proofs.h"
#include "ca/front/objects.h"
#include "ca/front/urls.h"
#include "lib/base/log.h"
#include "lib/ipc/msg_validate.h"

#define IN_FLIGHT_MAX 8192
#define WAITING_MAX   4 /* behind one of the same order; they are not authenticated, so they may be anybody's */

struct tb_finalize {
    TAILQ_ENTRY(tb_finalize) entry;
    struct tb_front *front;
    struct tb_request *rq; /* NULL: answered with processing */
    struct event *timer;
    tb_order_no_t no;
    bool running;    /* else it waits for another one of the same order */
    bool processing; /* its client was told so */
    struct tb_finalize_csr csr;
    size_t caa_open; /* CAA answers to come */
    struct tb_problem problem;
    struct tb_wr blobs; /* fresh CAA statements, each as var32 */
    size_t num_blobs;
    char jwk[TB_JWK_JSON_MAX];
    size_t statement_len;
    uint8_t statement[TB_ACCOUNT_KEPT_MAX];
    size_t jws_len;
    uint8_t jws[];
};

static void run(struct tb_finalize *z);

bool tb_finalize_is_processing(const struct tb_front *f, tb_order_no_t no)
{
    const struct tb_finalize *z = NULL;

    TAILQ_FOREACH(z, &f->finalizes, entry)
    if (z->no == no && z->processing)
        return true;
    return false;
}

static size_t count_of_order(const struct tb_front *f, tb_order_no_t no)
{
    const struct tb_finalize *z = NULL;
    size_t num = 0;

    TAILQ_FOREACH(z, &f->finalizes, entry)
    if (z->no == no)
        num++;
    return num;
}

/* Ends z; the next one that waits for the same order runs. */
static void finalize_free(struct tb_finalize *z)
{
    struct tb_front *f = z->front;
    struct tb_finalize *next = NULL;

    TAILQ_REMOVE(&f->finalizes, z, entry);
    TAILQ_FOREACH(next, &f->finalizes, entry)
    if (next->no == z->no && !next->running)
        break;
    f->num_finalizes--;
    if (z->timer != NULL)
        event_free(z->timer);
    tb_problem_clear(&z->problem);
    tb_wr_clear(&z->blobs);
    free(z);
    if (next != NULL && !f->exiting)
        run(next);
}

void tb_finalize_drop_waiting(struct tb_front *f)
{
    struct tb_finalize *z = NULL;

    while ((z = TAILQ_FIRST(&f->finalizes)) != NULL) {
        struct tb_request *rq = z->rq;

        finalize_free(z);
        if (rq != NULL)
            tb_reply_failure(rq, TB_E_CLOSED);
    }
}

static void reply_order(struct tb_request *rq, tb_order_no_t no)
{
    struct tb_order o;
    enum tb_order_state state;
    int r = tb_store_order_get(rq->front->store, no, &o);

    if (r == 0 && (r = tb_order_state_now(rq->front, &o, &state)) < 0)
        tb_order_clear(&o);
    if (r < 0) {
        tb_reply_failure(rq, r);
        return;
    }
    tb_order_reply(rq, 200, &o, state);
    tb_order_clear(&o);
}

/* Ends z with the refusal that pb holds; takes pb's content. */
static void refuse(struct tb_finalize *z, struct tb_problem *pb)
{
    struct tb_request *rq = z->rq;

    tb_log(TB_LOG_NOTICE, "finalize-refused", TB_N("order", z->no), TB_F("type", tb_problem_type_name(pb->type)),
           TB_F("detail", pb->detail));
    if (rq != NULL) {
        rq->problem = *pb;
        *pb = (struct tb_problem){0};
    }
    finalize_free(z);
    if (rq != NULL)
        tb_reply_problem(rq);
}

static void fail(struct tb_finalize *z, int err)
{
    struct tb_request *rq = z->rq;

    z->rq = NULL;
    finalize_free(z);
    if (rq != NULL)
        tb_reply_failure(rq, err);
}

static void on_issued_stored(int err, void *arg)
{
    struct tb_finalize *z = arg;
    struct tb_request *rq = z->rq;
    tb_order_no_t no = z->no;

    if (err < 0) {
        fail(z, err);
        return;
    }
    z->front->counters.issued++;
    finalize_free(z);
    if (rq != NULL)
        reply_order(rq, no);
}

static void on_invalid_stored(int err, void *arg)
{
    (void)arg;
    if (err < 0)
        tb_log(TB_LOG_WARN, "order-not-stored", TB_F("why", tb_err_text(err)));
}

/* A client that was told "processing" learns the reason from the order; the JWS was its own: other refusals are ours
 * or a stranger's and leave the order alone. */
static void invalidate_late(struct tb_finalize *z, const struct tb_problem *pb)
{
    struct tb_front *f = z->front;
    struct tb_store_tx *tx = NULL;
    struct tb_order o;
    int r;

    if (!z->processing || (pb->type != TB_P_CAA && pb->type != TB_P_BAD_CSR && pb->type != TB_P_REJECTED_IDENTIFIER))
        return;
    if (tb_store_order_get(f->store, z->no, &o) < 0)
        return;
    o.state = TB_ORDER_INVALID;
    (void)tb_problem_set(&o.problem, 0, pb->type, "%s", pb->detail);
    if ((r = tb_store_tx_new(f->store, &tx)) == 0) {
        if ((r = tb_store_tx_order_update(tx, &o)) < 0)
            tb_store_tx_free(tx);
        else
            r = tb_store_tx_commit(tx, on_invalid_stored, NULL);
    }
    if (r < 0)
        on_invalid_stored(r, NULL);
    tb_order_clear(&o);
}

static int on_judged(struct tb_front *f, int err, struct tb_span body, void *arg)
{
    struct tb_finalize *z = arg;
    struct tb_msg_finalize_rsp m = {0};
    int bad = 0;

    if (err == 0)
        err = bad = tb_msg_finalize_rsp_read(body, &m);
    if (err == 0 && m.problem.type == TB_P_NONE && m.issued.order != z->no)
        err = bad = TB_E_FORMAT;
    if (err < 0) {
        fail(z, err);
        return bad;
    }
    if (m.problem.type == TB_P_NONE && m.issued.seq > f->judge.last_seq)
        f->judge.last_seq = m.issued.seq;
    if (m.problem.type != TB_P_NONE) {
        /* The judge knows a certificate of this order that the store may lack. */
        if (m.problem.type == TB_P_ORDER_NOT_READY)
            tb_sync_start(f);
        invalidate_late(z, &m.problem);
        refuse(z, &m.problem);
        tb_problem_clear(&m.problem);
        return 0;
    }
    err = tb_order_issue(f, &m.issued, z->csr.notices, on_issued_stored, z);
    if (err == TB_E_EXISTS)
        on_issued_stored(0, z);
    else if (err < 0)
        fail(z, err);
    return 0;
}

static int send_finalize(struct tb_finalize *z, const struct tb_finalize_proofs *p, const struct tb_validity *validity)
{
    struct tb_front *f = z->front;
    struct tb_msg_finalize_req m = {.jws = tb_span_of(z->jws, z->jws_len),
                                    .account_jwk = tb_span_str(z->jwk),
                                    .account_statement = tb_span_of(z->statement, z->statement_len),
                                    .validity = *validity,
                                    .num_statements = p->num,
                                    .statement = p->span};
    struct tb_edge_call call = {.peer = TB_ROLE_JUDGE,
                                .req = TB_MSG_FINALIZE_REQ,
                                .rsp = TB_MSG_FINALIZE_RSP,
                                .timeout_s = TB_ORDER_WINDOW_S,
                                .done = on_judged,
                                .arg = z};
    int r;

    tb_wr_reset(&f->ipc);
    tb_msg_finalize_req_write(&f->ipc, &m);
    if ((r = tb_wr_err(&f->ipc)) < 0)
        return r;
    call.body = tb_wr_span(&f->ipc);
    return tb_edge_call(f->edge, &call);
}

static void submit(struct tb_finalize *z)
{
    struct tb_rd rd = tb_rd_of(tb_wr_span(&z->blobs));
    struct tb_validity validity = {0};
    struct tb_finalize_proofs *p = NULL;
    struct tb_order o;
    struct tb_span s;
    int r = tb_store_order_get(z->front->store, z->no, &o);

    if (r == 0) {
        validity = o.validity;
        r = tb_finalize_proofs_load(z->front, &o, z->csr.key, &p);
        tb_order_clear(&o);
    }
    for (size_t i = 0; r == 0 && i < z->num_blobs; i++)
        if ((r = tb_rd_var32(&rd, TB_STATEMENT_MAX, &s)) == 0)
            r = tb_finalize_proofs_add(p, s);
    if (r == 0)
        r = send_finalize(z, p, &validity);
    tb_finalize_proofs_free(p);
    if (r < 0)
        fail(z, r);
}

static int on_caa(struct tb_front *f, int err, struct tb_span body, void *arg)
{
    struct tb_finalize *z = arg;
    struct tb_msg_statements m = {0};
    int bad = 0;

    (void)f;
    if (err == 0)
        err = bad = tb_msg_statements_read(body, &m);
    if (err < 0)
        (void)tb_problem_set(&z->problem, 0, TB_P_SERVER_INTERNAL, "CAA could not be checked: %s", tb_err_text(err));
    else if (m.problem.type != TB_P_NONE)
        (void)tb_problem_set(&z->problem, 0, m.problem.type, "%s", m.problem.detail);
    for (size_t i = 0; err == 0 && i < m.num; i++, z->num_blobs++)
        tb_wr_var32(&z->blobs, m.blob[i]);
    tb_msg_statements_clear(&m);
    if (--z->caa_open > 0)
        return bad;
    if (z->problem.type == TB_P_NONE && tb_wr_err(&z->blobs) == 0)
        submit(z);
    else if (z->problem.type != TB_P_NONE)
        refuse(z, &z->problem);
    else
        fail(z, TB_E_LIMIT);
    return bad;
}

static int ask_caa(struct tb_finalize *z, const struct tb_ident *ident)
{
    struct tb_front *f = z->front;
    struct tb_msg_caa_req m = {.ident = *ident};
    struct tb_edge_call call = {.peer = TB_ROLE_VALIDATOR,
                                .req = TB_MSG_CAA_REQ,
                                .rsp = TB_MSG_CAA_RSP,
                                .timeout_s = f->cfg->limits.validation_timeout_s + TB_FRONT_CALL_S,
                                .done = on_caa,
                                .arg = z};
    int r;

    tb_wr_reset(&f->ipc);
    tb_msg_caa_req_write(&f->ipc, &m);
    if ((r = tb_wr_err(&f->ipc)) < 0)
        return r;
    call.body = tb_wr_span(&f->ipc);
    if ((r = tb_edge_call(f->edge, &call)) == 0)
        z->caa_open++;
    return r;
}

/* Proofs of control live longer than the eight hours that a CAA answer may be old, and that of a domain above (RFC
 * 9444) is of another name: ask for each name of the order that has none. */
static int refresh_caa(struct tb_finalize *z, const struct tb_order *o)
{
    tb_time_t oldest = tb_clock_now_s() - TB_FRONT_CAA_AGE_MAX_S;
    bool fresh[TB_IDENT_NUM_MAX] = {false};
    struct tb_authz a;
    int r;

    for (size_t i = 0; i < o->num_authz; i++) {
        if ((r = tb_store_authz_get(z->front->store, o->authz_id[i], &a)) < 0)
            return r;
        for (size_t k = 0; a.kind == TB_PROOF_CONTROL && a.caa_at >= oldest && k < o->num_idents; k++)
            fresh[k] = fresh[k] || tb_ident_eq(&a.ident, &o->ident[k]);
        tb_authz_clear(&a);
    }
    for (size_t k = 0; k < o->num_idents; k++)
        if (o->ident[k].type == TB_IDENT_DNS && !fresh[k] && (r = ask_caa(z, &o->ident[k])) < 0)
            return r;
    return 0;
}

/* The order is looked at again: another request may have used it while this one waited. */
static void run(struct tb_finalize *z)
{
    struct tb_problem pb = {0};
    enum tb_order_state state;
    struct tb_order o;
    int r = tb_store_order_get(z->front->store, z->no, &o);

    z->running = true;
    if (r < 0) {
        fail(z, r);
        return;
    }
    r = tb_order_state_now(z->front, &o, &state);
    if (r == 0 && state != TB_ORDER_READY) {
        (void)tb_problem_set(&pb, 0, TB_P_ORDER_NOT_READY, "the order is %s, not ready", tb_order_state_name(state));
    } else if (r == 0) {
        z->caa_open++; /* of our own, so that no early answer finds the count at zero */
        r = refresh_caa(z, &o);
        z->caa_open--;
    }
    tb_order_clear(&o);
    if (pb.type != TB_P_NONE)
        refuse(z, &pb);
    else if (r < 0 && z->caa_open > 0)
        (void)tb_problem_set(&z->problem, 0, TB_P_SERVER_INTERNAL, "CAA could not be checked");
    else if (r < 0)
        fail(z, r);
    else if (z->caa_open == 0)
        submit(z);
}

static void on_hold_over(evutil_socket_t fd, short what, void *arg)
{
    struct tb_finalize *z = arg;
    struct tb_request *rq = z->rq;

    (void)fd;
    (void)what;
    if (rq == NULL)
        return;
    z->rq = NULL;
    z->processing = true;
    reply_order(rq, z->no);
}

static int start(struct tb_request *rq, tb_order_no_t no, const struct tb_finalize_csr *csr)
{
    struct tb_front *f = rq->front;
    struct tb_finalize *z = NULL;
    size_t others = count_of_order(f, no);

    if (f->num_finalizes >= IN_FLIGHT_MAX || others > WAITING_MAX)
        return TB_E_LIMIT;
    z = calloc(1, sizeof(*z) + rq->body.len);
    if (z == NULL || (z->timer = evtimer_new(f->base, on_hold_over, z)) == NULL) {
        free(z);
        return TB_E_NOMEM;
    }
    z->front = f;
    z->rq = rq;
    z->no = no;
    z->csr = *csr;
    z->jws_len = rq->body.len;
    memcpy(z->jws, rq->body.p, rq->body.len);
    memcpy(z->jwk, rq->account.jwk, sizeof(z->jwk));
    z->statement_len = rq->account.statement_len;
    memcpy(z->statement, rq->account.statement, sizeof(z->statement));
    tb_wr_init(&z->blobs, (size_t)TB_IDENT_NUM_MAX * (TB_STATEMENT_MAX + 4));
    TAILQ_INSERT_TAIL(&f->finalizes, z, entry);
    f->num_finalizes++;
    (void)event_add(z->timer, f->tv_finalize);
    if (others == 0)
        run(z);
    return 0;
}

/* The order that the URL names, if it is the caller's and the URL is exactly the one that was given out for it. */
static int find_order(struct tb_request *rq, struct tb_order *out)
{
    char url[TB_FINALIZE_URL_MAX + 1];
    struct tb_finalize_ref ref;
    int r;

    *out = (struct tb_order){0};
    if (!rq->front->has_judge)
        return TB_E_AGAIN;
    if (tb_finalize_url_parse(rq->jws.url, rq->front->cfg->base_url, &ref) < 0)
        return TB_E_NOTFOUND;
    if ((r = tb_store_order_get(rq->front->store, ref.order, out)) < 0)
        return r;
    tb_url_finalize(rq->front, out, url);
    return out->account_id == rq->account.id && strcmp(url, rq->jws.url) == 0 ? 0 : TB_E_NOTFOUND;
}

void tb_finalize_handle(struct tb_request *rq)
{
    struct tb_order o;
    struct tb_finalize_csr csr;
    int r = find_order(rq, &o);

    if (r == TB_E_NOTFOUND)
        tb_reply_not_found(rq);
    else if (r < 0)
        tb_reply_failure(rq, r);
    else if ((r = tb_finalize_check(rq, &o, &csr)) < 0 && rq->problem.type != TB_P_NONE)
        tb_reply_problem(rq);
    else if (r < 0 || (r = start(rq, o.no, &csr)) < 0)
        tb_reply_failure(rq, r);
    tb_order_clear(&o);
}
