#include "lib/verify/proofs.h"

#include "lib/pki/name_proofs.h"

static struct tb_span evidence_of(const struct tb_vcert *leaf, const struct tb_arc *arc)
{
    for (size_t i = 0; i < leaf->num_others; i++)
        if (tb_name_proofs_oid_is(arc, leaf->others[i].oid))
            return leaf->others[i].value;
    return (struct tb_span){0};
}

static bool read_under(const struct tb_arc *arc, enum tabard_role role, const struct tb_vcert *leaf,
                       const struct tb_vname *name, struct tb_vproof *out)
{
    const enum tb_purpose purpose = role == TABARD_ROLE_CLIENT ? TB_PURPOSE_CLIENT_AUTH : TB_PURPOSE_SERVER_AUTH;
    struct tb_name_proofs proofs[TABARD_SANS_MAX];
    struct tb_span value = evidence_of(leaf, arc);
    tb_purposes_t purposes;
    size_t num;

    if (value.len == 0 || tb_name_proofs_read(value, proofs, TABARD_SANS_MAX, &num, &purposes) < 0)
        return false;
    if (num != (size_t)sk_GENERAL_NAME_num(leaf->san) || name->san >= num || (purposes & TB_PURPOSE_BIT(purpose)) == 0)
        return false;
    out->control = (enum tb_method)proofs[name->san].control[purpose];
    out->use = (enum tb_method)proofs[name->san].use[purpose];
    return true;
}
_Static_assert(TABARD_SANS_MAX == TB_IDENT_NUM_MAX, "evidence speaks of every name that a leaf may have");

bool tb_vproof_find(const struct tb_vrules *rules, uint64_t issuers, const struct tb_ventry *entry,
                    enum tabard_role role, const struct tb_vcert *leaf, const struct tb_vname *name,
                    struct tb_vproof *out)
{
    *out = (struct tb_vproof){0};
    for (size_t i = 0; i < rules->num_issuers; i++)
        if ((entry->issuers & issuers & UINT64_C(1) << i) != 0 && rules->issuers[i].arc.len > 0 &&
            read_under(&rules->issuers[i].arc, role, leaf, name, out))
            return true;
    return false;
}

static tb_methods_t of_kind(tb_methods_t set, enum tb_proof_kind kind)
{
    tb_methods_t out = 0;

    for (unsigned m = 1; m < TB_METHOD__COUNT; m++) {
        const struct tb_method_info *info = tb_method_info((enum tb_method)m);

        if ((set & TB_METHOD_BIT(m)) != 0 && info != NULL && info->kind == kind)
            out |= TB_METHOD_BIT(m);
    }
    return out;
}

bool tb_vproof_serves(const struct tb_vproof *proof, tb_methods_t wanted)
{
    tb_methods_t control = of_kind(wanted, TB_PROOF_CONTROL), use = of_kind(wanted, TB_PROOF_USE);

    return (control == 0 || (control & TB_METHOD_BIT(proof->control)) != 0) &&
           (use == 0 || (use & TB_METHOD_BIT(proof->use)) != 0);
}

void tb_vmethods_text(char *out, size_t cap, tb_methods_t methods)
{
    struct tb_wr wr;

    tb_wr_fixed(&wr, out, cap - 1);
    for (unsigned m = 1; m < TB_METHOD__COUNT; m++) {
        const struct tb_method_info *info = tb_method_info((enum tb_method)m);

        if ((methods & TB_METHOD_BIT(m)) != 0 && info != NULL)
            tb_wr_printf(&wr, "%s%s", wr.len > 0 ? ", " : "", info->name);
    }
    out[wr.len] = '\0';
}

void tb_vproof_text(char *out, size_t cap, const struct tb_vproof *proof)
{
    tb_vmethods_text(out, cap,
                     TB_METHOD_BIT(proof->control) | (proof->use != TB_METHOD_NONE ? TB_METHOD_BIT(proof->use) : 0));
}
