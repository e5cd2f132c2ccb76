#include "ca/front/objects.h"

#include <stdlib.h>
#include <string.h>

#include "ca/front/finalize.h"
#include "ca/front/order_state.h"
#include "ca/front/renewal.h"
#include "ca/front/use.h"
#include "lib/acme/problem_json.h"

#define RETRY_PROCESSING_S 2

/* What is absent and what is another account's look alike (invariant: object.account is the caller on every route). */
int tb_order_of_caller(struct tb_request *rq, enum tb_url_kind kind, struct tb_span id, struct tb_order *out)
{
    uint64_t no;
    int r;

    *out = (struct tb_order){0};
    r = tb_url_id(rq->front, kind, id, &no);
    if (r == 0)
        r = tb_store_order_get(rq->front->store, no, out);
    if (r == 0 && out->account_id == rq->account.id)
        return 0;
    tb_order_clear(out);
    if (r == 0 || r == TB_E_FORMAT || r == TB_E_NOTFOUND)
        tb_reply_not_found(rq);
    else
        tb_reply_failure(rq, r);
    return TB_E_NOTFOUND;
}

bool tb_authz_outlived(const struct tb_authz *a, const struct tb_account *account)
{
    static const uint8_t before_rows_had_it[TB_DIGEST_LEN];
    const uint8_t *made_for = a->thumbprint;

    if (memcmp(made_for, before_rows_had_it, TB_DIGEST_LEN) == 0)
        made_for = account->first_thumbprint;
    return memcmp(made_for, account->thumbprint, TB_DIGEST_LEN) != 0;
}

/* Its end is now at the latest, so that everything that asks for the time finds it ended. */
static void end_outlived(struct tb_authz *a, const struct tb_account *account)
{
    tb_time_t before = tb_clock_now_s() - 1;

    if (tb_authz_outlived(a, account) && a->expires_at > before)
        a->expires_at = before;
}

int tb_authz_of_caller(struct tb_request *rq, struct tb_span id, struct tb_authz *out)
{
    uint64_t no;
    int r;

    *out = (struct tb_authz){0};
    r = tb_url_id(rq->front, TB_URL_AUTHZ, id, &no);
    if (r == 0)
        r = tb_store_authz_get(rq->front->store, no, out);
    if (r == 0 && out->account_id == rq->account.id) {
        end_outlived(out, &rq->account);
        return 0;
    }
    tb_authz_clear(out);
    if (r == 0 || r == TB_E_FORMAT || r == TB_E_NOTFOUND)
        tb_reply_not_found(rq);
    else
        tb_reply_failure(rq, r);
    return TB_E_NOTFOUND;
}

int tb_order_state_now(struct tb_front *f, const struct tb_order *o, enum tb_order_state *out)
{
    struct tb_authz_brief brief[TB_ORDER_AUTHZ_MAX];
    struct tb_account account;
    struct tb_authz a;
    int r;

    *out = TB_ORDER_INVALID;
    if (o->num_authz > TB_ORDER_AUTHZ_MAX)
        return TB_E_LIMIT;
    if (o->state == TB_ORDER_PENDING && (r = tb_store_account_get(f->store, o->account_id, &account)) < 0)
        return r;
    for (size_t i = 0; i < o->num_authz && o->state == TB_ORDER_PENDING; i++) {
        if ((r = tb_store_authz_get(f->store, o->authz_id[i], &a)) < 0 && r != TB_E_NOTFOUND)
            return r;
        if (r == 0)
            end_outlived(&a, &account);
        /* One that was collected counts as expired. */
        brief[i] =
            r == 0 ? (struct tb_authz_brief){a.state, a.expires_at} : (struct tb_authz_brief){TB_AUTHZ_EXPIRED, 0};
        if (r == 0)
            tb_authz_clear(&a);
    }
    *out = tb_order_state_at(o->state, o->expires_at, brief, o->num_authz, tb_clock_now_s());
    if (*out == TB_ORDER_READY && tb_finalize_is_processing(f, o->no))
        *out = TB_ORDER_PROCESSING;
    return 0;
}

static void put_time(struct tb_jw *jw, const char *name, tb_time_t t)
{
    char text[TB_RFC3339_LEN + 1];

    tb_rfc3339_format(text, t);
    tb_jw_kv(jw, name, text);
}

