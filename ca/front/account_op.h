/* What of an account the judge has a say in: the request goes to it whole, and the store follows its answer. */
#ifndef TB_CA_FRONT_ACCOUNT_OP_H
#define TB_CA_FRONT_ACCOUNT_OP_H

#include "ca/config/config.h"
#include "ca/front/request.h"

/* 200 with the account object, once it is durable. */
void tb_account_reply(struct tb_request *rq, int http_status, const struct tb_account *a);
/*
 * Ask the judge, within the handler's first turn. new_key: canonical JWK of keyChange's new key; empty for a
 * deactivation.  Ends the request.
 */
void tb_account_op_start(struct tb_request *rq, struct tb_span new_key);
/* newAccount with an external account binding: rq->account is made when the judge has taken it. Ends the request. */
void tb_account_op_create(struct tb_request *rq);
/*
 * What the account's binding, as the store has it, or the lack of one forbids: told before any authorization exists.
 * The judge looks at it again, by its own log.
 */
int tb_account_may(struct tb_request *rq, const struct tb_profile *profile, const struct tb_ident *ident,
                   size_t num) TB_MUST_USE;
/* The same about any account; num may be 0. */
int tb_account_allowed(const struct tb_config *cfg, const struct tb_account *a, const struct tb_profile *profile,
                       const struct tb_ident *ident, size_t num, struct tb_problem *pb) TB_MUST_USE;

#endif
