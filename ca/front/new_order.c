/*
 * newOrder (RFC 8555 section 7.4): names and profile are checked before any authorization exists, authorizations are
 * reused where they prove the same, tokens come from the validator in one message, and order and new authorizations
 * become durable together before the answer leaves.
 */
#include <stdlib.h>
#include <string.h>

#include "ca/front/front.h"
#include "ca/front/identifiers.h"
#include "ca/front/objects.h"
#include "lib/acme/url.h"
#include "lib/base/log.h"
#include "lib/ipc/msg_validate.h"

struct new_order {
    struct tb_request *rq;
    const struct tb_profile *profile;
    struct tb_order order;
    struct tb_authz *authz; /* new ones, owned */
    size_t num_authz;
};

static void new_order_free(struct new_order *n)
{
    if (n == NULL)
        return;
    for (size_t i = 0; i < n->num_authz; i++)
        tb_authz_clear(&n->authz[i]);
    free(n->authz);
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

/* Everything in one transaction. Takes n. */
static void store_order(struct new_order *n)
{
    struct tb_request *rq = n->rq;
    struct tb_store_tx *tx = NULL;
    int r = tb_store_tx_new(rq->front->store, &tx);

    for (size_t i = 0; r == 0 && i < n->num_authz; i++)
        r = tb_store_tx_authz_insert(tx, &n->authz[i]);
    if (r == 0)
        r = tb_store_tx_order_insert(tx, &n->order);
    if (r < 0)
        tb_store_tx_free(tx);
    else
        r = tb_store_tx_commit(tx, on_stored, n);
    if (r < 0) {
        new_order_free(n);
        tb_reply_failure(rq, r);
    }
}

static int take_tokens(struct new_order *n, const struct tb_msg_token_rsp *m)
{
    size_t at = 0;

    for (size_t i = 0; i < n->num_authz; i++)
        for (size_t j = 0; j < n->authz[i].num_challenges; j++) {
            if (at == m->num)
                return TB_E_FORMAT;
            memcpy(n->authz[i].challenge[j].token, m->token[at++], TB_TOKEN_LEN + 1);
        }
    return at == m->num ? 0 : TB_E_FORMAT;
}

static int on_tokens(struct tb_front *f, int err, struct tb_span body, void *arg)
{
    struct new_order *n = arg;
    struct tb_request *rq = n->rq;
    struct tb_msg_token_rsp m = {0};
    int bad = 0;

    (void)f;
    if (err == 0)
        err = bad = tb_msg_token_rsp_read(body, &m);
    if (err == 0 && m.problem.type != TB_P_NONE) {
        tb_log(TB_LOG_WARN, "tokens-refused", TB_F("detail", m.problem.detail));
        err = TB_E_INTERNAL;
    }
    if (err == 0)
        err = bad = take_tokens(n, &m);
    tb_msg_token_rsp_clear(&m);
    if (err == 0) {
        store_order(n);
        return 0;
    }
    new_order_free(n);
    tb_reply_failure(rq, err);
    return bad;
}

static size_t fill_specs(const struct new_order *n, struct tb_challenge_spec *spec)
{
    size_t num = 0;

    for (size_t i = 0; i < n->num_authz; i++)
        for (size_t j = 0; j < n->authz[i].num_challenges; j++)
            spec[num++] = (struct tb_challenge_spec){.method = n->authz[i].challenge[j].method,
                                                     .ident = n->authz[i].ident,
                                                     .purposes = n->authz[i].purposes};
    return num;
}

/* Takes n. */
static void ask_tokens(struct new_order *n)
{
    struct tb_request *rq = n->rq;
    struct tb_front *f = rq->front;
    struct tb_msg_token_req m = {.expiry = n->authz[0].expires_at};
    struct tb_edge_call call = {.peer = TB_ROLE_VALIDATOR,
                                .req = TB_MSG_TOKEN_REQ,
                                .rsp = TB_MSG_TOKEN_RSP,
                                .timeout_s = TB_FRONT_CALL_S,
                                .done = on_tokens,
                                .arg = n};
    struct tb_challenge_spec *spec = calloc(n->num_authz * TB_CHALLENGES_MAX, sizeof(*spec));
    int r = TB_E_NOMEM;

    if (spec != NULL) {
        m.num = fill_specs(n, spec);
        m.spec = spec;
        tb_account_url(m.account_url, f->cfg->base_url, rq->account.first_thumbprint);
        memcpy(m.thumbprint, rq->account.thumbprint, TB_DIGEST_LEN);
        tb_wr_reset(&f->ipc);
        tb_msg_token_req_write(&f->ipc, &m);
        free(spec);
        call.body = tb_wr_span(&f->ipc);
        r = tb_wr_err(&f->ipc);
    }
    if (r == 0)
        r = tb_edge_call(f->edge, &call);
    if (r < 0) {
        new_order_free(n);
        tb_reply_failure(rq, r);
    }
}

/* May an old authorization stand for this name under this profile? */
static bool reusable(const struct tb_front *f, const struct tb_authz *a, tb_methods_t methods)
{
    tb_methods_t offered = 0;

    if (memcmp(a->policy_digest, f->cfg->policy_digest, TB_DIGEST_LEN) != 0)
        return false;
    for (size_t i = 0; i < a->num_challenges; i++) {
        if (a->state == TB_AUTHZ_VALID && a->challenge[i].state == TB_CHALLENGE_VALID)
            return (TB_METHOD_BIT(a->challenge[i].method) & methods) != 0;
        offered |= TB_METHOD_BIT(a->challenge[i].method);
    }
    return a->state == TB_AUTHZ_PENDING && offered == methods;
}

/* Soonest end that leaves a client time to use what is reused. */
static tb_time_t reuse_after(const struct tb_limits *l, tb_time_t now)
{
    uint32_t shortest = l->authz_pending_s < l->authz_valid_s ? l->authz_pending_s : l->authz_valid_s;

    if (shortest > l->order_lifetime_s)
        shortest = l->order_lifetime_s;
    return now + (tb_time_t)(shortest / 2);
}

static void fill_authz(struct tb_front *f, struct new_order *n, const struct tb_ident *ident, tb_methods_t methods,
                       tb_time_t now)
{
    struct tb_authz *a = &n->authz[n->num_authz++];

    *a = (struct tb_authz){.id = tb_store_next_authz(f->store),
                           .account_id = n->rq->account.id,
                           .ident = *ident,
                           .purposes = n->profile->purposes,
                           .kind = TB_PROOF_CONTROL,
                           .state = TB_AUTHZ_PENDING,
                           .created_at = now,
                           .expires_at = now + (tb_time_t)f->cfg->limits.authz_pending_s};
    memcpy(a->policy_digest, f->cfg->policy_digest, TB_DIGEST_LEN);
    for (unsigned m = 0; m < TB_METHOD__COUNT && a->num_challenges < TB_CHALLENGES_MAX; m++)
        if ((methods & TB_METHOD_BIT(m)) != 0)
            a->challenge[a->num_challenges++] =
                (struct tb_challenge){.method = (enum tb_method)m, .state = TB_CHALLENGE_PENDING};
}

/* One authorization for one name: an old one, or the next of n->authz. */
static int add_authz(struct tb_front *f, struct new_order *n, const struct tb_ident *ident, tb_time_t now)
{
    struct tb_order *o = &n->order;
    tb_methods_t methods = tb_profile_control_methods(n->profile, ident) & f->cfg->methods;
    struct tb_authz old;
    tb_time_t expires;
    int r = tb_store_authz_find(f->store, o->account_id, ident, n->profile->purposes, TB_PROOF_CONTROL,
                                reuse_after(&f->cfg->limits, now), &old);

    if (r < 0 && r != TB_E_NOTFOUND)
        return r;
    if (r == 0 && reusable(f, &old, methods)) {
        o->authz_id[o->num_authz++] = old.id;
        expires = old.expires_at;
    } else {
        fill_authz(f, n, ident, methods, now);
        o->authz_id[o->num_authz++] = n->authz[n->num_authz - 1].id;
        expires = n->authz[n->num_authz - 1].expires_at;
    }
    if (r == 0)
        tb_authz_clear(&old);
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

    o->authz_id = calloc(o->num_idents, sizeof(*o->authz_id));
    n->authz = calloc(o->num_idents, sizeof(*n->authz));
    if (o->authz_id == NULL || n->authz == NULL)
        return TB_E_NOMEM;
    o->no = tb_store_next_order(f->store, now);
    o->account_id = rq->account.id;
    o->state = TB_ORDER_PENDING;
    o->expires_at = now + (tb_time_t)f->cfg->limits.order_lifetime_s;
    memcpy(o->profile, n->profile->name, sizeof(o->profile));
    memcpy(o->version, n->profile->version, sizeof(o->version));
    for (size_t i = 0; i < o->num_idents; i++)
        if ((r = add_authz(f, n, &o->ident[i], now)) < 0)
            return r;
    return 0;
}

/* The profile asked for: the member, else that of the directory, else the default. */
static const struct tb_profile *choose_profile(struct tb_request *rq, const json_t *obj)
{
    const json_t *member = json_object_get(obj, "profile");
    struct tb_span name = tb_span_str(rq->front->cfg->default_profile);
    const struct tb_profile *p = NULL;

    if (rq->params.num > 0)
        name = rq->params.param[0];
    if (member != NULL && !json_is_string(member)) {
        (void)tb_problem_set(&rq->problem, 0, TB_P_MALFORMED, "profile must be a string");
        return NULL;
    }
    if (member != NULL)
        name = tb_span_of(json_string_value(member), json_string_length(member));
    p = tb_front_profile(rq->front, name);
    if (p == NULL)
        (void)tb_problem_set(&rq->problem, 0, TB_P_INVALID_PROFILE, "this profile is not offered, see the directory");
    return p;
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

static int prepare(struct new_order *n, const json_t *obj)
{
    struct tb_request *rq = n->rq;
    int r;

    /* Section 7.4: what cannot be honoured must be refused. */
    if (json_object_get(obj, "notBefore") != NULL || json_object_get(obj, "notAfter") != NULL)
        return tb_problem_set(&rq->problem, TB_E_UNSUPPORTED, TB_P_MALFORMED,
                              "notBefore and notAfter are not supported: the profile sets the validity");
    n->profile = choose_profile(rq, obj);
    if (n->profile == NULL)
        return TB_E_DENIED;
    if ((r = tb_identifiers_parse(json_object_get(obj, "identifiers"), n->profile, rq->front->cfg->methods,
                                  &n->order.ident, &n->order.num_idents, &rq->problem)) < 0 ||
        (r = check_open_orders(rq)) < 0)
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
    if (r < 0) {
        new_order_free(n);
        if (rq->problem.type != TB_P_NONE)
            tb_reply_problem(rq);
        else
            tb_reply_failure(rq, r);
    } else if (n->num_authz > 0) {
        ask_tokens(n);
    } else {
        store_order(n);
    }
}
