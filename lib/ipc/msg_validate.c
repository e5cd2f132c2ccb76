#include "lib/ipc/msg_validate.h"

#include <stdlib.h>
#include <string.h>

#define PURPOSES_ALL (TB_PURPOSE_BIT(TB_PURPOSE__COUNT) - 2)

static void write_spec(struct tb_wr *wr, const struct tb_challenge_spec *spec)
{
    tb_wr_u8(wr, (uint8_t)spec->method);
    tb_wr_u32(wr, spec->purposes);
    tb_ident_write(wr, &spec->ident);
    tb_wr_u8(wr, spec->subtree);
}

static int read_spec(struct tb_rd *rd, struct tb_challenge_spec *out)
{
    uint8_t method, subtree;
    int r;

    if ((r = tb_rd_u8(rd, &method)) < 0 || (r = tb_rd_u32(rd, &out->purposes)) < 0 ||
        (r = tb_ident_read(rd, &out->ident)) < 0 || (r = tb_rd_u8(rd, &subtree)) < 0)
        return r;
    /* An empty purpose list would be a proof of nothing for everything. */
    if (method == TB_METHOD_NONE || method >= TB_METHOD__COUNT || out->purposes == 0 ||
        (out->purposes & ~PURPOSES_ALL) != 0 || subtree > 1)
        return TB_E_FORMAT;
    if (subtree == 1 && (out->ident.type != TB_IDENT_DNS || out->ident.wildcard))
        return TB_E_FORMAT;
    out->subtree = subtree == 1;
    out->method = (enum tb_method)method;
    return 0;
}

static int read_time(struct tb_rd *rd, tb_time_t *out)
{
    uint64_t v;
    int r = tb_rd_u64(rd, &v);

    if (r < 0)
        return r;
    if (v > INT64_MAX)
        return TB_E_FORMAT;
    *out = (tb_time_t)v;
    return 0;
}

/* Fixed length, no prefix; a token of ours is base64url throughout. */
static int read_token(struct tb_rd *rd, char out[static TB_TOKEN_LEN + 1])
{
    struct tb_span s;
    int r = tb_rd_bytes(rd, TB_TOKEN_LEN, &s);

    if (r < 0)
        return r;
    if (!tb_b64u_alphabet(s))
        return TB_E_FORMAT;
    memcpy(out, s.p, s.len);
    out[s.len] = '\0';
    return 0;
}

static void write_token(struct tb_wr *wr, const char token[static TB_TOKEN_LEN + 1])
{
    tb_wr_bytes(wr, token, TB_TOKEN_LEN);
}

void tb_msg_token_req_write(struct tb_wr *wr, const struct tb_msg_token_req *m)
{
    tb_wr_str16(wr, m->account_url);
    tb_wr_bytes(wr, m->thumbprint, sizeof(m->thumbprint));
    tb_wr_u64(wr, (uint64_t)m->expiry);
    tb_wr_u16(wr, (uint16_t)m->num);
    for (size_t i = 0; i < m->num; i++)
        write_spec(wr, &m->spec[i]);
}

static int read_token_req(struct tb_rd *rd, struct tb_msg_token_req *m)
{
    struct tb_challenge_spec *spec;
    uint16_t num;
    int r;

    if ((r = tb_rd_str16(rd, m->account_url, sizeof(m->account_url))) < 0 ||
        (r = tb_rd_copy(rd, m->thumbprint, sizeof(m->thumbprint))) < 0 || (r = read_time(rd, &m->expiry)) < 0 ||
        (r = tb_rd_u16(rd, &num)) < 0)
        return r;
    if (num == 0)
        return TB_E_FORMAT;
    if (num > TB_MSG_TOKENS_MAX)
        return TB_E_LIMIT;
    /* Cheaper than an allocation that the bytes left cannot fill. */
    if (num > rd->left)
        return TB_E_TRUNC;
    if ((spec = calloc(num, sizeof(*spec))) == NULL)
        return TB_E_NOMEM;
    m->spec = spec;
    for (; m->num < num; m->num++)
        if ((r = read_spec(rd, &spec[m->num])) < 0)
            return r;
    return tb_rd_end(rd);
}

int tb_msg_token_req_read(struct tb_span body, struct tb_msg_token_req *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_token_req(&rd, out)) < 0)
        tb_msg_token_req_clear(out);
    return r;
}

void tb_msg_token_req_clear(struct tb_msg_token_req *m)
{
    free((void *)(uintptr_t)m->spec);
    memset(m, 0, sizeof(*m));
}

void tb_msg_token_rsp_write(struct tb_wr *wr, const struct tb_msg_token_rsp *m)
{
    tb_problem_write(wr, &m->problem);
    if (m->problem.type != TB_P_NONE)
        return;
    tb_wr_u16(wr, (uint16_t)m->num);
    for (size_t i = 0; i < m->num; i++)
        write_token(wr, m->token[i]);
}

