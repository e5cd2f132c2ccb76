#include "ca/judge/finalize.h"

#include "ca/judge/account_event.h"

#include <string.h>

#include "ca/config/pointers.h"
#include "ca/judge/subject_key.h"
#include "lib/base/b64u.h"
#include "lib/json/json.h"
#include "lib/pki/csr_eku.h"

/* One decision under way. */
struct work {
    struct tb_judge_state *s;
    const struct tb_msg_finalize_req *req;
    struct tb_decision *d;
    tb_time_t now; /* wall clock */
    struct tb_jws jws;
    struct tb_jwk *key; /* borrowed from the cache */
    uint8_t first[TB_DIGEST_LEN];
};

#define REFUSE(w, word, type, ...)                                                                                     \
    ((w)->d->reason = (word), tb_problem_set(&(w)->d->problem, TB_E_DENIED, (type), __VA_ARGS__))

int tb_judge_state_init(struct tb_judge_state *s, const struct tb_config *cfg, uint32_t epoch)
{
    char why[TB_CONFIG_WHY_MAX + 1];
    size_t line;
    int r;

    memset(s, 0, sizeof(*s));
    s->cfg = cfg;
    s->signer = cfg->signer;
    s->epoch = epoch;
    tb_config_audience(cfg, &s->audience);
    if ((r = tb_policy_new(cfg, &s->policy, why)) < 0 || (r = tb_shared_factors_new(&s->shared)) < 0 ||
        (r = tb_verifier_new(&s->verifier)) < 0 || (r = tb_weak_keys_new((struct tb_span){0}, &s->weak, &line)) < 0 ||
        (r = tb_accounts_new(TB_ACCOUNTS_MAX, &s->accounts)) < 0 ||
        (r = tb_revoked_init(&s->revoked, TB_REVOKED_MAX)) < 0 ||
        (r = tb_key_set_init(&s->blocked, TB_KEY_SET_MAX)) < 0 ||
        (r = tb_standings_init(&s->standings, TB_STANDINGS_MAX)) < 0)
        return r;
    return tb_used_init(&s->used, TB_USED_MAX);
}

void tb_judge_state_clear(struct tb_judge_state *s)
{
    for (size_t i = 0; i < TB_ISSUER__COUNT; i++)
        tb_cacert_clear(&s->ca[i]);
    tb_accounts_free(s->accounts);
    tb_key_set_clear(&s->blocked);
    tb_revoked_clear(&s->revoked);
    tb_standings_clear(&s->standings);
    tb_eab_keys_clear(&s->eab);
    tb_used_clear(&s->used);
    tb_verifier_free(s->verifier);
    tb_weak_keys_free(s->weak);
    tb_policy_free(s->policy);
    tb_shared_factors_free(s->shared);
    tb_wipe(s, sizeof(*s));
}

void tb_decision_clear(struct tb_decision *d)
{
    tb_problem_clear(&d->problem);
    tb_csr_clear(&d->csr);
    memset(d, 0, sizeof(*d));
}

/* The steps, in their order.  Each returns 0 or has refused. */

static int step_jws(struct work *w)
{
    int r;

    if (w->req->jws.len == 0 || w->req->jws.len > TB_JWS_BODY_MAX)
        return REFUSE(w, "jws-size", TB_P_MALFORMED, "The request body is empty or too large.");
    if ((r = tb_jws_parse(w->req->jws, &w->jws, &w->d->problem)) < 0) {
        w->d->reason = "jws-form";
        return r;
    }
    if (w->jws.kid[0] == '\0' || w->jws.jwk != NULL)
        return REFUSE(w, "jws-without-kid", TB_P_MALFORMED, "The JWS names no account (kid).");
    return 0;
}

static int step_url(struct work *w)
{
    const struct tb_judge_state *s = w->s;
    uint8_t first[TB_DIGEST_LEN];

    if (tb_account_url_parse(w->jws.kid, s->cfg->base_url, first) < 0)
        return REFUSE(w, "kid-form", TB_P_ACCOUNT_DOES_NOT_EXIST, "The kid is not an account URL of this CA.");
    if (tb_finalize_url_parse(w->jws.url, s->cfg->base_url, &w->d->ref) < 0)
        return REFUSE(w, "url-form", TB_P_UNAUTHORIZED, "The signed url is not a finalize URL of this CA.");
    if (w->d->ref.signer != s->signer)
        return REFUSE(w, "other-signer", TB_P_ORDER_NOT_READY, "The order belongs to another signer.");
    if (w->d->ref.epoch != s->epoch)
        return REFUSE(w, "other-epoch", TB_P_ORDER_NOT_READY, "The order is of another epoch; make a new one.");
    return 0;
}

