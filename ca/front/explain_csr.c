/* What a CSR would meet, as far as the front knows it; the judge is asked about its key apart. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/front/explain_parts.h"
#include "lib/base/b64u.h"
#include "lib/ipc/msg_parent.h"
#include "lib/pki/csr.h"
#include "lib/pki/csr_eku.h"

_Static_assert(TB_B64U_LEN(TB_CSR_DER_MAX) + TB_IDENT_NUM_MAX * (TB_IDENT_VALUE_MAX + 8) + TB_ACCOUNT_URL_MAX + 256 <
                   TB_CONTROL_REQ_MAX,
               "the longest CSR with its names is a request");

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

/* Neither weak nor, where an account was named, its own. */
static void check_key(struct tb_explain *e, const struct tb_spki *spki)
{
    const char *why = NULL;
    struct tb_jwk *jwk = NULL;
    int r = tb_weak_key_check(e->front->weak, spki->digest, spki->rsa_n, spki->rsa_e, &why);

    snprintf(e->csr_key, sizeof(e->csr_key), "%s", tb_key_kind_name(spki->kind));
    e->has_csr_key = true;
    memcpy(e->csr_digest, spki->digest, TB_DIGEST_LEN);
    if (r < 0)
        (void)tb_problem_set(&e->csr_problem, 0, TB_P_BAD_CSR, "The CSR's key %s.", why != NULL ? why : tb_err_text(r));
    if (e->account_url[0] != '\0' && tb_jwk_parse(tb_span_str(e->account.jwk), &jwk, &e->csr_problem) == 0 &&
        memcmp(tb_jwk_spki_digest(jwk), spki->digest, TB_DIGEST_LEN) == 0)
        (void)tb_problem_set(&e->csr_problem, 0, TB_P_BAD_CSR, "The CSR's key is the account's key.");
    tb_jwk_free(jwk);
}

/* What it asks for, and what becomes of that under the profile. */
static void check_eku(struct tb_explain *e, const struct tb_csr *csr)
{
    tb_purposes_t gets;
    bool differs;

    if (csr->has_eku)
        tb_purposes_text(e->csr_eku, sizeof(e->csr_eku), csr->eku);
    if (csr->eku_unknown)
        snprintf(e->csr_eku + strlen(e->csr_eku), sizeof(e->csr_eku) - strlen(e->csr_eku), "%sothers",
                 csr->eku != 0 ? ", " : "");
    if (tb_csr_eku(e->profile, csr, &gets, &differs, &e->csr_problem) == 0)
        tb_purposes_text(e->csr_gets, sizeof(e->csr_gets), gets);
}

void tb_explain_csr(struct tb_explain *e, const json_t *csr)
{
    uint8_t *der = NULL;
    struct tb_csr parsed = {0};
    size_t len = 0;

    if (csr == NULL)
        return;
    e->has_csr = true;
    if ((der = malloc(TB_CSR_DER_MAX)) == NULL)
        (void)tb_problem_set(&e->csr_problem, 0, TB_P_SERVER_INTERNAL, "The CSR was not looked at: out of memory.");
    else if (!json_is_string(csr) ||
             tb_b64u_decode(der, TB_CSR_DER_MAX, &len, tb_span_of(json_string_value(csr), json_string_length(csr))) < 0)
        (void)tb_problem_set(&e->csr_problem, 0, TB_P_BAD_CSR, "The CSR is not base64url, or too long.");
    else if (tb_csr_parse(tb_span_of(der, len), &parsed, &e->csr_problem) < 0)
        (void)tb_problem_set(&e->csr_problem, 0, TB_P_BAD_CSR, "The CSR cannot be read.");
    if (e->csr_problem.type == TB_P_NONE) {
        check_key(e, &parsed.spki);
        check_names(e, &parsed);
        check_eku(e, &parsed);
    }
    tb_csr_clear(&parsed);
    free(der);
}
