#include "ca/judge/judge.h"

#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/log.h"
#include "lib/ipc/msg_sign.h"

/* Answers to the front. */

static void answer_problem(struct tb_judge *j, uint32_t id, const struct tb_problem *pb)
{
    struct tb_msg_finalize_rsp rsp = {.problem = *pb};

    tb_wr_reset(&j->out);
    tb_msg_finalize_rsp_write(&j->out, &rsp);
    tb_judge_answer(j, TB_ROLE_FRONT, TB_MSG_FINALIZE_RSP, id);
}

static void answer_issued(struct tb_judge *j, uint32_t id, const struct tb_issued *issued)
{
    struct tb_msg_finalize_rsp rsp = {.issued = *issued};

    tb_wr_reset(&j->out);
    tb_msg_finalize_rsp_write(&j->out, &rsp);
    tb_judge_answer(j, TB_ROLE_FRONT, TB_MSG_FINALIZE_RSP, id);
}

static void refuse(struct tb_judge *j, uint32_t id, const struct tb_decision *d)
{
    j->counters.refused++;
    tb_log(TB_LOG_NOTICE, "finalize-refused", TB_F("reason", d->reason), TB_N("order", d->ref.order),
           TB_F("profile", d->ref.profile), TB_F("account", d->account_url), TB_F("detail", d->problem.detail));
    answer_problem(j, id, &d->problem);
}

static void refuse_for(struct tb_judge *j, uint32_t id, struct tb_decision *d, const char *reason,
                       enum tb_problem_type type, const char *detail)
{
    d->reason = reason;
    tb_problem_clear(&d->problem);
    tb_problem_set(&d->problem, TB_E_DENIED, type, "%s", detail);
    refuse(j, id, d);
}

/* The certificate of an order that has one: from the record, whose digest of the JWS must be the whole one. */
static void answer_again(struct tb_judge *j, uint32_t id, struct tb_decision *d)
{
    struct tb_issue_rec issue;
    struct tb_log_rec rec;
    int r = tb_ilog_read(j->log, d->offset, &j->rec, &rec, NULL);

    if (r == 0)
        r = rec.type == TB_LOG_REC_ISSUE ? tb_issue_rec_read(rec.body, &issue) : TB_E_FORMAT;
    if (r == 0 && issue.ref.order != d->ref.order)
        r = TB_E_FORMAT; /* the record of another order */
    if (r < 0) {
        tb_log(TB_LOG_ERROR, "log-unreadable", TB_N("offset", d->offset), TB_F("reason", tb_err_text(r)));
        refuse_for(j, id, d, "log-unreadable", TB_P_SERVER_INTERNAL, "Internal error.");
        return;
    }
    if (memcmp(issue.jws_digest, d->jws_digest, TB_DIGEST_LEN) != 0) {
        refuse_for(j, id, d, "order-already-used", TB_P_ORDER_NOT_READY, "The order has its certificate already.");
        return;
    }
    j->counters.repeated++;
    answer_issued(
        j, id,
        &(struct tb_issued){
            .seq = rec.seq, .order = issue.ref.order, .made_at = rec.time, .issuer = issue.issuer, .cert = issue.cert});
}

static void join(struct tb_judge *j, uint32_t id, struct tb_decision *d)
{
    struct tb_flight *flight = tb_flights_find_order(&j->flights, d->ref.order);

    if (flight == NULL || memcmp(flight->jws_digest, d->jws_digest, TB_DIGEST_LEN) != 0)
        refuse_for(j, id, d, "order-in-flight", TB_P_ORDER_NOT_READY, "The order is being finalized already.");
    else if (flight->num_waiters == TB_WAITERS_MAX)
        refuse_for(j, id, d, "too-many-waiters", TB_P_RATE_LIMITED, "Too many requests wait for this order.");
    else
        flight->waiter[flight->num_waiters++] = id;
}

/* To the keyholder. */

