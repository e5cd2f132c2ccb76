/* tabard ca export: what was issued, as the log has it, some records at a time. */
#include <stdlib.h>

#include "ca/cert_filter.h"
#include "ca/judge/judge.h"
#include "lib/base/b64u.h"
#include "lib/base/log.h"

#define LOOK_MAX   512 /* records that one request looks at: some milliseconds */
#define ANSWER_MAX (TB_CONTROL_RSP_MAX / 4)

/* One certificate needs at most a half of what is left beyond ANSWER_MAX. */
_Static_assert(TB_B64U_LEN(TB_CERT_MAX) + TB_IDENT_NUM_MAX * (TB_IDENT_VALUE_MAX + 8) + 4096 < TB_CONTROL_RSP_MAX / 2,
               "an answer can hold one certificate more");

struct export
{
    struct tb_judge *judge;
    struct tb_cert_filter filter;
    struct tb_jw *jw;
    uint64_t last; /* number of the record looked at last */
    bool end;
};

/* Names of the record into the answer, or only: is one of them asked for? */
static int walk_names(const struct tb_issue_rec *rec, const struct tb_cert_filter *f, struct tb_jw *jw, bool *out_named)
{
    struct tb_rd rd = tb_rd_of(rec->names_wire);
    char text[TB_IDENT_VALUE_MAX + 3];
    struct tb_ident ident;
    int r = 0;

    for (size_t i = 0; i < rec->num_names && (r = tb_ident_read(&rd, &ident)) == 0; i++) {
        *out_named |= tb_cert_filter_names(f, &ident);
        if (jw != NULL) {
            tb_ident_text(text, &ident);
            tb_jw_str(jw, text);
        }
    }
    return r;
}

static int put_cert(struct tb_jw *jw, struct tb_span cert)
{
    char *text = malloc(TB_B64U_LEN(cert.len) + 1);

    if (text == NULL)
        return TB_E_NOMEM;
    tb_b64u_encode(text, cert);
    tb_jw_kv(jw, "certificate", text);
    free(text);
    return 0;
}

static int put_record(const struct export *x, const struct tb_log_rec *rec, const struct tb_issue_rec *issue,
                      tb_time_t not_after, const struct tb_revoked_entry *revoked)
{
    char serial[2 * TB_SERIAL_LEN + 1];
    struct tb_jw *jw = x->jw;
    bool named = false;
    int r;

    tb_hex_encode(serial, tb_span_of(issue->serial, TB_SERIAL_LEN));
    tb_jw_obj(jw);
    tb_operation_number(jw, "seq", rec->seq);
    tb_operation_time(jw, "issued_at", rec->time);
    tb_jw_kv(jw, "serial", serial);
    tb_jw_kv(jw, "issuer", tb_issuer_name(issue->issuer));
    tb_jw_kv(jw, "profile", issue->ref.profile);
    tb_jw_kv(jw, "version", issue->ref.version);
    tb_jw_kv(jw, "account", issue->account_url);
    tb_operation_time(jw, "not_after", not_after);
    if (revoked != NULL) {
        tb_operation_time(jw, "revoked_at", revoked->revoked_at);
        tb_jw_kv(jw, "reason", tb_reason_name(revoked->reason));
    }
    tb_jw_key(jw, "names");
    tb_jw_arr(jw);
    r = walk_names(issue, &x->filter, jw, &named);
    tb_jw_end_arr(jw);
    if (r == 0)
        r = put_cert(jw, issue->cert);
    tb_jw_end_obj(jw);
    return r;
}

static int look_at(const struct export *x, const struct tb_log_rec *rec)
{
    const struct tb_revoked_entry *revoked;
    struct tb_issue_rec issue;
    struct tb_tbs tbs = {0};
    struct tb_span der;
    tb_time_t not_after;
    bool named = false;
    int r;

    if ((r = tb_issue_rec_read(rec->body, &issue)) < 0 || (r = tb_cert_tbs(issue.cert, &der)) < 0 ||
        (r = tb_tbs_read(der, &tbs)) < 0)
        return r;
    not_after = tbs.not_after;
    tb_tbs_clear(&tbs);
    revoked = tb_revoked_find(&x->judge->state.revoked, issue.issuer, issue.serial);
    if (!tb_cert_filter_takes(&x->filter, issue.ref.profile, not_after, revoked != NULL))
        return 0;
    if ((r = walk_names(&issue, &x->filter, NULL, &named)) < 0 || !named)
        return r;
    return put_record(x, rec, &issue, not_after, revoked);
}

static int look(struct export *x)
{
    struct tb_judge *j = x->judge;
    struct tb_log_rec rec;
    uint64_t offset;
    int r = tb_ilog_find(j->log, x->last + 1, &offset);

    for (size_t i = 0; r == 0 && i < LOOK_MAX && tb_wr_span(x->jw->wr).len < ANSWER_MAX; i++) {
        if ((r = tb_ilog_read(j->log, offset, &j->rec, &rec, &offset)) < 0)
            break;
        x->last = rec.seq;
        if (rec.type == TB_LOG_REC_ISSUE)
            r = look_at(x, &rec);
    }
    x->end = r == TB_E_NOTFOUND;
    return x->end ? 0 : r;
}

/* {"cmd":"export","after":SEQ} and the members of ca/cert_filter.h; "next" in the answer: more after that record. */
bool tb_judge_do_export(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req, struct tb_jw *jw)
{
    json_int_t after = json_integer_value(json_object_get(req, "after"));
    struct export x = {.judge = child->state, .jw = jw, .last = after > 0 ? (uint64_t)after : 0};
    const char *why = tb_cert_filter_read(&x.filter, req, tb_clock_now_s());
    int r;

    if (why != NULL) {
        tb_operation_error(jw, why);
        return true;
    }
    tb_jw_obj(jw);
    tb_jw_key(jw, "certificates");
    tb_jw_arr(jw);
    r = look(&x);
    tb_jw_end_arr(jw);
    if (!x.end)
        tb_operation_number(jw, "next", x.last);
    tb_jw_end_obj(jw);
    if (r == 0)
        return true;
    tb_log(TB_LOG_ERROR, "log-unreadable", TB_N("after", x.last), TB_F("reason", tb_err_text(r)));
    tb_wr_reset(jw->wr);
    *jw = tb_jw_of(jw->wr);
    tb_operation_error(jw, "the issuance log cannot be read");
    return true;
}
