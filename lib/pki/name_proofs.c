#include "lib/pki/name_proofs.h"

#include <string.h>

#include "lib/der/der.h"

#define EVIDENCE_SUFFIX 3
#define SUFFIX_MAX      3
#define QUORUMS                                                                                                        \
    (TB_POLICY_BIT(TB_POLICY_QUORUM_2) | TB_POLICY_BIT(TB_POLICY_QUORUM_3) | TB_POLICY_BIT(TB_POLICY_QUORUM_4))

_Static_assert(TB_ARC_DER_MAX + SUFFIX_MAX <= TB_DER_OID_MAX, "every identifier is one that our reader takes");
_Static_assert(TB_QUORUM_MAX == 4, "one identifier for each quorum");

/* In the order in which they stand in a certificate. */
static const struct {
    const char *name;
    uint8_t suffix[SUFFIX_MAX];
    uint8_t len;
} policies[TB_POLICY__COUNT] = {
    [TB_POLICY_CONTROL_DNS] = {"control-dns", {1, 1}, 2},
    [TB_POLICY_USE_PUBLISHED] = {"use-published", {1, 2}, 2},
    [TB_POLICY_QUORUM_2] = {"quorum-2", {1, 3, 2}, 3},
    [TB_POLICY_QUORUM_3] = {"quorum-3", {1, 3, 3}, 3},
    [TB_POLICY_QUORUM_4] = {"quorum-4", {1, 3, 4}, 3},
    [TB_POLICY_EGRESS_DECLARED] = {"egress-declared", {2, 1}, 2},
    [TB_POLICY_QUORUM_1] = {"quorum-1", {2, 2}, 2},
    [TB_POLICY_DNS_INSECURE] = {"dns-insecure", {2, 3}, 2},
    [TB_POLICY_CONTROL_ABOVE] = {"control-above", {2, 4}, 2},
};

const char *tb_proof_policy_name(enum tb_proof_policy policy)
{
    return (unsigned)policy < TB_POLICY__COUNT ? policies[policy].name : NULL;
}

static bool is_of_kind(uint8_t method, enum tb_proof_kind kind)
{
    const struct tb_method_info *info = tb_method_info((enum tb_method)method);

    return info != NULL && info->kind == kind;
}

bool tb_name_proofs_ok(const struct tb_name_proofs *proofs, tb_purposes_t purposes)
{
    if (purposes == 0 || !tb_purposes_known(purposes))
        return false;
    for (unsigned p = 0; p < TB_PURPOSE__COUNT; p++) {
        bool wanted = (purposes & TB_PURPOSE_BIT(p)) != 0;
        bool use = wanted && p == TB_PURPOSE_CLIENT_AUTH;

        if (wanted ? !is_of_kind(proofs->control[p], TB_PROOF_CONTROL) : proofs->control[p] != TB_METHOD_NONE)
            return false;
        if (use ? !is_of_kind(proofs->use[p], TB_PROOF_USE) : proofs->use[p] != TB_METHOD_NONE)
            return false;
    }
    return true;
}

struct tb_name_proofs tb_name_proofs_narrow(const struct tb_name_proofs *proofs, tb_purposes_t purposes)
{
    struct tb_name_proofs out = *proofs;

    for (unsigned p = 0; p < TB_PURPOSE__COUNT; p++)
        if ((purposes & TB_PURPOSE_BIT(p)) == 0)
            out.control[p] = out.use[p] = TB_METHOD_NONE;
    return out;
}

/* Control in the DNS is what serves for wildcards, and nothing else does. */
static bool all_in_dns(const struct tb_name_proofs *proofs, size_t num, tb_purposes_t purposes)
{
    for (size_t i = 0; i < num; i++)
        for (unsigned p = 0; p < TB_PURPOSE__COUNT; p++) {
            const struct tb_method_info *info = tb_method_info((enum tb_method)proofs[i].control[p]);

            if ((purposes & TB_PURPOSE_BIT(p)) != 0 && (info == NULL || !info->for_wildcard))
                return false;
        }
    return num > 0;
}

