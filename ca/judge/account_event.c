#include "ca/judge/account_event.h"

#include <string.h>

#include "lib/jose/eab.h"
#include "lib/jose/jwk_json.h"
#include "lib/json/json.h"

struct work {
    struct tb_judge_state *s;
    const struct tb_msg_account_req *req;
    struct tb_account_decision *d;
    struct tb_jws jws;
    struct tb_jwk *key; /* borrowed from the cache */
    bool key_change, new_account;
};

#define REFUSE(w, word, type, ...)                                                                                     \
    ((w)->d->reason = (word), tb_problem_set(&(w)->d->problem, TB_E_DENIED, (type), __VA_ARGS__))

void tb_account_decision_clear(struct tb_account_decision *d)
{
    tb_problem_clear(&d->problem);
    tb_jws_clear(&d->inner);
    memset(d, 0, sizeof(*d));
}

const struct tb_eab_key *tb_judge_binding(const struct tb_judge_state *s, const uint8_t first[static TB_DIGEST_LEN])
{
    const struct tb_standing *known = tb_standings_find(&s->standings, first);

    return known != NULL && known->binding != 0 ? s->eab.key[known->binding - 1] : NULL;
}

int tb_judge_apply_account(struct tb_judge_state *s, const struct tb_account_rec *rec, uint64_t seq, tb_time_t time)
{
    size_t i = 0;
    int r;

    if (rec->event != TB_EVENT_BOUND)
        return tb_standings_apply(&s->standings, rec, seq, time, 0);
    if ((r = tb_eab_keys_find(&s->eab, rec->eab_kid, &i)) < 0 ||
        (r = tb_standings_apply(&s->standings, rec, seq, time, (uint32_t)i + 1)) < 0)
        return r;
    s->eab.key[i]->accounts++;
    return 0;
}

int tb_judge_account_statement(const struct tb_judge_state *s, const uint8_t first[static TB_DIGEST_LEN],
                               struct tb_wr *out)
{
    const struct tb_standing *known = tb_standings_find(&s->standings, first);
    struct tb_account_statement a = {.signer = s->signer};
    const struct tb_eab_key *binding = NULL;

    if (known == NULL)
        return TB_E_NOTFOUND;
    memcpy(a.ca_id, s->audience.ca_id, TB_CA_ID_LEN);
    tb_account_url(a.url, s->cfg->base_url, first);
    memcpy(a.thumbprint, known->current, TB_DIGEST_LEN);
    a.standing = known->standing;
    if ((binding = tb_judge_binding(s, first)) != NULL) {
        memcpy(a.eab_kid, binding->rec.kid, sizeof(a.eab_kid));
        a.limits = binding->rec.limits;
    }
    a.seq = known->seq;
    a.made_at = known->made_at;
    return tb_account_statement_write(out, &a, &s->account_key);
}

static const char *statement_word(const struct tb_judge_state *s, const uint8_t first[static TB_DIGEST_LEN],
                                  const struct tb_standing *known, struct tb_span blob)
{
    struct tb_account_statement a;
    char url[TB_ACCOUNT_URL_MAX + 1];

    if (tb_account_statement_read(blob, &s->account_key, &a) < 0)
        return "account-statement-forged";
    tb_account_url(url, s->cfg->base_url, first);
    if (strcmp(a.url, url) != 0 || a.signer != s->signer || memcmp(a.ca_id, s->audience.ca_id, TB_CA_ID_LEN) != 0)
        return "account-statement-other";
    /* One that is newer than the log shows a log that was set back. */
    return known == NULL || a.seq != known->seq ? "account-statement-not-newest" : NULL;
}

const char *tb_judge_account_word(const struct tb_judge_state *s, const uint8_t first[static TB_DIGEST_LEN],
                                  const uint8_t thumbprint[static TB_DIGEST_LEN], struct tb_span statement)
{
    const struct tb_standing *known = tb_standings_find(&s->standings, first);

    if (known != NULL && known->standing != TB_STANDING_VALID)
        return "account-deactivated";
    if (known != NULL && memcmp(known->current, thumbprint, TB_DIGEST_LEN) != 0)
        return "account-key-retired";
    if (known == NULL && memcmp(first, thumbprint, TB_DIGEST_LEN) != 0)
        return "account-other-key";
    if (known == NULL && tb_standings_owner(&s->standings, thumbprint) != NULL)
        return "account-key-of-another";
    return statement.len > 0 ? statement_word(s, first, known, statement) : NULL;
}

