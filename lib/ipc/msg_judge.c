#include "lib/ipc/msg_judge.h"

#include <stdlib.h>
#include <string.h>

#include "lib/ipc/message.h"

void tb_msg_judge_hello_write(struct tb_wr *wr, const struct tb_msg_judge_hello *m)
{
    tb_wr_u32(wr, TB_IPC_VERSION);
    tb_wr_u32(wr, m->signer);
    tb_wr_u32(wr, m->epoch);
    tb_wr_u64(wr, m->last_seq);
}

int tb_msg_judge_hello_read(struct tb_span body, struct tb_msg_judge_hello *out)
{
    struct tb_rd rd = tb_rd_of(body);
    struct tb_msg_judge_hello m = {0};
    uint32_t version;
    int r;

    *out = (struct tb_msg_judge_hello){0};
    if ((r = tb_rd_u32(&rd, &version)) < 0)
        return r;
    if (version != TB_IPC_VERSION)
        return TB_E_UNSUPPORTED;
    if ((r = tb_rd_u32(&rd, &m.signer)) < 0 || (r = tb_rd_u32(&rd, &m.epoch)) < 0 ||
        (r = tb_rd_u64(&rd, &m.last_seq)) < 0 || (r = tb_rd_end(&rd)) < 0)
        return r;
    *out = m;
    return 0;
}

void tb_msg_statement_list_write(struct tb_wr *wr, const struct tb_span *statement, size_t num)
{
    tb_wr_u16(wr, (uint16_t)num);
    for (size_t i = 0; i < num; i++)
        tb_wr_var16(wr, statement[i]);
}

int tb_msg_statement_list_read(struct tb_rd *rd, const struct tb_span **out, size_t *out_num)
{
    struct tb_span *statement;
    uint16_t num;
    int r;

    *out = NULL;
    *out_num = 0;
    if ((r = tb_rd_u16(rd, &num)) < 0)
        return r;
    if (num > TB_MSG_FINALIZE_STATEMENTS_MAX)
        return TB_E_LIMIT;
    if (num == 0) /* the judge refuses it with a reason; here it is only well formed */
        return 0;
    if (num > rd->left)
        return TB_E_TRUNC;
    if ((statement = calloc(num, sizeof(*statement))) == NULL)
        return TB_E_NOMEM;
    *out = statement;
    for (; *out_num < num; ++*out_num)
        if ((r = tb_rd_var16(rd, TB_STATEMENT_MAX, &statement[*out_num])) < 0)
            return r;
    return 0;
}

void tb_msg_finalize_req_write(struct tb_wr *wr, const struct tb_msg_finalize_req *m)
{
    tb_wr_var32(wr, m->jws);
    tb_wr_var16(wr, m->account_jwk);
    tb_wr_var16(wr, m->account_statement);
    tb_wr_u64(wr, (uint64_t)m->validity.not_before);
    tb_wr_u64(wr, (uint64_t)m->validity.not_after);
    tb_msg_statement_list_write(wr, m->statement, m->num_statements);
}

static int read_finalize_req(struct tb_rd *rd, struct tb_msg_finalize_req *m)
{
    uint64_t not_before;
    uint64_t not_after;
    int r;

    if ((r = tb_rd_var32(rd, TB_JWS_BODY_MAX, &m->jws)) < 0 ||
        (r = tb_rd_var16(rd, TB_JWK_JSON_MAX, &m->account_jwk)) < 0 ||
        (r = tb_rd_var16(rd, TB_ACCOUNT_STATEMENT_MAX, &m->account_statement)) < 0 ||
        (r = tb_rd_u64(rd, &not_before)) < 0 || (r = tb_rd_u64(rd, &not_after)) < 0 ||
        (r = tb_msg_statement_list_read(rd, &m->statement, &m->num_statements)) < 0)
        return r;
    if (not_before > INT64_MAX || not_after > INT64_MAX)
        return TB_E_FORMAT;
    m->validity = (struct tb_validity){(tb_time_t)not_before, (tb_time_t)not_after};
    return tb_rd_end(rd);
}

