#include "ca/judge/revocation.h"

#include <string.h>

#include "ca/judge/judge.h"
#include "lib/base/b64u.h"
#include "lib/base/log.h"

/* Reading the log. */

static int read_issuance(void *arg, uint64_t seq, struct tb_issue_rec *out)
{
    struct tb_judge *j = arg;
    struct tb_log_rec rec;
    uint64_t offset;
    int r;

    memset(out, 0, sizeof(*out));
    if (seq == 0 || (r = tb_ilog_find(j->log, seq, &offset)) == TB_E_NOTFOUND)
        return TB_E_NOTFOUND;
    if (r < 0 || (r = tb_ilog_read(j->log, offset, &j->rec, &rec, NULL)) < 0)
        return r;
    if (rec.seq != seq || rec.type != TB_LOG_REC_ISSUE)
        return TB_E_NOTFOUND;
    return tb_issue_rec_read(rec.body, out);
}

/* Answers. */

static void answer_front(struct tb_judge *j, uint32_t id, const struct tb_problem *pb)
{
    const struct tb_msg_revoke_rsp rsp = {.problem = *pb};

    tb_wr_reset(&j->out);
    tb_msg_revoke_rsp_write(&j->out, &rsp);
    tb_judge_answer(j, TB_ROLE_FRONT, TB_MSG_REVOKE_RSP, id);
}

static void answer_operator(struct tb_judge *j, const struct tb_revocation *v)
{
    const struct tb_revoked_entry *e = tb_revoked_find(&j->state.revoked, v->rec.issuer, v->rec.serial);
    char serial[2 * TB_SERIAL_LEN + 1];
    struct tb_jw jw;

    if (e == NULL) {
        tb_operation_answer_error(j->child, v->id, "internal error");
        return;
    }
    tb_hex_encode(serial, tb_span_of(e->serial, TB_SERIAL_LEN));
    tb_wr_reset(&j->out);
    jw = tb_jw_of(&j->out);
    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "serial", serial);
    tb_jw_kv(&jw, "reason", tb_reason_name(e->reason));
    tb_operation_time(&jw, "revoked_at", e->revoked_at);
    tb_operation_number(&jw, "seq", e->seq);
    tb_jw_key(&jw, "already_revoked");
    tb_jw_bool(&jw, v->again);
    tb_jw_end_obj(&jw);
    tb_operation_answer(j->child, v->id, tb_wr_span(&j->out));
}

static void answer(struct tb_judge *j, const struct tb_revocation *v)
{
    struct tb_problem pb = {0};

    if (v->again)
        (void)tb_problem_set(&pb, 0, TB_P_ALREADY_REVOKED, "The certificate is revoked already.");
    if (v->asker == TB_ASKER_FRONT)
        answer_front(j, v->id, &pb);
    else if (v->asker == TB_ASKER_OPERATOR)
        answer_operator(j, v);
    tb_problem_clear(&pb);
}

static void refuse(struct tb_judge *j, enum tb_revocation_asker asker, uint32_t id, struct tb_revoke_decision *d)
{
    j->counters.refused++;
    tb_log(TB_LOG_NOTICE, "revocation-refused", TB_F("reason", d->reason), TB_F("account", d->rec.account_url),
           TB_F("detail", d->problem.detail));
    if (asker == TB_ASKER_OPERATOR)
        tb_operation_answer_error(j->child, id, d->problem.detail);
    else
        answer_front(j, id, &d->problem);
}

static void refuse_for(struct tb_judge *j, enum tb_revocation_asker asker, uint32_t id, struct tb_revoke_decision *d,
                       const char *reason, enum tb_problem_type type, const char *detail)
{
    d->reason = reason;
    tb_problem_clear(&d->problem);
    (void)tb_problem_set(&d->problem, TB_E_DENIED, type, "%s", detail);
    refuse(j, asker, id, d);
}

/* Into the log. */

static size_t count_new(const struct tb_revocations *w)
{
    size_t num = 0;

    for (size_t i = 0; i < w->num; i++)
        num += !w->wait[i].again;
    return num;
}

static bool waits_already(const struct tb_revocations *w, const struct tb_revoke_rec *rec)
{
    for (size_t i = 0; i < w->num; i++)
        if (w->wait[i].rec.issuer == rec->issuer && memcmp(w->wait[i].rec.serial, rec->serial, TB_SERIAL_LEN) == 0 &&
            !tb_revoke_rec_says_more(rec, w->wait[i].rec.reason, w->wait[i].rec.who))
            return true;
    return false;
}

