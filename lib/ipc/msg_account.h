/* Messages between the front and the judge about accounts: a key change or a deactivation, as the client signed it. */
#ifndef TB_IPC_MSG_ACCOUNT_H
#define TB_IPC_MSG_ACCOUNT_H

#include "lib/base/problem.h"
#include "lib/jose/jws.h"
#include "lib/statement/account.h"

/* What is asked for stands in the JWS's signed url. */
struct tb_msg_account_req {
    struct tb_span jws;         /* request body as received */
    struct tb_span account_jwk; /* canonical JSON of the account's key */
};
void tb_msg_account_req_write(struct tb_wr *wr, const struct tb_msg_account_req *m);
int tb_msg_account_req_read(struct tb_span body, struct tb_msg_account_req *out) TB_MUST_USE;

struct tb_msg_account_rsp {
    struct tb_problem problem; /* type NONE: done */
    struct tb_span statement;  /* what the account is now; not empty then */
};
void tb_msg_account_rsp_write(struct tb_wr *wr, const struct tb_msg_account_rsp *m);
int tb_msg_account_rsp_read(struct tb_span body, struct tb_msg_account_rsp *out) TB_MUST_USE;

#endif
