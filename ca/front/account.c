/* Accounts (RFC 8555 sections 7.3 and 7.3.2 to 7.3.6). */
#include <stdlib.h>
#include <string.h>

#include "ca/front/account_op.h"
#include "ca/front/contacts.h"
#include "ca/front/front.h"
#include "ca/front/terms.h"
#include "ca/front/urls.h"
#include "lib/acme/url.h"
#include "lib/base/log.h"

/* A request that waits for its account to be on disk. */
struct account_op {
    struct tb_request *rq;
    bool created;
};

/* Section 7.3.4: the binding as it was sent, in the answer to the newAccount that the judge took it from. */
static void put_binding(struct tb_request *rq, struct tb_jw *jw)
{
    json_t *obj = NULL;
    const json_t *eab = NULL;
    char *text = NULL;

    if (tb_json_parse(rq->jws.payload, TB_JWS_BODY_MAX, &obj) == 0)
        eab = json_object_get(obj, "externalAccountBinding");
    if (eab != NULL && (text = json_dumps(eab, JSON_COMPACT)) != NULL) {
        tb_jw_key(jw, "externalAccountBinding");
        tb_jw_raw(jw, tb_span_str(text));
    }
    free(text);
    json_decref(obj);
}

void tb_account_reply(struct tb_request *rq, int status, const struct tb_account *a)
{
    char orders[TB_URL_MAX + 1];
    struct tb_jw jw = tb_jw_of(tb_reply_body(rq));

    tb_account_url(rq->location, rq->front->cfg->base_url, a->first_thumbprint);
    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "status", tb_account_state_name(a->state));
    tb_jw_key(&jw, "contact");
    tb_jw_raw(&jw, tb_span_str(a->contacts));
    if (a->terms_agreed && tb_terms_agreed(rq->front, a)) {
        tb_jw_key(&jw, "termsOfServiceAgreed");
        tb_jw_bool(&jw, true);
    }
    tb_url_orders(rq->front, a, orders);
    tb_jw_kv(&jw, "orders", orders);
    if (status == 201 && rq->front->cfg->external_account != TB_EXTERNAL_OFF)
        put_binding(rq, &jw);
    tb_jw_end_obj(&jw);
    tb_reply_json(rq, status);
}

static void refuse_key(struct tb_request *rq)
{
    rq->problem.http_status = 401;
    tb_reply_refuse(rq, TB_P_UNAUTHORIZED, "the account of this key is deactivated, or the key was retired");
}

static void reply_existing(struct tb_request *rq, const struct tb_account *a)
{
    if (a->state == TB_ACCOUNT_VALID) {
        tb_account_reply(rq, 200, a);
        return;
    }
    refuse_key(rq);
}

static void on_stored(int err, void *arg)
{
    struct account_op *op = arg;
    struct tb_request *rq = op->rq;
    bool created = op->created;
    struct tb_account other;

    free(op);
    if (err == TB_E_EXISTS && tb_store_account_find_key(rq->front->store, rq->account.thumbprint, &other) == 0) {
        reply_existing(rq, &other);
    } else if (err == TB_E_EXISTS) {
        refuse_key(rq);
    } else if (err < 0) {
        tb_reply_failure(rq, err);
    } else {
        if (created)
            rq->front->counters.accounts++;
        tb_account_reply(rq, created ? 201 : 200, &rq->account);
    }
}

/* rq->account to the store; the reply comes when it is durable. */
static void store_account(struct tb_request *rq, bool create)
{
    struct account_op *op = calloc(1, sizeof(*op));
    struct tb_store_tx *tx = NULL;
    int r = TB_E_NOMEM;

    if (op == NULL)
        goto fail;
    *op = (struct account_op){.rq = rq, .created = create};
    if ((r = tb_store_tx_new(rq->front->store, &tx)) < 0)
        goto fail;
    r = create ? tb_store_tx_account_insert(tx, &rq->account) : tb_store_tx_account_update(tx, &rq->account);
    if (r < 0) {
        tb_store_tx_free(tx);
        goto fail;
    }
    if ((r = tb_store_tx_commit(tx, on_stored, op)) < 0)
        goto fail;
    return;
fail:
    free(op);
    tb_reply_failure(rq, r);
}

