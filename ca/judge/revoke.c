#include "ca/judge/revoke.h"

#include <stdlib.h>
#include <string.h>

#include "ca/judge/account_event.h"
#include "lib/base/b64u.h"
#include "lib/json/json.h"

struct work {
    struct tb_judge_state *s;
    const struct tb_msg_revoke_req *req; /* NULL: the operator's order */
    struct tb_revoke_decision *d;
    tb_issuance_read_fn *read;
    void *arg;
    tb_time_t now; /* wall clock */
    struct tb_jws jws;
    struct tb_jwk *key; /* borrowed: from the cache, or the JWS's own */
    uint8_t *cert;      /* as shown; owned */
    size_t cert_len;
    struct tb_issue_rec issue; /* borrows from the reader */
    struct tb_ident *names;    /* of the record; owned */
};

#define REFUSE(w, word, type, ...)                                                                                     \
    ((w)->d->reason = (word), tb_problem_set(&(w)->d->problem, TB_E_DENIED, (type), __VA_ARGS__))

void tb_revoke_decision_clear(struct tb_revoke_decision *d)
{
    tb_problem_clear(&d->problem);
    memset(d, 0, sizeof(*d));
}

/* The steps, in their order.  Each returns 0 or has refused. */

static int step_jws(struct work *w)
{
    char url[TB_BASE_URL_MAX + sizeof(TB_REVOKE_PATH)];
    struct tb_wr wr;
    int r;

    if ((r = tb_jws_parse(w->req->jws, &w->jws, &w->d->problem)) < 0) {
        w->d->reason = "jws-form";
        return r;
    }
    tb_wr_fixed(&wr, url, sizeof(url));
    tb_wr_str(&wr, w->s->cfg->base_url);
    tb_wr_bytes(&wr, TB_REVOKE_PATH, sizeof(TB_REVOKE_PATH));
    if (tb_wr_err(&wr) < 0 || strcmp(w->jws.url, url) != 0)
        return REFUSE(w, "url-form", TB_P_UNAUTHORIZED, "The signed url is not revokeCert's.");
    return 0;
}

static int step_account(struct work *w)
{
    uint8_t first[TB_DIGEST_LEN];
    const char *word = NULL;
    int r;

    if (w->jws.jwk != NULL) {
        w->key = w->jws.jwk;
        return 0;
    }
    if ((r = tb_accounts_get(w->s->accounts, w->req->account_jwk, &w->key, &w->d->problem)) < 0) {
        w->d->reason = "account-key-form";
        return r;
    }
    if (tb_account_url_parse(w->jws.kid, w->s->cfg->base_url, first) < 0)
        return REFUSE(w, "kid-form", TB_P_ACCOUNT_DOES_NOT_EXIST, "The kid is not an account URL of this CA.");
    word = tb_judge_account_word(w->s, first, tb_jwk_thumbprint(w->key), w->req->account_statement);
    if (word != NULL)
        return REFUSE(w, word, TB_P_UNAUTHORIZED, "The account is deactivated, or the key is not its key.");
    memcpy(w->d->rec.account_url, w->jws.kid, strlen(w->jws.kid) + 1); /* its form bounds it */
    return 0;
}

static int step_signature(struct work *w)
{
    if (tb_jws_verify(&w->jws, w->key) < 0)
        return REFUSE(w, "jws-signature", TB_P_MALFORMED, "The JWS signature does not verify.");
    tb_jws_digest(w->d->rec.jws_digest, &w->jws);
    return 0;
}

static int read_certificate(struct work *w, const json_t *obj)
{
    struct tb_span text;

    if (tb_json_str(obj, "certificate", TB_B64U_LEN(TB_CERT_MAX), &text) < 0)
        return REFUSE(w, "payload-members", TB_P_MALFORMED, "The payload must hold \"certificate\".");
    if ((w->cert = malloc(text.len + 1)) == NULL)
        return TB_E_NOMEM;
    if (tb_b64u_decode(w->cert, text.len + 1, &w->cert_len, text) < 0 || w->cert_len == 0)
        return REFUSE(w, "certificate-base64url", TB_P_MALFORMED, "The certificate is not base64url.");
    return 0;
}