/* A full table refuses, before anything is logged: what is logged must have its place. */
static bool has_room(struct tb_judge *j, const struct tb_revoke_decision *d)
{
    size_t num = count_new(&j->revocations) + 1;

    return tb_revoked_reserve(&j->state.revoked, num, d->now) == 0 && tb_key_set_reserve(&j->state.blocked, num) == 0;
}

static int append(struct tb_judge *j, const struct tb_revoke_decision *d, struct tb_revocation *v)
{
    struct tb_log_rec rec;
    uint64_t offset;
    int r;

    tb_wr_reset(&j->out);
    tb_revoke_rec_write(&j->out, &d->rec);
    if ((r = tb_wr_err(&j->out)) < 0)
        return TB_E_LIMIT;
    if ((r = tb_ilog_append(j->log, TB_LOG_REC_REVOKE, d->now, tb_wr_span(&j->out), &rec, &offset)) < 0)
        return r;
    v->seq = rec.seq;
    v->revoked_at = rec.time;
    return 0;
}

static void take(struct tb_judge *j, enum tb_revocation_asker asker, uint32_t id, struct tb_revoke_decision *d)
{
    struct tb_revocations *w = &j->revocations;
    struct tb_revocation *v = &w->wait[w->num];
    int r;

    *v = (struct tb_revocation){.rec = d->rec, .again = waits_already(w, &d->rec), .asker = asker, .id = id};
    if (!v->again) {
        if (!has_room(j, d)) {
            tb_log(TB_LOG_ERROR, "revocation-table-full", TB_N("entries", j->state.revoked.num));
            refuse_for(j, asker, id, d, "table-full", TB_P_SERVER_INTERNAL, "The CA is at its limit of revocations.");
            return;
        }
        if ((r = append(j, d, v)) == TB_E_LIMIT) {
            refuse_for(j, asker, id, d, "log-limit", TB_P_SERVER_INTERNAL, "Internal error.");
            return;
        }
        if (r < 0)
            tb_fatal("issuance log: cannot append: %s", tb_err_text(r));
    }
    w->num++;
    tb_judge_schedule_commit(j);
}

static void act(struct tb_judge *j, enum tb_revocation_asker asker, uint32_t id, struct tb_revoke_decision *d)
{
    const struct tb_revocation again = {.rec = d->rec, .again = true, .asker = asker, .id = id};

    if (d->verdict == TB_REVOKE_REFUSE)
        refuse(j, asker, id, d);
    else if (d->verdict == TB_REVOKE_AGAIN)
        answer(j, &again); /* what is in the table is durable */
    else if (j->draining || j->revocations.num == TB_REVOCATIONS_MAX)
        refuse_for(j, asker, id, d, "busy", TB_P_RATE_LIMITED, "Too many requests at a time; try again.");
    else
        take(j, asker, id, d);
}

int tb_judge_on_revoke(struct tb_child *child, struct tb_channel *ch TB_UNUSED, const struct tb_msg *m)
{
    struct tb_judge *j = child->state;
    struct tb_msg_revoke_req req;
    struct tb_revoke_decision d;
    int r;

    if ((r = tb_msg_revoke_req_read(m->body, &req)) < 0)
        return r;
    tb_judge_decide_revoke(&j->state, &req, read_issuance, j, tb_clock_now_s(), &d);
    act(j, TB_ASKER_FRONT, m->id, &d);
    tb_revoke_decision_clear(&d);
    tb_msg_revoke_req_clear(&req);
    return 0;
}

