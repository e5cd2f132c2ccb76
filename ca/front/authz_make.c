#include "ca/front/authz_make.h"

#include <stdlib.h>
#include <string.h>

#include "ca/front/objects.h"
#include "ca/front/use.h"
#include "ca/front/validation.h"
#include "lib/acme/url.h"
#include "lib/base/log.h"
#include "lib/ipc/msg_validate.h"

tb_purposes_t tb_claim_purposes(const struct tb_profile *p, enum tb_proof_kind kind)
{
    if (kind == TB_PROOF_CONTROL)
        return p->purposes;
    return p->use_methods == 0 ? 0 : p->purposes & TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH);
}

static tb_methods_t use_methods_of(const struct tb_front *f, const struct tb_profile *p, const struct tb_ident *ident)
{
    tb_methods_t out = 0;

    for (unsigned m = 1; tb_use_is_served(f) && m < TB_METHOD__COUNT; m++)
        if ((p->use_methods & f->cfg->methods & TB_METHOD_BIT(m)) != 0 && tb_method_serves((enum tb_method)m, ident))
            out |= TB_METHOD_BIT(m);
    return out;
}

static tb_methods_t methods_of(const struct tb_front *f, const struct tb_profile *p, enum tb_proof_kind kind,
                               const struct tb_ident *ident)
{
    if (kind == TB_PROOF_USE)
        return use_methods_of(f, p, ident);
    return kind == TB_PROOF_CONTROL ? tb_profile_control_methods(p, ident) & f->cfg->methods : 0;
}

struct tb_claim tb_claim_of(const struct tb_front *f, const struct tb_profile *p, enum tb_proof_kind kind,
                            const struct tb_ident *ident)
{
    return (struct tb_claim){
        .ident = ident, .purposes = tb_claim_purposes(p, kind), .kind = kind, .methods = methods_of(f, p, kind, ident)};
}

int tb_authz_batch_init(struct tb_authz_batch *b, struct tb_request *rq, size_t max)
{
    *b = (struct tb_authz_batch){.rq = rq, .max = max};
    b->authz = calloc(max, sizeof(*b->authz));
    return b->authz == NULL ? TB_E_NOMEM : 0;
}

void tb_authz_batch_clear(struct tb_authz_batch *b)
{
    for (size_t i = 0; i < b->num; i++)
        tb_authz_clear(&b->authz[i]);
    free(b->authz);
    *b = (struct tb_authz_batch){0};
}

bool tb_authz_reusable(const struct tb_front *f, const struct tb_authz *a, tb_methods_t methods)
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

tb_time_t tb_authz_reuse_after(const struct tb_front *f, tb_time_t now)
{
    const struct tb_limits *l = &f->cfg->limits;
    uint32_t shortest = l->authz_pending_s < l->authz_valid_s ? l->authz_pending_s : l->authz_valid_s;

    if (shortest > l->order_lifetime_s)
        shortest = l->order_lifetime_s;
    return now + (tb_time_t)(shortest / 2);
}

static const struct tb_authz *make(struct tb_authz_batch *b, const struct tb_claim *claim, tb_time_t now)
{
    struct tb_front *f = b->rq->front;
    struct tb_authz *a = &b->authz[b->num++];

    *a = (struct tb_authz){.id = tb_store_next_authz(f->store),
                           .account_id = b->rq->account.id,
                           .ident = *claim->ident,
                           .purposes = claim->purposes,
                           .kind = claim->kind,
                           .subtree = claim->subtree,
                           .state = TB_AUTHZ_PENDING,
                           .created_at = now,
                           .expires_at = now + (tb_time_t)f->cfg->limits.authz_pending_s};
    memcpy(a->thumbprint, b->rq->account.thumbprint, TB_DIGEST_LEN);
    memcpy(a->policy_digest, f->cfg->policy_digest, TB_DIGEST_LEN);
    for (unsigned m = 0; m < TB_METHOD__COUNT && a->num_challenges < TB_CHALLENGES_MAX; m++)
        if ((claim->methods & TB_METHOD_BIT(m)) != 0)
            a->challenge[a->num_challenges++] =
                (struct tb_challenge){.method = (enum tb_method)m, .state = TB_CHALLENGE_PENDING};
    return a;
}

static int find(struct tb_request *rq, const struct tb_claim *claim, tb_time_t after, struct tb_authz *out)
{
    struct tb_store *st = rq->front->store;

    return claim->subtree
               ? tb_store_authz_find_subtree(st, rq->account.id, claim->ident, claim->purposes, after, out)
               : tb_store_authz_find(st, rq->account.id, claim->ident, claim->purposes, claim->kind, after, out);
}

/* Several names of an order may have the same domain above them. */
static const struct tb_authz *in_batch(const struct tb_authz_batch *b, const struct tb_claim *claim)
{
    for (size_t i = 0; claim->subtree && i < b->num; i++)
        if (b->authz[i].subtree && tb_ident_eq(&b->authz[i].ident, claim->ident))
            return &b->authz[i];
    return NULL;
}

