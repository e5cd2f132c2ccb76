/* What is demanded for each name, what the account has of it, and what a CSR is worth. */
#include <stdio.h>
#include <string.h>

#include "ca/front/authz_make.h"
#include "ca/front/explain_parts.h"
#include "lib/base/b64u.h"
#include "lib/pki/csr.h"

static bool is_asked(const struct tb_explain *e, const struct tb_ident *ident)
{
    for (size_t i = 0; i < e->num; i++)
        if (!e->name[i].refused && tb_ident_eq(&e->name[i].ident, ident))
            return true;
    return false;
}

static bool is_named(const struct tb_csr *csr, const struct tb_ident *ident)
{
    for (size_t i = 0; i < csr->num_idents; i++)
        if (tb_ident_eq(&csr->idents[i], ident))
            return true;
    return false;
}

/* The names of the CSR must be the order's, as a set. */
static void check_names(struct tb_explain *e, const struct tb_csr *csr)
{
    char text[TB_IDENT_VALUE_MAX + 3];

    for (size_t i = 0; i < csr->num_idents; i++) {
        tb_ident_text(text, &csr->idents[i]);
        if (!is_asked(e, &csr->idents[i]))
            (void)tb_problem_set(&e->csr_problem, 0, TB_P_BAD_CSR, "The CSR names %s, which the order would not.",
                                 text);
    }
    for (size_t i = 0; i < e->num; i++)
        if (!e->name[i].refused && !is_named(csr, &e->name[i].ident))
            (void)tb_problem_set(&e->csr_problem, 0, TB_P_BAD_CSR, "The CSR does not name %s.", e->name[i].shown);
}

static void check_key(struct tb_explain *e, const struct tb_spki *spki)
{
    const char *why = NULL;
    int r = tb_weak_key_check(e->front->weak, spki->digest, spki->rsa_n, spki->rsa_e, &why);

    snprintf(e->csr_key, sizeof(e->csr_key), "%s", tb_key_kind_name(spki->kind));
    if (r < 0)
        (void)tb_problem_set(&e->csr_problem, 0, TB_P_BAD_CSR, "The CSR's key %s.", why != NULL ? why : tb_err_text(r));
}

void tb_explain_csr(struct tb_explain *e, const json_t *csr)
{
    uint8_t der[TB_CONTROL_REQ_MAX];
    struct tb_csr parsed = {0};
    size_t len = 0;

    if (csr == NULL)
        return;
    e->has_csr = true;
    if (!json_is_string(csr) ||
        tb_b64u_decode(der, sizeof(der), &len, tb_span_of(json_string_value(csr), json_string_length(csr))) < 0) {
        (void)tb_problem_set(&e->csr_problem, 0, TB_P_BAD_CSR, "The CSR is not base64url.");
        return;
    }
    if (tb_csr_parse(tb_span_of(der, len), &parsed, &e->csr_problem) < 0) {
        (void)tb_problem_set(&e->csr_problem, 0, TB_P_BAD_CSR, "The CSR cannot be read.");
        return;
    }
    check_key(e, &parsed.spki);
    check_names(e, &parsed);
    if (parsed.has_eku)
        tb_purposes_text(e->csr_eku, sizeof(e->csr_eku), parsed.eku);
    tb_csr_clear(&parsed);
}

void tb_explain_look(struct tb_explain *e)
{
    struct tb_front *f = e->front;

    for (size_t i = 0; i < e->num; i++) {
        struct tb_explained *x = &e->name[i];
        struct tb_claim claim;
        struct tb_authz a;

        if (x->refused)
            continue;
        claim = tb_claim_of(f, e->profile, TB_PROOF_CONTROL, &x->ident);
        x->methods = claim.methods;
        x->use_methods = e->profile->use_methods;
        if (e->account_url[0] == '\0' || tb_store_authz_find(f->store, e->account_id, &x->ident, claim.purposes,
                                                             claim.kind, tb_clock_now_s(), &a) < 0)
            continue;
        x->authz = a.state;
        x->authz_expires_at = a.expires_at;
        tb_authz_clear(&a);
    }
}