static int step_window(struct work *w)
{
    tb_time_t made = tb_order_no_time(w->d->ref.order);

    if (made > w->now + TB_CLOCK_SKEW_S)
        return REFUSE(w, "order-in-future", TB_P_ORDER_NOT_READY, "The order lies in the future.");
    if (w->d->ref.order == 0 || made < w->d->now - TB_ORDER_WINDOW_S)
        return REFUSE(w, "order-too-old", TB_P_ORDER_NOT_READY, "The order is too old; make a new one.");
    if (made < w->s->epoch_began_at)
        return REFUSE(w, "order-before-epoch", TB_P_ORDER_NOT_READY, "The order is of another epoch; make a new one.");
    return 0;
}

static int step_profile(struct work *w)
{
    const struct tb_profile *p = tb_config_profile(w->s->cfg, w->d->ref.profile, w->d->ref.version);

    if (p == NULL)
        return REFUSE(w, "profile-unknown", TB_P_INVALID_PROFILE, "The order's profile is unknown.");
    if (!p->offered)
        return REFUSE(w, "profile-not-offered", TB_P_INVALID_PROFILE, "The order's profile is not offered.");
    if (p->issuer <= TB_ISSUER_NONE || p->issuer >= TB_ISSUER__COUNT || !w->s->has_ca[p->issuer])
        return REFUSE(w, "issuer-missing", TB_P_SERVER_INTERNAL, "There is no issuer for the profile.");
    w->d->profile = p;
    return 0;
}

/* The account URL names its first key; what became of it since is in the judge's log. */
static int step_account(struct work *w)
{
    const struct tb_msg_finalize_req *req = w->req;
    uint8_t first[TB_DIGEST_LEN];
    const char *word = NULL;
    int r;

    if ((r = tb_accounts_get(w->s->accounts, req->account_jwk, &w->key, &w->d->problem)) < 0) {
        w->d->reason = "account-key-form";
        return r;
    }
    if (tb_account_url_parse(w->jws.kid, w->s->cfg->base_url, first) < 0)
        return REFUSE(w, "kid-form", TB_P_ACCOUNT_DOES_NOT_EXIST, "The kid is not an account URL of this CA.");
    word = tb_judge_account_word(w->s, first, tb_jwk_thumbprint(w->key), req->account_statement);
    if (word != NULL)
        return REFUSE(w, word, TB_P_UNAUTHORIZED, "The account is deactivated, or the key is not its key.");
    memcpy(w->d->account_url, w->jws.kid, strlen(w->jws.kid) + 1); /* its form bounds it */
    memcpy(w->d->thumbprint, tb_jwk_thumbprint(w->key), TB_DIGEST_LEN);
    memcpy(w->first, first, TB_DIGEST_LEN);
    return 0;
}

/* What an external account binding allows, before anything is looked at in detail; its names are step_bound_names'. */
static int step_binding(struct work *w)
{
    const struct tb_eab_key *k = tb_judge_binding(w->s, w->first);

    if (k == NULL && w->s->cfg->external_account == TB_EXTERNAL_REQUIRED)
        return REFUSE(w, "eab-missing", TB_P_EXTERNAL_ACCOUNT_REQUIRED, "The account has no external account binding.");
    if (k == NULL)
        return 0;
    if (k->revoked)
        return REFUSE(w, "eab-key-revoked", TB_P_UNAUTHORIZED, "The key of the external account binding was revoked.");
    if (!tb_account_limits_allow_profile(&k->rec.limits, w->d->ref.profile))
        return REFUSE(w, "eab-profile", TB_P_INVALID_PROFILE, "The account may not use this profile.");
    return 0;
}

static int step_signature(struct work *w)
{
    if (tb_jws_verify(&w->jws, w->key) < 0)
        return REFUSE(w, "jws-signature", TB_P_MALFORMED, "The JWS signature does not verify.");
    tb_jws_digest(w->d->jws_digest, &w->jws);
    return 0;
}

/* One order, one certificate. */
static int step_used(struct work *w)
{
    bool same;
    enum tb_used_state state = tb_used_find(&w->s->used, w->d->ref.order, w->d->jws_digest, &same, &w->d->offset);

    switch (state) {
    case TB_USED_FREE:
        return 0;
    case TB_USED_FLYING:
        if (!same)
            return REFUSE(w, "order-in-flight", TB_P_ORDER_NOT_READY, "The order is being finalized already.");
        w->d->verdict = TB_VERDICT_JOIN;
        return 0;
    case TB_USED_DONE:
        if (!same)
            return REFUSE(w, "order-already-used", TB_P_ORDER_NOT_READY, "The order has its certificate already.");
        w->d->verdict = TB_VERDICT_AGAIN;
        return 0;
    }
    return REFUSE(w, "internal", TB_P_SERVER_INTERNAL, "Internal error.");
}

