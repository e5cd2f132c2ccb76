/* The answer of explain, and its verdict. */
#include <stdio.h>
#include <string.h>

#include "ca/front/ancestor.h"
#include "ca/front/authz_make.h"
#include "ca/front/explain_parts.h"
#include "ca/operation.h"
#include "ca/validator/dns01.h"

#define WHERE_MAX 639

/* --- where a proof is put -------------------------------------------------------------------------------------- */

static const struct tb_zone *zone_of(const struct tb_explain *e, const struct tb_explained *x)
{
    return tb_config_zone(e->front->cfg, x->ident.type == TB_IDENT_DNS ? x->ident.value : "");
}

static void host_port(char *out, size_t cap, const struct tb_explained *x, unsigned port, unsigned usual)
{
    bool v6 = strchr(x->ident.value, ':') != NULL;
    char tail[8] = "";

    if (port != usual)
        snprintf(tail, sizeof(tail), ":%u", port);
    snprintf(out, cap, "%s%s%s%s", v6 ? "[" : "", x->ident.value, v6 ? "]" : "", tail);
}

static void where_http(const struct tb_explain *e, const struct tb_explained *x, char *out)
{
    char at[TB_IDENT_VALUE_MAX + 16];

    host_port(at, sizeof(at), x, zone_of(e, x)->http_port, 80);
    snprintf(out, WHERE_MAX, "the key authorization at http://%s/.well-known/acme-challenge/TOKEN", at);
}

static void where_tls(const struct tb_explain *e, const struct tb_explained *x, char *out)
{
    char at[TB_IDENT_VALUE_MAX + 16];

    host_port(at, sizeof(at), x, zone_of(e, x)->tls_alpn_port, 0);
    snprintf(out, WHERE_MAX, "a certificate with acmeIdentifier under ALPN acme-tls/1 at %s", at);
}

static void where_dns(const struct tb_explain *e TB_UNUSED, const struct tb_explained *x, char *out)
{
    snprintf(out, WHERE_MAX, "a TXT record at %s%s", TB_DNS01_PREFIX, x->ident.value);
}

static void where_dns_account(const struct tb_explain *e, const struct tb_explained *x, char *out)
{
    char label[TB_DNS_ACCOUNT_LABEL_LEN + 1] = "";

    if (e->account_url[0] != '\0')
        tb_dns_account_label(label, e->account_url);
    snprintf(out, WHERE_MAX, "a TXT record at %s.%s%s", label[0] != '\0' ? label : "_LABEL-OF-THE-ACCOUNT",
             TB_DNS01_PREFIX, x->ident.value);
}

static void where_tls_client(const struct tb_explain *e, const struct tb_explained *x, char *out)
{
    const char *name = x->ident.value;
    const char *to = e->front->cfg->responder_address;

    if (x->ident.type == TB_IDENT_IP)
        snprintf(out, WHERE_MAX, "a TLS connection from %s to %s", name, to);
    else
        snprintf(out, WHERE_MAX,
                 "a TLS connection to %s from an address of %s, or of _acme-egress.%s where that exists", to, name,
                 name);
}

static void (*const where[TB_METHOD__COUNT])(const struct tb_explain *e, const struct tb_explained *x, char *out) = {
    [TB_METHOD_HTTP_01] = where_http,
    [TB_METHOD_TLS_ALPN_01] = where_tls,
    [TB_METHOD_DNS_01] = where_dns,
    [TB_METHOD_DNS_ACCOUNT_01] = where_dns_account,
    [TB_METHOD_TLS_CLIENT_01] = where_tls_client,
};

static void put_methods(const struct tb_explain *e, const struct tb_explained *x, struct tb_jw *jw, tb_methods_t set)
{
    char text[WHERE_MAX];

    tb_jw_obj(jw);
    for (unsigned m = 1; m < TB_METHOD__COUNT; m++) {
        if ((set & TB_METHOD_BIT(m)) == 0)
            continue;
        snprintf(text, sizeof(text), "as its specification says");
        if (where[m] != NULL)
            where[m](e, x, text);
        tb_jw_kv(jw, tb_method_info((enum tb_method)m)->name, text);
    }
    tb_jw_end_obj(jw);
}

/* --- CAA ------------------------------------------------------------------------------------------------------- */

