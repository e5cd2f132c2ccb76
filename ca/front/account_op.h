/* What of an account the judge has a say in: the request goes to it whole, and the store follows its answer. */
#ifndef TB_CA_FRONT_ACCOUNT_OP_H
#define TB_CA_FRONT_ACCOUNT_OP_H

#include "ca/front/request.h"

/* 200 with the account object, once it is durable. */
void tb_account_reply(struct tb_request *rq, int http_status, const struct tb_account *a);
/*
 * Ask the judge, within the handler's first turn. new_key: canonical JWK of keyChange's new key; empty for a
 * deactivation.  Ends the request.
 */
void tb_account_op_start(struct tb_request *rq, struct tb_span new_key);

#endif