static void send_sign(struct tb_judge *j, const struct tb_flight *flight)
{
    const struct tb_msg_sign_req req = {.issuer = flight->issuer, .tbs = tb_wr_span(&flight->tbs)};

    tb_wr_reset(&j->out);
    tb_msg_sign_req_write(&j->out, &req);
    tb_judge_answer(j, TB_ROLE_KEYHOLDER, TB_MSG_SIGN_REQ, flight->sign_id);
}

void tb_judge_resend(struct tb_judge *j)
{
    for (size_t i = 0; i < TB_FLIGHTS_MAX; i++)
        if (j->flights.slot[i] != NULL && j->flights.slot[i]->state == TB_FLIGHT_SIGNING)
            send_sign(j, j->flights.slot[i]);
}

void tb_judge_forget_waiters(struct tb_judge *j)
{
    for (size_t i = 0; i < TB_FLIGHTS_MAX; i++)
        if (j->flights.slot[i] != NULL)
            j->flights.slot[i]->num_waiters = 0;
    j->num_waiters = 0;
    tb_judge_forget_revokers(j);
}

/*
 * What arrives together is synced together.  The keyholder answers soon what it has been asked, so a sync waits for it,
 * but neither for many nor for long.
 */
void tb_judge_schedule_commit(struct tb_judge *j)
{
    static const struct timeval now = {0}, soon = {.tv_usec = TB_SYNC_GATHER_US};
    size_t num = j->flights.num_committing;
    bool gather = num > 0 && num < TB_SYNC_GATHER && tb_flights_count(&j->flights) > num;

    if (evtimer_pending(j->commit, NULL) && gather)
        return;
    if (evtimer_add(j->commit, gather ? &soon : &now) < 0)
        tb_fatal("issuance log: cannot schedule its sync");
}

static void take_off(struct tb_judge *j, uint32_t id, struct tb_decision *d)
{
    struct tb_flight *flight = tb_flights_take(&j->flights);
    const char *why = NULL;
    int r;

    if (flight == NULL) {
        tb_used_drop(&j->state.used, d->ref.order);
        refuse_for(j, id, d, "too-many-flights", TB_P_RATE_LIMITED, "Too many requests at a time; try again.");
        return;
    }
    if ((r = tb_flight_prepare(flight, d, &j->state.proofs, &why)) < 0) {
        tb_log(TB_LOG_ERROR, "lint-failed", TB_N("order", d->ref.order), TB_F("reason", why ? why : tb_err_text(r)));
        tb_flights_put(&j->flights, flight);
        tb_used_drop(&j->state.used, d->ref.order);
        refuse_for(j, id, d, "lint", TB_P_SERVER_INTERNAL, "Internal error.");
        return;
    }
    flight->waiter[flight->num_waiters++] = id;
    send_sign(j, flight);
}

int tb_judge_on_finalize(struct tb_child *child, struct tb_channel *ch TB_UNUSED, const struct tb_msg *m)
{
    struct tb_judge *j = child->state;
    struct tb_msg_finalize_req req = {0};
    struct tb_decision d;
    int r;

    if ((r = tb_msg_finalize_req_read(m->body, &req)) < 0)
        return r;
    if (j->draining) {
        memset(&d, 0, sizeof(d));
        refuse_for(j, m->id, &d, "draining", TB_P_SERVER_INTERNAL, "The CA is being restarted; try again.");
        goto out;
    }
    tb_judge_decide(&j->state, &req, tb_clock_now_s(), &d);
    switch (d.verdict) {
    case TB_VERDICT_REFUSE:
        refuse(j, m->id, &d);
        break;
    case TB_VERDICT_SIGN:
        take_off(j, m->id, &d);
        break;
    case TB_VERDICT_JOIN:
        join(j, m->id, &d);
        break;
    case TB_VERDICT_AGAIN:
        answer_again(j, m->id, &d);
        break;
    }
out:
    tb_decision_clear(&d);
    tb_msg_finalize_req_clear(&req);
    return 0;
}

/* From the keyholder. */

