/* Messages between the front and those that make proofs, validator and responder: tokens, validation, CAA. */
#ifndef TB_IPC_MSG_VALIDATE_H
#define TB_IPC_MSG_VALIDATE_H

#include "lib/base/problem.h"
#include "lib/statement/statement.h"
#include "lib/statement/token.h"

#define TB_MSG_TOKENS_MAX     (TB_IDENT_NUM_MAX * 4)
#define TB_MSG_STATEMENTS_MAX 8 /* of one validation: one per purpose, and CAA */

/* What a challenge is about; the same in all three requests. */
struct tb_challenge_spec {
    enum tb_method method;
    struct tb_ident ident;
    tb_purposes_t purposes;
    bool subtree; /* of a dns name that is no wildcard: with all names below it (RFC 9444) */
};

/* Tokens for the challenges of one order. */
struct tb_msg_token_req {
    char account_url[TB_ACCOUNT_URL_MAX + 1];
    uint8_t thumbprint[TB_DIGEST_LEN];
    tb_time_t expiry;
    size_t num;                           /* 1..TB_MSG_TOKENS_MAX */
    const struct tb_challenge_spec *spec; /* borrowed when writing, owned (tb_msg_token_req_clear) after reading */
};
void tb_msg_token_req_write(struct tb_wr *wr, const struct tb_msg_token_req *m);
int tb_msg_token_req_read(struct tb_span body, struct tb_msg_token_req *out) TB_MUST_USE;
void tb_msg_token_req_clear(struct tb_msg_token_req *m);

/* problem.type NONE: tokens, in the order of the request. */
struct tb_msg_token_rsp {
    struct tb_problem problem;
    size_t num;
    char (*token)[TB_TOKEN_LEN + 1]; /* borrowed when writing, owned after reading */
};
void tb_msg_token_rsp_write(struct tb_wr *wr, const struct tb_msg_token_rsp *m);
int tb_msg_token_rsp_read(struct tb_span body, struct tb_msg_token_rsp *out) TB_MUST_USE;
void tb_msg_token_rsp_clear(struct tb_msg_token_rsp *m);

struct tb_msg_validate_req {
    struct tb_challenge_spec spec;
    char account_url[TB_ACCOUNT_URL_MAX + 1];
    uint8_t thumbprint[TB_DIGEST_LEN];
    char token[TB_TOKEN_LEN + 1];
};
void tb_msg_validate_req_write(struct tb_wr *wr, const struct tb_msg_validate_req *m);
int tb_msg_validate_req_read(struct tb_span body, struct tb_msg_validate_req *out) TB_MUST_USE;

/* Answer to validate and caa: a problem, or statement blobs. */
struct tb_msg_statements {
    struct tb_problem problem;
    size_t num;
    struct tb_span blob[TB_MSG_STATEMENTS_MAX]; /* borrowed */
};
void tb_msg_statements_write(struct tb_wr *wr, const struct tb_msg_statements *m);
int tb_msg_statements_read(struct tb_span body, struct tb_msg_statements *out) TB_MUST_USE;
void tb_msg_statements_clear(struct tb_msg_statements *m); /* frees the problem */

/*
 * How a use proof stands while its VALIDATE_RSP is not there yet.  problem.type NONE: armed, sent once, when DNS was
 * answered; a client may connect from now on.  Otherwise a refusal, to be recorded: it ends nothing.
 */
struct tb_msg_validate_note {
    struct tb_problem problem;
};
void tb_msg_validate_note_write(struct tb_wr *wr, const struct tb_msg_validate_note *m);
/* The caller clears the problem. */
int tb_msg_validate_note_read(struct tb_span body, struct tb_msg_validate_note *out) TB_MUST_USE;

/* A fresh CAA statement for a name (proofs outlive the eight hours of CAA). */
struct tb_msg_caa_req {
    struct tb_ident ident;
};
void tb_msg_caa_req_write(struct tb_wr *wr, const struct tb_msg_caa_req *m);
int tb_msg_caa_req_read(struct tb_span body, struct tb_msg_caa_req *out) TB_MUST_USE;

#endif
