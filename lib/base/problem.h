/*
 * Problem: the reason for a refusal, for people and programs.  On the server it
 * becomes the ACME problem document (RFC 8555 section 6.7, RFC 7807), in the
 * command line the message, in the verifier the explanation.
 */
#ifndef TB_BASE_PROBLEM_H
#define TB_BASE_PROBLEM_H

#include "lib/base/ident.h"

#define TB_PROBLEM_DETAIL_MAX 511
#define TB_PROBLEM_SUB_MAX    TB_IDENT_NUM_MAX

/* RFC 8555 section 6.7 and RFC 9773, profiles draft.  Wire values between our processes: never renumber. */
enum tb_problem_type {
    TB_P_NONE = 0,
    TB_P_ACCOUNT_DOES_NOT_EXIST,
    TB_P_ALREADY_REPLACED,
    TB_P_ALREADY_REVOKED,
    TB_P_BAD_CSR,
    TB_P_BAD_NONCE,
    TB_P_BAD_PUBLIC_KEY,
    TB_P_BAD_REVOCATION_REASON,
    TB_P_BAD_SIGNATURE_ALGORITHM,
    TB_P_CAA,
    TB_P_COMPOUND,
    TB_P_CONNECTION,
    TB_P_DNS,
    TB_P_EXTERNAL_ACCOUNT_REQUIRED,
    TB_P_INCORRECT_RESPONSE,
    TB_P_INVALID_CONTACT,
    TB_P_INVALID_PROFILE,
    TB_P_MALFORMED,
    TB_P_ORDER_NOT_READY,
    TB_P_RATE_LIMITED,
    TB_P_REJECTED_IDENTIFIER,
    TB_P_SERVER_INTERNAL,
    TB_P_TLS,
    TB_P_UNAUTHORIZED,
    TB_P_UNSUPPORTED_CONTACT,
    TB_P_UNSUPPORTED_IDENTIFIER,
    TB_P_USER_ACTION_REQUIRED,
    TB_P__COUNT
};

struct tb_subproblem {
    enum tb_problem_type type;
    struct tb_ident ident; /* type NONE when no identifier is concerned */
    char detail[TB_PROBLEM_DETAIL_MAX + 1];
};

/* A zeroed struct is "no problem"; clear before it goes out of scope. */
struct tb_problem {
    enum tb_problem_type type;
    int http_status; /* 0 = the type's usual one */
    char detail[TB_PROBLEM_DETAIL_MAX + 1];
    struct tb_subproblem *sub; /* owned */
    size_t num_sub;
};

/* "malformed", ... ; the URN is "urn:ietf:params:acme:error:" and this. NULL for NONE. */
const char *tb_problem_type_name(enum tb_problem_type type);
/* The usual HTTP status of a type (400, 403, 500 ...). */
int tb_problem_http_status(const struct tb_problem *pb);

/*
 * Sets type and detail (cut at the maximum; bytes outside printable ASCII become '?') when pb holds
 * no problem yet: the first reason wins.  pb may be NULL.  Returns err, so that a refusal is one line:
 *     return tb_problem_set(pb, TB_E_DENIED, TB_P_CAA, "CAA of %s ...", name);
 */
int tb_problem_set(struct tb_problem *pb, int err, enum tb_problem_type type, const char *fmt, ...) TB_PRINTF(4, 5);
/*
 * Adds a subproblem (beyond TB_PROBLEM_SUB_MAX, or without memory, it is dropped).  ident may be NULL.
 * When the problem's type is NONE it becomes the subproblem's, and COMPOUND when types differ.
 */
void tb_problem_add(struct tb_problem *pb, enum tb_problem_type type, const struct tb_ident *ident, const char *fmt,
                    ...) TB_PRINTF(4, 5);
void tb_problem_clear(struct tb_problem *pb);

/* Wire form between our processes. The reader bounds everything; *out is cleared on failure. */
void tb_problem_write(struct tb_wr *wr, const struct tb_problem *pb);
int tb_problem_read(struct tb_rd *rd, struct tb_problem *out) TB_MUST_USE;

#endif
