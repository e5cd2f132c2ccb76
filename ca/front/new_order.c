/*
 * newOrder (RFC 8555 section 7.4): names and profile are checked before any authorization exists, authorizations are
 * reused where they prove the same, tokens come from the validator in one message, and order and new authorizations
 * become durable together before the answer leaves.
 */
#include <stdlib.h>
#include <string.h>

#include "ca/front/account_op.h"
#include "ca/front/ancestor.h"
#include "ca/front/identifiers.h"
#include "ca/front/objects.h"
#include "ca/front/profile.h"
#include "ca/front/renewal.h"
#include "ca/front/terms.h"
#include "ca/front/use.h"

struct new_order {
    struct tb_request *rq;
    const struct tb_profile *profile;
    struct tb_order order;
    const char **ancestor; /* of each name of the order, NULL = none; the list is owned */
    struct tb_authz_batch batch;
};

static void new_order_free(struct new_order *n)
{
    if (n == NULL)
        return;
    tb_authz_batch_clear(&n->batch);
    free(n->ancestor);
    tb_order_clear(&n->order);
    free(n);
}

static void on_stored(int err, void *arg)
{
    struct new_order *n = arg;
    struct tb_request *rq = n->rq;
    enum tb_order_state state;

    if (err == 0)
        err = tb_order_state_now(rq->front, &n->order, &state);
    if (err < 0) {
        tb_reply_failure(rq, err);
    } else {
        rq->front->counters.orders++;
        tb_order_reply(rq, 201, &n->order, state);
    }
    new_order_free(n);
}

static void refuse(struct tb_request *rq, int err)
{
    if (rq->problem.type != TB_P_NONE)
        tb_reply_problem(rq);
    else
        tb_reply_failure(rq, err);
}

/* Everything in one transaction. Takes n. */
static void store_order(struct new_order *n)
{
    struct tb_request *rq = n->rq;
    struct tb_store_tx *tx = NULL;
    int r = tb_store_tx_new(rq->front->store, &tx);

    for (size_t i = 0; r == 0 && i < n->batch.num; i++)
        r = tb_store_tx_authz_insert(tx, &n->batch.authz[i]);
    if (r == 0)
        r = tb_replaces_claim(rq, tx, &n->order);
    if (r == 0)
        r = tb_store_tx_order_insert(tx, &n->order);
    if (r < 0)
        tb_store_tx_free(tx);
    else
        r = tb_store_tx_commit(tx, on_stored, n);
    if (r < 0) {
        new_order_free(n);
        refuse(rq, r);
    }
}

static void on_made(int err, void *arg)
{
    struct new_order *n = arg;
    struct tb_request *rq = n->rq;

    if (err == 0) {
        store_order(n);
        return;
    }
    new_order_free(n);
    refuse(rq, err);
}

static bool has_authz(const struct tb_order *o, uint64_t id)
{
    bool out = false;

    for (size_t i = 0; i < o->num_authz; i++)
        out = out || o->authz_id[i] == id;
    return out;
}

/* One authorization for one name; the same one for names that have it from the same domain above (RFC 9444). */
static int add_authz(struct tb_front *f, struct new_order *n, enum tb_proof_kind kind, size_t i, tb_time_t now)
{
    struct tb_order *o = &n->order;
    struct tb_claim claim = tb_claim_of(f, n->profile, kind, &o->ident[i]);
    struct tb_ident domain;
    tb_time_t expires;
    uint64_t id;
    int r;

    if (kind == TB_PROOF_USE && !tb_use_in_order(n->profile))
        return 0;
    if ((r = tb_ancestor_widen(n->rq, n->profile, n->ancestor[i], now, &claim, &domain)) < 0 ||
        (r = tb_authz_batch_claim(&n->batch, &claim, now, &id, &expires)) < 0)
        return r;
    if (!has_authz(o, id))
        o->authz_id[o->num_authz++] = id;
    if (expires < o->expires_at)
        o->expires_at = expires;
    return 0;
}

static int fill_order(struct new_order *n)
{
    struct tb_request *rq = n->rq;
    struct tb_front *f = rq->front;
    struct tb_order *o = &n->order;
    tb_time_t now = tb_clock_now_s();
    int r;

    o->authz_id = calloc(2 * o->num_idents, sizeof(*o->authz_id));
    if (o->authz_id == NULL)
        return TB_E_NOMEM;
    if ((r = tb_authz_batch_init(&n->batch, rq, 2 * o->num_idents)) < 0)
        return r;
    o->no = tb_store_next_order(f->store, now);
    o->account_id = rq->account.id;
    o->state = TB_ORDER_PENDING;
    o->expires_at = now + (tb_time_t)f->cfg->limits.order_lifetime_s;
    memcpy(o->profile, n->profile->name, sizeof(o->profile));
    memcpy(o->version, n->profile->version, sizeof(o->version));
    /* Control of all names first: a proof of use has a window of a minute.  tb_use_check_key relies on the order. */
    for (size_t i = 0; i < o->num_idents; i++)
        if ((r = add_authz(f, n, TB_PROOF_CONTROL, i, now)) < 0)
            return r;
    for (size_t i = 0; i < o->num_idents; i++)
        if ((r = add_authz(f, n, TB_PROOF_USE, i, now)) < 0)
            return r;
    return 0;
}