static void put_ident(struct tb_jw *jw, const struct tb_ident *id, bool with_wildcard)
{
    char text[TB_IDENT_VALUE_MAX + 3];

    tb_ident_text(text, id);
    tb_jw_obj(jw);
    tb_jw_kv(jw, "type", tb_ident_type_name(id->type));
    tb_jw_kv(jw, "value", with_wildcard ? text : id->value);
    tb_jw_end_obj(jw);
}

static void put_error(struct tb_jw *jw, const struct tb_problem *pb)
{
    tb_jw_key(jw, "error");
    tb_problem_json(jw, pb);
}

/* Why an order without a stored reason is invalid (section 7.1.3: error). */
static void put_order_error(struct tb_jw *jw, const struct tb_order *o)
{
    struct tb_problem pb = {0};

    if (o->problem.type != TB_P_NONE) {
        put_error(jw, &o->problem);
        return;
    }
    (void)tb_problem_set(&pb, 0, TB_P_UNAUTHORIZED, "the order or one of its authorizations failed or expired");
    put_error(jw, &pb);
}

/* Sentences for people, no member of any RFC. */
static void put_notices(struct tb_jw *jw, const struct tb_order *o)
{
    if (o->notices == 0)
        return;
    tb_jw_key(jw, "notices");
    tb_jw_arr(jw);
    if ((o->notices & TB_NOTICE_EKU_IGNORED) != 0)
        tb_jw_str(jw, "the CSR asked for other extended key usages; the certificate has those of the profile");
    if ((o->notices & TB_NOTICE_EKU_NARROWED) != 0)
        tb_jw_str(jw, "the certificate has only those of the profile's extended key usages that the CSR asked for");
    tb_jw_end_arr(jw);
}

void tb_order_json(const struct tb_front *f, struct tb_jw *jw, const struct tb_order *o, enum tb_order_state state)
{
    char url[TB_FINALIZE_URL_MAX + TB_URL_MAX + 1];

    tb_jw_obj(jw);
    tb_jw_kv(jw, "status", tb_order_state_name(state));
    put_time(jw, "expires", o->expires_at);
    tb_jw_key(jw, "identifiers");
    tb_jw_arr(jw);
    for (size_t i = 0; i < o->num_idents; i++)
        put_ident(jw, &o->ident[i], true);
    tb_jw_end_arr(jw);
    tb_jw_kv(jw, "profile", o->profile);
    if (o->validity.not_before != 0)
        put_time(jw, "notBefore", o->validity.not_before);
    if (o->validity.not_after != 0)
        put_time(jw, "notAfter", o->validity.not_after);
    tb_replaces_json(f, jw, o);
    tb_jw_key(jw, "authorizations");
    tb_jw_arr(jw);
    for (size_t i = 0; i < o->num_authz; i++) {
        tb_url_make(f, TB_URL_AUTHZ, o->authz_id[i], url);
        tb_jw_str(jw, url);
    }
    tb_jw_end_arr(jw);
    tb_url_finalize(f, o, url);
    tb_jw_kv(jw, "finalize", url);
    if (state == TB_ORDER_VALID) {
        tb_url_make(f, TB_URL_CERT, o->no, url);
        tb_jw_kv(jw, "certificate", url);
    }
    put_notices(jw, o);
    if (state == TB_ORDER_INVALID)
        put_order_error(jw, o);
    tb_jw_end_obj(jw);
}

/* doc/tls-client-01.md, section 3. */
static void put_responders(const struct tb_front *f, struct tb_jw *jw)
{
    tb_use_put_responders(f, jw);
    tb_jw_key(jw, "quorum");
    tb_jw_int(jw, 1);
}

