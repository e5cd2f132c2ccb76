#include "client/account.h"

#include <string.h>

static void write_contacts(struct tb_jw *jw, const char *const *contacts, size_t num)
{
    tb_jw_key(jw, "contact");
    tb_jw_arr(jw);
    for (size_t i = 0; i < num; i++)
        tb_jw_str(jw, contacts[i]);
    tb_jw_end_arr(jw);
}

static int write_registration(struct tb_acme *a, const struct tb_acme_registration *reg, struct tb_wr *wr)
{
    struct tb_jw jw = tb_jw_of(wr);
    struct tb_wr eab;
    int r = 0;

    tb_jw_obj(&jw);
    if (reg->agree_terms) {
        tb_jw_key(&jw, "termsOfServiceAgreed");
        tb_jw_bool(&jw, true);
    }
    if (reg->num_contacts > 0)
        write_contacts(&jw, reg->contacts, reg->num_contacts);
    if (reg->eab_kid != NULL) {
        tb_wr_init(&eab, TB_JWS_BODY_MAX);
        r = tb_acme_eab(&eab, reg->eab_kid, reg->eab_key, a->dir.new_account, tb_keyproc_jwk(a->key));
        tb_jw_key(&jw, "externalAccountBinding");
        tb_jw_raw(&jw, tb_wr_span(&eab));
        tb_wr_clear(&eab);
    }
    tb_jw_end_obj(&jw);
    return r < 0 ? r : tb_wr_err(wr);
}

/* 0, TB_E_NOTFOUND when the server does not know the key, or a failure. */
static int find(struct tb_acme *a, bool agree_terms)
{
    const char *payload =
        agree_terms ? "{\"onlyReturnExisting\":true,\"termsOfServiceAgreed\":true}" : "{\"onlyReturnExisting\":true}";
    struct tb_https_answer answer;
    struct tb_fail local = {0};
    struct tb_fail *fail = a->fail;
    int r;

    a->fail = &local;
    r = tb_acme_post(a, a->dir.new_account, tb_span_str(payload), &answer);
    a->fail = fail;
    if (r == 0)
        strcpy(a->account, answer.location);
    tb_https_answer_clear(&answer);
    if (r == 0)
        return a->account[0] != '\0'
                   ? 0
                   : tb_fail_set(fail, TB_EXIT_REFUSED, TB_E_FORMAT, "%s names no account URL", a->dir.new_account);
    /* The second is no type of RFC 8555: some servers speak of their terms before they look. */
    if (strcmp(local.type, "accountDoesNotExist") == 0 || strcmp(local.type, "agreementRequired") == 0)
        return TB_E_NOTFOUND;
    if (fail->status == TB_EXIT_OK)
        *fail = local;
    return r;
}

static int may_register(struct tb_acme *a, const struct tb_acme_registration *reg)
{
    if (reg->only_existing)
        return tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_NOTFOUND,
                           "the server does not know this account key; register it first (tabard account register)");
    if (a->dir.terms[0] != '\0' && !reg->agree_terms)
        return tb_fail_set(a->fail, TB_EXIT_TERMS, TB_E_DENIED,
                           "the server has terms of service: %s; read them and repeat with --agree-tos", a->dir.terms);
    if (a->dir.eab_required && reg->eab_kid == NULL)
        return tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_DENIED,
                           "the server demands an external account binding; get a key from its operator and repeat "
                           "with --eab-kid and --eab-key-file");
    return 0;
}

int tb_acme_account(struct tb_acme *a, const struct tb_acme_registration *reg, bool *out_new)
{
    struct tb_https_answer answer;
    struct tb_wr payload;
    int r = find(a, reg->agree_terms);

    if (out_new != NULL)
        *out_new = r == TB_E_NOTFOUND;
    if (r != TB_E_NOTFOUND)
        return r;
    if ((r = may_register(a, reg)) < 0)
        return r;
    tb_wr_init(&payload, TB_JWS_BODY_MAX);
    if ((r = write_registration(a, reg, &payload)) < 0) {
        (void)tb_fail_set(a->fail, TB_EXIT_FAILURE, r, "the registration cannot be written: %s", tb_err_text(r));
    } else {
        r = tb_acme_post(a, a->dir.new_account, tb_wr_span(&payload), &answer);
        if (r == 0 && answer.location[0] == '\0')
            r = tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_FORMAT, "%s names no account URL", a->dir.new_account);
        if (r == 0)
            strcpy(a->account, answer.location);
        tb_https_answer_clear(&answer);
    }
    tb_wr_clear(&payload);
    if (r == 0)
        tb_say(a->say, "registered account %s", a->account);
    return r;
}

int tb_acme_account_show(struct tb_acme *a, json_t **out)
{
    return tb_acme_post_json(a, a->account, tb_span_of(NULL, 0), NULL, out);
}

static int update(struct tb_acme *a, struct tb_span payload)
{
    struct tb_https_answer answer;
    int r = tb_acme_post(a, a->account, payload, &answer);

    tb_https_answer_clear(&answer);
    return r;
}

int tb_acme_account_update(struct tb_acme *a, const char *const *contacts, size_t num)
{
    struct tb_wr payload;
    struct tb_jw jw;
    int r;

    tb_wr_init(&payload, TB_JWS_BODY_MAX);
    jw = tb_jw_of(&payload);
    tb_jw_obj(&jw);
    write_contacts(&jw, contacts, num);
    tb_jw_end_obj(&jw);
    r = update(a, tb_wr_span(&payload));
    tb_wr_clear(&payload);
    return r;
}

int tb_acme_account_deactivate(struct tb_acme *a)
{
    return update(a, tb_span_str("{\"status\":\"deactivated\"}"));
}

int tb_acme_account_key_change(struct tb_acme *a, struct tb_keyproc *new_key)
{
    const struct tb_jws_fields fields = {.url = a->dir.key_change};
    struct tb_https_answer answer;
    struct tb_wr inner;
    struct tb_wr outer;
    struct tb_jw jw;
    int r;

    if (a->dir.key_change[0] == '\0')
        return tb_fail_set(a->fail, TB_EXIT_REFUSED, TB_E_UNSUPPORTED, "this server has no keyChange");
    tb_wr_init(&inner, TB_JWS_BODY_MAX);
    tb_wr_init(&outer, TB_JWS_BODY_MAX);
    jw = tb_jw_of(&inner);
    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "account", a->account);
    tb_jw_key(&jw, "oldKey");
    tb_jw_raw(&jw, tb_keyproc_jwk(a->key));
    tb_jw_end_obj(&jw);
    r = tb_keyproc_sign(new_key, &fields, tb_wr_span(&inner), &outer, a->fail);
    if (r == 0) {
        r = tb_acme_post(a, a->dir.key_change, tb_wr_span(&outer), &answer);
        tb_https_answer_clear(&answer);
    }
    tb_wr_clear(&inner);
    tb_wr_clear(&outer);
    return r;
}
