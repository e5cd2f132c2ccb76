/* The reader knows the writer's result, not its code. */
#include <string.h>

#include "lib/der/der.h"
#include "lib/pki/name_proofs.h"

/* One SEQUENCE that is all of the value, and not empty. */
static int enter_whole(struct tb_span value, struct tb_rd *out)
{
    struct tb_rd rd = tb_rd_of(value);
    int r = tb_der_enter(&rd, TB_DER_SEQUENCE, out);

    if (r == 0)
        r = tb_rd_end(&rd);
    return r == 0 && out->left == 0 ? TB_E_FORMAT : r;
}

/* ClaimEvidence: the purposes ascend, so that a name has one encoding. */
static int read_claim(struct tb_rd *list, struct tb_name_proofs *out, tb_purposes_t *purposes)
{
    struct tb_rd claim;
    uint32_t purpose, control, use = TB_METHOD_NONE;
    int r;

    if ((r = tb_der_enter(list, TB_DER_SEQUENCE, &claim)) < 0 ||
        (r = tb_der_small(&claim, TB_PURPOSE__COUNT - 1, &purpose)) < 0 ||
        (r = tb_der_small(&claim, TB_METHOD__COUNT - 1, &control)) < 0)
        return r;
    if (claim.left > 0 && ((r = tb_der_small(&claim, TB_METHOD__COUNT - 1, &use)) < 0 || use == TB_METHOD_NONE))
        return r < 0 ? r : TB_E_FORMAT;
    if ((r = tb_rd_end(&claim)) < 0)
        return r;
    if (*purposes >> purpose != 0)
        return TB_E_FORMAT;
    *purposes |= TB_PURPOSE_BIT(purpose);
    out->control[purpose] = (uint8_t)control;
    out->use[purpose] = (uint8_t)use;
    return 0;
}

static int read_name(struct tb_rd *names, struct tb_name_proofs *out, tb_purposes_t *purposes)
{
    struct tb_rd list;
    int r = tb_der_enter(names, TB_DER_SEQUENCE, &list);

    *out = (struct tb_name_proofs){0};
    *purposes = 0;
    while (r == 0 && list.left > 0)
        r = read_claim(&list, out, purposes);
    if (r < 0)
        return r;
    return tb_name_proofs_ok(out, *purposes) ? 0 : TB_E_FORMAT;
}

int tb_name_proofs_read(struct tb_span value, struct tb_name_proofs *out, size_t max, size_t *out_num,
                        tb_purposes_t *out_purposes)
{
    tb_purposes_t purposes, first = 0;
    struct tb_rd names;
    size_t num = 0;
    int r;

    *out_num = 0;
    *out_purposes = 0;
    if ((r = enter_whole(value, &names)) < 0)
        return r;
    for (; names.left > 0; num++) {
        if (num == max)
            return TB_E_LIMIT;
        if ((r = read_name(&names, &out[num], &purposes)) < 0)
            return r;
        if (num == 0)
            first = purposes;
        if (purposes != first)
            return TB_E_FORMAT;
    }
    *out_num = num;
    *out_purposes = first;
    return 0;
}

/* Which of ours is it?  TB_POLICY__COUNT: none. */
static unsigned find_policy(const struct tb_arc *arc, struct tb_span oid)
{
    static const uint8_t suffixes[TB_POLICY__COUNT][4] = {
        /* length first */
        [TB_POLICY_CONTROL_DNS] = {2, 1, 1},   [TB_POLICY_USE_PUBLISHED] = {2, 1, 2},
        [TB_POLICY_QUORUM_2] = {3, 1, 3, 2},   [TB_POLICY_QUORUM_3] = {3, 1, 3, 3},
        [TB_POLICY_QUORUM_4] = {3, 1, 3, 4},   [TB_POLICY_EGRESS_DECLARED] = {2, 2, 1},
        [TB_POLICY_QUORUM_1] = {2, 2, 2},      [TB_POLICY_DNS_INSECURE] = {2, 2, 3},
        [TB_POLICY_CONTROL_ABOVE] = {2, 2, 4},
    };
    unsigned p = 0;

    if (arc->len == 0 || oid.len <= arc->len || memcmp(oid.p, arc->der, arc->len) != 0)
        return TB_POLICY__COUNT;
    while (p < TB_POLICY__COUNT &&
           !tb_span_eq(tb_span_of(oid.p + arc->len, oid.len - arc->len), tb_span_of(suffixes[p] + 1, suffixes[p][0])))
        p++;
    return p;
}

int tb_proof_policies_read(struct tb_span value, const struct tb_arc *arc, tb_proof_policies_t *out, bool *out_unknown)
{
    struct tb_rd list, info;
    struct tb_span oid;
    unsigned p;
    int r;

    *out = 0;
    *out_unknown = false;
    if ((r = enter_whole(value, &list)) < 0)
        return r;
    while (list.left > 0) {
        if ((r = tb_der_enter(&list, TB_DER_SEQUENCE, &info)) < 0 || (r = tb_der_oid(&info, &oid)) < 0 ||
            (r = tb_rd_end(&info)) < 0)
            return r;
        p = find_policy(arc, oid);
        if (p == TB_POLICY__COUNT || *out >> p != 0)
            *out_unknown = true;
        else
            *out |= TB_POLICY_BIT(p);
    }
    return 0;
}
