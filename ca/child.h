/*
 * What every child of tabardd does alike: take configuration, sockets and edges from the parent, enter the sandbox,
 * report ready, run its loop, follow the parent's later messages.
 */
#ifndef TB_CA_CHILD_H
#define TB_CA_CHILD_H

#include <event2/event.h>

#include "ca/config/config.h"
#include "lib/ipc/channel.h"
#include "lib/ipc/msg_parent.h"
#include "lib/sandbox/sandbox.h"

struct tb_child {
    enum tb_role role;
    struct event_base *base;
    struct tb_config *cfg;
    int listen_fd[TB_LISTEN__COUNT]; /* -1 when not given */
    struct tb_channel *parent;
    struct tb_channel *peer[TB_ROLE__COUNT]; /* NULL while an edge is down */
    uint32_t sandbox;                        /* TB_SANDBOX_* in force */
    void *state;                             /* of the role */
};

/* A role as data; ca/main.c lists them. Handlers are indexed by message type; NULL = malformed. */
typedef int tb_msg_handler_fn(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m);
struct tb_child_role {
    enum tb_role role;
    /* As the start user, before the sandbox: open files, read keys. 0 or an error that ends the child after it logged
     * why. */
    int (*open)(struct tb_child *child);
    /* Fill network and paths. */
    void (*sandbox)(const struct tb_child *child, struct tb_sandbox_spec *spec);
    /* Inside the sandbox: set up, start listening. */
    int (*setup)(struct tb_child *child);
    /* An edge came up (again): resend what is outstanding. May be NULL. */
    void (*peer_up)(struct tb_child *child, enum tb_role peer);
    /* An edge went down; child->peer[peer] is already NULL. May be NULL. */
    void (*peer_down)(struct tb_child *child, enum tb_role peer);
    /* The parent asks to finish; call tb_child_exit when done. NULL = exit at once. */
    void (*drain)(struct tb_child *child);
    /* A request of the control socket (JSON text); answer with tb_channel_send(child->parent, TB_MSG_CONTROL_RSP, id,
     * ...). May be NULL. */
    void (*control)(struct tb_child *child, uint32_t id, struct tb_span json);
    void (*teardown)(struct tb_child *child);
    tb_msg_handler_fn *const *handlers; /* TB_MSG__COUNT entries */
};

/* The whole life of a child; parent_fd is its channel. Returns the exit status. */
int tb_child_run(const struct tb_child_role *role, int parent_fd);
/* Leave the loop cleanly. */
void tb_child_exit(struct tb_child *child);
/* Log that an answer could not be sent: an error, unless the peer is gone, which asks again when it is back. */
void tb_child_answer_lost(enum tb_msg_type type, int err);

/* Read a key file of exactly TB_KEY_LEN bytes; logs file and reason on failure. */
int tb_child_read_key(const char *path, struct tb_key *out) TB_MUST_USE;
/* Read a whole file of at most max bytes; logs on failure; caller frees with tb_free_secret. */
int tb_child_read_file(const char *path, size_t max, uint8_t **out, size_t *out_len) TB_MUST_USE;

extern const struct tb_child_role tb_front_role;
extern const struct tb_child_role tb_validator_role;
extern const struct tb_child_role tb_responder_role;
extern const struct tb_child_role tb_judge_role;
extern const struct tb_child_role tb_keyholder_role;

#endif