static int check_open_orders(struct tb_request *rq)
{
    uint32_t max = rq->front->cfg->limits.orders_per_account_pending_max;
    uint32_t num = 0;
    int r = tb_store_order_count_open(rq->front->store, rq->account.id, tb_clock_now_s(), max, &num);

    if (r < 0)
        return r;
    if (num < max)
        return 0;
    rq->retry_after_s = 3600;
    return tb_problem_set(&rq->problem, TB_E_LIMIT, TB_P_RATE_LIMITED, "this account has too many pending orders");
}

/* A whole second, as a certificate holds it. */
static int read_time(struct tb_request *rq, const json_t *obj, const char *name, tb_time_t *out)
{
    const json_t *member = json_object_get(obj, name);
    const char *text = json_string_value(member);

    *out = 0;
    if (member == NULL)
        return 0;
    if (text == NULL || strchr(text, '.') != NULL || tb_rfc3339_parse(text, out) < 0 || *out <= 0)
        return tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED,
                              "%s must be a time of RFC 3339, in whole seconds", name);
    return 0;
}

/* Section 7.4: what cannot be honoured must be refused. */
static int read_validity(struct new_order *n, const json_t *obj)
{
    struct tb_request *rq = n->rq;
    struct tb_validity *want = &n->order.validity;
    struct tb_validity got;
    const char *why = NULL;
    int r;

    if ((r = read_time(rq, obj, "notBefore", &want->not_before)) < 0 ||
        (r = read_time(rq, obj, "notAfter", &want->not_after)) < 0)
        return r;
    if ((r = tb_validity_narrow(n->profile, tb_clock_now_s(), want, &got, &why)) < 0)
        return tb_problem_set(&rq->problem, r, TB_P_MALFORMED, "%s", why);
    return 0;
}

static int read_ancestors(struct new_order *n, const json_t *obj)
{
    n->ancestor = calloc(n->order.num_idents, sizeof(*n->ancestor));
    return n->ancestor == NULL ? TB_E_NOMEM
                               : tb_ancestors_parse(json_object_get(obj, "identifiers"), n->order.ident,
                                                    n->order.num_idents, n->ancestor, &n->rq->problem);
}

static int prepare(struct new_order *n, const json_t *obj)
{
    struct tb_request *rq = n->rq;
    int r;

    if ((r = tb_terms_check(rq)) < 0)
        return r;
    n->profile = tb_profile_wanted(rq, obj);
    if (n->profile == NULL)
        return TB_E_DENIED;
    if ((r = tb_identifiers_parse(json_object_get(obj, "identifiers"), rq->front->policy, n->profile,
                                  rq->front->cfg->methods, &n->order.ident, &n->order.num_idents, &rq->problem)) < 0 ||
        (r = read_ancestors(n, obj)) < 0 ||
        (r = tb_account_may(rq, n->profile, n->order.ident, n->order.num_idents)) < 0 ||
        (r = read_validity(n, obj)) < 0 || (r = tb_replaces_read(rq, obj, &n->order)) < 0 ||
        (r = check_open_orders(rq)) < 0 ||
        (r = tb_use_check_names(rq, n->profile, n->order.ident, n->order.num_idents)) < 0)
        return r;
    return fill_order(n);
}

void tb_order_new_handle(struct tb_request *rq)
{
    struct new_order *n = NULL;
    json_t *obj = NULL;
    int r;

    /* The finalize URL names signer and epoch, which the judge tells in its first message. */
    if (!rq->front->has_judge) {
        tb_reply_failure(rq, TB_E_AGAIN);
        return;
    }
    if (tb_request_json(rq, &obj) < 0) {
        tb_reply_problem(rq);
        return;
    }
    n = calloc(1, sizeof(*n));
    if (n != NULL)
        n->rq = rq;
    r = n == NULL ? TB_E_NOMEM : prepare(n, obj);
    json_decref(obj);
    if (r == 0 && n->batch.num == 0) {
        store_order(n);
        return;
    }
    if (r == 0)
        r = tb_authz_batch_tokens(&n->batch, on_made, n);
    if (r == 0)
        return;
    new_order_free(n);
    refuse(rq, r);
}