/* New accounts from all clients together; a window that moves in whole minutes. */
static bool take_allowance(struct tb_front *f)
{
    tb_time_t minute = tb_clock_now_s() / 60;

    if (minute != f->new_accounts_minute) {
        f->new_accounts_minute = minute;
        f->new_accounts_left = f->cfg->limits.accounts_per_minute_max;
    }
    if (f->new_accounts_left == 0)
        return false;
    f->new_accounts_left--;
    return true;
}

static int member_bool(const json_t *obj, const char *name, bool *out, struct tb_problem *pb)
{
    const json_t *v = json_object_get(obj, name);

    *out = json_is_true(v);
    if (v != NULL && !json_is_boolean(v))
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED, "%s must be true or false", name);
    return 0;
}

int tb_front_account_key_check(const struct tb_front *f, const struct tb_jwk *jwk, struct tb_problem *pb)
{
    struct tb_span n, e;
    const char *why = NULL;
    int r;

    tb_jwk_rsa(jwk, &n, &e);
    r = tb_weak_key_check(f->weak, tb_jwk_spki_digest(jwk), n, e, &why);
    if (why != NULL)
        return tb_problem_set(pb, r, TB_P_BAD_PUBLIC_KEY, "the account key %s", why);
    return r < 0 ? tb_problem_set(pb, r, TB_P_SERVER_INTERNAL, "the key could not be looked at") : 0;
}

static int fill_new(struct tb_request *rq, const json_t *obj)
{
    struct tb_account *a = &rq->account;
    struct tb_jwk *jwk = rq->jws.jwk;
    struct tb_span text = tb_jwk_canonical(jwk);
    int r;

    if ((r = member_bool(obj, "termsOfServiceAgreed", &a->terms_agreed, &rq->problem)) < 0 ||
        (r = tb_contacts_parse(json_object_get(obj, "contact"), a->contacts, &rq->problem)) < 0)
        return r;
    if (a->terms_agreed)
        tb_terms_agree(rq->front, a);
    if (!tb_terms_agreed(rq->front, a)) {
        rq->terms_link = true;
        return tb_problem_set(&rq->problem, TB_E_DENIED, TB_P_MALFORMED, "the terms of service must be agreed to");
    }
    if (text.len >= sizeof(a->jwk))
        return tb_problem_set(&rq->problem, TB_E_LIMIT, TB_P_BAD_PUBLIC_KEY, "the key is too long");
    if (!take_allowance(rq->front)) {
        rq->retry_after_s = 60;
        return tb_problem_set(&rq->problem, TB_E_LIMIT, TB_P_RATE_LIMITED, "too many new accounts, come back later");
    }
    if ((r = tb_front_account_key_check(rq->front, jwk, &rq->problem)) < 0)
        return r;
    memcpy(a->jwk, text.p, text.len);
    memcpy(a->first_thumbprint, tb_jwk_thumbprint(jwk), TB_DIGEST_LEN);
    memcpy(a->thumbprint, tb_jwk_thumbprint(jwk), TB_DIGEST_LEN);
    a->state = TB_ACCOUNT_VALID;
    a->created_at = tb_clock_now_s();
    a->id = tb_store_next_account(rq->front->store);
    return 0;
}

static bool binds(const struct tb_request *rq, const json_t *obj)
{
    return rq->front->cfg->external_account != TB_EXTERNAL_OFF &&
           json_object_get(obj, "externalAccountBinding") != NULL;
}

