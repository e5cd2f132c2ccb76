/*
 * newAuthz, pre-authorization (RFC 8555 section 7.4.1): the client proves a name before it orders, for the purposes
 * that it says.  A later newOrder of the account takes the authorization up when it proves exactly what the order
 * needs.
 */
#include <stdlib.h>
#include <string.h>

#include "ca/front/ancestor.h"
#include "ca/front/identifiers.h"
#include "ca/front/objects.h"
#include "ca/front/profile.h"
#include "ca/front/terms.h"

struct new_authz {
    struct tb_request *rq;
    struct tb_ident ident;
    struct tb_authz_batch batch; /* of at most one */
    uint64_t id;
};

static void new_authz_free(struct new_authz *n)
{
    if (n == NULL)
        return;
    tb_authz_batch_clear(&n->batch);
    free(n);
}

/* Ends n and its request. */
static void finish(struct new_authz *n, int err, int http_status)
{
    struct tb_request *rq = n->rq;
    struct tb_authz a;

    if (err == 0)
        err = tb_store_authz_get(rq->front->store, n->id, &a);
    new_authz_free(n);
    if (err < 0) {
        if (rq->problem.type != TB_P_NONE)
            tb_reply_problem(rq);
        else
            tb_reply_failure(rq, err);
        return;
    }
    tb_authz_reply(rq, http_status, &a);
    tb_authz_clear(&a);
}

static void on_stored(int err, void *arg)
{
    finish(arg, err, 201);
}

static void on_made(int err, void *arg)
{
    struct new_authz *n = arg;
    struct tb_store_tx *tx = NULL;

    if (err == 0)
        err = tb_store_tx_new(n->rq->front->store, &tx);
    if (err == 0 && (err = tb_store_tx_authz_insert(tx, &n->batch.authz[0])) < 0)
        tb_store_tx_free(tx);
    else if (err == 0)
        err = tb_store_tx_commit(tx, on_stored, n);
    if (err < 0)
        finish(n, err, 0);
}

/* RFC 8555 section 7.4.1: whoever is not served hears it with status 403. */
static int refuse(struct tb_request *rq, enum tb_problem_type type, const char *why)
{
    rq->problem.http_status = 403;
    return tb_problem_set(&rq->problem, TB_E_DENIED, type, "%s", why);
}

static int read_kind(struct tb_request *rq, const json_t *obj, enum tb_proof_kind *out)
{
    const json_t *proves = json_object_get(obj, "proves");
    const char *word = json_string_value(proves);

    *out = TB_PROOF_CONTROL;
    if (proves == NULL || (word != NULL && strcmp(word, "control") == 0))
        return 0;
    *out = TB_PROOF_USE;
    if (word != NULL && strcmp(word, "use") == 0)
        return 0;
    return tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED, "proves must be \"control\" or \"use\"");
}

/* 0 purposes and success: the member is absent. */
static int read_purposes(struct tb_request *rq, const json_t *obj, tb_purposes_t *out)
{
    const json_t *list = json_object_get(obj, "purposes");
    size_t num = json_array_size(list);

    *out = 0;
    if (list == NULL)
        return 0;
    if (num == 0 || num > TB_PURPOSE__COUNT)
        return tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED,
                              "purposes must be a list of usages that is not empty");
    for (size_t i = 0; i < num; i++) {
        const json_t *label = json_array_get(list, i);
        enum tb_purpose p = TB_PURPOSE_NONE;

        if (json_is_string(label))
            p = tb_purpose_find(tb_span_of(json_string_value(label), json_string_length(label)));
        if (p == TB_PURPOSE_NONE)
            return tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED, "a member of purposes is not known");
        *out |= TB_PURPOSE_BIT(p);
    }
    return 0;
}

/* Of the profiles offered that need such proofs the first, those before others that take this type of identifier. */
static const struct tb_profile *first_for(const struct tb_config *cfg, const json_t *obj, enum tb_proof_kind kind,
                                          tb_purposes_t purposes)
{
    const char *type = json_string_value(json_object_get(json_object_get(obj, "identifier"), "type"));
    const bool ip = type != NULL && strcmp(type, tb_ident_type_name(TB_IDENT_IP)) == 0;
    const struct tb_profile *first = NULL;

    for (size_t i = 0; i < cfg->num_profiles; i++) {
        const struct tb_profile *p = &cfg->profiles[i];

        if (!p->offered || tb_claim_purposes(p, kind) != purposes)
            continue;
        if (p->ident_ip || !ip)
            return p;
        if (first == NULL)
            first = p;
    }
    return first;
}