/* The purposes that a method has to prove: a proof of use is of clientAuth alone. */
static tb_purposes_t purposes_of(const struct tb_explain *e, const struct tb_explained *x, unsigned method)
{
    return tb_claim_purposes(e->profile,
                             (x->use_methods & TB_METHOD_BIT(method)) != 0 ? TB_PROOF_USE : TB_PROOF_CONTROL);
}

/* The methods that CAA leaves to this account, for every purpose that they have to prove. */
static tb_methods_t allowed_for(const struct tb_explain *e, const struct tb_explained *x, const char *account_url)
{
    tb_methods_t out = 0;

    for (unsigned m = 1; m < TB_METHOD__COUNT; m++) {
        bool all = ((x->methods | x->use_methods) & TB_METHOD_BIT(m)) != 0;

        for (unsigned p = 1; p < TB_PURPOSE__COUNT; p++)
            if ((purposes_of(e, x, m) & TB_PURPOSE_BIT(p)) != 0)
                all = all && tb_caa_allows(&x->caa, account_url, (enum tb_method)m, (enum tb_purpose)p);
        if (all)
            out |= TB_METHOD_BIT(m);
    }
    return out;
}

/* Without an account: those that any account would be left. */
static tb_methods_t allowed(const struct tb_explain *e, const struct tb_explained *x)
{
    tb_methods_t out = allowed_for(e, x, e->account_url);

    for (size_t i = 0; e->account_url[0] == '\0' && i < x->caa.num_grants; i++)
        if (x->caa.grants[i].has_account)
            out |= allowed_for(e, x, x->caa.grants[i].account_url);
    return out;
}

/* Control and, where it is demanded, use need a method each. */
static bool leaves_too_little(const struct tb_explain *e, const struct tb_explained *x)
{
    tb_methods_t left = allowed(e, x);

    return (left & x->methods) == 0 || (x->use_methods != 0 && (left & x->use_methods) == 0);
}

static bool caa_refuses(const struct tb_explain *e, const struct tb_explained *x)
{
    if (x->has_caa)
        return leaves_too_little(e, x);
    return x->caa_problem.type != TB_P_NONE && x->caa_problem.type != TB_P_SERVER_INTERNAL;
}

static void put_caa(const struct tb_explain *e, const struct tb_explained *x, struct tb_jw *jw)
{
    if (!x->has_caa) {
        tb_jw_kv(jw, "caa", x->caa_problem.detail);
        return;
    }
    if (x->caa.not_asked) {
        tb_jw_kv(jw, "caa", "not asked for: caa of the zone is skip");
        return;
    }
    if (x->caa.unrestricted) {
        tb_jw_kv(jw, "caa", "no record restricts this name");
        return;
    }
    if (leaves_too_little(e, x)) {
        tb_jw_kv(jw, "caa", "the records do not allow this CA, account, method or purpose");
        return;
    }
    tb_jw_kv(jw, "caa", "the records allow what caa_allows shows");
    tb_jw_key(jw, "caa_allows");
    tb_jw_obj(jw);
    for (unsigned m = 1; m < TB_METHOD__COUNT; m++)
        if ((allowed(e, x) & TB_METHOD_BIT(m)) != 0)
            tb_jw_kv(jw, tb_method_info((enum tb_method)m)->name,
                     (allowed_for(e, x, e->account_url) & TB_METHOD_BIT(m)) != 0 ? "yes" : "to the account it names");
    tb_jw_end_obj(jw);
}

/* --- the whole ------------------------------------------------------------------------------------------------- */

static bool refused(const struct tb_explain *e)
{
    bool out = e->csr_problem.type != TB_P_NONE || e->account_problem.type != TB_P_NONE;

    for (size_t i = 0; i < e->num; i++)
        out = out || e->name[i].refused || caa_refuses(e, &e->name[i]);
    return out;
}

static bool proved(const struct tb_explain *e)
{
    bool out = true;

    for (size_t i = 0; i < e->num; i++)
        out = out && e->name[i].authz == TB_AUTHZ_VALID && tb_explain_use_proved(e, &e->name[i]);
    return out;
}

static void put_refusal(struct tb_jw *jw, const struct tb_problem *pb)
{
    tb_jw_kv(jw, "refused", pb->detail);
    tb_jw_kv(jw, "type", tb_problem_type_name(pb->type));
}