static void create(struct tb_request *rq, const json_t *obj)
{
    if (rq->front->cfg->external_account == TB_EXTERNAL_REQUIRED && !binds(rq, obj)) {
        tb_reply_refuse(rq, TB_P_EXTERNAL_ACCOUNT_REQUIRED,
                        "this server makes accounts with external account binding only");
        return;
    }
    if (fill_new(rq, obj) < 0) {
        tb_reply_problem(rq);
        return;
    }
    if (binds(rq, obj)) {
        tb_account_op_create(rq);
        return;
    }
    /* The next request of this account is moments away: keep the key that was just parsed. */
    tb_key_cache_put(rq->front->keys, rq->jws.jwk);
    rq->jws.jwk = NULL;
    store_account(rq, true);
}

/*
 * Section 7.3.3 leaves open how a client agrees to a changed text.  Here: as it agreed to the first one, by newAccount
 * with the key that it has; of all members only this one counts then.
 */
static bool agrees_anew(struct tb_request *rq, const json_t *obj)
{
    struct tb_account *a = &rq->account;

    if (a->state != TB_ACCOUNT_VALID || tb_terms_agreed(rq->front, a) ||
        !json_is_true(json_object_get(obj, "termsOfServiceAgreed")))
        return false;
    tb_terms_agree(rq->front, a);
    return true;
}

void tb_account_new_handle(struct tb_request *rq)
{
    struct tb_account *a = &rq->account;
    json_t *obj = NULL;
    bool only = false;
    int r;

    if (tb_request_json(rq, &obj) < 0 || member_bool(obj, "onlyReturnExisting", &only, &rq->problem) < 0) {
        json_decref(obj);
        tb_reply_problem(rq);
        return;
    }
    r = tb_store_account_find_key(rq->front->store, tb_jwk_thumbprint(rq->jws.jwk), a);
    if (r == 0 && !only && a->state == TB_ACCOUNT_VALID && a->statement_len == 0 && binds(rq, obj))
        tb_account_op_start(rq, (struct tb_span){0}); /* an account of before binding was demanded */
    else if (r == 0 && !only && agrees_anew(rq, obj))
        store_account(rq, false);
    else if (r == 0)
        reply_existing(rq, a);
    else if (r != TB_E_NOTFOUND)
        tb_reply_failure(rq, r);
    else if (tb_store_account_find_first(rq->front->store, tb_jwk_thumbprint(rq->jws.jwk), a) == 0)
        refuse_key(rq);
    else if (only)
        tb_reply_refuse(rq, TB_P_ACCOUNT_DOES_NOT_EXIST, "there is no account with this key");
    else
        create(rq, obj);
    json_decref(obj);
}

/* Section 7.3.2: contact and deactivation; every other member is ignored. */
static void update(struct tb_request *rq, const json_t *obj)
{
    const json_t *contact = json_object_get(obj, "contact");
    const json_t *status = json_object_get(obj, "status");
    struct tb_account *a = &rq->account;

    if (json_is_string(status) && strcmp(json_string_value(status), "deactivated") == 0) {
        tb_account_op_start(rq, (struct tb_span){0}); /* only valid accounts come this far */
        return;
    }
    if (contact == NULL) {
        tb_account_reply(rq, 200, a);
        return;
    } else if (tb_contacts_parse(contact, a->contacts, &rq->problem) < 0) {
        tb_reply_problem(rq);
        return;
    }
    store_account(rq, false);
}

void tb_account_handle(struct tb_request *rq)
{
    char own[TB_ACCOUNT_URL_MAX + 1];
    json_t *obj = NULL;

    tb_account_url(own, rq->front->cfg->base_url, rq->account.first_thumbprint);
    if (strcmp(own, rq->jws.url) != 0) {
        rq->problem.http_status = 403;
        tb_reply_refuse(rq, TB_P_UNAUTHORIZED, "this is not the account that signed the request");
        return;
    }
    if (tb_request_reads(rq)) {
        tb_account_reply(rq, 200, &rq->account);
        return;
    }
    if (tb_request_json(rq, &obj) < 0)
        tb_reply_problem(rq);
    else
        update(rq, obj);
    json_decref(obj);
}