static int read_token_rsp(struct tb_rd *rd, struct tb_msg_token_rsp *m)
{
    uint16_t num;
    int r;

    if ((r = tb_problem_read(rd, &m->problem)) < 0)
        return r;
    if (m->problem.type != TB_P_NONE)
        return tb_rd_end(rd);
    if ((r = tb_rd_u16(rd, &num)) < 0)
        return r;
    if (num == 0)
        return TB_E_FORMAT;
    if (num > TB_MSG_TOKENS_MAX)
        return TB_E_LIMIT;
    if ((size_t)num * TB_TOKEN_LEN > rd->left)
        return TB_E_TRUNC;
    if ((m->token = calloc(num, sizeof(*m->token))) == NULL)
        return TB_E_NOMEM;
    for (; m->num < num; m->num++)
        if ((r = read_token(rd, m->token[m->num])) < 0)
            return r;
    return tb_rd_end(rd);
}

int tb_msg_token_rsp_read(struct tb_span body, struct tb_msg_token_rsp *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_token_rsp(&rd, out)) < 0)
        tb_msg_token_rsp_clear(out);
    return r;
}

void tb_msg_token_rsp_clear(struct tb_msg_token_rsp *m)
{
    tb_problem_clear(&m->problem);
    free(m->token);
    memset(m, 0, sizeof(*m));
}

void tb_msg_validate_req_write(struct tb_wr *wr, const struct tb_msg_validate_req *m)
{
    write_spec(wr, &m->spec);
    tb_wr_str16(wr, m->account_url);
    tb_wr_bytes(wr, m->thumbprint, sizeof(m->thumbprint));
    write_token(wr, m->token);
}

int tb_msg_validate_req_read(struct tb_span body, struct tb_msg_validate_req *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_spec(&rd, &out->spec)) < 0 ||
        (r = tb_rd_str16(&rd, out->account_url, sizeof(out->account_url))) < 0 ||
        (r = tb_rd_copy(&rd, out->thumbprint, sizeof(out->thumbprint))) < 0 || (r = read_token(&rd, out->token)) < 0 ||
        (r = tb_rd_end(&rd)) < 0)
        memset(out, 0, sizeof(*out));
    return r;
}

void tb_msg_statements_write(struct tb_wr *wr, const struct tb_msg_statements *m)
{
    tb_problem_write(wr, &m->problem);
    if (m->problem.type != TB_P_NONE)
        return;
    tb_wr_u16(wr, (uint16_t)m->num);
    for (size_t i = 0; i < m->num; i++)
        tb_wr_var16(wr, m->blob[i]);
}

static int read_statements(struct tb_rd *rd, struct tb_msg_statements *m)
{
    uint16_t num;
    int r;

    if ((r = tb_problem_read(rd, &m->problem)) < 0)
        return r;
    if (m->problem.type != TB_P_NONE)
        return tb_rd_end(rd);
    if ((r = tb_rd_u16(rd, &num)) < 0)
        return r;
    if (num == 0)
        return TB_E_FORMAT;
    if (num > TB_MSG_STATEMENTS_MAX)
        return TB_E_LIMIT;
    for (; m->num < num; m->num++) {
        if ((r = tb_rd_var16(rd, TB_STATEMENT_MAX, &m->blob[m->num])) < 0)
            return r;
        if (m->blob[m->num].len == 0)
            return TB_E_FORMAT;
    }
    return tb_rd_end(rd);
}

int tb_msg_statements_read(struct tb_span body, struct tb_msg_statements *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_statements(&rd, out)) < 0)
        tb_msg_statements_clear(out);
    return r;
}

void tb_msg_statements_clear(struct tb_msg_statements *m)
{
    tb_problem_clear(&m->problem);
    memset(m, 0, sizeof(*m));
}

void tb_msg_validate_note_write(struct tb_wr *wr, const struct tb_msg_validate_note *m)
{
    tb_problem_write(wr, &m->problem);
}

int tb_msg_validate_note_read(struct tb_span body, struct tb_msg_validate_note *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_problem_read(&rd, &out->problem)) < 0 || (r = tb_rd_end(&rd)) < 0)
        tb_problem_clear(&out->problem);
    return r;
}

void tb_msg_caa_req_write(struct tb_wr *wr, const struct tb_msg_caa_req *m)
{
    tb_ident_write(wr, &m->ident);
}

int tb_msg_caa_req_read(struct tb_span body, struct tb_msg_caa_req *out)
{
    struct tb_rd rd = tb_rd_of(body);
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_ident_read(&rd, &out->ident)) < 0 || (r = tb_rd_end(&rd)) < 0)
        memset(out, 0, sizeof(*out));
    return r;
}
