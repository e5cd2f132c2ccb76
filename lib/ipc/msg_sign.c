#include "lib/ipc/msg_sign.h"

#include <string.h>

void tb_msg_sign_req_write(struct tb_wr *wr, const struct tb_msg_sign_req *m)
{
    tb_wr_u8(wr, (uint8_t)m->issuer);
    tb_wr_var32(wr, m->tbs);
}

int tb_msg_sign_req_read(struct tb_span body, struct tb_msg_sign_req *out)
{
    struct tb_rd rd = tb_rd_of(body);
    struct tb_span tbs;
    uint8_t issuer;
    int r;

    *out = (struct tb_msg_sign_req){0};
    if ((r = tb_rd_u8(&rd, &issuer)) < 0 || (r = tb_rd_var32(&rd, TB_TBS_MAX, &tbs)) < 0 || (r = tb_rd_end(&rd)) < 0)
        return r;
    if (issuer == TB_ISSUER_NONE || issuer >= TB_ISSUER__COUNT || tbs.len == 0)
        return TB_E_FORMAT;
    out->issuer = (enum tb_issuer)issuer;
    out->tbs = tbs;
    return 0;
}

void tb_msg_sign_rsp_write(struct tb_wr *wr, const struct tb_msg_sign_rsp *m)
{
    tb_problem_write(wr, &m->problem);
    if (m->problem.type == TB_P_NONE)
        tb_wr_var16(wr, tb_span_of(m->sig, m->sig_len));
}

static int read_sign_rsp(struct tb_rd *rd, struct tb_msg_sign_rsp *m)
{
    struct tb_span sig;
    int r;

    if ((r = tb_problem_read(rd, &m->problem)) < 0)
        return r;
    if (m->problem.type == TB_P_NONE) {
        if ((r = tb_rd_var16(rd, TB_SIG_MAX, &sig)) < 0)
            return r;
        if (sig.len == 0)
            return TB_E_FORMAT;
        memcpy(m->sig, sig.p, sig.len);
        m->sig_len = sig.len;
    }
    return tb_rd_end(rd);
}

int tb_msg_sign_rsp_read(struct tb_span body, struct tb_msg_sign_rsp *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_sign_rsp(&rd, out)) < 0) {
        tb_problem_clear(&out->problem);
        memset(out, 0, sizeof(*out));
    }
    return r;
}
