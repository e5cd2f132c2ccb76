#include "lib/profile/validity.h"

int tb_validity_narrow(const struct tb_profile *p, tb_time_t now, const struct tb_validity *want,
                       struct tb_validity *out, const char **out_why)
{
    const tb_time_t earliest = now - (tb_time_t)p->backdate_s;
    /* RFC 5280 section 4.1.2.5: both ends are part of the validity. */
    const tb_time_t latest = earliest + (tb_time_t)p->lifetime_s - 1;

    *out = (struct tb_validity){0};
    *out_why = NULL;
    if (want->not_before != 0 && want->not_before < earliest)
        *out_why = "notBefore lies further back than the profile allows";
    else if (want->not_before > now + TB_VALIDITY_AHEAD_S)
        *out_why = "notBefore lies ahead";
    else if (want->not_after > latest)
        *out_why = "notAfter lies beyond the profile's lifetime";
    else if (want->not_after != 0 && want->not_after < now + TB_VALIDITY_LEFT_S)
        *out_why = "notAfter is less than five minutes ahead";
    else if (want->not_after != 0 && want->not_after <= want->not_before)
        *out_why = "notAfter does not lie after notBefore";
    if (*out_why != NULL)
        return TB_E_DENIED;
    out->not_before = want->not_before != 0 ? want->not_before : earliest;
    out->not_after = want->not_after != 0 ? want->not_after : latest;
    return 0;
}