/* Nothing was logged: the order is free for another attempt. */
static void crash_land(struct tb_judge *j, struct tb_flight *flight, const char *reason)
{
    struct tb_problem pb = {0};

    j->counters.sign_refused++;
    tb_log(TB_LOG_ERROR, "finalize-refused", TB_F("reason", reason), TB_N("order", flight->order));
    tb_problem_set(&pb, TB_E_DENIED, TB_P_SERVER_INTERNAL, "The certificate could not be signed.");
    for (size_t i = 0; i < flight->num_waiters; i++)
        answer_problem(j, flight->waiter[i], &pb);
    tb_problem_clear(&pb);
    tb_used_drop(&j->state.used, flight->order);
    tb_flights_put(&j->flights, flight);
    tb_judge_exit_when_idle(j);
}

static void record(struct tb_judge *j, struct tb_flight *flight)
{
    struct tb_log_rec rec;
    int r;

    r = tb_ilog_append(j->log, TB_LOG_REC_ISSUE, flight->now, tb_wr_span(&flight->body), &rec, &flight->offset);
    if (r == TB_E_LIMIT) {
        crash_land(j, flight, "log-limit");
        return;
    }
    if (r < 0)
        tb_fatal("issuance log: cannot append: %s", tb_err_text(r));
    flight->seq = rec.seq;
    flight->made_at = rec.time;
    flight->state = TB_FLIGHT_COMMITTING;
    j->flights.committing[j->flights.num_committing++] = (uint16_t)(flight->sign_id & (TB_FLIGHTS_MAX - 1));
    tb_judge_schedule_commit(j);
}

int tb_judge_on_signed(struct tb_child *child, struct tb_channel *ch TB_UNUSED, const struct tb_msg *m)
{
    struct tb_judge *j = child->state;
    struct tb_flight *flight = tb_flights_find_id(&j->flights, m->id);
    struct tb_msg_sign_rsp rsp = {0};
    int r;

    if (flight == NULL)
        return TB_E_FORMAT;
    if ((r = tb_msg_sign_rsp_read(m->body, &rsp)) < 0)
        return r;
    if (rsp.problem.type != TB_P_NONE) {
        crash_land(j, flight, "keyholder-refused");
    } else if ((r = tb_flight_complete(flight, tb_span_of(rsp.sig, rsp.sig_len))) < 0) {
        crash_land(j, flight, "assembly");
    } else {
        record(j, flight);
    }
    tb_problem_clear(&rsp.problem);
    return 0;
}

/* To disk, and only then to the front. */

static void land(struct tb_judge *j, struct tb_flight *flight)
{
    const struct tb_issued issued = {.seq = flight->seq,
                                     .order = flight->order,
                                     .made_at = flight->made_at,
                                     .issuer = flight->issuer,
                                     .cert = tb_flight_cert(flight)};
    char serial[2 * TB_SERIAL_LEN + 1];

    tb_used_done(&j->state.used, flight->order, flight->offset);
    j->last_issue_seq = flight->seq;
    j->counters.issued++;
    tb_hex_encode(serial, tb_span_of(flight->serial, sizeof(flight->serial)));
    tb_log(TB_LOG_INFO, "issued", TB_F("serial", serial), TB_N("seq", flight->seq), TB_N("order", flight->order));
    for (size_t i = 0; i < flight->num_waiters; i++)
        answer_issued(j, flight->waiter[i], &issued);
    tb_flights_put(&j->flights, flight);
}

void tb_judge_commit(evutil_socket_t fd TB_UNUSED, short what TB_UNUSED, void *judge)
{
    struct tb_judge *j = judge;
    size_t num = j->flights.num_committing;
    int r;

    if ((r = tb_ilog_sync(j->log)) < 0)
        tb_fatal("issuance log: cannot make it durable: %s", tb_err_text(r));
    j->counters.syncs++;
    j->flights.num_committing = 0;
    for (size_t i = 0; i < num; i++)
        land(j, j->flights.slot[j->flights.committing[i]]);
    tb_judge_answer_accounts(j);
    tb_judge_land_revocations(j);
    tb_judge_exit_when_idle(j);
}
