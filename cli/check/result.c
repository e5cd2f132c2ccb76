#include "cli/check/result.h"

#include "cli/check/explain.h"
#include "cli/check/input.h"

static void fill_answer(struct tb_check_result *result, enum tb_check_role role)
{
    struct tb_check_answer *a = &result->answer[role];
    const struct tb_check_input *in = &result->in;
    struct tb_check_peer peer = *result->peer;

    if (in->kind == TB_CHECK_KIND_CSR)
        peer.anchors = in->anchors;
    a->asked = true;
    tb_check_handshake(in->chain, in->key, role, &peer, &a->measure);
    tb_check_strict(in->chain, role, &peer, &a->measure, &a->strict);
    tb_check_stacks(&a->measure, role, a->documented);
    a->object = tb_check_object(&a->measure, &peer);
    a->rfc = tb_check_rfc(&a->measure);
    tb_check_sentence(&a->measure, role, &peer, in->kind, a->sentence);
}

void tb_check_result_fill(struct tb_check_result *result, unsigned roles, const struct tb_check_peer *peer)
{
    result->peer = peer;
    for (int r = 0; r < TB_CHECK_ROLES; r++)
        if ((roles & (1u << r)) != 0 && result->in.chain != NULL)
            fill_answer(result, (enum tb_check_role)r);
    tb_check_suggest(result);
}

enum tb_check_verdict tb_check_result_verdict(const struct tb_check_result *result)
{
    enum tb_check_verdict best = TB_CHECK_UNKNOWN;

    for (int r = 0; r < TB_CHECK_ROLES; r++) {
        const struct tb_check_answer *a = &result->answer[r];

        if (!a->asked)
            continue;
        if (a->measure.verdict == TB_CHECK_ACCEPTED)
            return TB_CHECK_ACCEPTED;
        if (a->measure.verdict == TB_CHECK_REFUSED)
            best = TB_CHECK_REFUSED;
    }
    return best;
}

void tb_check_result_clear(struct tb_check_result *result)
{
    tb_check_input_clear(&result->in);
    for (int r = 0; r < TB_CHECK_ROLES; r++)
        if (result->answer[r].asked)
            tb_check_measure_clear(&result->answer[r].measure);
    *result = (struct tb_check_result){0};
}
