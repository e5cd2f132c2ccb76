#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/verify/path.h"

static struct tb_span ia5(const ASN1_IA5STRING *s)
{
    return tb_span_of(ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

static bool ends_with(struct tb_span s, struct tb_span end)
{
    return s.len >= end.len && strncasecmp((const char *)s.p + s.len - end.len, (const char *)end.p, end.len) == 0;
}

/*
 * A wildcard SAN stands for every host below it: one of them may lie inside an excluded subtree although the text of
 * the wildcard does not.  OpenSSL compares the text alone.
 */
static bool wildcard_reaches(const GENERAL_NAME *san, const GENERAL_SUBTREE *sub)
{
    struct tb_span name;
    struct tb_span base;

    if (san->type != GEN_DNS || sub->base->type != GEN_DNS)
        return false;
    name = ia5(san->d.dNSName);
    base = ia5(sub->base->d.dNSName);
    if (name.len < 3 || name.p[0] != '*' || name.p[1] != '.' || base.len == 0)
        return false;
    name.p += 1;
    name.len -= 1;
    return ends_with(base, name);
}

static bool wildcards_sound(const struct tb_vcert *ca, const struct tb_vcert *cert)
{
    const STACK_OF(GENERAL_SUBTREE) *excluded = ca->constraints->excludedSubtrees;

    for (int i = 0; i < sk_GENERAL_NAME_num(cert->san); i++)
        for (int j = 0; j < sk_GENERAL_SUBTREE_num(excluded); j++)
            if (wildcard_reaches(sk_GENERAL_NAME_value(cert->san, i), sk_GENERAL_SUBTREE_value(excluded, j)))
                return false;
    return true;
}

bool tb_rules_names(const struct tb_vcert *ca, int ca_depth, const struct tb_vcert *cert, int depth,
                    struct tb_fault *fault)
{
    char expected[64];
    int r;

    if (ca->constraints == NULL)
        return true;
    r = NAME_CONSTRAINTS_check(cert->x, ca->constraints);
    if (r == X509_V_OK && wildcards_sound(ca, cert))
        return true;
    snprintf(expected, sizeof(expected), "names that the CA at depth %d may certify", ca_depth);
    if (r == X509_V_OK || r == X509_V_ERR_PERMITTED_VIOLATION || r == X509_V_ERR_EXCLUDED_VIOLATION)
        tb_fault_set(fault, TABARD_R_NAME_CONSTRAINT, depth == 0 ? "leaf" : "intermediate", depth, cert->subject,
                     expected,
                     r == X509_V_ERR_PERMITTED_VIOLATION ? "a name outside the permitted subtrees"
                                                         : "a name inside an excluded subtree");
    else
        tb_fault_set(fault, TABARD_R_NAME_CONSTRAINT_UNKNOWN, "intermediate", ca_depth, ca->subject,
                     "constraints of forms that are understood", X509_verify_cert_error_string(r));
    return false;
}
