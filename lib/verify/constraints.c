#include <stdio.h>

#include "lib/pki/constraints.h"
#include "lib/verify/path.h"

bool tb_rules_names(const struct tb_vcert *ca, int ca_depth, const struct tb_vcert *cert, int depth,
                    struct tb_fault *fault)
{
    enum tb_constraint kept;
    char expected[64];
    int code;

    if (ca->constraints == NULL)
        return true;
    kept = tb_constraints_check(ca->constraints, cert->x, cert->san, &code);
    if (kept == TB_CONSTRAINT_KEPT)
        return true;
    snprintf(expected, sizeof(expected), "names that the CA at depth %d may certify", ca_depth);
    if (kept != TB_CONSTRAINT_UNKNOWN)
        tb_fault_set(fault, TABARD_R_NAME_CONSTRAINT, depth == 0 ? "leaf" : "intermediate", depth, cert->subject,
                     expected,
                     kept == TB_CONSTRAINT_OUTSIDE ? "a name outside the permitted subtrees"
                                                   : "a name inside an excluded subtree");
    else
        tb_fault_set(fault, TABARD_R_NAME_CONSTRAINT_UNKNOWN, "intermediate", ca_depth, ca->subject,
                     "constraints of forms that are understood", X509_verify_cert_error_string(code));
    return false;
}