static int step_csr(struct work *w)
{
    json_t *obj = NULL;
    struct tb_span text;
    size_t len = 0;
    int r;

    if (tb_json_parse(w->jws.payload, TB_JWS_BODY_MAX, &obj) < 0)
        return REFUSE(w, "payload-form", TB_P_MALFORMED, "The payload is not a JSON object.");
    if (json_object_size(obj) != 1 || tb_json_str(obj, "csr", TB_B64U_LEN(TB_CSR_DER_MAX), &text) < 0)
        r = REFUSE(w, "payload-members", TB_P_MALFORMED, "The payload must hold \"csr\" and nothing else.");
    else if (tb_b64u_decode(w->s->csr_der, sizeof(w->s->csr_der), &len, text) < 0 || len == 0)
        r = REFUSE(w, "csr-base64url", TB_P_BAD_CSR, "The CSR is not base64url.");
    else if ((r = tb_csr_parse_with(w->s->verifier, tb_span_of(w->s->csr_der, len), &w->d->csr, &w->d->problem)) < 0)
        w->d->reason = "csr-form";
    json_decref(obj);
    return r;
}

/* From the CSR itself: what the front thinks of it does not count. */
static int step_purposes(struct work *w)
{
    bool differs;
    int r = tb_csr_eku(w->d->profile, &w->d->csr, &w->d->leaf.purposes, &differs, &w->d->problem);

    if (r < 0)
        w->d->reason = "csr-eku";
    return r;
}

static int step_subject_key(struct work *w)
{
    const struct tb_spki *spki = &w->d->csr.spki;

    if (memcmp(spki->digest, tb_jwk_spki_digest(w->key), TB_DIGEST_LEN) == 0)
        return REFUSE(w, "csr-account-key", TB_P_BAD_CSR, "The CSR's key is the account's key.");
    return tb_subject_key_check(w->s, spki, &w->d->reason, &w->d->problem);
}

static int step_names(struct work *w)
{
    const struct tb_csr *csr = &w->d->csr;
    char text[TB_IDENT_VALUE_MAX + 3];
    struct tb_policy_refusal refusal;
    int r;

    if (csr->num_idents == 0)
        return REFUSE(w, "no-names", TB_P_BAD_CSR, "The CSR names nothing.");
    if (csr->num_idents > w->d->profile->names_max || csr->num_idents > TB_IDENT_NUM_MAX)
        return REFUSE(w, "too-many-names", TB_P_BAD_CSR, "The CSR has more names than the profile allows.");
    for (size_t i = 0; i < csr->num_idents; i++) {
        r = tb_policy_check(w->s->policy, w->d->profile, &csr->idents[i], &refusal);
        if (r == 0)
            continue;
        tb_ident_text(text, &csr->idents[i]);
        if (r == TB_E_DENIED)
            return REFUSE(w, refusal.reason, TB_P_REJECTED_IDENTIFIER, "%s: %s.", text, refusal.why);
        return r;
    }
    return 0;
}

static int step_bound_names(struct work *w)
{
    const struct tb_eab_key *k = tb_judge_binding(w->s, w->first);
    char text[TB_IDENT_VALUE_MAX + 3];

    for (size_t i = 0; k != NULL && i < w->d->csr.num_idents; i++) {
        if (tb_account_limits_allow_name(&k->rec.limits, &w->d->csr.idents[i]))
            continue;
        tb_ident_text(text, &w->d->csr.idents[i]);
        return REFUSE(w, "eab-name", TB_P_REJECTED_IDENTIFIER, "%s: the account may not have this name.", text);
    }
    return 0;
}

static int step_proofs(struct work *w)
{
    const struct tb_proof_case c = {.audience = &w->s->audience,
                                    .keys = w->s->keys,
                                    .num_keys = w->s->num_keys,
                                    .profile = w->d->profile,
                                    .policy = w->s->policy,
                                    .account_url = w->d->account_url,
                                    .thumbprint = w->d->thumbprint,
                                    .spki_digest = w->d->csr.spki.digest,
                                    .idents = w->d->csr.idents,
                                    .num_idents = w->d->csr.num_idents,
                                    .now = w->now,
                                    .now_floor = w->d->now};

    return tb_proofs_judge(&w->s->proofs, &c, w->req->statement, w->req->num_statements, &w->d->problem, &w->d->reason);
}

/* The dearest question about the key comes when everything else is as it must be. */
static int step_shared_factor(struct work *w)
{
    return tb_subject_key_check_factors(w->s, &w->d->csr.spki, &w->d->reason, &w->d->problem);
}

