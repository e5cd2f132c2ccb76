/*
 * revokeCert: the judge decides, by the client's own signature; here the certificate is looked up so that the judge
 * finds its record, and the proofs of an account that did not order it are gathered.
 */
#include "ca/front/revoke.h"

#include <stdlib.h>
#include <string.h>

#include "ca/front/ancestor.h"
#include "ca/front/objects.h"
#include "lib/base/b64u.h"
#include "lib/base/log.h"
#include "lib/ipc/msg_revoke.h"

/* Control statements of the caller for the names of an order. */
struct proofs {
    size_t num;
    struct tb_span span[TB_MSG_FINALIZE_STATEMENTS_MAX];
    size_t num_authz;
    struct tb_authz authz[TB_IDENT_NUM_MAX];
};

static void proofs_free(struct proofs *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->num_authz; i++)
        tb_authz_clear(&p->authz[i]);
    free(p);
}

/* A name without a valid authorization adds nothing: the judge says what is missing. */
static int gather_name(struct tb_request *rq, const struct tb_profile *profile, const struct tb_ident *ident,
                       struct proofs *p)
{
    const struct tb_claim claim = tb_claim_of(rq->front, profile, TB_PROOF_CONTROL, ident);
    struct tb_authz *a = &p->authz[p->num_authz];
    int r = tb_store_authz_find(rq->front->store, rq->account.id, claim.ident, claim.purposes, claim.kind,
                                tb_clock_now_s(), a);

    if (r == 0 && (a->state != TB_AUTHZ_VALID || tb_authz_outlived(a, &rq->account))) {
        tb_authz_clear(a);
        r = TB_E_NOTFOUND;
    }
    if (r == TB_E_NOTFOUND)
        r = tb_ancestor_find(rq->front, &rq->account, profile, ident, tb_clock_now_s(), a);
    if (r < 0)
        return r == TB_E_NOTFOUND ? 0 : r;
    p->num_authz++;
    for (size_t i = 0; i < a->num_statements && p->num < TB_MSG_FINALIZE_STATEMENTS_MAX; i++)
        p->span[p->num++] = tb_span_of(a->statement[i].p, a->statement[i].len);
    return 0;
}

static int gather(struct tb_request *rq, const struct tb_order *o, struct proofs *p)
{
    const struct tb_profile *profile = tb_config_profile(rq->front->cfg, o->profile, o->version);
    int r = 0;

    if (rq->jws.jwk != NULL || o->account_id == rq->account.id || profile == NULL)
        return 0;
    for (size_t i = 0; i < o->num_idents && i < TB_IDENT_NUM_MAX && r == 0; i++)
        r = gather_name(rq, profile, &o->ident[i], p);
    return r;
}

static int on_judged(struct tb_front *f, int err, struct tb_span body, void *arg)
{
    struct tb_request *rq = arg;
    struct tb_msg_revoke_rsp m = {0};
    int bad = 0;

    (void)f;
    if (err == 0)
        err = bad = tb_msg_revoke_rsp_read(body, &m);
    if (err < 0) {
        tb_reply_failure(rq, err);
    } else if (m.problem.type != TB_P_NONE) {
        rq->problem = m.problem;
        tb_reply_problem(rq);
    } else {
        tb_reply_empty(rq, 200);
    }
    return bad;
}

static int send_revoke(struct tb_request *rq, const struct tb_order *o, const struct proofs *p)
{
    struct tb_front *f = rq->front;
    const bool by_account = rq->jws.jwk == NULL;
    const struct tb_msg_revoke_req m = {.jws = rq->body,
                                        .account_jwk = by_account ? tb_span_str(rq->account.jwk) : (struct tb_span){0},
                                        .account_statement =
                                            by_account ? tb_span_of(rq->account.statement, rq->account.statement_len)
                                                       : (struct tb_span){0},
                                        .issuance = o->seq,
                                        .num_statements = p->num,
                                        .statement = p->span};
    struct tb_edge_call call = {.peer = TB_ROLE_JUDGE,
                                .req = TB_MSG_REVOKE_REQ,
                                .rsp = TB_MSG_REVOKE_RSP,
                                .timeout_s = TB_FRONT_CALL_S,
                                .done = on_judged,
                                .arg = rq};
    int r;

    tb_wr_reset(&f->ipc);
    tb_msg_revoke_req_write(&f->ipc, &m);
    if ((r = tb_wr_err(&f->ipc)) < 0)
        return r;
    call.body = tb_wr_span(&f->ipc);
    return tb_edge_call(f->edge, &call);
}

