#include <string.h>

#include "ca/responder/responder.h"

static int send_written(struct tb_responder *rp, enum tb_msg_type type, uint32_t id)
{
    struct tb_channel *ch = rp->child->peer[TB_ROLE_FRONT];
    int r = tb_wr_err(&rp->wr);

    if (r == 0)
        r = ch != NULL ? tb_channel_send(ch, type, id, tb_wr_span(&rp->wr)) : TB_E_CLOSED;
    if (r < 0)
        tb_child_answer_lost(type, r);
    return r;
}

static int send_answer(struct tb_responder *rp, uint32_t id, const struct tb_msg_statements *m)
{
    tb_wr_reset(&rp->wr);
    tb_msg_statements_write(&rp->wr, m);
    return send_written(rp, TB_MSG_VALIDATE_RSP, id);
}

void tb_responder_send_problem(struct tb_responder *rp, uint32_t id, const struct tb_problem *pb)
{
    (void)send_answer(rp, id, &(struct tb_msg_statements){.problem = *pb});
}

void tb_responder_send_note(struct tb_responder *rp, uint32_t id, const struct tb_problem *pb)
{
    tb_wr_reset(&rp->wr);
    tb_msg_validate_note_write(&rp->wr, &(struct tb_msg_validate_note){.problem = *pb});
    (void)send_written(rp, TB_MSG_VALIDATE_NOTE, id);
}

int tb_responder_send_statement(struct tb_responder *rp, const struct tb_window *w, const struct tb_use_seen *seen)
{
    struct tb_statement s = {
        .audience = rp->audience,
        .perspective = rp->child->cfg->perspective,
        .kind = TB_PROOF_USE,
        .method = TB_METHOD_TLS_CLIENT_01,
        .purpose = TB_PURPOSE_CLIENT_AUTH,
        .ident = w->req.spec.ident,
        .egress_kind = w->sources.declared ? TB_EGRESS_DECLARED : TB_EGRESS_PUBLISHED,
        .egress_prefix = w->sources.declared ? seen->prefix : 0,
        .dnssec = w->sources.dnssec,
        .made_at = tb_clock_now_s(),
    };
    struct tb_msg_statements m = {.num = 1};
    uint8_t memory[TB_STATEMENT_MAX];
    struct tb_wr wr;
    int r;

    memcpy(s.account_url, w->req.account_url, sizeof(s.account_url));
    memcpy(s.thumbprint, w->req.thumbprint, sizeof(s.thumbprint));
    memcpy(s.token_digest, w->token_digest, sizeof(s.token_digest));
    memcpy(s.spki_digest, seen->spki_digest, sizeof(s.spki_digest));
    memcpy(s.peer_addr, seen->peer.b, sizeof(s.peer_addr));
    tb_wr_fixed(&wr, memory, sizeof(memory));
    if ((r = tb_statement_write(&wr, &s, &rp->statement_key)) < 0)
        return r;
    m.blob[0] = tb_wr_span(&wr);
    return send_answer(rp, w->msg_id, &m);
}
