/*
 * The decision about one revocation: a client's revokeCert (RFC 8555 section 7.6) or the operator's order.  Pure, as
 * that about finalize is.  What is revoked is a certificate of the log; whoever asks shows the whole of it.
 */
#ifndef TB_CA_JUDGE_REVOKE_H
#define TB_CA_JUDGE_REVOKE_H

#include "ca/judge/finalize.h"
#include "lib/ipc/msg_revoke.h"

#define TB_REVOKE_PATH "/acme/revoke-cert"

/* The issuance record with this number; what out points at stays until the next call.  TB_E_NOTFOUND. */
typedef int tb_issuance_read_fn(void *arg, uint64_t seq, struct tb_issue_rec *out);

enum tb_revoke_verdict {
    TB_REVOKE_REFUSE = 0, /* problem and reason are set */
    TB_REVOKE_LOG,        /* rec is to be logged and then entered */
    TB_REVOKE_AGAIN       /* it is revoked already, and nothing more is said; problem is set to alreadyRevoked */
};

struct tb_revoke_decision {
    enum tb_revoke_verdict verdict;
    const char *reason; /* constant word; NULL unless refused */
    struct tb_problem problem;
    struct tb_revoke_rec rec;
    tb_time_t now;
};
void tb_revoke_decision_clear(struct tb_revoke_decision *d);

/* *out is always set; clear it. Changes the floor of time, the cache of keys and the proofs of the state only. */
void tb_judge_decide_revoke(struct tb_judge_state *s, const struct tb_msg_revoke_req *req, tb_issuance_read_fn *read,
                            void *arg, tb_time_t now, struct tb_revoke_decision *out);
/* By the operator, who names the certificate by serial number and record. */
void tb_judge_decide_revoke_order(struct tb_judge_state *s, const uint8_t serial[static TB_SERIAL_LEN],
                                  uint64_t issuance, enum tb_reason reason, tb_issuance_read_fn *read, void *arg,
                                  tb_time_t now, struct tb_revoke_decision *out);

#endif