static bool url_is(const struct work *w, const char *path)
{
    const char *base = w->s->cfg->base_url;
    size_t n = strlen(base);

    return strncmp(w->jws.url, base, n) == 0 && strcmp(w->jws.url + n, path) == 0;
}

/* newAccount is the one that is signed by a key, not for an account. */
static int take_new_account(struct work *w)
{
    w->new_account = true;
    if (!url_is(w, TB_NEW_ACCOUNT_PATH))
        return REFUSE(w, "url-form", TB_P_UNAUTHORIZED, "The signed url is not newAccount.");
    memcpy(w->d->rec.first, tb_jwk_thumbprint(w->jws.jwk), TB_DIGEST_LEN);
    tb_account_url(w->d->account_url, w->s->cfg->base_url, w->d->rec.first);
    return 0;
}

static int step_jws(struct work *w)
{
    const char *base = w->s->cfg->base_url;
    int r;

    if ((r = tb_jws_parse(w->req->jws, &w->jws, &w->d->problem)) < 0) {
        w->d->reason = "jws-form";
        return r;
    }
    if (w->jws.jwk != NULL)
        return take_new_account(w);
    if (tb_account_url_parse(w->jws.kid, base, w->d->rec.first) < 0)
        return REFUSE(w, "kid-form", TB_P_MALFORMED, "The kid is not an account URL of this CA.");
    memcpy(w->d->account_url, w->jws.kid, strlen(w->jws.kid) + 1); /* its form bounds it */
    w->key_change = url_is(w, TB_KEY_CHANGE_PATH);
    if (!w->key_change && strcmp(w->jws.url, w->jws.kid) != 0)
        return REFUSE(w, "url-form", TB_P_UNAUTHORIZED, "The signed url is neither the account's nor keyChange.");
    return 0;
}

static int step_signature(struct work *w)
{
    int r = 0;

    w->key = w->jws.jwk;
    if (!w->new_account)
        r = tb_accounts_get(w->s->accounts, w->req->account_jwk, &w->key, &w->d->problem);
    if (r < 0) {
        w->d->reason = "account-key-form";
        return r;
    }
    if (tb_jws_verify(&w->jws, w->key) < 0)
        return REFUSE(w, "jws-signature", TB_P_MALFORMED, "The JWS signature does not verify.");
    tb_jws_digest(w->d->rec.jws_digest, &w->jws);
    return 0;
}

/* Who deactivates twice, or changes the key twice because the answer was lost, is told again how it stands. */
static bool is_again(const struct work *w)
{
    const struct tb_standing *known = tb_standings_find(&w->s->standings, w->d->rec.first);
    const uint8_t *thumbprint = tb_jwk_thumbprint(w->key);

    if (known == NULL)
        return false;
    if (w->new_account)
        return known->standing == TB_STANDING_VALID && memcmp(known->current, thumbprint, TB_DIGEST_LEN) == 0 &&
               known->binding != 0 && strcmp(tb_judge_binding(w->s, known->first)->rec.kid, w->d->rec.eab_kid) == 0;
    if (!w->key_change)
        return known->standing == TB_STANDING_DEACTIVATED && memcmp(known->current, thumbprint, TB_DIGEST_LEN) == 0;
    return known->standing == TB_STANDING_VALID && memcmp(known->before, thumbprint, TB_DIGEST_LEN) == 0 &&
           memcmp(known->current, w->d->rec.thumbprint, TB_DIGEST_LEN) == 0;
}

static int step_deactivate(struct work *w)
{
    json_t *obj = NULL;
    struct tb_span status;
    bool asks;

    if (w->key_change || w->new_account)
        return 0;
    asks = tb_json_parse(w->jws.payload, TB_JWS_BODY_MAX, &obj) == 0 && tb_json_str(obj, "status", 32, &status) == 0 &&
           tb_span_eq_str(status, "deactivated");
    json_decref(obj);
    if (!asks)
        return REFUSE(w, "payload-members", TB_P_MALFORMED, "The payload does not deactivate the account.");
    w->d->rec.event = TB_EVENT_DEACTIVATED;
    memcpy(w->d->rec.thumbprint, tb_jwk_thumbprint(w->key), TB_DIGEST_LEN);
    return 0;
}

