#include "lib/pki/tbs.h"

#include <string.h>

#include "lib/der/der.h"

#define KU_DIGITAL_SIGNATURE 0x8000
#define CN_MAX               64 /* ub-common-name, RFC 5280 appendix A.1 */
#define IDENT_TEXT_SIZE      (TB_IDENT_VALUE_MAX + 3)

/* A check says what is wrong, or NULL. */
typedef const char *(*check_fn)(const struct tb_tbs *got, const struct tb_leaf *want);

static const char *check_serial(const struct tb_tbs *got, const struct tb_leaf *want)
{
    if (want->serial[0] == 0 || !tb_span_eq(got->serial, tb_span_of(want->serial, TB_SERIAL_LEN)))
        return "the serial number differs";
    return NULL;
}

static const char *check_issuer(const struct tb_tbs *got, const struct tb_leaf *want)
{
    if (got->sig_alg != want->sig_alg)
        return "the signature algorithm differs";
    if (want->issuer_name.len == 0 || !tb_span_eq(got->issuer_name, want->issuer_name))
        return "the issuer name differs";
    if (want->issuer_keyid.len == 0 || !tb_span_eq(got->aki_keyid, want->issuer_keyid))
        return "the authority key identifier differs";
    return NULL;
}

static const char *check_validity(const struct tb_tbs *got, const struct tb_leaf *want)
{
    if (got->not_before != want->not_before)
        return "notBefore differs";
    if (got->not_after != want->not_after)
        return "notAfter differs";
    if (got->not_before > got->not_after)
        return "the validity is empty";
    return NULL;
}

static const char *check_key(const struct tb_tbs *got, const struct tb_leaf *want)
{
    if (want->spki.len == 0 || !tb_span_eq(got->spki.der, want->spki))
        return "the public key differs";
    return got->spki.kind == want->key_kind ? NULL : "the kind of the public key differs";
}

static const char *check_names(const struct tb_tbs *got, const struct tb_leaf *want)
{
    if (want->num_idents == 0 || got->num_idents != want->num_idents)
        return "the number of names differs";
    for (size_t i = 0; i < got->num_idents; i++)
        if (!tb_ident_eq(&got->idents[i], &want->idents[i]))
            return "a name differs";
    return NULL;
}

/* The names have been compared before, so that the expected CN may come from what was read. */
static const char *check_subject(const struct tb_tbs *got, const struct tb_leaf *want)
{
    char text[IDENT_TEXT_SIZE] = "";
    bool found = false;

    for (size_t i = 0; want->cn == TB_CN_FIRST_DNS && !found && i < got->num_idents; i++) {
        tb_ident_text(text, &got->idents[i]);
        found = got->idents[i].type == TB_IDENT_DNS && strlen(text) <= CN_MAX;
    }
    if (!tb_span_eq_str(got->cn, found ? text : ""))
        return "the subject differs";
    if (got->san_critical != !found)
        return "the subject alternative name must be critical exactly when the subject is empty";
    return NULL;
}

static const char *check_usage(const struct tb_tbs *got, const struct tb_leaf *want)
{
    if (!got->has_key_usage || got->key_usage != KU_DIGITAL_SIGNATURE)
        return "the key usage is not digitalSignature alone";
    if (!got->has_eku || got->eku_unknown || got->purposes == 0 || got->purposes != want->purposes)
        return "the extended key usage differs";
    if (!got->has_basic_constraints)
        return "basicConstraints is missing";
    return got->is_ca ? "it is a CA certificate" : NULL;
}

static const char *check_pointers(const struct tb_tbs *got, const struct tb_leaf *want)
{
    if (strcmp(got->crl_uri, want->crl_uri == NULL ? "" : want->crl_uri) != 0)
        return "the CRL distribution point differs";
    if (strcmp(got->aia_uri, want->aia_uri == NULL ? "" : want->aia_uri) != 0)
        return "the authority information access differs";
    return got->unknown_extension ? "it has an extension that was not asked for" : NULL;
}

/* With an arc both extensions, without one neither. */
static const char *check_proofs(const struct tb_tbs *got, const struct tb_leaf *want)
{
    bool wanted = want->arc != NULL && want->arc->len > 0;

    if (got->has_policies != wanted || (got->proofs != NULL) != wanted)
        return "the policies or the evidence are there without an arc, or absent with one";
    if (!wanted)
        return NULL;
    if (got->policy_unknown || got->policies != want->policies)
        return "the policies differ";
    if (got->num_proofs != want->num_idents || got->proof_purposes != want->purposes)
        return "the evidence is about other names or purposes";
    if (!tb_proof_policies_ok(got->policies, got->proofs, got->num_proofs, got->proof_purposes))
        return "the policies contradict each other or the evidence";
    for (size_t i = 0; i < got->num_proofs; i++)
        for (unsigned p = 0; p < TB_PURPOSE__COUNT; p++)
            if ((want->purposes & TB_PURPOSE_BIT(p)) != 0 && (got->proofs[i].control[p] != want->proofs[i].control[p] ||
                                                              got->proofs[i].use[p] != want->proofs[i].use[p]))
                return "a proof differs";
    return NULL;
}

static const check_fn checks[] = {
    check_serial,  check_issuer, check_validity, check_key,    check_names,
    check_subject, check_usage,  check_pointers, check_proofs,
};

int tb_tbs_lint(struct tb_span der, const struct tb_leaf *want, const char **out_why)
{
    struct tb_tbs got;
    const char *why = NULL;
    int r = tb_tbs_read_under(der, want->arc, &got);

    *out_why = NULL;
    if (r == TB_E_NOMEM)
        return r;
    if (r < 0) {
        *out_why = r == TB_E_DUP ? "something stands twice" : "it is not a strict v3 TBSCertificate of our shape";
        return TB_E_DENIED;
    }
    for (size_t i = 0; why == NULL && i < TB_ARRAY_LEN(checks); i++)
        why = checks[i](&got, want);
    tb_tbs_clear(&got);
    *out_why = why;
    return why == NULL ? 0 : TB_E_DENIED;
}