/* Where the certificate's CRL and its issuer's certificate are found, if they are served. */
static void point(struct work *w, struct tb_leaf *leaf)
{
    const struct tb_profile *p = w->d->profile;

    if (p->crl_pointer)
        tb_pointer_crl(w->d->crl_uri, w->s->cfg, p->issuer, tb_crl_shard_of(leaf->serial));
    tb_pointer_aia(w->d->aia_uri, w->s->cfg, p->issuer);
    leaf->crl_uri = w->d->crl_uri;
    leaf->aia_uri = w->d->aia_uri;
}

static int step_leaf(struct work *w)
{
    const struct tb_profile *p = w->d->profile;
    const struct tb_cacert *ca = &w->s->ca[p->issuer];
    struct tb_leaf *leaf = &w->d->leaf;
    struct tb_validity validity;
    const char *why = NULL;

    /* Whatever the front says was ordered, the profile bounds it. */
    if (tb_validity_narrow(p, w->d->now, &w->req->validity, &validity, &why) < 0)
        return REFUSE(w, "validity", TB_P_ORDER_NOT_READY, "The order cannot be finalized any more: %s.", why);
    *leaf = (struct tb_leaf){.sig_alg = ca->sig_alg,
                             .issuer_name = tb_span_of(ca->subject, ca->subject_len),
                             .issuer_keyid = tb_span_of(ca->keyid, ca->keyid_len),
                             .not_before = validity.not_before,
                             .not_after = validity.not_after,
                             .cn = p->cn,
                             .idents = w->d->csr.idents,
                             .num_idents = w->d->csr.num_idents,
                             .spki = w->d->csr.spki.der,
                             .key_kind = w->d->csr.spki.kind,
                             .purposes = leaf->purposes,
                             .arc = &w->s->cfg->arc,
                             .policies = tb_proofs_policies(&w->s->proofs, w->d->csr.num_idents, leaf->purposes),
                             .proofs = w->s->proofs.methods};
    if (leaf->not_after - leaf->not_before >= (tb_time_t)tb_config_lifetime_max(w->s->cfg, p->issuer))
        return REFUSE(w, "lifetime-above-cap", TB_P_SERVER_INTERNAL, "The profile's certificates live too long.");
    if (leaf->not_after > ca->not_after || leaf->not_after <= w->d->now)
        return REFUSE(w, "outlives-issuer", TB_P_SERVER_INTERNAL, "The issuer does not live long enough.");
    do {
        tb_random(leaf->serial, sizeof(leaf->serial));
        leaf->serial[0] &= 0x7f;
    } while (leaf->serial[0] == 0);
    point(w, leaf);
    return 0;
}

static int step_reserve(struct work *w)
{
    if (tb_used_add(&w->s->used, w->d->ref.order, w->d->jws_digest, 0, w->d->now - TB_ORDER_WINDOW_S) < 0)
        return REFUSE(w, "used-set-full", TB_P_RATE_LIMITED, "The CA is at its limit of orders.");
    if (tb_shared_factors_add(w->s->shared, w->d->csr.spki.rsa_n) < 0) {
        tb_used_drop(&w->s->used, w->d->ref.order);
        return TB_E_NOMEM;
    }
    w->d->verdict = TB_VERDICT_SIGN;
    return 0;
}

/* Cheap before dear, and nothing about the order is believed before the signature: a refusal may only be too early. */
static int (*const steps[])(struct work *w) = {
    step_jws,         step_url,     step_window,        step_profile,  step_account,     step_signature,
    step_used,        step_binding, step_csr,           step_purposes, step_subject_key, step_names,
    step_bound_names, step_proofs,  step_shared_factor, step_leaf,     step_reserve,
};

void tb_judge_decide(struct tb_judge_state *s, const struct tb_msg_finalize_req *req, tb_time_t now,
                     struct tb_decision *out)
{
    struct work w = {.s = s, .req = req, .d = out, .now = now};
    int r = 0;

    memset(out, 0, sizeof(*out));
    if (now > s->floor)
        s->floor = now;
    out->now = s->floor;
    for (size_t i = 0; i < TB_ARRAY_LEN(steps) && out->verdict == TB_VERDICT_REFUSE && r == 0; i++)
        r = steps[i](&w);
    tb_jws_clear(&w.jws);
    if (out->verdict != TB_VERDICT_REFUSE)
        return;
    if (out->reason == NULL)
        out->reason = "internal";
    tb_problem_set(&out->problem, r, TB_P_SERVER_INTERNAL, "Internal error."); /* unless a step said more */
}
