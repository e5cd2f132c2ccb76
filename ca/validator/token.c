#include <stdlib.h>
#include <string.h>

#include "ca/validator/validator.h"
#include "lib/base/log.h"

int tb_validator_spec_check(const struct tb_validator *v, const struct tb_challenge_spec *spec, struct tb_problem *pb)
{
    const struct tb_method_info *info = tb_method_info(spec->method);
    tb_purposes_t known = 0;

    for (unsigned p = 1; p < TB_PURPOSE__COUNT; p++)
        if (tb_purpose_info((enum tb_purpose)p) != NULL)
            known |= TB_PURPOSE_BIT(p);
    if (info == NULL || tb_challenge_method(spec->method) == NULL)
        return tb_problem_set(pb, TB_E_UNSUPPORTED, TB_P_MALFORMED, "validation method %u is not known here",
                              (unsigned)spec->method);
    if ((v->child->cfg->methods & TB_METHOD_BIT(spec->method)) == 0)
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

static int tokens_make(struct tb_validator *v, const struct tb_msg_token_req *req, struct tb_msg_token_rsp *rsp)
{
    tb_time_t now = tb_clock_now_s();
    int r;

    if (req->account_url[0] == '\0' || req->expiry <= now || req->expiry - now > TB_TOKEN_LIFETIME_MAX_S)
        return tb_problem_set(&rsp->problem, TB_E_INVAL, TB_P_MALFORMED,
                              "a token needs an account and an expiry within %d days", TB_TOKEN_LIFETIME_MAX_S / 86400);
    for (size_t i = 0; i < req->num; i++) {
        const struct tb_challenge_spec *spec = &req->spec[i];
        struct tb_token_context ctx = {
            .audience = &v->audience,
            .method = spec->method,
            .ident = &spec->ident,
            .purposes = spec->purposes,
            .account_url = req->account_url,
            .thumbprint = req->thumbprint,
            .subtree = spec->subtree,
        };

        if ((r = tb_validator_spec_check(v, spec, &rsp->problem)) < 0)
            return r;
        if ((r = tb_token_make(&v->token_key, &ctx, req->expiry, rsp->token[i])) < 0)
            return tb_problem_set(&rsp->problem, r, TB_P_SERVER_INTERNAL, "token: %s", tb_err_text(r));
        rsp->num = i + 1;
    }
    v->stat[TB_VSTAT_TOKENS] += req->num;
    return 0;
}

static int tokens_send(struct tb_channel *ch, uint32_t id, struct tb_validator *v, struct tb_msg_token_rsp *rsp)
{
    int r;

    if (rsp->problem.type != TB_P_NONE) {
        rsp->num = 0;
        v->stat[TB_VSTAT_REFUSED]++;
        tb_log(TB_LOG_NOTICE, "token-refused", TB_F("problem", tb_problem_type_name(rsp->problem.type)),
               TB_F("detail", rsp->problem.detail));
    }
    tb_wr_reset(&v->wr);
    tb_msg_token_rsp_write(&v->wr, rsp);
    if ((r = tb_wr_err(&v->wr)) == 0)
        r = tb_channel_send(ch, TB_MSG_TOKEN_RSP, id, tb_wr_span(&v->wr));
    if (r < 0)
        tb_log(TB_LOG_ERROR, "answer-lost", TB_F("message", "token-rsp"), TB_F("error", tb_err_text(r)));
    return 0;
}

int tb_validator_on_token(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    struct tb_validator *v = child->state;
    struct tb_msg_token_req req = {.num = 0};
    struct tb_msg_token_rsp rsp = {.num = 0};
    int r;

    if ((r = tb_msg_token_req_read(m->body, &req)) < 0)
        return r;
    if ((rsp.token = calloc(req.num, sizeof(*rsp.token))) == NULL)
        (void)tb_problem_set(&rsp.problem, TB_E_NOMEM, TB_P_SERVER_INTERNAL, "out of memory");
    else
        (void)tokens_make(v, &req, &rsp);
    r = tokens_send(ch, m->id, v, &rsp);
    if (rsp.token != NULL)
        tb_free_secret(rsp.token, req.num * sizeof(*rsp.token));
    tb_problem_clear(&rsp.problem);
    tb_msg_token_req_clear(&req);
    return r;
}