/* Domains of which control, shown by DNS, would do as well. */
static void put_ancestors(const struct tb_explain *e, const struct tb_explained *x, struct tb_jw *jw)
{
    const char *domain = x->ident.type == TB_IDENT_DNS ? x->ident.value : NULL;

    if (!tb_ancestor_is_served(e->front, e->profile))
        return;
    tb_jw_key(jw, "ancestors");
    tb_jw_arr(jw);
    for (; domain != NULL; domain = tb_ancestor_parent(domain))
        if (tb_ancestor_may(e->front, e->profile, domain))
            tb_jw_str(jw, domain);
    tb_jw_end_arr(jw);
}

static void put_name(const struct tb_explain *e, const struct tb_explained *x, struct tb_jw *jw)
{
    tb_jw_obj(jw);
    tb_jw_kv(jw, "name", x->shown);
    if (x->refused) {
        put_refusal(jw, &x->problem);
        tb_jw_end_obj(jw);
        return;
    }
    tb_jw_key(jw, "control");
    put_methods(e, x, jw, x->methods);
    put_ancestors(e, x, jw);
    if (x->use_methods != 0) {
        tb_jw_key(jw, "use");
        put_methods(e, x, jw, x->use_methods);
    }
    if (e->account_url[0] != '\0') {
        tb_jw_kv(jw, "authorization", x->authz == TB_AUTHZ_NONE ? "missing" : tb_authz_state_name(x->authz));
        if (x->authz != TB_AUTHZ_NONE)
            tb_operation_time(jw, "authorization_expires", x->authz_expires_at);
        if (x->authz_of[0] != '\0')
            tb_jw_kv(jw, "authorization_of", x->authz_of);
    }
    tb_explain_use_put(e, x, jw);
    if (x->ident.type == TB_IDENT_DNS)
        put_caa(e, x, jw);
    tb_jw_end_obj(jw);
}

static void put_csr(const struct tb_explain *e, struct tb_jw *jw)
{
    tb_jw_obj(jw);
    if (e->csr_problem.type != TB_P_NONE)
        put_refusal(jw, &e->csr_problem);
    if (e->csr_key[0] != '\0')
        tb_jw_kv(jw, "key", e->csr_key);
    if (e->csr_eku[0] != '\0')
        tb_jw_kv(jw, "asks_for", e->csr_eku);
    tb_jw_kv(jw, "csr_eku", tb_csr_eku_mode_name(e->profile->csr_eku));
    if (e->csr_gets[0] != '\0')
        tb_jw_kv(jw, "gets", e->csr_gets);
    tb_jw_end_obj(jw);
}

/* What stands above all names: which account may order at all. */
static void put_account(const struct tb_explain *e, struct tb_jw *jw)
{
    tb_jw_kv(jw, "external_account", tb_external_account_name(e->front->cfg->external_account));
    if (e->account_problem.type == TB_P_NONE)
        return;
    tb_jw_key(jw, "account");
    tb_jw_obj(jw);
    put_refusal(jw, &e->account_problem);
    tb_jw_end_obj(jw);
}

void tb_explain_put(const struct tb_explain *e, struct tb_jw *jw)
{
    char purposes[128];
    char ref[TB_PROFILE_NAME_MAX + TB_PROFILE_VERSION_MAX + 2];

    snprintf(ref, sizeof(ref), "%s@%s", e->profile->name, e->profile->version);
    tb_purposes_text(purposes, sizeof(purposes), e->profile->purposes);
    tb_jw_obj(jw);
    tb_jw_kv(jw, "verdict", refused(e) ? "refused" : proved(e) ? "ready" : "proofs-missing");
    tb_jw_kv(jw, "profile", ref);
    tb_jw_kv(jw, "purposes", purposes);
    tb_operation_number(jw, "lifetime_s", e->profile->lifetime_s);
    put_account(e, jw);
    if (e->has_csr) {
        tb_jw_key(jw, "csr");
        put_csr(e, jw);
    }
    tb_jw_key(jw, "names");
    tb_jw_arr(jw);
    for (size_t i = 0; i < e->num; i++)
        put_name(e, &e->name[i], jw);
    tb_jw_end_arr(jw);
    tb_jw_end_obj(jw);
}
