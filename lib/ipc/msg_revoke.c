#include "lib/ipc/msg_revoke.h"

#include <stdlib.h>
#include <string.h>

void tb_msg_revoke_req_write(struct tb_wr *wr, const struct tb_msg_revoke_req *m)
{
    tb_wr_var32(wr, m->jws);
    tb_wr_var16(wr, m->account_jwk);
    tb_wr_var16(wr, m->account_statement);
    tb_wr_u64(wr, m->issuance);
    tb_msg_statement_list_write(wr, m->statement, m->num_statements);
}

int tb_msg_revoke_req_read(struct tb_span body, struct tb_msg_revoke_req *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_rd_var32(&rd, TB_JWS_BODY_MAX, &out->jws)) < 0 ||
        (r = tb_rd_var16(&rd, TB_JWK_JSON_MAX, &out->account_jwk)) < 0 ||
        (r = tb_rd_var16(&rd, TB_ACCOUNT_STATEMENT_MAX, &out->account_statement)) < 0 ||
        (r = tb_rd_u64(&rd, &out->issuance)) < 0 ||
        (r = tb_msg_statement_list_read(&rd, &out->statement, &out->num_statements)) < 0 || (r = tb_rd_end(&rd)) < 0)
        tb_msg_revoke_req_clear(out);
    return r;
}

void tb_msg_revoke_req_clear(struct tb_msg_revoke_req *m)
{
    free((void *)(uintptr_t)m->statement);
    memset(m, 0, sizeof(*m));
}

void tb_msg_revoke_rsp_write(struct tb_wr *wr, const struct tb_msg_revoke_rsp *m)
{
    tb_problem_write(wr, &m->problem);
}

int tb_msg_revoke_rsp_read(struct tb_span body, struct tb_msg_revoke_rsp *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_problem_read(&rd, &out->problem)) < 0 || (r = tb_rd_end(&rd)) < 0) {
        tb_problem_clear(&out->problem);
        memset(out, 0, sizeof(*out));
    }
    return r;
}

void tb_msg_revoked_write(struct tb_wr *wr, const struct tb_msg_revoked *m)
{
    tb_wr_u16(wr, (uint16_t)m->num);
    for (size_t i = 0; i < m->num; i++) {
        tb_wr_u64(wr, m->note[i].seq);
        tb_wr_u8(wr, (uint8_t)m->note[i].issuer);
        tb_wr_bytes(wr, m->note[i].serial, TB_SERIAL_LEN);
        tb_wr_u64(wr, (uint64_t)m->note[i].revoked_at);
        tb_wr_u8(wr, (uint8_t)m->note[i].reason);
    }
}

static int read_note(struct tb_rd *rd, struct tb_revoked_note *n)
{
    uint8_t issuer = 0, reason = 0;
    uint64_t at = 0;
    int r;

    if ((r = tb_rd_u64(rd, &n->seq)) < 0 || (r = tb_rd_u8(rd, &issuer)) < 0 ||
        (r = tb_rd_copy(rd, n->serial, TB_SERIAL_LEN)) < 0 || (r = tb_rd_u64(rd, &at)) < 0 ||
        (r = tb_rd_u8(rd, &reason)) < 0)
        return r;
    if (n->seq == 0 || issuer == TB_ISSUER_NONE || issuer >= TB_ISSUER__COUNT || at > INT64_MAX ||
        tb_reason_name(reason) == NULL)
        return TB_E_FORMAT;
    n->issuer = (enum tb_issuer)issuer;
    n->revoked_at = (tb_time_t)at;
    n->reason = (enum tb_reason)reason;
    return 0;
}

static int read_revoked(struct tb_rd *rd, struct tb_msg_revoked *m)
{
    uint16_t num;
    int r;

    if ((r = tb_rd_u16(rd, &num)) < 0)
        return r;
    if (num > TB_MSG_REVOKED_MAX)
        return TB_E_LIMIT;
    for (; m->num < num; m->num++) {
        if ((r = read_note(rd, &m->note[m->num])) < 0)
            return r;
        if (m->num > 0 && m->note[m->num].seq <= m->note[m->num - 1].seq)
            return TB_E_FORMAT;
    }
    return tb_rd_end(rd);
}

int tb_msg_revoked_read(struct tb_span body, struct tb_msg_revoked *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_revoked(&rd, out)) < 0)
        memset(out, 0, sizeof(*out));
    return r;
}