int tb_authz_batch_claim(struct tb_authz_batch *b, const struct tb_claim *claim, tb_time_t now, uint64_t *out_id,
                         tb_time_t *out_expires_at)
{
    struct tb_front *f = b->rq->front;
    const struct tb_authz *a = NULL;
    struct tb_authz old;
    int r = TB_E_NOTFOUND;

    *out_id = 0;
    *out_expires_at = 0;
    /* A proof of use is for one key, and which one shows only when it is made: never an old one. */
    if (claim->kind == TB_PROOF_CONTROL)
        r = find(b->rq, claim, tb_authz_reuse_after(f, now), &old);
    if (r < 0 && r != TB_E_NOTFOUND)
        return r;
    if (r == 0 && !tb_authz_outlived(&old, &b->rq->account) && tb_authz_reusable(f, &old, claim->methods))
        a = &old;
    else if ((a = in_batch(b, claim)) == NULL && b->num < b->max)
        a = make(b, claim, now);
    if (a != NULL) {
        *out_id = a->id;
        *out_expires_at = a->expires_at;
    }
    if (r == 0)
        tb_authz_clear(&old);
    return *out_id == 0 ? TB_E_LIMIT : 0;
}

static int take_tokens(struct tb_authz_batch *b, enum tb_role maker, const struct tb_msg_token_rsp *m)
{
    size_t at = 0;

    for (size_t i = 0; i < b->num; i++)
        for (size_t j = 0; j < b->authz[i].num_challenges; j++) {
            if (tb_validation_role(b->authz[i].challenge[j].method) != maker)
                continue;
            if (at == m->num)
                return TB_E_FORMAT;
            memcpy(b->authz[i].challenge[j].token, m->token[at++], TB_TOKEN_LEN + 1);
        }
    return at == m->num ? 0 : TB_E_FORMAT;
}

static int on_tokens(struct tb_authz_batch *b, enum tb_role maker, int err, struct tb_span body)
{
    struct tb_msg_token_rsp m = {0};
    int bad = 0;

    if (err == 0)
        err = bad = tb_msg_token_rsp_read(body, &m);
    if (err == 0 && m.problem.type != TB_P_NONE) {
        tb_log(TB_LOG_WARN, "tokens-refused", TB_F("by", tb_role_name(maker)), TB_F("detail", m.problem.detail));
        err = TB_E_INTERNAL;
        /* Not that anything is wrong: the name cannot be proved. */
        if (m.problem.type == TB_P_REJECTED_IDENTIFIER && b->rq->problem.type == TB_P_NONE) {
            b->rq->problem = m.problem;
            m.problem = (struct tb_problem){.type = TB_P_NONE};
            err = TB_E_DENIED;
        }
    }
    if (err == 0)
        err = bad = take_tokens(b, maker, &m);
    tb_msg_token_rsp_clear(&m);
    if (b->err == 0)
        b->err = err;
    if (--b->open == 0)
        b->done(b->err, b->arg);
    return bad;
}

static int on_validator_tokens(struct tb_front *f TB_UNUSED, int err, struct tb_span body, void *arg)
{
    return on_tokens(arg, TB_ROLE_VALIDATOR, err, body);
}

static int on_responder_tokens(struct tb_front *f TB_UNUSED, int err, struct tb_span body, void *arg)
{
    return on_tokens(arg, TB_ROLE_RESPONDER, err, body);
}

static size_t fill_specs(const struct tb_authz_batch *b, enum tb_role maker, struct tb_challenge_spec *spec)
{
    size_t num = 0;

    for (size_t i = 0; i < b->num; i++)
        for (size_t j = 0; j < b->authz[i].num_challenges; j++)
            if (tb_validation_role(b->authz[i].challenge[j].method) == maker)
                spec[num++] = (struct tb_challenge_spec){.method = b->authz[i].challenge[j].method,
                                                         .ident = b->authz[i].ident,
                                                         .purposes = b->authz[i].purposes,
                                                         .subtree = b->authz[i].subtree};
    return num;
}

/* The tokens that one process makes; 0 also when it has none to make. */
static int ask_tokens(struct tb_authz_batch *b, enum tb_role maker, tb_edge_done_fn *done,
                      struct tb_challenge_spec *spec)
{
    struct tb_request *rq = b->rq;
    struct tb_front *f = rq->front;
    struct tb_msg_token_req m = {.expiry = b->authz[0].expires_at, .num = fill_specs(b, maker, spec), .spec = spec};
    struct tb_edge_call call = {.peer = maker,
                                .req = TB_MSG_TOKEN_REQ,
                                .rsp = TB_MSG_TOKEN_RSP,
                                .timeout_s = TB_FRONT_CALL_S,
                                .done = done,
                                .arg = b};
    int r;

    if (m.num == 0)
        return 0;
    tb_account_url(m.account_url, f->cfg->base_url, rq->account.first_thumbprint);
    memcpy(m.thumbprint, rq->account.thumbprint, TB_DIGEST_LEN);
    tb_wr_reset(&f->ipc);
    tb_msg_token_req_write(&f->ipc, &m);
    if ((r = tb_wr_err(&f->ipc)) < 0)
        return r;
    call.body = tb_wr_span(&f->ipc);
    if ((r = tb_edge_call(f->edge, &call)) == 0)
        b->open++;
    return r;
}

int tb_authz_batch_tokens(struct tb_authz_batch *b, tb_authz_made_fn *done, void *arg)
{
    struct tb_challenge_spec *spec = calloc(b->num * TB_CHALLENGES_MAX, sizeof(*spec));
    int r = TB_E_NOMEM;

    b->done = done;
    b->arg = arg;
    b->err = 0;
    b->open = 0;
    if (spec == NULL)
        return r;
    if ((r = ask_tokens(b, TB_ROLE_VALIDATOR, on_validator_tokens, spec)) == 0)
        r = ask_tokens(b, TB_ROLE_RESPONDER, on_responder_tokens, spec);
    free(spec);
    if (b->open == 0)
        return r == 0 ? TB_E_INVAL : r; /* an authorization without any challenge */
    b->err = r;                         /* told when what was asked is answered */
    return 0;
}
