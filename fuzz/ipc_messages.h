/*
 * Every message body behind one shape: decode, encode what was decoded, forget it.  For the fuzz target and the unit
 * test of all decoders.
 */
#ifndef TB_FUZZ_IPC_MESSAGES_H
#define TB_FUZZ_IPC_MESSAGES_H

#include "lib/ipc/msg_account.h"
#include "lib/ipc/msg_crl.h"
#include "lib/ipc/msg_judge.h"
#include "lib/ipc/msg_parent.h"
#include "lib/ipc/msg_revoke.h"
#include "lib/ipc/msg_sign.h"
#include "lib/ipc/msg_stats.h"
#include "lib/ipc/msg_validate.h"

#define TB_IPC_PLAIN(name)                                                                                             \
    static int again_##name(struct tb_span body, struct tb_wr *wr)                                                     \
    {                                                                                                                  \
        static struct tb_msg_##name m;                                                                                 \
        int r = tb_msg_##name##_read(body, &m);                                                                        \
                                                                                                                       \
        if (r == 0)                                                                                                    \
            tb_msg_##name##_write(wr, &m);                                                                             \
        return r;                                                                                                      \
    }
#define TB_IPC_CLEARED(name, clear)                                                                                    \
    static int again_##name(struct tb_span body, struct tb_wr *wr)                                                     \
    {                                                                                                                  \
        static struct tb_msg_##name m;                                                                                 \
        int r = tb_msg_##name##_read(body, &m);                                                                        \
                                                                                                                       \
        if (r == 0) {                                                                                                  \
            tb_msg_##name##_write(wr, &m);                                                                             \
            clear;                                                                                                     \
        }                                                                                                              \
        return r;                                                                                                      \
    }

TB_IPC_PLAIN(config)
TB_IPC_PLAIN(fd)
TB_IPC_PLAIN(peer)
TB_IPC_PLAIN(ready)
TB_IPC_CLEARED(token_req, tb_msg_token_req_clear(&m))
TB_IPC_CLEARED(token_rsp, tb_msg_token_rsp_clear(&m))
TB_IPC_PLAIN(validate_req)
TB_IPC_CLEARED(statements, tb_msg_statements_clear(&m))
TB_IPC_PLAIN(caa_req)
TB_IPC_PLAIN(judge_hello)
TB_IPC_CLEARED(finalize_req, tb_msg_finalize_req_clear(&m))
TB_IPC_CLEARED(finalize_rsp, tb_problem_clear(&m.problem))
TB_IPC_PLAIN(after)
TB_IPC_PLAIN(sync_rsp)
TB_IPC_PLAIN(sign_req)
TB_IPC_CLEARED(sign_rsp, tb_problem_clear(&m.problem))
TB_IPC_PLAIN(stats)
TB_IPC_PLAIN(account_req)
TB_IPC_CLEARED(account_rsp, tb_problem_clear(&m.problem))
TB_IPC_PLAIN(crl_sign_req)
TB_IPC_PLAIN(crl)
TB_IPC_CLEARED(revoke_req, tb_msg_revoke_req_clear(&m))
TB_IPC_CLEARED(revoke_rsp, tb_problem_clear(&m.problem))
TB_IPC_PLAIN(revoked)
TB_IPC_CLEARED(validate_note, tb_problem_clear(&m.problem))

/* By message type; NULL = the body is empty or opaque. */
static int (*const tb_ipc_again[TB_MSG__COUNT])(struct tb_span body, struct tb_wr *wr) = {
    [TB_MSG_CONFIG] = again_config,
    [TB_MSG_FD] = again_fd,
    [TB_MSG_PEER] = again_peer,
    [TB_MSG_READY] = again_ready,
    [TB_MSG_TOKEN_REQ] = again_token_req,
    [TB_MSG_TOKEN_RSP] = again_token_rsp,
    [TB_MSG_VALIDATE_REQ] = again_validate_req,
    [TB_MSG_VALIDATE_RSP] = again_statements,
    [TB_MSG_CAA_REQ] = again_caa_req,
    [TB_MSG_CAA_RSP] = again_statements,
    [TB_MSG_JUDGE_HELLO] = again_judge_hello,
    [TB_MSG_FINALIZE_REQ] = again_finalize_req,
    [TB_MSG_FINALIZE_RSP] = again_finalize_rsp,
    [TB_MSG_SYNC_REQ] = again_after,
    [TB_MSG_SYNC_RSP] = again_sync_rsp,
    [TB_MSG_SIGN_REQ] = again_sign_req,
    [TB_MSG_SIGN_RSP] = again_sign_rsp,
    [TB_MSG_STATS_RSP] = again_stats,
    [TB_MSG_ACCOUNT_REQ] = again_account_req,
    [TB_MSG_ACCOUNT_RSP] = again_account_rsp,
    [TB_MSG_CRL_SIGN_REQ] = again_crl_sign_req,
    [TB_MSG_CRL_SIGN_RSP] = again_sign_rsp,
    [TB_MSG_CRL] = again_crl,
    [TB_MSG_REVOKE_REQ] = again_revoke_req,
    [TB_MSG_REVOKE_RSP] = again_revoke_rsp,
    [TB_MSG_REVOKED] = again_revoked,
    [TB_MSG_REVOKED_REQ] = again_after,
    [TB_MSG_REVOKED_RSP] = again_revoked,
    [TB_MSG_VALIDATE_NOTE] = again_validate_note,
};

#endif