/* {"account": URL, "oldKey": JWK} */
static int check_inner_payload(struct work *w, const json_t *obj)
{
    struct tb_jwk *old = NULL;
    struct tb_span account;
    bool same;

    if (tb_json_str(obj, "account", TB_ACCOUNT_URL_MAX, &account) < 0 || !tb_span_eq_str(account, w->jws.kid))
        return REFUSE(w, "inner-account", TB_P_MALFORMED, "\"account\" is not the account of the outer JWS.");
    same = tb_jwk_of_json(json_object_get(obj, "oldKey"), &old, NULL) == 0 &&
           memcmp(tb_jwk_thumbprint(old), tb_jwk_thumbprint(w->key), TB_DIGEST_LEN) == 0;
    tb_jwk_free(old);
    if (!same)
        return REFUSE(w, "inner-old-key", TB_P_MALFORMED, "\"oldKey\" is not the account's key.");
    return 0;
}

static int step_inner(struct work *w)
{
    struct tb_jws *inner = &w->d->inner;
    json_t *obj = NULL;
    int r;

    if (!w->key_change)
        return 0;
    if ((r = tb_jws_parse(w->jws.payload, inner, &w->d->problem)) < 0) {
        w->d->reason = "inner-form";
        return r;
    }
    if (inner->jwk == NULL)
        return REFUSE(w, "inner-without-jwk", TB_P_MALFORMED, "The inner JWS has no jwk.");
    if (inner->has_nonce)
        return REFUSE(w, "inner-nonce", TB_P_MALFORMED, "The inner JWS has a nonce.");
    if (strcmp(inner->url, w->jws.url) != 0)
        return REFUSE(w, "inner-url", TB_P_MALFORMED, "The inner JWS has another url than the outer one.");
    if (tb_jws_verify(inner, inner->jwk) < 0)
        return REFUSE(w, "inner-signature", TB_P_MALFORMED, "The signature of the inner JWS does not verify.");
    if (tb_json_parse(inner->payload, TB_JWS_BODY_MAX, &obj) < 0)
        return REFUSE(w, "inner-payload", TB_P_MALFORMED, "The payload of the inner JWS is not a JSON object.");
    r = check_inner_payload(w, obj);
    json_decref(obj);
    w->d->rec.event = TB_EVENT_KEY_CHANGED;
    w->d->rec.jwk = tb_jwk_canonical(inner->jwk);
    memcpy(w->d->rec.thumbprint, tb_jwk_thumbprint(inner->jwk), TB_DIGEST_LEN);
    return r;
}

/* Form before MAC, MAC before what the id is good for: a stranger learns nothing about ids. */
static int check_binding(struct work *w, const struct tb_eab *eab)
{
    struct tb_key mac_key;
    bool genuine;
    size_t i;

    if (strcmp(eab->url, w->jws.url) != 0)
        return REFUSE(w, "eab-url", TB_P_MALFORMED, "externalAccountBinding has another url than the outer JWS.");
    if (memcmp(tb_jwk_thumbprint(eab->jwk), tb_jwk_thumbprint(w->key), TB_DIGEST_LEN) != 0)
        return REFUSE(w, "eab-other-key", TB_P_MALFORMED, "externalAccountBinding is not for the account's key.");
    tb_eab_mac_key(&w->s->account_key, eab->kid, &mac_key);
    genuine = tb_eab_verify(eab, tb_span_of(mac_key.b, sizeof(mac_key.b))) == 0;
    tb_wipe(&mac_key, sizeof(mac_key));
    if (!genuine || tb_eab_keys_find(&w->s->eab, eab->kid, &i) < 0)
        return REFUSE(w, "eab-mac", TB_P_UNAUTHORIZED, "The external account key id is unknown, or the MAC is wrong.");
    memcpy(w->d->rec.eab_kid, eab->kid, sizeof(w->d->rec.eab_kid));
    return 0;
}

