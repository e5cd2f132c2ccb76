/* Account requests on the judge's loop: decided, logged, durable, and only then answered. */
#include "ca/judge/account_event.h"
#include "ca/judge/judge.h"
#include "lib/base/log.h"

#include <string.h>

static void answer_problem(struct tb_judge *j, uint32_t id, const struct tb_problem *pb)
{
    const struct tb_msg_account_rsp rsp = {.problem = *pb};

    tb_wr_reset(&j->out);
    tb_msg_account_rsp_write(&j->out, &rsp);
    tb_judge_answer(j, TB_ROLE_FRONT, TB_MSG_ACCOUNT_RSP, id);
}

static void answer_statement(struct tb_judge *j, const struct tb_account_waiter *wait)
{
    uint8_t buf[TB_ACCOUNT_STATEMENT_MAX];
    struct tb_msg_account_rsp rsp = {0};
    struct tb_wr wr;
    int r;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    if ((r = tb_judge_account_statement(&j->state, wait->first, &wr)) < 0) {
        tb_problem_set(&rsp.problem, r, TB_P_SERVER_INTERNAL, "Internal error.");
        answer_problem(j, wait->id, &rsp.problem);
        return;
    }
    rsp.statement = tb_wr_span(&wr);
    tb_wr_reset(&j->out);
    tb_msg_account_rsp_write(&j->out, &rsp);
    tb_judge_answer(j, TB_ROLE_FRONT, TB_MSG_ACCOUNT_RSP, wait->id);
}

void tb_judge_answer_accounts(struct tb_judge *j)
{
    for (size_t i = 0; i < j->num_waiters; i++)
        answer_statement(j, &j->waiter[i]);
    j->num_waiters = 0;
}

static void refuse(struct tb_judge *j, uint32_t id, struct tb_account_decision *d, const char *reason)
{
    j->counters.refused++;
    tb_log(TB_LOG_NOTICE, "account-refused", TB_F("reason", reason), TB_F("account", d->account_url),
           TB_F("detail", d->problem.detail));
    answer_problem(j, id, &d->problem);
}

static void refuse_busy(struct tb_judge *j, uint32_t id, struct tb_account_decision *d)
{
    tb_problem_set(&d->problem, 0, TB_P_RATE_LIMITED, "Too many requests at a time; try again.");
    refuse(j, id, d, "busy");
}

/* In the log and in memory; if one of them fails half-way the judge ends. False: refused. */
static bool record(struct tb_judge *j, uint32_t id, struct tb_account_decision *d)
{
    static const char *const words[TB_EVENT__COUNT] = {[TB_EVENT_KEY_CHANGED] = "account-key-changed",
                                                       [TB_EVENT_DEACTIVATED] = "account-deactivated",
                                                       [TB_EVENT_BOUND] = "account-bound"};
    const struct timeval now = {0};
    struct tb_log_rec rec;
    uint64_t offset;
    int r;

    tb_wr_reset(&j->rec);
    tb_account_rec_write(&j->rec, &d->rec);
    if ((r = tb_wr_err(&j->rec)) < 0 ||
        (r = tb_ilog_append(j->log, TB_LOG_REC_ACCOUNT, d->now, tb_wr_span(&j->rec), &rec, &offset)) == TB_E_LIMIT) {
        refuse_busy(j, id, d);
        return false;
    }
    if (r < 0 || (r = tb_judge_apply_account(&j->state, &d->rec, rec.seq, rec.time)) < 0)
        tb_fatal("issuance log: cannot append: %s", tb_err_text(r));
    tb_log(TB_LOG_NOTICE, words[d->rec.event], TB_F("account", d->account_url), TB_N("seq", rec.seq));
    if (!evtimer_pending(j->commit, NULL) && evtimer_add(j->commit, &now) < 0)
        tb_fatal("issuance log: cannot schedule its sync");
    return true;
}

int tb_judge_on_account(struct tb_child *child, struct tb_channel *ch TB_UNUSED, const struct tb_msg *m)
{
    struct tb_judge *j = child->state;
    struct tb_account_waiter wait = {.id = m->id};
    struct tb_msg_account_req req;
    struct tb_account_decision d;
    int r;

    if ((r = tb_msg_account_req_read(m->body, &req)) < 0)
        return r;
    tb_judge_decide_account(&j->state, &req, tb_clock_now_s(), &d);
    memcpy(wait.first, d.rec.first, TB_DIGEST_LEN);
    if (d.verdict == TB_ACCOUNT_REFUSE) {
        refuse(j, m->id, &d, d.reason);
    } else if (j->draining || j->num_waiters == TB_ACCOUNT_WAITERS_MAX) {
        refuse_busy(j, m->id, &d);
    } else if (d.verdict == TB_ACCOUNT_AGAIN && !tb_ilog_pending(j->log)) {
        answer_statement(j, &wait); /* what it tells is on disk */
    } else if (d.verdict == TB_ACCOUNT_AGAIN || record(j, m->id, &d)) {
        j->waiter[j->num_waiters++] = wait;
    }
    tb_account_decision_clear(&d);
    return 0;
}