/* {"cmd":"revoke","serial":HEX,"seq":N,"reason":WORD}: seq is where the issuance stands in the log. */
bool tb_judge_do_revoke(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw)
{
    struct tb_judge *j = child->state;
    const char *word = json_string_value(json_object_get(req, "reason"));
    json_int_t seq = json_integer_value(json_object_get(req, "seq"));
    enum tb_reason reason = TB_REASON_UNSPECIFIED;
    uint8_t serial[TB_SERIAL_LEN];
    struct tb_revoke_decision d;
    struct tb_span hex;

    if (tb_json_str(req, "serial", 2 * TB_SERIAL_LEN, &hex) < 0 || tb_hex_decode(serial, sizeof(serial), hex) < 0) {
        tb_operation_error(jw, "serial must be 32 hexadecimal digits");
        return true;
    }
    if (word != NULL && tb_reason_parse(word, &reason) < 0) {
        tb_operation_error(jw, "reason is none of those that a certificate can be revoked for");
        return true;
    }
    if (seq <= 0) {
        tb_operation_error(jw, "seq must be the sequence number of the issuance");
        return true;
    }
    tb_judge_decide_revoke_order(&j->state, serial, (uint64_t)seq, reason, read_issuance, j, tb_clock_now_s(), &d);
    act(j, TB_ASKER_OPERATOR, id, &d);
    tb_revoke_decision_clear(&d);
    return false;
}

/* Durable. */

int tb_judge_enter_revoked(struct tb_judge *j, const struct tb_revoke_rec *rec, uint64_t seq, tb_time_t at,
                           tb_time_t now)
{
    int r = tb_revoked_add(&j->state.revoked, rec, seq, at, now);

    if (r == 0 && tb_revoke_rec_blocks_key(rec))
        r = tb_key_set_add(&j->state.blocked, rec->spki_digest);
    return r;
}

static void tell(struct tb_judge *j, enum tb_msg_type type, uint32_t id, const struct tb_msg_revoked *m)
{
    tb_wr_reset(&j->out);
    tb_msg_revoked_write(&j->out, m);
    tb_judge_answer(j, TB_ROLE_FRONT, type, id);
}

static struct tb_revoked_note note_of(const struct tb_revoked_entry *e)
{
    struct tb_revoked_note n = {.seq = e->seq,
                                .issuer = (enum tb_issuer)e->issuer,
                                .revoked_at = e->revoked_at,
                                .reason = (enum tb_reason)e->reason};

    memcpy(n.serial, e->serial, TB_SERIAL_LEN);
    return n;
}

static void collect(const struct tb_judge *j, uint64_t after, struct tb_msg_revoked *out)
{
    const struct tb_revoked_entry *e = NULL;

    out->num = 0;
    while (out->num < TB_MSG_REVOKED_MAX && (e = tb_revoked_after(&j->state.revoked, after)) != NULL) {
        out->note[out->num++] = note_of(e);
        after = e->seq;
    }
}

void tb_judge_land_revocations(struct tb_judge *j)
{
    struct tb_msg_revoked *news = &j->told;
    struct tb_revocations *w = &j->revocations;
    char serial[2 * TB_SERIAL_LEN + 1];
    int r;

    news->num = 0;
    for (size_t i = 0; i < w->num; i++) {
        const struct tb_revocation *v = &w->wait[i];

        if (v->again)
            continue;
        if ((r = tb_judge_enter_revoked(j, &v->rec, v->seq, v->revoked_at, v->revoked_at)) < 0)
            tb_fatal("a logged revocation has no place: %s", tb_err_text(r));
        tb_hex_encode(serial, tb_span_of(v->rec.serial, TB_SERIAL_LEN));
        tb_log(TB_LOG_NOTICE, "revoked", TB_F("serial", serial), TB_N("seq", v->seq),
               TB_F("reason", tb_reason_name(v->rec.reason)), TB_F("account", v->rec.account_url));
        j->counters.revoked++;
        news->note[news->num++] = note_of(tb_revoked_find(&j->state.revoked, v->rec.issuer, v->rec.serial));
    }
    if (news->num > 0)
        tell(j, TB_MSG_REVOKED, 0, news);
    for (size_t i = 0; i < w->num; i++)
        answer(j, &w->wait[i]);
    w->num = 0;
}

void tb_judge_forget_revokers(struct tb_judge *j)
{
    for (size_t i = 0; i < j->revocations.num; i++)
        if (j->revocations.wait[i].asker == TB_ASKER_FRONT)
            j->revocations.wait[i].asker = TB_ASKER_NONE;
}

int tb_judge_on_revoked_sync(struct tb_child *child, struct tb_channel *ch TB_UNUSED, const struct tb_msg *m)
{
    struct tb_judge *j = child->state;
    struct tb_msg_after req;
    int r;

    if ((r = tb_msg_after_read(m->body, &req)) < 0)
        return r;
    collect(j, req.after, &j->told);
    tell(j, TB_MSG_REVOKED_RSP, m->id, &j->told);
    return 0;
}