static int find_by_der(struct tb_request *rq, struct tb_span der, struct tb_order *out)
{
    struct tb_tbs tbs = {0};
    struct tb_span inner;
    int r = TB_E_NOTFOUND;

    if (tb_cert_tbs(der, &inner) == 0 && tb_tbs_read(inner, &tbs) == 0 && tbs.serial.len == TB_SERIAL_LEN)
        r = tb_store_order_find_serial(rq->front->store, tbs.serial.p, out);
    tb_tbs_clear(&tbs);
    if (r == 0 && (out->state != TB_ORDER_VALID || !tb_span_eq(der, tb_span_of(out->cert, out->cert_len)))) {
        tb_order_clear(out);
        r = TB_E_NOTFOUND;
    }
    if (r == TB_E_NOTFOUND) {
        rq->problem.http_status = 404;
        (void)tb_problem_set(&rq->problem, r, TB_P_MALFORMED, "this is no certificate of this CA");
    }
    return r;
}

static int find(struct tb_request *rq, struct tb_order *out)
{
    json_t *obj = NULL;
    struct tb_span text;
    uint8_t *der = NULL;
    size_t len = 0;
    int r = tb_request_json(rq, &obj);

    if (r < 0)
        return r;
    if (tb_json_str(obj, "certificate", TB_B64U_LEN(TB_CERT_MAX), &text) < 0)
        r = tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED,
                           "certificate must be a string of acceptable length");
    else if ((der = malloc(text.len + 1)) == NULL)
        r = TB_E_NOMEM;
    else if (tb_b64u_decode(der, text.len + 1, &len, text) < 0)
        r = tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED, "certificate is not base64url");
    else
        r = find_by_der(rq, tb_span_of(der, len), out);
    free(der);
    json_decref(obj);
    return r;
}

void tb_revoke_handle(struct tb_request *rq)
{
    struct proofs *p = calloc(1, sizeof(*p));
    struct tb_order o = {0};
    int r = p != NULL ? find(rq, &o) : TB_E_NOMEM;

    if (r == 0 && (r = gather(rq, &o, p)) == 0)
        r = send_revoke(rq, &o, p);
    tb_order_clear(&o);
    proofs_free(p);
    if (r < 0 && rq->problem.type != TB_P_NONE)
        tb_reply_problem(rq);
    else if (r < 0)
        tb_reply_failure(rq, r);
}

/* What the judge's log says. */

static void on_stored(int err, void *arg)
{
    (void)arg;
    if (err < 0)
        tb_log(TB_LOG_ERROR, "revocation-not-stored", TB_F("why", tb_err_text(err)));
}

static int mark(struct tb_front *f, const struct tb_revoked_note *n)
{
    struct tb_store_tx *tx = NULL;
    struct tb_order o;
    int r = tb_store_order_find_serial(f->store, n->serial, &o);

    if (r < 0)
        return r == TB_E_NOTFOUND ? 0 : r; /* a store that was set back; the log is what counts */
    if (o.issuer == n->issuer && o.revoked_seq < n->seq) {
        o.revoked_seq = n->seq;
        o.revoked_at = n->revoked_at;
        o.revoked_for = n->reason;
        if ((r = tb_store_tx_new(f->store, &tx)) == 0) {
            if ((r = tb_store_tx_order_update(tx, &o)) < 0)
                tb_store_tx_free(tx);
            else
                r = tb_store_tx_commit(tx, on_stored, NULL);
        }
    }
    tb_order_clear(&o);
    return r;
}

static int take(struct tb_front *f, struct tb_span body, uint64_t *out_last)
{
    struct tb_msg_revoked *m = malloc(sizeof(*m));
    int r = m != NULL ? tb_msg_revoked_read(body, m) : TB_E_NOMEM;

    *out_last = 0;
    for (size_t i = 0; r == 0 && i < m->num; i++) {
        int failed = mark(f, &m->note[i]);

        if (failed < 0)
            tb_log(TB_LOG_ERROR, "revocation-not-stored", TB_F("why", tb_err_text(failed)));
        *out_last = m->note[i].seq;
    }
    free(m);
    return r;
}

int tb_revoked_told(struct tb_front *f, struct tb_span body)
{
    uint64_t last;

    return f->store != NULL ? take(f, body, &last) : 0;
}

static void ask(struct tb_front *f, uint64_t after);

static int on_revoked(struct tb_front *f, int err, struct tb_span body, void *arg)
{
    uint64_t last = 0;

    (void)arg;
    if (err < 0 || f->store == NULL)
        return 0;
    if ((err = take(f, body, &last)) < 0)
        return err;
    if (last > 0)
        ask(f, last);
    return 0;
}

static void ask(struct tb_front *f, uint64_t after)
{
    const struct tb_msg_after m = {.after = after};
    struct tb_edge_call call = {.peer = TB_ROLE_JUDGE,
                                .req = TB_MSG_REVOKED_REQ,
                                .rsp = TB_MSG_REVOKED_RSP,
                                .timeout_s = 3600,
                                .done = on_revoked};

    tb_wr_reset(&f->ipc);
    tb_msg_after_write(&f->ipc, &m);
    call.body = tb_wr_span(&f->ipc);
    if (tb_wr_err(&f->ipc) < 0 || tb_edge_call(f->edge, &call) < 0)
        tb_log(TB_LOG_WARN, "revocations-not-fetched");
}

void tb_revoked_sync(struct tb_front *f)
{
    ask(f, tb_store_last_revoked(f->store));
}
