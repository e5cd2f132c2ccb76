/*
 * Messages between the CA's processes: one table names each with direction and size limit.
 * Encode and decode stand side by side in msg_<topic>.c.
 */
#ifndef TB_IPC_MESSAGE_H
#define TB_IPC_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

/* Processes. */
enum tb_role {
    TB_ROLE_NONE = 0,
    TB_ROLE_PARENT,
    TB_ROLE_FRONT,
    TB_ROLE_VALIDATOR,
    TB_ROLE_RESPONDER,
    TB_ROLE_JUDGE,
    TB_ROLE_KEYHOLDER,
    TB_ROLE__COUNT
};
const char *tb_role_name(enum tb_role role); /* "front" */
enum tb_role tb_role_find(const char *name);

/* First word of the first message on every edge; raised with any change of a message. */
#define TB_IPC_VERSION 3

enum tb_msg_type {
    TB_MSG_NONE = 0,
    /* parent to child, in this order at start */
    TB_MSG_CONFIG,      /* struct tb_msg_config */
    TB_MSG_FD,          /* struct tb_msg_fd, with one descriptor: a listening socket */
    TB_MSG_PEER,        /* struct tb_msg_peer, with one descriptor: an edge; again when the peer was restarted */
    TB_MSG_START,       /* empty: everything was given; enter the sandbox, set up, report ready */
    TB_MSG_DRAIN,       /* empty: take no new work, finish what is open, exit 0 */
    TB_MSG_CONTROL_REQ, /* opaque request of the control socket (JSON text) */
    /* child to parent */
    TB_MSG_READY,       /* struct tb_msg_ready */
    TB_MSG_CONTROL_RSP, /* opaque answer (JSON text) */
    /* front and validator, and but for CAA front and responder */
    TB_MSG_TOKEN_REQ,
    TB_MSG_TOKEN_RSP,
    TB_MSG_VALIDATE_REQ,
    TB_MSG_VALIDATE_RSP,
    TB_MSG_CAA_REQ,
    TB_MSG_CAA_RSP,
    /* front and judge */
    TB_MSG_JUDGE_HELLO, /* judge to front, first message of the edge */
    TB_MSG_FINALIZE_REQ,
    TB_MSG_FINALIZE_RSP,
    TB_MSG_SYNC_REQ,
    TB_MSG_SYNC_RSP,
    /* judge and keyholder */
    TB_MSG_SIGN_REQ,
    TB_MSG_SIGN_RSP,
    /* front and any: counters for metrics and status */
    TB_MSG_STATS_REQ,
    TB_MSG_STATS_RSP,
    /* front and judge: what becomes of an account */
    TB_MSG_ACCOUNT_REQ,
    TB_MSG_ACCOUNT_RSP,
    /* judge, keyholder and front: CRLs */
    TB_MSG_CRL_SIGN_REQ,
    TB_MSG_CRL_SIGN_RSP, /* struct tb_msg_sign_rsp */
    TB_MSG_CRL,          /* judge to front, unasked */
    /* front and judge: revocations */
    TB_MSG_REVOKE_REQ,
    TB_MSG_REVOKE_RSP,
    TB_MSG_REVOKED, /* judge to front, unasked */
    TB_MSG_REVOKED_REQ,
    TB_MSG_REVOKED_RSP,
    /* responder to front, unasked: how a use proof stands; its id is that of the VALIDATE_REQ */
    TB_MSG_VALIDATE_NOTE,
    TB_MSG__COUNT
};

struct tb_msg_info {
    const char *name;  /* "finalize-req" */
    uint32_t from, to; /* sets of roles: bit n is role n */
    size_t max;        /* bytes of body */
    bool fd;           /* carries exactly one descriptor */
};
/* NULL for NONE and unassigned numbers. */
const struct tb_msg_info *tb_msg_info(enum tb_msg_type type);
/* May `from` send this type to `to`? */
bool tb_msg_allowed(enum tb_msg_type type, enum tb_role from, enum tb_role to);

#endif