static int step_payload(struct work *w)
{
    json_t *obj = NULL;
    const json_t *reason;
    json_int_t value;
    int r;

    if (tb_json_parse(w->jws.payload, TB_JWS_BODY_MAX, &obj) < 0)
        return REFUSE(w, "payload-form", TB_P_MALFORMED, "The payload is not a JSON object.");
    reason = json_object_get(obj, "reason");
    value = reason != NULL ? json_integer_value(reason) : TB_REASON_UNSPECIFIED;
    if ((r = read_certificate(w, obj)) == 0) {
        if (reason != NULL && !json_is_integer(reason))
            r = REFUSE(w, "reason-form", TB_P_MALFORMED, "\"reason\" is not a number.");
        else if (value < 0 || value >= TB_REASON__COUNT || !tb_reason_for_subscriber((int)value))
            r = REFUSE(w, "reason-not-allowed", TB_P_BAD_REVOCATION_REASON, "The reason must be 0, 1, 3, 4 or 5.");
        else
            w->d->rec.reason = (enum tb_reason)value;
    }
    json_decref(obj);
    return r;
}

/* The hint says where to look; what counts is what stands there. */
static int step_record(struct work *w)
{
    struct tb_tbs tbs = {0};
    struct tb_span der;
    int r = w->read(w->arg, w->d->rec.issuance, &w->issue);

    if (r < 0 && r != TB_E_NOTFOUND)
        return r;
    if (r == TB_E_NOTFOUND || (w->req != NULL && !tb_span_eq(w->issue.cert, tb_span_of(w->cert, w->cert_len))) ||
        (w->req == NULL && memcmp(w->issue.serial, w->d->rec.serial, TB_SERIAL_LEN) != 0)) {
        w->d->problem.http_status = 404;
        return REFUSE(w, "certificate-unknown", TB_P_MALFORMED, "There is no such certificate.");
    }
    if ((r = tb_cert_tbs(w->issue.cert, &der)) < 0 || (r = tb_tbs_read(der, &tbs)) < 0)
        return r;
    w->d->rec.issuer = w->issue.issuer;
    w->d->rec.not_after = tbs.not_after;
    memcpy(w->d->rec.serial, w->issue.serial, TB_SERIAL_LEN);
    memcpy(w->d->rec.spki_digest, tbs.spki.digest, TB_DIGEST_LEN);
    tb_tbs_clear(&tbs);
    return 0;
}

static int read_names(struct work *w)
{
    struct tb_rd rd = tb_rd_of(w->issue.names_wire);
    int r = 0;

    if ((w->names = calloc(w->issue.num_names, sizeof(*w->names))) == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < w->issue.num_names && r == 0; i++)
        r = tb_ident_read(&rd, &w->names[i]);
    return r;
}

/* Another account may revoke what names only what it controls now, for all purposes of the certificate. */
static int check_authorizations(struct work *w)
{
    const struct tb_profile *p = tb_config_profile(w->s->cfg, w->issue.ref.profile, w->issue.ref.version);
    struct tb_proof_case c = {.audience = &w->s->audience,
                              .keys = w->s->keys,
                              .num_keys = w->s->num_keys,
                              .profile = p,
                              .policy = w->s->policy,
                              .account_url = w->d->rec.account_url,
                              .thumbprint = tb_jwk_thumbprint(w->key),
                              .spki_digest = w->d->rec.spki_digest,
                              .num_idents = w->issue.num_names,
                              .now = w->now,
                              .now_floor = w->d->now};
    int r;

    if (p == NULL)
        return REFUSE(w, "profile-unknown", TB_P_UNAUTHORIZED, "The certificate belongs to another account.");
    if ((r = read_names(w)) < 0)
        return r;
    c.idents = w->names;
    w->d->rec.who = TB_REVOKER_AUTHORIZATIONS;
    return tb_proofs_control(&w->s->proofs, &c, w->req->statement, w->req->num_statements, &w->d->problem,
                             &w->d->reason);
}

