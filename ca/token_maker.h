/* Challenge tokens as validator and responder make and recognise them, each with its own key and its own rule. */
#ifndef TB_CA_TOKEN_MAKER_H
#define TB_CA_TOKEN_MAKER_H

#include "ca/child.h"
#include "lib/ipc/msg_validate.h"

struct tb_token_maker {
    const struct tb_child *child;
    const struct tb_audience *audience;
    const struct tb_key *key;
    /* May there be such a challenge here?  Sets the problem when not. */
    int (*check)(const struct tb_child *child, const struct tb_challenge_spec *spec, struct tb_problem *pb);
    uint64_t *num_made, *num_refused; /* counters */
};

/* A TOKEN_REQ, answered over ch; wr is for the answer.  Negative: the message is malformed. */
int tb_token_maker_answer(const struct tb_token_maker *tm, struct tb_channel *ch, const struct tb_msg *m,
                          struct tb_wr *wr) TB_MUST_USE;
/* Likewise with a problem instead of tokens. */
void tb_token_maker_refuse(const struct tb_token_maker *tm, struct tb_channel *ch, uint32_t id,
                           const struct tb_problem *pb, struct tb_wr *wr);
/* Was this request's token made by us for what the request says, and does it live?  Sets the problem when not. */
int tb_token_maker_recognise(const struct tb_token_maker *tm, const struct tb_msg_validate_req *req,
                             struct tb_problem *pb) TB_MUST_USE;

#endif
