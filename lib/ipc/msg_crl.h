/* Messages about CRLs: from the judge to the keyholder, which signs them, and to the front, which serves them. */
#ifndef TB_IPC_MSG_CRL_H
#define TB_IPC_MSG_CRL_H

#include "lib/ipc/msg_sign.h"
#include "lib/pki/crl_tbs.h"

/* Answered by struct tb_msg_sign_rsp as TB_MSG_CRL_SIGN_RSP. */
struct tb_msg_crl_sign_req {
    enum tb_issuer issuer;
    struct tb_span tbs; /* TBSCertList, borrowed */
};
void tb_msg_crl_sign_req_write(struct tb_wr *wr, const struct tb_msg_crl_sign_req *m);
int tb_msg_crl_sign_req_read(struct tb_span body, struct tb_msg_crl_sign_req *out) TB_MUST_USE;

/* One CRL to serve from now on. */
struct tb_msg_crl {
    enum tb_issuer issuer;
    unsigned shard;
    tb_time_t this_update, next_update;
    struct tb_span der; /* borrowed */
};
void tb_msg_crl_write(struct tb_wr *wr, const struct tb_msg_crl *m);
int tb_msg_crl_read(struct tb_span body, struct tb_msg_crl *out) TB_MUST_USE;

#endif
