#include "lib/ipc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/ipc/buffer.h"
#include "lib/ipc/fd_pass.h"
#include "lib/ipc/frame.h"

#define FDS_MAX TB_FD_PASS_MAX /* unsent, or received before their frame */

struct fd_mark {
    uint64_t at; /* position of the frame in the stream of bytes */
    int fd;
};

struct tb_channel {
    struct event *ev_read;
    struct event *ev_write; /* the socket takes bytes again */
    struct event *ev_flush; /* end of this loop turn */
    int fd;
    enum tb_role self, peer;
    bool with_fds;
    bool flush_due, write_wait;
    bool write_dead; /* the peer takes nothing any more; what it sent before is still read */
    bool closed;     /* `closed` was called */
    bool freed;
    unsigned int busy;   /* callbacks on the stack */
    unsigned int unsent; /* messages since the last flush */
    const struct tb_channel_ops *ops;
    void *arg;
    struct tb_buffer in, out;
    uint64_t sent; /* bytes handed to the kernel since the start */
    struct fd_mark out_fds[FDS_MAX];
    size_t num_out_fds;
    int in_fds[FDS_MAX];
    size_t num_in_fds;
};

static void destroy(struct tb_channel *ch)
{
    for (size_t i = 0; i < ch->num_out_fds; i++)
        close(ch->out_fds[i].fd);
    tb_fd_close_all(ch->in_fds, ch->num_in_fds);
    free(ch->in.p);
    free(ch->out.p);
    free(ch);
}

static void stop_events(struct tb_channel *ch)
{
    struct event **evs[] = {&ch->ev_read, &ch->ev_write, &ch->ev_flush};

    for (size_t i = 0; i < TB_ARRAY_LEN(evs); i++) {
        if (*evs[i] != NULL)
            event_free(*evs[i]);
        *evs[i] = NULL;
    }
    if (ch->fd >= 0)
        close(ch->fd);
    ch->fd = -1;
}

static void leave(struct tb_channel *ch)
{
    ch->busy--;
    if (ch->busy == 0 && ch->freed)
        destroy(ch);
}

/* The caller holds `busy`, so that a free inside the callback is put off. */
static void report_closed(struct tb_channel *ch, int err)
{
    if (ch->closed || ch->freed)
        return;
    ch->closed = true;
    stop_events(ch);
    ch->ops->closed(ch, err, ch->arg);
}

static size_t next_chunk(const struct tb_channel *ch, int *out_fd)
{
    size_t n = tb_buffer_used(&ch->out);
    size_t i = 0;

    *out_fd = -1;
    if (i < ch->num_out_fds && ch->out_fds[i].at == ch->sent)
        *out_fd = ch->out_fds[i++].fd;
    /* A descriptor belongs to the first byte of its frame: the next one begins a system call of its own. */
    if (i < ch->num_out_fds && ch->out_fds[i].at - ch->sent < n)
        n = (size_t)(ch->out_fds[i].at - ch->sent);
    return n;
}

static void drop_first_fd(struct tb_channel *ch)
{
    close(ch->out_fds[0].fd);
    ch->num_out_fds--;
    memmove(ch->out_fds, ch->out_fds + 1, ch->num_out_fds * sizeof(ch->out_fds[0]));
}

static void drop_output(struct tb_channel *ch)
{
    while (ch->num_out_fds > 0)
        drop_first_fd(ch);
    ch->sent += tb_buffer_used(&ch->out);
    ch->out.head = ch->out.len;
    tb_buffer_compact(&ch->out);
}

/* 0 = all handed over; TB_E_AGAIN = the kernel takes no more now; TB_E_CLOSED; TB_E_IO. */
static int flush_out(struct tb_channel *ch)
{
    while (tb_buffer_used(&ch->out) > 0) {
        int fd;
        size_t n = next_chunk(ch, &fd);
        ssize_t r = tb_fd_pass_send(ch->fd, tb_span_of(ch->out.p + ch->out.head, n), fd);

        if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
            return TB_E_AGAIN;
        if (r < 0)
            return errno == EPIPE || errno == ECONNRESET ? TB_E_CLOSED : TB_E_IO;
        if (fd >= 0)
            drop_first_fd(ch);
        ch->sent += (uint64_t)r;
        ch->out.head += (size_t)r;
    }
    tb_buffer_compact(&ch->out);
    return 0;
}