int tb_msg_finalize_req_read(struct tb_span body, struct tb_msg_finalize_req *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_finalize_req(&rd, out)) < 0)
        tb_msg_finalize_req_clear(out);
    return r;
}

void tb_msg_finalize_req_clear(struct tb_msg_finalize_req *m)
{
    free((void *)(uintptr_t)m->statement);
    memset(m, 0, sizeof(*m));
}

static void write_issued(struct tb_wr *wr, const struct tb_issued *i)
{
    tb_wr_u64(wr, i->seq);
    tb_wr_u64(wr, i->order);
    tb_wr_u64(wr, (uint64_t)i->made_at);
    tb_wr_u8(wr, (uint8_t)i->issuer);
    tb_wr_var32(wr, i->cert);
}

static int read_issued(struct tb_rd *rd, struct tb_issued *out)
{
    uint64_t made_at;
    uint8_t issuer;
    int r;

    if ((r = tb_rd_u64(rd, &out->seq)) < 0 || (r = tb_rd_u64(rd, &out->order)) < 0 ||
        (r = tb_rd_u64(rd, &made_at)) < 0 || (r = tb_rd_u8(rd, &issuer)) < 0 ||
        (r = tb_rd_var32(rd, TB_CERT_MAX, &out->cert)) < 0)
        return r;
    if (out->seq == 0 || made_at > INT64_MAX || issuer == TB_ISSUER_NONE || issuer >= TB_ISSUER__COUNT ||
        out->cert.len == 0)
        return TB_E_FORMAT;
    out->made_at = (tb_time_t)made_at;
    out->issuer = (enum tb_issuer)issuer;
    return 0;
}

void tb_msg_finalize_rsp_write(struct tb_wr *wr, const struct tb_msg_finalize_rsp *m)
{
    tb_problem_write(wr, &m->problem);
    if (m->problem.type == TB_P_NONE)
        write_issued(wr, &m->issued);
}

int tb_msg_finalize_rsp_read(struct tb_span body, struct tb_msg_finalize_rsp *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_problem_read(&rd, &out->problem)) < 0 ||
        (out->problem.type == TB_P_NONE && (r = read_issued(&rd, &out->issued)) < 0) || (r = tb_rd_end(&rd)) < 0) {
        tb_problem_clear(&out->problem);
        memset(out, 0, sizeof(*out));
    }
    return r;
}

void tb_msg_after_write(struct tb_wr *wr, const struct tb_msg_after *m)
{
    tb_wr_u64(wr, m->after);
}

int tb_msg_after_read(struct tb_span body, struct tb_msg_after *out)
{
    struct tb_rd rd = tb_rd_of(body);
    uint64_t after;
    int r;

    *out = (struct tb_msg_after){0};
    if ((r = tb_rd_u64(&rd, &after)) < 0 || (r = tb_rd_end(&rd)) < 0)
        return r;
    out->after = after;
    return 0;
}

void tb_msg_sync_rsp_write(struct tb_wr *wr, const struct tb_msg_sync_rsp *m)
{
    tb_wr_u16(wr, (uint16_t)m->num);
    for (size_t i = 0; i < m->num; i++)
        write_issued(wr, &m->issued[i]);
}

static int read_sync_rsp(struct tb_rd *rd, struct tb_msg_sync_rsp *m)
{
    uint16_t num;
    int r;

    if ((r = tb_rd_u16(rd, &num)) < 0)
        return r;
    if (num > TB_MSG_SYNC_RECORDS_MAX)
        return TB_E_LIMIT;
    for (; m->num < num; m->num++) {
        if ((r = read_issued(rd, &m->issued[m->num])) < 0)
            return r;
        if (m->num > 0 && m->issued[m->num].seq <= m->issued[m->num - 1].seq)
            return TB_E_FORMAT;
    }
    return tb_rd_end(rd);
}

int tb_msg_sync_rsp_read(struct tb_span body, struct tb_msg_sync_rsp *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_sync_rsp(&rd, out)) < 0)
        memset(out, 0, sizeof(*out));
    return r;
}
