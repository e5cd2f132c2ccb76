#include "ca/judge/judge.h"

#include <string.h>

#include "lib/base/log.h"

#define ENTRY_OVERHEAD 64 /* more than number, order, time, issuer and length of one certificate */

static size_t answer_room(void)
{
    return tb_msg_info(TB_MSG_SYNC_RSP)->max - ENTRY_OVERHEAD;
}

/* Copy the certificate, because the record's buffer serves the next one; positions become pointers at the end. */
static bool add(struct tb_judge *j, struct tb_msg_sync_rsp *rsp, const struct tb_log_rec *rec, size_t *pos)
{
    struct tb_issue_rec issue;

    if (tb_issue_rec_read(rec->body, &issue) < 0)
        return false;
    if (j->certs.len + issue.cert.len + (rsp->num + 1) * ENTRY_OVERHEAD > answer_room())
        return false;
    pos[rsp->num] = j->certs.len;
    tb_wr_bytes(&j->certs, issue.cert.p, issue.cert.len);
    if (tb_wr_err(&j->certs) < 0)
        return false;
    rsp->issued[rsp->num++] = (struct tb_issued){.seq = rec->seq,
                                                 .order = issue.ref.order,
                                                 .made_at = rec->time,
                                                 .issuer = issue.issuer,
                                                 .cert = {.len = issue.cert.len}};
    return true;
}

static void collect(struct tb_judge *j, uint64_t after, struct tb_msg_sync_rsp *rsp)
{
    size_t pos[TB_MSG_SYNC_RECORDS_MAX];
    struct tb_log_rec rec;
    uint64_t offset;
    int r;

    if (after >= j->last_issue_seq || tb_ilog_find(j->log, after + 1, &offset) < 0)
        return;
    while (rsp->num < TB_MSG_SYNC_RECORDS_MAX) {
        if ((r = tb_ilog_read(j->log, offset, &j->rec, &rec, &offset)) == TB_E_NOTFOUND)
            break;
        if (r < 0) {
            tb_log(TB_LOG_ERROR, "log-unreadable", TB_N("offset", offset), TB_F("reason", tb_err_text(r)));
            break;
        }
        if (rec.type == TB_LOG_REC_ISSUE && !add(j, rsp, &rec, pos))
            break;
    }
    for (size_t i = 0; i < rsp->num; i++)
        rsp->issued[i].cert.p = j->certs.buf + pos[i];
}

int tb_judge_on_sync(struct tb_child *child, struct tb_channel *ch TB_UNUSED, const struct tb_msg *m)
{
    struct tb_judge *j = child->state;
    struct tb_msg_sync_rsp rsp = {0};
    struct tb_msg_after req;
    int r;

    if ((r = tb_msg_after_read(m->body, &req)) < 0)
        return r;
    tb_wr_reset(&j->certs);
    collect(j, req.after, &rsp);
    tb_wr_reset(&j->out);
    tb_msg_sync_rsp_write(&j->out, &rsp);
    tb_judge_answer(j, TB_ROLE_FRONT, TB_MSG_SYNC_RSP, m->id);
    return 0;
}
