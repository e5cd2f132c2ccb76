#include "ca/validator/validator.h"

static int spec_check(const struct tb_child *child, const struct tb_challenge_spec *spec, struct tb_problem *pb)
{
    const struct tb_method_info *info = tb_method_info(spec->method);
    tb_purposes_t known = 0;

    for (unsigned p = 1; p < TB_PURPOSE__COUNT; p++)
        if (tb_purpose_info((enum tb_purpose)p) != NULL)
            known |= TB_PURPOSE_BIT(p);
    if (info == NULL || tb_challenge_method(spec->method) == NULL)
        return tb_problem_set(pb, TB_E_UNSUPPORTED, TB_P_MALFORMED, "validation method %u is not known here",
                              (unsigned)spec->method);
    if ((child->cfg->methods & TB_METHOD_BIT(spec->method)) == 0)
        return tb_problem_set(pb, TB_E_DENIED, TB_P_UNAUTHORIZED, "validation method %s is not enabled", info->name);
    if (!tb_method_serves(spec->method, &spec->ident))
        return tb_problem_set(pb, TB_E_DENIED, TB_P_REJECTED_IDENTIFIER, "%s cannot validate %s%s", info->name,
                              spec->ident.wildcard ? "*." : "", spec->ident.value);
    if (spec->subtree && !info->for_subtree)
        return tb_problem_set(pb, TB_E_DENIED, TB_P_REJECTED_IDENTIFIER, "%s cannot validate the names below %s",
                              info->name, spec->ident.value);
    if (spec->purposes == 0 || (spec->purposes & ~known) != 0)
        return tb_problem_set(pb, TB_E_INVAL, TB_P_MALFORMED, "a challenge needs purposes, all of them known");
    return 0;
}

struct tb_token_maker tb_validator_tokens(struct tb_validator *v)
{
    return (struct tb_token_maker){
        .child = v->child,
        .audience = &v->audience,
        .key = &v->token_key,
        .check = spec_check,
        .num_made = &v->stat[TB_VSTAT_TOKENS],
        .num_refused = &v->stat[TB_VSTAT_REFUSED],
    };
}

int tb_validator_on_token(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_validator *v = child->state;
    const struct tb_token_maker tokens = tb_validator_tokens(v);

    return tb_token_maker_answer(&tokens, ch, m, &v->wr);
}
