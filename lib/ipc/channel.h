/*
 * Channel: one edge between two processes.  A Unix stream socket pair carrying frames
 *     u32 length of the rest || u16 type || u32 request id || body
 * on a libevent loop.  Writes of one loop turn leave in few system calls: at its end, and in between after every
 * TB_CHANNEL_FLUSH_AT messages, so that the peer works while a long turn lasts.  Reads deliver every whole frame.
 */
#ifndef TB_IPC_CHANNEL_H
#define TB_IPC_CHANNEL_H

#include <event2/event.h>

#include "lib/base/bytes.h"
#include "lib/ipc/message.h"

#define TB_CHANNEL_QUEUE_MAX (64u << 20) /* unsent bytes; beyond it sending fails with TB_E_LIMIT */

#define TB_CHANNEL_FLUSH_AT 4

struct tb_channel;

/* A received message; body is borrowed until the handler returns; fd is -1 or owned by the handler. */
struct tb_msg {
    enum tb_msg_type type;
    uint32_t id;
    struct tb_span body;
    int fd;
};

struct tb_channel_ops {
    /*
     * Called for each message whose type, direction and size the table allows.  A negative result is a malformed
     * message: the channel is closed and `closed` called with TB_E_FORMAT.  The handler may free the channel only
     * through tb_channel_free.
     */
    int (*message)(struct tb_channel *ch, const struct tb_msg *m, void *arg);
    /* The peer is gone (TB_E_CLOSED), sent nonsense (TB_E_FORMAT), or a system call failed (TB_E_IO). Called once. */
    void (*closed)(struct tb_channel *ch, int err, void *arg);
};

/*
 * Takes fd (set non-blocking, close-on-exec) on success only.  with_fds: frames may carry descriptors (the parent's
 * channels only).  ops and arg must outlive the channel.
 */
int tb_channel_new(struct event_base *base, int fd, enum tb_role self, enum tb_role peer, bool with_fds,
                   const struct tb_channel_ops *ops, void *arg, struct tb_channel **out) TB_MUST_USE;
void tb_channel_free(struct tb_channel *ch); /* closes; NULL-safe; safe inside a handler of the channel */
enum tb_role tb_channel_peer(const struct tb_channel *ch);
/* Queue a message. TB_E_INVAL when the table forbids it or body is too long; TB_E_LIMIT; TB_E_CLOSED; TB_E_NOMEM. */
int tb_channel_send(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body) TB_MUST_USE;
/* As above with a descriptor, which the channel takes (closes after sending) on success. */
int tb_channel_send_fd(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body,
                       int fd) TB_MUST_USE;
/* True when everything queued has been handed to the kernel. */
bool tb_channel_flushed(const struct tb_channel *ch);

/*
 * A connected pair, close-on-exec, with buffers large enough for the largest message.  For tests and the parent.
 */
int tb_channel_pair(int out_fds[2]) TB_MUST_USE;
/* Blocking, one frame, for start-up before there is a loop: only for messages of the parent. Body is owned (free). */
int tb_channel_recv_blocking(int fd, struct tb_msg *out, uint8_t **out_body) TB_MUST_USE;
/* One frame to a buffer, for tests that own one end of an edge. */
void tb_frame_write(struct tb_wr *wr, enum tb_msg_type type, uint32_t id, struct tb_span body);

#endif
