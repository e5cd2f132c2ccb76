#include <string.h>

#include "ca/validator/validator.h"

#define BLOBS_MAX (TB_MSG_STATEMENTS_MAX * TB_STATEMENT_MAX)

static int answer_send(struct tb_validator *v, enum tb_msg_type type, uint32_t id, const struct tb_msg_statements *m)
{
    struct tb_channel *ch = v->child->peer[TB_ROLE_FRONT];
    int r;

    tb_wr_reset(&v->wr);
    tb_msg_statements_write(&v->wr, m);
    r = tb_wr_err(&v->wr);
    if (r == 0)
        r = ch != NULL ? tb_channel_send(ch, type, id, tb_wr_span(&v->wr)) : TB_E_CLOSED;
    if (r < 0)
        tb_child_answer_lost(type, r);
    return r;
}

void tb_validator_send_problem(struct tb_validator *v, enum tb_msg_type type, uint32_t id, const struct tb_problem *pb)
{
    (void)answer_send(v, type, id, &(struct tb_msg_statements){.problem = *pb});
}

static void statement_begin(const struct tb_validator *v, const struct tb_validation *n, struct tb_statement *s)
{
    *s = (struct tb_statement){
        .audience = v->audience,
        .perspective = v->child->cfg->perspective,
        .ident = n->req.spec.ident,
        .made_at = tb_clock_now_s(),
    };
}

static void control_fill(const struct tb_validation *n, enum tb_purpose purpose, struct tb_statement *s)
{
    s->kind = TB_PROOF_CONTROL;
    s->method = n->req.spec.method;
    s->purpose = purpose;
    s->subtree = n->req.spec.subtree;
    memcpy(s->account_url, n->req.account_url, sizeof(s->account_url));
    memcpy(s->thumbprint, n->req.thumbprint, sizeof(s->thumbprint));
    memcpy(s->token_digest, n->token_digest, sizeof(s->token_digest));
    if (n->challenge.has_peer)
        memcpy(s->peer_addr, n->challenge.peer.b, sizeof(s->peer_addr));
    s->dnssec = n->challenge.dnssec;
}

struct blobs {
    struct tb_wr wr;
    size_t end[TB_MSG_STATEMENTS_MAX];
    size_t num;
};

static int blob_add(struct blobs *b, const struct tb_validator *v, const struct tb_statement *s)
{
    int r;

    if (b->num == TB_MSG_STATEMENTS_MAX)
        return TB_E_LIMIT;
    if ((r = tb_statement_write(&b->wr, s, &v->statement_key)) < 0)
        return r;
    b->end[b->num++] = b->wr.len;
    return 0;
}

static int blobs_make(const struct tb_validator *v, const struct tb_validation *n, struct blobs *b)
{
    struct tb_statement s;
    int r;

    for (unsigned p = 1; !n->caa_only && p < TB_PURPOSE__COUNT; p++) {
        if ((n->req.spec.purposes & TB_PURPOSE_BIT(p)) == 0)
            continue;
        statement_begin(v, n, &s);
        control_fill(n, (enum tb_purpose)p, &s);
        if ((r = blob_add(b, v, &s)) < 0)
            return r;
    }
    if (n->req.spec.ident.type != TB_IDENT_DNS)
        return 0;
    statement_begin(v, n, &s);
    s.kind = TB_PROOF_CAA;
    s.dnssec = n->caa.dnssec;
    s.caa = n->caa.result;
    return blob_add(b, v, &s);
}

int tb_validator_send_statements(struct tb_validator *v, const struct tb_validation *n)
{
    enum tb_msg_type type = n->caa_only ? TB_MSG_CAA_RSP : TB_MSG_VALIDATE_RSP;
    uint8_t memory[BLOBS_MAX];
    struct tb_msg_statements m = {.num = 0};
    struct blobs b = {.num = 0};
    size_t from = 0;
    int r;

    tb_wr_fixed(&b.wr, memory, sizeof(memory));
    if ((r = blobs_make(v, n, &b)) < 0) {
        (void)tb_problem_set(&m.problem, r, TB_P_SERVER_INTERNAL, "the statement cannot be made: %s", tb_err_text(r));
        (void)answer_send(v, type, n->msg_id, &m);
        return r;
    }
    for (; m.num < b.num; m.num++) {
        m.blob[m.num] = tb_span_of(memory + from, b.end[m.num] - from);
        from = b.end[m.num];
    }
    return answer_send(v, type, n->msg_id, &m);
}