/* The profile asked for, when its proofs are for these purposes; where none was named, another that is offered. */
static const struct tb_profile *choose(struct tb_request *rq, const json_t *obj, enum tb_proof_kind kind,
                                       tb_purposes_t purposes)
{
    const struct tb_profile *p = tb_profile_wanted(rq, obj);

    if (p == NULL || (tb_claim_purposes(p, kind) != 0 && (purposes == 0 || tb_claim_purposes(p, kind) == purposes)))
        return p;
    p = purposes != 0 && json_object_get(obj, "profile") == NULL ? first_for(rq->front->cfg, obj, kind, purposes)
                                                                 : NULL;
    if (p == NULL)
        (void)refuse(rq, TB_P_INVALID_PROFILE, "no profile that is offered needs such a proof");
    return p;
}

static int read_ident(struct tb_request *rq, const json_t *obj, const struct tb_profile *p, struct tb_ident *out)
{
    int r = tb_identifier_parse(json_object_get(obj, "identifier"), rq->front->policy, p, rq->front->cfg->methods, out,
                                &rq->problem);

    if (r < 0 && rq->problem.type != TB_P_MALFORMED)
        rq->problem.http_status = 403;
    if (r == 0 && out->wildcard)
        return refuse(rq, TB_P_REJECTED_IDENTIFIER,
                      "a wildcard is not authorized before it is ordered (RFC 8555 section 7.4.1)");
    return r;
}

/* An account makes as many in an hour as it may have open orders. */
static int take_allowance(struct tb_request *rq, tb_time_t now)
{
    struct tb_front *f = rq->front;

    if (tb_allowance_take(f->new_authz, rq->account.id, f->cfg->limits.orders_per_account_pending_max, now))
        return 0;
    rq->retry_after_s = (unsigned)(TB_ALLOWANCE_S - now % TB_ALLOWANCE_S);
    return tb_problem_set(&rq->problem, TB_E_LIMIT, TB_P_RATE_LIMITED,
                          "this account asked for too many authorizations within the hour");
}

static int prepare(struct new_authz *n, const json_t *obj)
{
    struct tb_request *rq = n->rq;
    const struct tb_profile *p = NULL;
    enum tb_proof_kind kind;
    tb_purposes_t purposes;
    struct tb_claim claim;
    tb_time_t now = tb_clock_now_s();
    tb_time_t expires;
    bool wide;
    int r;

    if ((r = tb_terms_check(rq)) < 0 || (r = read_kind(rq, obj, &kind)) < 0 ||
        (r = read_purposes(rq, obj, &purposes)) < 0)
        return r;
    if ((p = choose(rq, obj, kind, purposes)) == NULL)
        return TB_E_DENIED;
    if ((r = tb_ancestor_asked(rq, p, kind, obj, &n->ident, &wide)) < 0 ||
        (!wide && (r = read_ident(rq, obj, p, &n->ident)) < 0))
        return r;
    claim = tb_claim_of(rq->front, p, kind, &n->ident);
    claim.subtree = wide;
    if (wide)
        claim.methods = tb_methods_for_subtree(claim.methods);
    if (claim.methods == 0)
        return refuse(rq, TB_P_REJECTED_IDENTIFIER, "no enabled method can show this");
    if ((r = tb_authz_batch_init(&n->batch, rq, 1)) < 0 ||
        (r = tb_authz_batch_claim(&n->batch, &claim, now, &n->id, &expires)) < 0)
        return r;
    return n->batch.num == 0 ? 0 : take_allowance(rq, now);
}

void tb_authz_new_handle(struct tb_request *rq)
{
    struct new_authz *n = NULL;
    json_t *obj = NULL;
    int r;

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
        finish(n, 0, 200); /* one that the account has already */
        return;
    }
    if (r == 0)
        r = tb_authz_batch_tokens(&n->batch, on_made, n);
    if (r == 0)
        return;
    new_authz_free(n);
    if (rq->problem.type != TB_P_NONE)
        tb_reply_problem(rq);
    else
        tb_reply_failure(rq, r);
}