static int step_right(struct work *w)
{
    if (w->jws.jwk != NULL) {
        w->d->rec.who = TB_REVOKER_KEY;
        if (memcmp(tb_jwk_spki_digest(w->key), w->d->rec.spki_digest, TB_DIGEST_LEN) != 0)
            return REFUSE(w, "other-key", TB_P_UNAUTHORIZED, "The JWS is not signed with the certificate's key.");
        return 0;
    }
    if (strcmp(w->issue.account_url, w->d->rec.account_url) != 0)
        return check_authorizations(w);
    w->d->rec.who = TB_REVOKER_ACCOUNT;
    return 0;
}

static int step_state(struct work *w)
{
    const struct tb_revoked_entry *e = tb_revoked_find(&w->s->revoked, w->d->rec.issuer, w->d->rec.serial);

    if (e != NULL && !tb_revoke_rec_says_more(&w->d->rec, (enum tb_reason)e->reason, (enum tb_revoker)e->who)) {
        w->d->verdict = TB_REVOKE_AGAIN;
        (void)tb_problem_set(&w->d->problem, 0, TB_P_ALREADY_REVOKED, "The certificate is revoked already.");
        return 0;
    }
    if (w->d->rec.not_after < w->now)
        return REFUSE(w, "certificate-expired", TB_P_MALFORMED, "The certificate has expired.");
    w->d->verdict = TB_REVOKE_LOG;
    return 0;
}

static int (*const steps[])(struct work *w) = {
    step_jws, step_account, step_signature, step_payload, step_record, step_right, step_state,
};
static int (*const order_steps[])(struct work *w) = {step_record, step_state};

static void decide(struct work *w, int (*const step[])(struct work *w), size_t num)
{
    int r = 0;

    if (w->now > w->s->floor)
        w->s->floor = w->now;
    w->d->now = w->s->floor;
    for (size_t i = 0; i < num && r == 0; i++)
        r = step[i](w);
    tb_jws_clear(&w->jws);
    free(w->cert);
    free(w->names);
    if (r == 0)
        return;
    w->d->verdict = TB_REVOKE_REFUSE;
    if (w->d->reason == NULL)
        w->d->reason = "internal";
    tb_problem_set(&w->d->problem, r, TB_P_SERVER_INTERNAL, "Internal error."); /* unless a step said more */
}

void tb_judge_decide_revoke(struct tb_judge_state *s, const struct tb_msg_revoke_req *req, tb_issuance_read_fn *read,
                            void *arg, tb_time_t now, struct tb_revoke_decision *out)
{
    struct work w = {.s = s, .req = req, .d = out, .read = read, .arg = arg, .now = now};

    memset(out, 0, sizeof(*out));
    out->rec.issuance = req->issuance;
    decide(&w, steps, TB_ARRAY_LEN(steps));
}

void tb_judge_decide_revoke_order(struct tb_judge_state *s, const uint8_t serial[static TB_SERIAL_LEN],
                                  uint64_t issuance, enum tb_reason reason, tb_issuance_read_fn *read, void *arg,
                                  tb_time_t now, struct tb_revoke_decision *out)
{
    struct work w = {.s = s, .d = out, .read = read, .arg = arg, .now = now};

    memset(out, 0, sizeof(*out));
    out->rec = (struct tb_revoke_rec){.who = TB_REVOKER_OPERATOR, .reason = reason, .issuance = issuance};
    memcpy(out->rec.serial, serial, TB_SERIAL_LEN);
    decide(&w, order_steps, TB_ARRAY_LEN(order_steps));
}
