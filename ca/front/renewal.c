#include "ca/front/renewal.h"

#include <string.h>

#include "ca/front/early_renewal.h"
#include "ca/front/objects.h"
#include "ca/front/renewal_window.h"
#include "lib/acme/cert_id.h"

static enum tb_issuer issuer_of(const struct tb_front *f, const struct tb_cert_id *id)
{
    for (unsigned i = TB_ISSUER_NONE + 1; i < TB_ISSUER__COUNT; i++)
        if (f->issuer_keyid[i].len > 0 &&
            tb_span_eq(tb_span_of(id->keyid, id->keyid_len), tb_span_of(f->issuer_keyid[i].p, f->issuer_keyid[i].len)))
            return (enum tb_issuer)i;
    return TB_ISSUER_NONE;
}

/* The order that a certificate came from. TB_E_NOTFOUND also for what is no identifier. */
static int find(const struct tb_front *f, struct tb_span text, struct tb_order *out)
{
    struct tb_cert_id id;
    enum tb_issuer issuer;
    int r;

    *out = (struct tb_order){0};
    if (tb_cert_id_parse(text, &id) < 0 || id.serial_len != TB_SERIAL_LEN)
        return TB_E_NOTFOUND;
    issuer = issuer_of(f, &id);
    if (issuer == TB_ISSUER_NONE)
        return TB_E_NOTFOUND;
    if ((r = tb_store_order_find_serial(f->store, id.serial, out)) < 0)
        return r;
    if (out->state == TB_ORDER_VALID && out->issuer == issuer)
        return 0;
    tb_order_clear(out);
    return TB_E_NOTFOUND;
}

void tb_renewal_info_handle(struct tb_request *rq)
{
    const char *explanation = NULL;
    struct tb_renewal_window w;
    char text[TB_RFC3339_LEN + 1];
    struct tb_order o;
    struct tb_jw jw;
    int r = find(rq->front, rq->params.param[0], &o);

    if (r == TB_E_NOTFOUND) {
        tb_reply_not_found(rq);
        return;
    }
    if (r < 0) {
        tb_reply_failure(rq, r);
        return;
    }
    tb_renewal_window(&w, o.issued_at, o.not_after, o.revoked_at, tb_clock_now_s());
    explanation = tb_early_renewal(rq->front->cfg, &o, &w);
    tb_order_clear(&o);
    rq->retry_after_s = w.retry_after_s;
    jw = tb_jw_of(tb_reply_body(rq));
    tb_jw_obj(&jw);
    tb_jw_key(&jw, "suggestedWindow");
    tb_jw_obj(&jw);
    tb_rfc3339_format(text, w.start);
    tb_jw_kv(&jw, "start", text);
    tb_rfc3339_format(text, w.end);
    tb_jw_kv(&jw, "end", text);
    tb_jw_end_obj(&jw);
    if (explanation != NULL && explanation[0] != '\0')
        tb_jw_kv(&jw, "explanationURL", explanation);
    tb_jw_end_obj(&jw);
    tb_reply_json(rq, 200);
}

/* An order that failed, or that was removed, frees the slot. */
static int check_slot(struct tb_request *rq, const struct tb_order *old)
{
    enum tb_order_state state = TB_ORDER_INVALID;
    struct tb_order by;
    int r;

    if (old->replaced_by == 0)
        return 0;
    r = tb_store_order_get(rq->front->store, old->replaced_by, &by);
    if (r == TB_E_NOTFOUND)
        return 0;
    if (r == 0) {
        r = tb_order_state_now(rq->front, &by, &state);
        tb_order_clear(&by);
    }
    if (r < 0 || state == TB_ORDER_INVALID)
        return r;
    return tb_problem_set(&rq->problem, TB_E_EXISTS, TB_P_ALREADY_REPLACED,
                          "another order of this account replaces that certificate already");
}

static bool name_in_common(const struct tb_order *a, const struct tb_order *b)
{
    for (size_t i = 0; i < a->num_idents; i++)
        for (size_t k = 0; k < b->num_idents; k++)
            if (tb_ident_eq(&a->ident[i], &b->ident[k]))
                return true;
    return false;
}

int tb_replaces_read(struct tb_request *rq, const json_t *obj, struct tb_order *o)
{
    const json_t *member = json_object_get(obj, "replaces");
    struct tb_order old;
    int r;

    if (member == NULL)
        return 0;
    if (!json_is_string(member))
        return tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED, "replaces must be a string");
    r = find(rq->front, tb_span_of(json_string_value(member), json_string_length(member)), &old);
    if (r == 0 && old.account_id != rq->account.id)
        r = TB_E_NOTFOUND;
    if (r == TB_E_NOTFOUND)
        r = tb_problem_set(&rq->problem, r, TB_P_MALFORMED, "replaces names no certificate of this account");
    else if (r == 0 && !name_in_common(&old, o))
        r = tb_problem_set(&rq->problem, TB_E_DENIED, TB_P_MALFORMED,
                           "the certificate that is to be replaced has no name in common with the order");
    else if (r == 0)
        r = check_slot(rq, &old);
    if (r == 0) {
        o->replaces_issuer = old.issuer;
        memcpy(o->replaces_serial, old.serial, TB_SERIAL_LEN);
    }
    tb_order_clear(&old);
    return r;
}

int tb_replaces_claim(struct tb_request *rq, struct tb_store_tx *tx, const struct tb_order *o)
{
    struct tb_order old;
    int r;

    if (o->replaces_issuer == TB_ISSUER_NONE)
        return 0;
    if ((r = tb_store_order_find_serial(rq->front->store, o->replaces_serial, &old)) < 0)
        return r;
    if ((r = check_slot(rq, &old)) == 0) {
        old.replaced_by = o->no;
        r = tb_store_tx_order_update(tx, &old);
    }
    tb_order_clear(&old);
    return r;
}

void tb_replaces_json(const struct tb_front *f, struct tb_jw *jw, const struct tb_order *o)
{
    char text[TB_CERT_ID_TEXT_MAX + 1];

    if (o->replaces_issuer == TB_ISSUER_NONE)
        return;
    tb_cert_id_text(text, tb_span_of(f->issuer_keyid[o->replaces_issuer].p, f->issuer_keyid[o->replaces_issuer].len),
                    tb_span_of(o->replaces_serial, TB_SERIAL_LEN));
    tb_jw_kv(jw, "replaces", text);
}
