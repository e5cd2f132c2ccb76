#include "lib/ipc/msg_account.h"

#include <string.h>

void tb_msg_account_req_write(struct tb_wr *wr, const struct tb_msg_account_req *m)
{
    tb_wr_var32(wr, m->jws);
    tb_wr_var16(wr, m->account_jwk);
}

int tb_msg_account_req_read(struct tb_span body, struct tb_msg_account_req *out)
{
    struct tb_rd rd = tb_rd_of(body);
    struct tb_msg_account_req m = {0};
    int r;

    *out = m;
    if ((r = tb_rd_var32(&rd, TB_JWS_BODY_MAX, &m.jws)) < 0 ||
        (r = tb_rd_var16(&rd, TB_JWK_JSON_MAX, &m.account_jwk)) < 0 || (r = tb_rd_end(&rd)) < 0)
        return r;
    *out = m;
    return 0;
}

void tb_msg_account_rsp_write(struct tb_wr *wr, const struct tb_msg_account_rsp *m)
{
    tb_problem_write(wr, &m->problem);
    if (m->problem.type == TB_P_NONE)
        tb_wr_var16(wr, m->statement);
}

static int read_statement(struct tb_rd *rd, struct tb_span *out)
{
    int r = tb_rd_var16(rd, TB_ACCOUNT_STATEMENT_MAX, out);

    return r < 0 ? r : out->len == 0 ? TB_E_FORMAT : 0;
}

int tb_msg_account_rsp_read(struct tb_span body, struct tb_msg_account_rsp *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_problem_read(&rd, &out->problem)) < 0 ||
        (out->problem.type == TB_P_NONE && (r = read_statement(&rd, &out->statement)) < 0) ||
        (r = tb_rd_end(&rd)) < 0) {
        tb_problem_clear(&out->problem);
        memset(out, 0, sizeof(*out));
    }
    return r;
}