static int step_binding(struct work *w)
{
    struct tb_eab eab = {0};
    json_t *obj = NULL;
    int r;

    if (!w->new_account)
        return 0;
    if (w->s->cfg->external_account == TB_EXTERNAL_OFF)
        return REFUSE(w, "eab-off", TB_P_MALFORMED, "This CA binds no external accounts.");
    if (tb_json_parse(w->jws.payload, TB_JWS_BODY_MAX, &obj) < 0)
        return REFUSE(w, "payload-form", TB_P_MALFORMED, "The payload is not a JSON object.");
    if ((r = tb_eab_parse(json_object_get(obj, "externalAccountBinding"), &eab, &w->d->problem)) < 0)
        w->d->reason = "eab-form";
    else
        r = check_binding(w, &eab);
    tb_eab_clear(&eab);
    json_decref(obj);
    w->d->rec.event = TB_EVENT_BOUND;
    memcpy(w->d->rec.thumbprint, w->d->rec.first, TB_DIGEST_LEN);
    return r;
}

/* Is the key still good for one more account? */
static int step_allowance(struct work *w)
{
    const char *word = NULL;
    size_t i;

    if (!w->new_account || tb_eab_keys_find(&w->s->eab, w->d->rec.eab_kid, &i) < 0)
        return 0;
    word = tb_eab_key_word(w->s->eab.key[i], w->d->now);
    return word == NULL
               ? 0
               : REFUSE(w, word, TB_P_UNAUTHORIZED, "The external account key is %s.", word + sizeof("eab-key-") - 1);
}

static int step_standing(struct work *w)
{
    const char *word = NULL;

    if (is_again(w)) {
        w->d->verdict = TB_ACCOUNT_AGAIN;
        return 0;
    }
    word = tb_judge_account_word(w->s, w->d->rec.first, tb_jwk_thumbprint(w->key), (struct tb_span){0});
    return word == NULL ? 0 : REFUSE(w, word, TB_P_UNAUTHORIZED, "The account is deactivated or has another key.");
}

static int step_new_key(struct work *w)
{
    struct tb_span n, e;
    const uint8_t *digest;
    const char *why = NULL;
    int r;

    if (!w->key_change)
        return 0;
    digest = tb_jwk_spki_digest(w->d->inner.jwk);
    for (size_t i = 0; i < w->s->num_foreign; i++)
        if (memcmp(digest, w->s->foreign[i], TB_DIGEST_LEN) == 0)
            return REFUSE(w, "new-key-of-ca", TB_P_BAD_PUBLIC_KEY, "The new key is a key of this CA.");
    tb_jwk_rsa(w->d->inner.jwk, &n, &e);
    r = tb_weak_key_check(w->s->weak, digest, n, e, &why);
    if (why != NULL)
        return REFUSE(w, "new-key-weak", TB_P_BAD_PUBLIC_KEY, "The new key %s.", why);
    return r;
}

static int step_may(struct work *w)
{
    switch (tb_standings_may(&w->s->standings, &w->d->rec)) {
    case 0:
        w->d->verdict = TB_ACCOUNT_LOG;
        return 0;
    case TB_E_EXISTS:
        if (w->new_account)
            return REFUSE(w, "account-exists", TB_P_UNAUTHORIZED, "The account has a binding, or had another key.");
        w->d->problem.http_status = 409;
        return REFUSE(w, "new-key-in-use", TB_P_MALFORMED, "The new key is, or was, the key of an account.");
    case TB_E_LIMIT:
        return REFUSE(w, "accounts-full", TB_P_RATE_LIMITED, "The CA is at its limit of changed accounts or keys.");
    default:
        return REFUSE(w, "account-standing", TB_P_UNAUTHORIZED, "The account does not allow this.");
    }
}

static int (*const steps[])(struct work *w) = {
    step_jws,      step_signature, step_deactivate, step_inner, step_binding,
    step_standing, step_allowance, step_new_key,    step_may,
};

void tb_judge_decide_account(struct tb_judge_state *s, const struct tb_msg_account_req *req, tb_time_t now,
                             struct tb_account_decision *out)
{
    struct work w = {.s = s, .req = req, .d = out};
    int r = 0;

    memset(out, 0, sizeof(*out));
    if (now > s->floor)
        s->floor = now;
    out->now = s->floor;
    for (size_t i = 0; i < TB_ARRAY_LEN(steps) && out->verdict == TB_ACCOUNT_REFUSE && r == 0; i++)
        r = steps[i](&w);
    tb_jws_clear(&w.jws);
    if (out->verdict != TB_ACCOUNT_REFUSE)
        return;
    if (out->reason == NULL)
        out->reason = "internal";
    tb_problem_set(&out->problem, r, TB_P_SERVER_INTERNAL, "Internal error."); /* unless a step said more */
}
