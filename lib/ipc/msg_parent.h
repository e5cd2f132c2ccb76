/* Messages between the parent and its children: start, edges, readiness. */
#ifndef TB_IPC_MSG_PARENT_H
#define TB_IPC_MSG_PARENT_H

#include "lib/base/bytes.h"
#include "lib/ipc/message.h"

#define TB_CONFIG_TEXT_MAX     (1u << 20)
#define TB_CONFIG_PATH_LEN_MAX 1023
#define TB_CONTROL_REQ_MAX     81920u     /* a command, a CSR of TB_CSR_DER_MAX in base64url, and as many names */
#define TB_CONTROL_RSP_MAX     (4u << 20) /* a listing */

/* The configuration file as the parent read it: the same bytes for every child; it holds no secret. */
struct tb_msg_config {
    uint32_t version; /* TB_IPC_VERSION */
    bool log_json;
    bool weak_sandbox;                     /* the operator allowed to go on without a sandbox part */
    char path[TB_CONFIG_PATH_LEN_MAX + 1]; /* of the file, for messages and for relative paths */
    struct tb_span text;                   /* borrowed */
};
void tb_msg_config_write(struct tb_wr *wr, const struct tb_msg_config *m);
int tb_msg_config_read(struct tb_span body, struct tb_msg_config *out) TB_MUST_USE;

enum tb_listener {
    TB_LISTEN_NONE = 0,
    TB_LISTEN_ACME = 1,
    TB_LISTEN_METRICS = 2,
    TB_LISTEN_HTTP = 3,
    TB_LISTEN_RESPONDER = 4,
    TB_LISTEN__COUNT
};
struct tb_msg_fd {
    enum tb_listener listener;
};
void tb_msg_fd_write(struct tb_wr *wr, const struct tb_msg_fd *m);
int tb_msg_fd_read(struct tb_span body, struct tb_msg_fd *out) TB_MUST_USE;

struct tb_msg_peer {
    enum tb_role role;
};
void tb_msg_peer_write(struct tb_wr *wr, const struct tb_msg_peer *m);
int tb_msg_peer_read(struct tb_span body, struct tb_msg_peer *out) TB_MUST_USE;

/* What of the sandbox is in force: bits for `status`. */
#define TB_SANDBOX_SECCOMP  1u
#define TB_SANDBOX_LANDLOCK 2u
#define TB_SANDBOX_USER     4u /* runs as a user of its own or without any capability */
#define TB_SANDBOX_NETNS    8u
struct tb_msg_ready {
    uint32_t sandbox;
};
void tb_msg_ready_write(struct tb_wr *wr, const struct tb_msg_ready *m);
int tb_msg_ready_read(struct tb_span body, struct tb_msg_ready *out) TB_MUST_USE;

#endif
