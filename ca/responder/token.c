#include "ca/responder/responder.h"

static int spec_check(const struct tb_child *child, const struct tb_challenge_spec *spec, struct tb_problem *pb)
{
    const struct tb_method_info *info = tb_method_info(TB_METHOD_TLS_CLIENT_01);

    if (spec->method != TB_METHOD_TLS_CLIENT_01)
        return tb_problem_set(pb, TB_E_UNSUPPORTED, TB_P_MALFORMED, "validation method %u is not known here",
                              (unsigned)spec->method);
    if ((child->cfg->methods & TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01)) == 0)
        return tb_problem_set(pb, TB_E_DENIED, TB_P_UNAUTHORIZED, "validation method %s is not enabled", info->name);
    if (!tb_method_serves(TB_METHOD_TLS_CLIENT_01, &spec->ident) || spec->subtree)
        return tb_problem_set(pb, TB_E_DENIED, TB_P_REJECTED_IDENTIFIER, "%s cannot validate %s%s%s", info->name,
                              spec->subtree ? "the names below " : "", spec->ident.wildcard ? "*." : "",
                              spec->ident.value);
    /* A proof that a client acted says nothing about any other purpose. */
    if (spec->purposes != TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH))
        return tb_problem_set(pb, TB_E_INVAL, TB_P_MALFORMED, "%s is for clientAuth and nothing else", info->name);
    return 0;
}

struct tb_token_maker tb_responder_tokens(struct tb_responder *rp)
{
    return (struct tb_token_maker){
        .child = rp->child,
        .audience = &rp->audience,
        .key = &rp->token_key,
        .check = spec_check,
        .num_made = &rp->stat[TB_RSTAT_TOKENS],
        .num_refused = &rp->stat[TB_RSTAT_DENIED],
    };
}

int tb_responder_on_token(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_responder *rp = child->state;
    const struct tb_token_maker tokens = tb_responder_tokens(rp);
    struct tb_msg_token_req req = {.num = 0};
    int r;

    if ((r = tb_msg_token_req_read(m->body, &req)) < 0)
        return r;
    if (tb_admission_new(rp, m, &req) < 0)
        r = tb_token_maker_answer(&tokens, ch, m, &rp->wr);
    tb_msg_token_req_clear(&req);
    return r;
}