static void flush_and_wait(struct tb_channel *ch)
{
    int r = flush_out(ch);

    if (r == TB_E_AGAIN) {
        if (!ch->write_wait && event_add(ch->ev_write, NULL) < 0)
            r = TB_E_NOMEM;
        else
            ch->write_wait = true;
    } else if (r == TB_E_CLOSED) {
        /* Its last words may still lie in our receive buffer: the reader finds the end of the stream after them. */
        ch->write_dead = true;
        drop_output(ch);
    }
    if (r == TB_E_IO || r == TB_E_NOMEM)
        report_closed(ch, r);
}

static void on_flush(evutil_socket_t fd, short what, void *arg)
{
    struct tb_channel *ch = arg;

    (void)fd;
    (void)what;
    ch->flush_due = false;
    ch->unsent = 0;
    ch->busy++;
    flush_and_wait(ch);
    leave(ch);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct tb_channel *ch = arg;

    (void)fd;
    (void)what;
    ch->write_wait = false;
    ch->busy++;
    flush_and_wait(ch);
    leave(ch);
}

static int deliver(struct tb_channel *ch, struct tb_msg *m)
{
    m->fd = -1;
    if (tb_msg_info(m->type)->fd) {
        if (ch->num_in_fds == 0)
            return TB_E_FORMAT;
        m->fd = ch->in_fds[0];
        ch->num_in_fds--;
        memmove(ch->in_fds, ch->in_fds + 1, ch->num_in_fds * sizeof(ch->in_fds[0]));
    }
    return ch->ops->message(ch, m, ch->arg) < 0 ? TB_E_FORMAT : 0;
}

/* Every whole frame that is there; then room for the one that has begun. */
static int deliver_frames(struct tb_channel *ch)
{
    size_t body_len = 0;
    int r;

    while (!ch->freed && !ch->closed && tb_buffer_used(&ch->in) >= TB_FRAME_HEADER_LEN) {
        struct tb_msg m = {0};
        const uint8_t *p = ch->in.p + ch->in.head;

        if ((r = tb_frame_header_read(p, &m, &body_len)) < 0)
            return r;
        if (!tb_msg_allowed(m.type, ch->peer, ch->self))
            return TB_E_FORMAT;
        if (tb_buffer_used(&ch->in) < TB_FRAME_HEADER_LEN + body_len)
            return tb_buffer_reserve(&ch->in, TB_FRAME_HEADER_LEN + body_len - tb_buffer_used(&ch->in));
        m.body = tb_span_of(p + TB_FRAME_HEADER_LEN, body_len);
        ch->in.head += TB_FRAME_HEADER_LEN + body_len;
        if ((r = deliver(ch, &m)) < 0)
            return r;
    }
    /* A descriptor without its frame: the kernel never gives one ahead of the frame's first byte. */
    if (!ch->freed && tb_buffer_used(&ch->in) == 0 && ch->num_in_fds > 0)
        return TB_E_FORMAT;
    return 0;
}

static int read_once(struct tb_channel *ch)
{
    ssize_t n;
    int r;

    tb_buffer_compact(&ch->in);
    if ((r = tb_buffer_reserve(&ch->in, TB_FRAME_HEADER_LEN)) < 0)
        return r;
    n = tb_fd_pass_recv(ch->fd, ch->in.p + ch->in.len, ch->in.cap - ch->in.len, MSG_DONTWAIT,
                        ch->with_fds ? ch->in_fds : NULL, TB_FD_PASS_MAX, &ch->num_in_fds);
    if (n == TB_E_AGAIN)
        return 0;
    if (n < 0)
        return (int)n;
    if (n == 0)
        return TB_E_CLOSED;
    ch->in.len += (size_t)n;
    return deliver_frames(ch);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct tb_channel *ch = arg;
    int r;

    (void)fd;
    (void)what;
    ch->busy++;
    if ((r = read_once(ch)) < 0)
        report_closed(ch, r);
    leave(ch);
}