void tb_challenge_json(const struct tb_front *f, struct tb_jw *jw, const struct tb_authz *a,
                       const struct tb_challenge *c)
{
    char url[TB_URL_MAX + 1];

    tb_url_challenge(f, a->id, c->method, url);
    tb_jw_obj(jw);
    tb_jw_kv(jw, "type", tb_method_info(c->method)->name);
    tb_jw_kv(jw, "url", url);
    tb_jw_kv(jw, "status", tb_challenge_state_name(c->state));
    tb_jw_kv(jw, "token", c->token);
    if (c->state == TB_CHALLENGE_VALID)
        put_time(jw, "validated", c->validated_at);
    if ((c->state == TB_CHALLENGE_INVALID || c->state == TB_CHALLENGE_PROCESSING) && a->problem.type != TB_P_NONE)
        put_error(jw, &a->problem);
    if (c->method == TB_METHOD_TLS_CLIENT_01)
        put_responders(f, jw);
    tb_jw_end_obj(jw);
}

/* Section 7.1.4: pending offers all challenges, valid and invalid show the one that decided. */
static bool shows(const struct tb_authz *a, const struct tb_challenge *c)
{
    if (a->state == TB_AUTHZ_VALID)
        return c->state == TB_CHALLENGE_VALID;
    if (a->state == TB_AUTHZ_INVALID)
        return c->state == TB_CHALLENGE_INVALID;
    return true;
}

/* Which usages the proof is made for; no second value, status, url or token member: some clients search, not parse. */
static void put_purposes(struct tb_jw *jw, const struct tb_authz *a)
{
    tb_jw_kv(jw, "proves", a->kind == TB_PROOF_USE ? "use" : "control");
    tb_jw_key(jw, "purposes");
    tb_jw_arr(jw);
    for (unsigned p = 0; p < TB_PURPOSE__COUNT; p++)
        if ((a->purposes & TB_PURPOSE_BIT(p)) != 0 && tb_purpose_info((enum tb_purpose)p) != NULL)
            tb_jw_str(jw, tb_purpose_info((enum tb_purpose)p)->label);
    tb_jw_end_arr(jw);
}

/* Wildcards below the domain may be issued under it (RFC 9444 section 4.1). */
static bool serves_wildcards(const struct tb_front *f, const struct tb_authz *a)
{
    bool out = a->ident.wildcard;

    for (size_t i = 0; a->subtree && i < f->cfg->num_profiles; i++) {
        const struct tb_profile *p = &f->cfg->profiles[i];

        out = out || (p->offered && p->ident_wildcard && p->purposes == a->purposes);
    }
    return out;
}

void tb_authz_json(const struct tb_front *f, struct tb_jw *jw, const struct tb_authz *a)
{
    enum tb_authz_state state = tb_authz_state_at(a->state, a->expires_at, tb_clock_now_s());

    tb_jw_obj(jw);
    tb_jw_key(jw, "identifier");
    put_ident(jw, &a->ident, false);
    tb_jw_kv(jw, "status", tb_authz_state_name(state));
    put_time(jw, "expires", a->expires_at);
    tb_jw_key(jw, "challenges");
    tb_jw_arr(jw);
    for (size_t i = 0; i < a->num_challenges; i++)
        if (shows(a, &a->challenge[i]))
            tb_challenge_json(f, jw, a, &a->challenge[i]);
    tb_jw_end_arr(jw);
    if (serves_wildcards(f, a)) {
        tb_jw_key(jw, "wildcard");
        tb_jw_bool(jw, true);
    }
    if (a->subtree) {
        tb_jw_key(jw, "subdomainAuthAllowed");
        tb_jw_bool(jw, true);
    }
    put_purposes(jw, a);
    tb_jw_end_obj(jw);
}

void tb_order_reply(struct tb_request *rq, int http_status, const struct tb_order *o, enum tb_order_state state)
{
    struct tb_jw jw = tb_jw_of(tb_reply_body(rq));

    tb_url_make(rq->front, TB_URL_ORDER, o->no, rq->location);
    if (state == TB_ORDER_PROCESSING)
        rq->retry_after_s = RETRY_PROCESSING_S;
    tb_order_json(rq->front, &jw, o, state);
    tb_reply_json(rq, http_status);
}

void tb_authz_reply(struct tb_request *rq, int http_status, const struct tb_authz *a)
{
    struct tb_jw jw = tb_jw_of(tb_reply_body(rq));

    tb_url_make(rq->front, TB_URL_AUTHZ, a->id, rq->location);
    tb_authz_json(rq->front, &jw, a);
    tb_reply_json(rq, http_status);
}
