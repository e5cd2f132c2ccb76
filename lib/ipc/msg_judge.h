/* Messages between the front and the judge: finalize, and catching up with its log. */
#ifndef TB_IPC_MSG_JUDGE_H
#define TB_IPC_MSG_JUDGE_H

#include "lib/acme/url.h"
#include "lib/base/problem.h"
#include "lib/jose/jws.h"
#include "lib/pki/tbs.h"
#include "lib/profile/validity.h"
#include "lib/statement/account.h"

#define TB_MSG_FINALIZE_STATEMENTS_MAX (TB_IDENT_NUM_MAX * 8)
#define TB_MSG_SYNC_RECORDS_MAX        64

/* Who the signer is and how far its log goes. */
struct tb_msg_judge_hello {
    uint32_t signer;
    uint32_t epoch;
    uint64_t last_seq; /* of the newest issuance record; 0 = none */
};
void tb_msg_judge_hello_write(struct tb_wr *wr, const struct tb_msg_judge_hello *m);
int tb_msg_judge_hello_read(struct tb_span body, struct tb_msg_judge_hello *out) TB_MUST_USE;

/* Statements in a request: at most TB_MSG_FINALIZE_STATEMENTS_MAX; the array is malloced, its bytes are borrowed. */
void tb_msg_statement_list_write(struct tb_wr *wr, const struct tb_span *statement, size_t num);
/* On failure too *out is to be freed. */
int tb_msg_statement_list_read(struct tb_rd *rd, const struct tb_span **out, size_t *out_num) TB_MUST_USE;

/* The client's whole finalize JWS and what shows that it may be granted. */
struct tb_msg_finalize_req {
    struct tb_span jws;               /* request body as received */
    struct tb_span account_jwk;       /* canonical JSON */
    struct tb_span account_statement; /* the newest; empty when there is none */
    struct tb_validity validity; /* that the order asks for: the front's word, so only ever less than the profile */
    size_t num_statements;
    const struct tb_span *statement; /* borrowed when writing; array owned after reading, bytes borrowed */
};
void tb_msg_finalize_req_write(struct tb_wr *wr, const struct tb_msg_finalize_req *m);
int tb_msg_finalize_req_read(struct tb_span body, struct tb_msg_finalize_req *out) TB_MUST_USE;
void tb_msg_finalize_req_clear(struct tb_msg_finalize_req *m);

/* One issuance, as the log has it. */
struct tb_issued {
    uint64_t seq; /* log sequence number, from 1 */
    tb_order_no_t order;
    tb_time_t made_at;
    enum tb_issuer issuer;
    struct tb_span cert; /* DER, borrowed */
};
struct tb_msg_finalize_rsp {
    struct tb_problem problem; /* type NONE: issued */
    struct tb_issued issued;
};
void tb_msg_finalize_rsp_write(struct tb_wr *wr, const struct tb_msg_finalize_rsp *m);
int tb_msg_finalize_rsp_read(struct tb_span body, struct tb_msg_finalize_rsp *out) TB_MUST_USE;

/* sync-req and revoked-req: what the log has with a sequence number above `after`. */
struct tb_msg_after {
    uint64_t after;
};
void tb_msg_after_write(struct tb_wr *wr, const struct tb_msg_after *m);
int tb_msg_after_read(struct tb_span body, struct tb_msg_after *out) TB_MUST_USE;

/* Issuances, oldest first. */
struct tb_msg_sync_rsp {
    size_t num;
    struct tb_issued issued[TB_MSG_SYNC_RECORDS_MAX];
};
void tb_msg_sync_rsp_write(struct tb_wr *wr, const struct tb_msg_sync_rsp *m);
int tb_msg_sync_rsp_read(struct tb_span body, struct tb_msg_sync_rsp *out) TB_MUST_USE;

#endif
