/* Messages between the judge and the keyholder. */
#ifndef TB_IPC_MSG_SIGN_H
#define TB_IPC_MSG_SIGN_H

#include "lib/base/problem.h"
#include "lib/pki/cacert.h"

struct tb_msg_sign_req {
    enum tb_issuer issuer;
    struct tb_span tbs; /* borrowed */
};
void tb_msg_sign_req_write(struct tb_wr *wr, const struct tb_msg_sign_req *m);
int tb_msg_sign_req_read(struct tb_span body, struct tb_msg_sign_req *out) TB_MUST_USE;

struct tb_msg_sign_rsp {
    struct tb_problem problem; /* type NONE: signed */
    uint8_t sig[TB_SIG_MAX];
    size_t sig_len;
};
void tb_msg_sign_rsp_write(struct tb_wr *wr, const struct tb_msg_sign_rsp *m);
int tb_msg_sign_rsp_read(struct tb_span body, struct tb_msg_sign_rsp *out) TB_MUST_USE;

#endif
