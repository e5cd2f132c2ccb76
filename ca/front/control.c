#include "ca/front/control.h"

#include <stdio.h>

#include "ca/front/certificates.h"
#include "ca/front/explain.h"
#include "ca/front/front.h"
#include "ca/front/use.h"
#include "ca/operation.h"

/* Age of the oldest CRL of an issuer, and the nextUpdate that comes first; of its root's CRL, the nextUpdate. */
static void put_crls(struct tb_jw *jw, const struct tb_published *p, enum tb_issuer issuer, tb_time_t now)
{
    tb_time_t made = 0, next = 0;
    char name[64];

    for (unsigned k = 0; k < TB_CRL_SHARDS; k++) {
        const struct tb_document *d = p->crl[issuer][k];

        if (d != NULL && (made == 0 || d->modified < made))
            made = d->modified;
        if (d != NULL && (next == 0 || d->next_update < next))
            next = d->next_update;
    }
    if (made != 0) {
        snprintf(name, sizeof(name), "crl_%s_age_s", tb_issuer_name(issuer));
        tb_operation_number(jw, name, now > made ? (uint64_t)(now - made) : 0);
        snprintf(name, sizeof(name), "crl_%s_next_update", tb_issuer_name(issuer));
        tb_operation_time(jw, name, next);
    }
    if (p->root_crl[issuer] != NULL) {
        snprintf(name, sizeof(name), "crl_root_%s_next_update", tb_issuer_name(issuer));
        tb_operation_time(jw, name, p->root_crl[issuer]->next_update);
    }
}

static bool do_status(struct tb_child *child, uint32_t id TB_UNUSED, const json_t *req TB_UNUSED, struct tb_jw *jw)
{
    struct tb_front *f = child->state;
    struct tb_store_stats s = {0};

    tb_store_stats(f->store, &s);
    tb_jw_obj(jw);
    tb_jw_key(jw, "judge");
    tb_jw_obj(jw);
    tb_jw_key(jw, "connected");
    tb_jw_bool(jw, f->child->peer[TB_ROLE_JUDGE] != NULL);
    tb_operation_number(jw, "signer", f->judge.signer);
    tb_operation_number(jw, "epoch", f->judge.epoch);
    tb_operation_number(jw, "last_seq", f->judge.last_seq);
    tb_jw_end_obj(jw);
    tb_jw_key(jw, "validator");
    tb_jw_obj(jw);
    tb_jw_key(jw, "connected");
    tb_jw_bool(jw, f->child->peer[TB_ROLE_VALIDATOR] != NULL);
    tb_jw_end_obj(jw);
    if (tb_use_is_served(f)) {
        tb_jw_key(jw, "responder");
        tb_jw_obj(jw);
        tb_jw_key(jw, "connected");
        tb_jw_bool(jw, f->child->peer[TB_ROLE_RESPONDER] != NULL);
        tb_jw_kv(jw, "address", f->cfg->responder_address);
        tb_jw_end_obj(jw);
    }
    tb_operation_time(jw, "https_not_after", f->https_not_after);
    for (unsigned i = TB_ISSUER_NONE + 1; i < TB_ISSUER__COUNT; i++)
        put_crls(jw, &f->published, (enum tb_issuer)i, tb_clock_now_s());
    tb_operation_number(jw, "connections", f->num_conns);
    tb_operation_number(jw, "requests_open", f->num_requests);
    tb_operation_number(jw, "validations_in_flight", f->validations.num);
    tb_operation_number(jw, "uses_in_flight", f->uses.num);
    tb_operation_number(jw, "finalizes_in_flight", f->num_finalizes);
    /* Since this process started. */
    tb_operation_number(jw, "accounts", f->counters.accounts);
    tb_operation_number(jw, "orders", f->counters.orders);
    tb_operation_number(jw, "issued", f->counters.issued);
    tb_operation_number(jw, "store_last_seq", tb_store_last_seq(f->store));
    tb_operation_number(jw, "store_bytes", s.bytes);
    tb_jw_end_obj(jw);
    return true;
}

static const struct tb_operation operations[] = {
    {"explain", tb_explain_run},
    {"list", tb_certificates_list},
    {"show", tb_certificates_show},
    {"status", do_status},
};

void tb_control_handle(struct tb_child *child, uint32_t id, struct tb_span json)
{
    tb_operation_run(child, operations, TB_ARRAY_LEN(operations), id, json);
}
