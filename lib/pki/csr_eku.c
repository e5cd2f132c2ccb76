#include "lib/pki/csr_eku.h"

static int refuse(const struct tb_profile *p, const char *what, struct tb_problem *pb)
{
    char text[128];

    tb_purposes_text(text, sizeof(text), p->purposes);
    return tb_problem_set(pb, TB_E_DENIED, TB_P_BAD_CSR, "The CSR asks for %s the profile's extended key usages (%s).",
                          what, text);
}

int tb_csr_eku(const struct tb_profile *p, const struct tb_csr *csr, tb_purposes_t *out, bool *out_differs,
               struct tb_problem *pb)
{
    bool same = !csr->has_eku || (csr->eku == p->purposes && !csr->eku_unknown);
    tb_purposes_t both = csr->eku & p->purposes;

    *out = 0;
    *out_differs = !same;
    if (!same && p->csr_eku == TB_CSR_EKU_REJECT)
        return refuse(p, "others than", pb);
    if (!same && p->csr_eku == TB_CSR_EKU_NARROW && both == 0)
        return refuse(p, "none of", pb);
    *out = !same && p->csr_eku == TB_CSR_EKU_NARROW ? both : p->purposes;
    return 0;
}
