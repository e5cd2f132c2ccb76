/* Messages between the front and the judge about revocations. */
#ifndef TB_IPC_MSG_REVOKE_H
#define TB_IPC_MSG_REVOKE_H

#include "lib/ipc/msg_judge.h"
#include "lib/pki/reason.h"

#define TB_MSG_REVOKED_MAX 256

/* The client's whole revokeCert JWS and what shows that it may be granted. */
struct tb_msg_revoke_req {
    struct tb_span jws;               /* request body as received */
    struct tb_span account_jwk;       /* canonical JSON; empty when the JWS embeds its key */
    struct tb_span account_statement; /* the newest; empty when there is none */
    uint64_t issuance;                /* sequence number of the certificate's record: a hint, never believed */
    size_t num_statements;            /* control statements, when it is not the account that ordered */
    const struct tb_span *statement;  /* borrowed when writing; array owned after reading, bytes borrowed */
};
void tb_msg_revoke_req_write(struct tb_wr *wr, const struct tb_msg_revoke_req *m);
int tb_msg_revoke_req_read(struct tb_span body, struct tb_msg_revoke_req *out) TB_MUST_USE;
void tb_msg_revoke_req_clear(struct tb_msg_revoke_req *m);

/* Sent when the revocation is durable. */
struct tb_msg_revoke_rsp {
    struct tb_problem problem; /* type NONE: revoked */
};
void tb_msg_revoke_rsp_write(struct tb_wr *wr, const struct tb_msg_revoke_rsp *m);
int tb_msg_revoke_rsp_read(struct tb_span body, struct tb_msg_revoke_rsp *out) TB_MUST_USE;

/* What the log has, oldest first: the answer to revoked-req, and unasked whenever revocations became durable. */
struct tb_revoked_note {
    uint64_t seq; /* of the revocation record */
    enum tb_issuer issuer;
    uint8_t serial[TB_SERIAL_LEN];
    tb_time_t revoked_at;
    enum tb_reason reason;
};
struct tb_msg_revoked {
    size_t num;
    struct tb_revoked_note note[TB_MSG_REVOKED_MAX];
};
void tb_msg_revoked_write(struct tb_wr *wr, const struct tb_msg_revoked *m);
int tb_msg_revoked_read(struct tb_span body, struct tb_msg_revoked *out) TB_MUST_USE;

#endif