static int set_flags(int fd)
{
    int fl = fcntl(fd, F_GETFL);

    if (fl < 0 || fcntl(fd, F_SETFL, fl | O_NONBLOCK) < 0 || fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return TB_E_IO;
    return 0;
}

int tb_channel_new(struct event_base *base, int fd, enum tb_role self, enum tb_role peer, bool with_fds,
                   const struct tb_channel_ops *ops, void *arg, struct tb_channel **out)
{
    struct tb_channel *ch = NULL;
    int r;

    *out = NULL;
    if ((r = set_flags(fd)) < 0)
        return r;
    if ((ch = calloc(1, sizeof(*ch))) == NULL)
        return TB_E_NOMEM;
    *ch = (struct tb_channel){.fd = fd, .self = self, .peer = peer, .with_fds = with_fds, .ops = ops, .arg = arg};
    ch->ev_read = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, ch);
    ch->ev_write = event_new(base, fd, EV_WRITE, on_writable, ch);
    ch->ev_flush = event_new(base, -1, 0, on_flush, ch);
    if (ch->ev_read == NULL || ch->ev_write == NULL || ch->ev_flush == NULL || event_add(ch->ev_read, NULL) < 0) {
        ch->fd = -1; /* stays the caller's */
        stop_events(ch);
        destroy(ch);
        return TB_E_NOMEM;
    }
    *out = ch;
    return 0;
}

void tb_channel_free(struct tb_channel *ch)
{
    if (ch == NULL || ch->freed)
        return;
    ch->freed = true;
    /* A last answer that was queued in this very loop turn still leaves when the kernel has room. */
    if (ch->fd >= 0 && !ch->write_dead && flush_out(ch) < 0)
        drop_output(ch);
    stop_events(ch);
    if (ch->busy == 0)
        destroy(ch);
}

enum tb_role tb_channel_peer(const struct tb_channel *ch)
{
    return ch->peer;
}

static int queue(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body)
{
    size_t len = TB_FRAME_HEADER_LEN + body.len;
    int r;

    if (len > TB_CHANNEL_QUEUE_MAX - tb_buffer_used(&ch->out))
        return TB_E_LIMIT;
    if ((r = tb_buffer_reserve(&ch->out, len)) < 0)
        return r;
    tb_frame_header_write(ch->out.p + ch->out.len, type, id, body.len);
    if (body.len > 0)
        memcpy(ch->out.p + ch->out.len + TB_FRAME_HEADER_LEN, body.p, body.len);
    ch->out.len += len;
    if (!ch->flush_due && !ch->write_wait) {
        ch->flush_due = true;
        event_active(ch->ev_flush, EV_WRITE, 0);
    }
    return 0;
}

static int may_send(const struct tb_channel *ch, enum tb_msg_type type, struct tb_span body, bool fd)
{
    if (ch->closed || ch->freed || ch->write_dead)
        return TB_E_CLOSED;
    if (!tb_msg_allowed(type, ch->self, ch->peer) || body.len > tb_msg_info(type)->max || tb_msg_info(type)->fd != fd ||
        (fd && !ch->with_fds))
        return TB_E_INVAL;
    return 0;
}

/* A turn may be long: the peer gets something to do before it ends.  What goes wrong here shows at the end of the turn.
 */
static void flush_early(struct tb_channel *ch)
{
    if (++ch->unsent < TB_CHANNEL_FLUSH_AT || ch->write_wait)
        return;
    ch->unsent = 0;
    (void)flush_out(ch);
}

int tb_channel_send(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body)
{
    int r = may_send(ch, type, body, false);

    if (r == 0 && (r = queue(ch, type, id, body)) == 0)
        flush_early(ch);
    return r;
}

int tb_channel_send_fd(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body, int fd)
{
    uint64_t at = ch->sent + tb_buffer_used(&ch->out);
    int r;

    if ((r = may_send(ch, type, body, true)) < 0)
        return r;
    if (ch->num_out_fds == FDS_MAX)
        return TB_E_LIMIT;
    if ((r = queue(ch, type, id, body)) < 0)
        return r;
    ch->out_fds[ch->num_out_fds++] = (struct fd_mark){.at = at, .fd = fd};
    return 0;
}

bool tb_channel_flushed(const struct tb_channel *ch)
{
    return tb_buffer_used(&ch->out) == 0;
}