bool tb_proof_policies_ok(tb_proof_policies_t set, const struct tb_name_proofs *proofs, size_t num,
                          tb_purposes_t purposes)
{
    bool client = (purposes & TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)) != 0;
    bool published = (set & TB_POLICY_BIT(TB_POLICY_USE_PUBLISHED)) != 0;
    bool declared = (set & TB_POLICY_BIT(TB_POLICY_EGRESS_DECLARED)) != 0;
    tb_proof_policies_t quorums = (set & QUORUMS) / TB_POLICY_BIT(TB_POLICY_QUORUM_2);

    if ((set & ~(TB_POLICY_BIT(TB_POLICY__COUNT) - 1)) != 0 || (published && declared))
        return false;
    if ((published || declared) != client) /* a use came from one of the two, and without one from neither */
        return false;
    if ((set & TB_POLICY_BIT(TB_POLICY_CONTROL_DNS)) != 0 &&
        ((set & TB_POLICY_BIT(TB_POLICY_CONTROL_ABOVE)) != 0 || !all_in_dns(proofs, num, purposes)))
        return false;
    if ((quorums == 0) != ((set & TB_POLICY_BIT(TB_POLICY_QUORUM_1)) != 0))
        return false;
    return (quorums & (quorums + 1)) == 0; /* three is two as well */
}

size_t tb_name_proofs_oid(const struct tb_arc *arc, uint8_t out[static TB_ARC_DER_MAX + 1])
{
    memcpy(out, arc->der, arc->len);
    out[arc->len] = EVIDENCE_SUFFIX;
    return arc->len + 1;
}

bool tb_name_proofs_oid_is(const struct tb_arc *arc, struct tb_span oid)
{
    uint8_t want[TB_ARC_DER_MAX + 1];

    return arc->len > 0 && tb_span_eq(oid, tb_span_of(want, tb_name_proofs_oid(arc, want)));
}

/* --- writing --------------------------------------------------------------------------------------------------- */

static void put_number(struct tb_wr *wr, uint8_t v)
{
    tb_der_put(wr, TB_DER_INTEGER, tb_span_of(&v, 1));
}
_Static_assert((int)TB_METHOD__COUNT < 0x80 && (int)TB_PURPOSE__COUNT < 0x80, "one octet each");

void tb_name_proofs_write(struct tb_wr *wr, const struct tb_name_proofs *proofs, size_t num, tb_purposes_t purposes)
{
    size_t names = tb_der_begin(wr, TB_DER_SEQUENCE);

    for (size_t i = 0; i < num; i++) {
        size_t name = tb_der_begin(wr, TB_DER_SEQUENCE);

        for (uint8_t p = 0; p < TB_PURPOSE__COUNT; p++) {
            size_t claim;

            if ((purposes & TB_PURPOSE_BIT(p)) == 0)
                continue;
            claim = tb_der_begin(wr, TB_DER_SEQUENCE);
            put_number(wr, p);
            put_number(wr, proofs[i].control[p]);
            if (proofs[i].use[p] != TB_METHOD_NONE)
                put_number(wr, proofs[i].use[p]);
            tb_der_end(wr, claim);
        }
        tb_der_end(wr, name);
    }
    tb_der_end(wr, names);
}

static size_t policy_oid(const struct tb_arc *arc, unsigned policy, uint8_t out[static TB_ARC_DER_MAX + SUFFIX_MAX])
{
    memcpy(out, arc->der, arc->len);
    memcpy(out + arc->len, policies[policy].suffix, policies[policy].len);
    return arc->len + policies[policy].len;
}

void tb_proof_policies_write(struct tb_wr *wr, const struct tb_arc *arc, tb_proof_policies_t set)
{
    size_t list = tb_der_begin(wr, TB_DER_SEQUENCE);

    for (unsigned p = 0; p < TB_POLICY__COUNT; p++) {
        uint8_t oid[TB_ARC_DER_MAX + SUFFIX_MAX];
        size_t info;

        if ((set & TB_POLICY_BIT(p)) == 0)
            continue;
        info = tb_der_begin(wr, TB_DER_SEQUENCE);
        tb_der_put_oid(wr, tb_span_of(oid, policy_oid(arc, p, oid)));
        tb_der_end(wr, info);
    }
    tb_der_end(wr, list);
}
