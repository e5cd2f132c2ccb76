#include "cli/check/proofs.h"

#include <string.h>

static struct tb_span value_of(const X509_EXTENSION *ext)
{
    const ASN1_OCTET_STRING *s = X509_EXTENSION_get_data((X509_EXTENSION *)(uintptr_t)ext);

    return tb_span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* An extension of some arc's, and nothing else under a name that could be one. */
static bool read_extension(const X509_EXTENSION *ext, size_t num_names, struct tb_arc *arc, struct tb_check_proofs *out)
{
    const ASN1_OBJECT *obj = X509_EXTENSION_get_object((X509_EXTENSION *)(uintptr_t)ext);
    struct tb_span oid = tb_span_of(OBJ_get0_data(obj), OBJ_length(obj));

    if (X509_EXTENSION_get_critical(ext) != 0 || oid.len < 2 || oid.len > TB_ARC_DER_MAX + 1)
        return false;
    arc->len = oid.len - 1;
    memcpy(arc->der, oid.p, arc->len);
    return tb_name_proofs_oid_is(arc, oid) &&
           tb_name_proofs_read(value_of(ext), out->name, TB_IDENT_NUM_MAX, &out->num, &out->purposes) == 0 &&
           out->num == num_names && tb_arc_text(tb_span_of(arc->der, arc->len), out->arc) == 0;
}

static tb_proof_policies_t read_policies(X509 *cert, const struct tb_arc *arc)
{
    int at = X509_get_ext_by_NID(cert, NID_certificate_policies, -1);
    tb_proof_policies_t set = 0;
    bool unknown;

    if (at < 0 || tb_proof_policies_read(value_of(X509_get_ext(cert, at)), arc, &set, &unknown) < 0)
        return 0;
    return set;
}

void tb_check_proofs_of(X509 *cert, struct tb_check_proofs *out)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    int num = sk_GENERAL_NAME_num(names);
    struct tb_arc arc = {0};

    *out = (struct tb_check_proofs){0};
    for (int i = 0; num > 0 && i < X509_get_ext_count(cert); i++) {
        if (read_extension(X509_get_ext(cert, i), (size_t)num, &arc, out)) {
            out->policies = read_policies(cert, &arc);
            break;
        }
        *out = (struct tb_check_proofs){0};
    }
    GENERAL_NAMES_free(names);
}

static const char *method(uint8_t m)
{
    const struct tb_method_info *info = tb_method_info((enum tb_method)m);

    return info != NULL ? info->name : "?";
}

/* As OpenSSL prints it: "DNS:www.example.org"; NULL when there is no memory. */
static BIO *name_text(const GENERAL_NAMES *names, size_t i)
{
    BIO *bio = BIO_new(BIO_s_mem());

    if (bio != NULL)
        GENERAL_NAME_print(bio, sk_GENERAL_NAME_value(names, (int)i));
    return bio;
}

static void put_name(FILE *f, const struct tb_check_proofs *p, size_t i, BIO *name)
{
    char *text = NULL;
    long len = name != NULL ? BIO_get_mem_data(name, &text) : 0;
    const char *sep = ": ";

    fprintf(f, "  %.*s", (int)len, text != NULL ? text : "");
    for (unsigned q = 1; q < TB_PURPOSE__COUNT; q++) {
        if ((p->purposes & TB_PURPOSE_BIT(q)) == 0)
            continue;
        fprintf(f, "%s%s by %s", sep, tb_purpose_info((enum tb_purpose)q)->label, method(p->name[i].control[q]));
        if (p->name[i].use[q] != TB_METHOD_NONE)
            fprintf(f, " and %s", method(p->name[i].use[q]));
        sep = ", ";
    }
    fputc('\n', f);
}

static void put_policies(FILE *f, tb_proof_policies_t set)
{
    const char *sep = "  for all names: ";

    for (unsigned p = 0; p < TB_POLICY__COUNT; p++) {
        if (p == TB_POLICY_EGRESS_DECLARED)
            sep = set >> p != 0 ? (set & (TB_POLICY_BIT(p) - 1)) != 0 ? "; for one or more: " : "  for one or more: "
                                : "";
        if ((set & TB_POLICY_BIT(p)) == 0)
            continue;
        fprintf(f, "%s%s", sep, tb_proof_policy_name((enum tb_proof_policy)p));
        sep = ", ";
    }
    if (set != 0)
        fputc('\n', f);
}

void tb_check_proofs_put(FILE *f, X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    struct tb_check_proofs p;

    tb_check_proofs_of(cert, &p);
    if (p.num > 0)
        fprintf(f, "proofs, as the issuer states them under %s:\n", p.arc);
    for (size_t i = 0; i < p.num; i++) {
        BIO *name = name_text(names, i);

        put_name(f, &p, i, name);
        BIO_free(name);
    }
    if (p.num > 0)
        put_policies(f, p.policies);
    GENERAL_NAMES_free(names);
}

static json_t *name_json(const struct tb_check_proofs *p, size_t i, BIO *name)
{
    json_t *purposes = json_object();
    char *text = NULL;
    long len = name != NULL ? BIO_get_mem_data(name, &text) : 0;

    for (unsigned q = 1; q < TB_PURPOSE__COUNT; q++) {
        json_t *methods;

        if ((p->purposes & TB_PURPOSE_BIT(q)) == 0)
            continue;
        methods = json_pack("[s]", method(p->name[i].control[q]));
        if (p->name[i].use[q] != TB_METHOD_NONE)
            json_array_append_new(methods, json_string(method(p->name[i].use[q])));
        json_object_set_new(purposes, tb_purpose_info((enum tb_purpose)q)->label, methods);
    }
    return json_pack("{s:s%, s:o}", "name", text != NULL ? text : "", (size_t)len, "purposes", purposes);
}

json_t *tb_check_proofs_json(X509 *cert)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    json_t *list = json_array(), *policies = json_array();
    struct tb_check_proofs p;

    tb_check_proofs_of(cert, &p);
    for (size_t i = 0; i < p.num; i++) {
        BIO *name = name_text(names, i);

        json_array_append_new(list, name_json(&p, i, name));
        BIO_free(name);
    }
    for (unsigned q = 0; q < TB_POLICY__COUNT; q++)
        if ((p.policies & TB_POLICY_BIT(q)) != 0)
            json_array_append_new(policies, json_string(tb_proof_policy_name((enum tb_proof_policy)q)));
    GENERAL_NAMES_free(names);
    if (p.num > 0)
        return json_pack("{s:s, s:o, s:o}", "arc", p.arc, "names", list, "policies", policies);
    json_decref(list);
    json_decref(policies);
    return json_null();
}
