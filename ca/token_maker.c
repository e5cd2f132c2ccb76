#include "ca/token_maker.h"

#include <stdlib.h>

#include "lib/base/log.h"

static struct tb_token_context context_of(const struct tb_token_maker *tm, const struct tb_challenge_spec *spec,
                                          const char *account_url, const uint8_t *thumbprint)
{
    return (struct tb_token_context){
        .audience = tm->audience,
        .method = spec->method,
        .ident = &spec->ident,
        .purposes = spec->purposes,
        .account_url = account_url,
        .thumbprint = thumbprint,
        .subtree = spec->subtree,
    };
}

static int make_all(const struct tb_token_maker *tm, const struct tb_msg_token_req *req, struct tb_msg_token_rsp *rsp)
{
    tb_time_t now = tb_clock_now_s();
    int r;

    if (req->account_url[0] == '\0' || req->expiry <= now || req->expiry - now > TB_TOKEN_LIFETIME_MAX_S)
        return tb_problem_set(&rsp->problem, TB_E_INVAL, TB_P_MALFORMED,
                              "a token needs an account and an expiry within %d days", TB_TOKEN_LIFETIME_MAX_S / 86400);
    for (size_t i = 0; i < req->num; i++) {
        struct tb_token_context ctx = context_of(tm, &req->spec[i], req->account_url, req->thumbprint);

        if ((r = tm->check(tm->child, &req->spec[i], &rsp->problem)) < 0)
            return r;
        if ((r = tb_token_make(tm->key, &ctx, req->expiry, rsp->token[i])) < 0)
            return tb_problem_set(&rsp->problem, r, TB_P_SERVER_INTERNAL, "token: %s", tb_err_text(r));
        rsp->num = i + 1;
    }
    *tm->num_made += req->num;
    return 0;
}

static void send_all(const struct tb_token_maker *tm, struct tb_channel *ch, uint32_t id, struct tb_msg_token_rsp *rsp,
                     struct tb_wr *wr)
{
    int r;

    if (rsp->problem.type != TB_P_NONE) {
        rsp->num = 0;
        ++*tm->num_refused;
        tb_log(TB_LOG_NOTICE, "token-refused", TB_F("problem", tb_problem_type_name(rsp->problem.type)),
               TB_F("detail", rsp->problem.detail));
    }
    tb_wr_reset(wr);
    tb_msg_token_rsp_write(wr, rsp);
    if ((r = tb_wr_err(wr)) == 0)
        r = tb_channel_send(ch, TB_MSG_TOKEN_RSP, id, tb_wr_span(wr));
    if (r < 0)
        tb_child_answer_lost(TB_MSG_TOKEN_RSP, r);
}

int tb_token_maker_answer(const struct tb_token_maker *tm, struct tb_channel *ch, const struct tb_msg *m,
                          struct tb_wr *wr)
{
    struct tb_msg_token_req req = {.num = 0};
    struct tb_msg_token_rsp rsp = {.num = 0};
    int r;

    if ((r = tb_msg_token_req_read(m->body, &req)) < 0)
        return r;
    if ((rsp.token = calloc(req.num, sizeof(*rsp.token))) == NULL)
        (void)tb_problem_set(&rsp.problem, TB_E_NOMEM, TB_P_SERVER_INTERNAL, "out of memory");
    else
        (void)make_all(tm, &req, &rsp);
    send_all(tm, ch, m->id, &rsp, wr);
    if (rsp.token != NULL)
        tb_free_secret(rsp.token, req.num * sizeof(*rsp.token));
    tb_problem_clear(&rsp.problem);
    tb_msg_token_req_clear(&req);
    return 0;
}

void tb_token_maker_refuse(const struct tb_token_maker *tm, struct tb_channel *ch, uint32_t id,
                           const struct tb_problem *pb, struct tb_wr *wr)
{
    struct tb_msg_token_rsp rsp = {.problem = *pb};

    send_all(tm, ch, id, &rsp, wr);
}

int tb_token_maker_recognise(const struct tb_token_maker *tm, const struct tb_msg_validate_req *req,
                             struct tb_problem *pb)
{
    struct tb_token_context ctx = context_of(tm, &req->spec, req->account_url, req->thumbprint);
    int r = tb_token_check(tm->key, &ctx, tb_span_str(req->token), tb_clock_now_s());

    if (r == TB_E_EXPIRED)
        return tb_problem_set(pb, r, TB_P_UNAUTHORIZED, "the challenge's token has expired");
    if (r < 0)
        return tb_problem_set(pb, r, TB_P_UNAUTHORIZED,
                              "the token was not made for this challenge, identifier, purposes and account");
    return 0;
}
