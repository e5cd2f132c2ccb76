#include "lib/ipc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define HEADER_LEN   10u /* u32 length, u16 type, u32 id */
#define REST_MIN     6u  /* what the length counts besides the body */
#define IN_INIT      (64u << 10)
#define OUT_INIT     (64u << 10)
#define KEEP_MAX     (256u << 10) /* an emptied buffer above this is given back */
#define FDS_MAX      32u          /* unsent, or received before their frame */
#define PAIR_BUF_LEN (2 << 20)

struct buf {
    uint8_t *p;
    size_t head, len, cap; /* the bytes are p[head .. len) */
};

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
    struct buf in, out;
    uint64_t sent; /* bytes handed to the kernel since the start */
    struct fd_mark out_fds[FDS_MAX];
    size_t num_out_fds;
    int in_fds[FDS_MAX];
    size_t num_in_fds;
};

static size_t buf_used(const struct buf *b)
{
    return b->len - b->head;
}

static void buf_compact(struct buf *b)
{
    if (b->head == b->len) {
        b->head = b->len = 0;
        if (b->cap > KEEP_MAX) {
            free(b->p);
            *b = (struct buf){0};
        }
    } else if (b->head > 0) {
        memmove(b->p, b->p + b->head, b->len - b->head);
        b->len -= b->head;
        b->head = 0;
    }
}

/* Room for `need` bytes behind the present ones. */
static int buf_reserve(struct buf *b, size_t need, size_t init)
{
    size_t cap = b->cap > 0 ? b->cap : init;
    uint8_t *p;

    if (b->cap - b->len >= need)
        return 0;
    if (b->head > 0)
        buf_compact(b);
    if (b->cap - b->len >= need)
        return 0;
    while (cap - b->len < need)
        cap *= 2;
    if ((p = realloc(b->p, cap)) == NULL)
        return TB_E_NOMEM;
    b->p = p;
    b->cap = cap;
    return 0;
}

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void put_header(uint8_t out[static HEADER_LEN], enum tb_msg_type type, uint32_t id, size_t body_len)
{
    struct tb_wr wr;

    tb_wr_fixed(&wr, out, HEADER_LEN);
    tb_wr_u32(&wr, (uint32_t)(REST_MIN + body_len));
    tb_wr_u16(&wr, (uint16_t)type);
    tb_wr_u32(&wr, id);
}

/* The first HEADER_LEN bytes of a frame: type, id and length of the body, checked against the table. */
static int get_header(const uint8_t *p, struct tb_msg *m, size_t *out_body_len)
{
    uint32_t rest = get_u32(p);
    const struct tb_msg_info *info;

    m->type = (enum tb_msg_type)((unsigned int)p[4] << 8 | p[5]);
    m->id = get_u32(p + 6);
    info = tb_msg_info(m->type);
    if (info == NULL || rest < REST_MIN || rest - REST_MIN > info->max)
        return TB_E_FORMAT;
    *out_body_len = rest - REST_MIN;
    return 0;
}

static void close_all(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        close(fds[i]);
}

static void destroy(struct tb_channel *ch)
{
    for (size_t i = 0; i < ch->num_out_fds; i++)
        close(ch->out_fds[i].fd);
    close_all(ch->in_fds, ch->num_in_fds);
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
    size_t n = buf_used(&ch->out);
    size_t i = 0;

    *out_fd = -1;
    if (i < ch->num_out_fds && ch->out_fds[i].at == ch->sent)
        *out_fd = ch->out_fds[i++].fd;
    /* A descriptor belongs to the first byte of its frame: the next one begins a system call of its own. */
    if (i < ch->num_out_fds && ch->out_fds[i].at - ch->sent < n)
        n = (size_t)(ch->out_fds[i].at - ch->sent);
    return n;
}

static ssize_t send_chunk(const struct tb_channel *ch, size_t n, int fd)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(int))];
    } ctl;
    struct iovec iov = {.iov_base = ch->out.p + ch->out.head, .iov_len = n};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cmsghdr *c;
    ssize_t r;

    if (fd >= 0) {
        memset(&ctl, 0, sizeof(ctl));
        mh.msg_control = ctl.buf;
        mh.msg_controllen = sizeof(ctl.buf);
        c = CMSG_FIRSTHDR(&mh);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &fd, sizeof(int));
    }
    do {
        r = sendmsg(ch->fd, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (r < 0 && errno == EINTR);
    return r;
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
    ch->sent += buf_used(&ch->out);
    ch->out.head = ch->out.len;
    buf_compact(&ch->out);
}

/* 0 = all handed over; TB_E_AGAIN = the kernel takes no more now; TB_E_CLOSED; TB_E_IO. */
static int flush_out(struct tb_channel *ch)
{
    while (buf_used(&ch->out) > 0) {
        int fd;
        size_t n = next_chunk(ch, &fd);
        ssize_t r = send_chunk(ch, n, fd);

        if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS))
            return TB_E_AGAIN;
        if (r < 0)
            return errno == EPIPE || errno == ECONNRESET ? TB_E_CLOSED : TB_E_IO;
        if (fd >= 0)
            drop_first_fd(ch);
        ch->sent += (uint64_t)r;
        ch->out.head += (size_t)r;
    }
    buf_compact(&ch->out);
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

/* Descriptors that came with the bytes go to fds; TB_E_FORMAT when there are more than max. */
static int take_fds(struct msghdr *mh, int *fds, size_t max, size_t *num)
{
    int r = (mh->msg_flags & MSG_CTRUNC) != 0 ? TB_E_FORMAT : 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
        size_t n;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (*num < max) {
                fds[(*num)++] = fd;
            } else {
                close(fd);
                r = TB_E_FORMAT;
            }
        }
    }
    return r;
}

/* > 0 bytes; 0 end of stream; negative enum tb_err. */
static ssize_t recv_some(int fd, void *p, size_t len, int flags, int *fds, size_t max, size_t *num)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(int) * FDS_MAX)];
    } ctl;
    struct iovec iov = {.iov_base = p, .iov_len = len};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    if (fds != NULL) {
        mh.msg_control = ctl.buf;
        mh.msg_controllen = sizeof(ctl.buf);
    }
    do {
        n = recvmsg(fd, &mh, flags | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return TB_E_AGAIN;
        return errno == ECONNRESET ? 0 : TB_E_IO;
    }
    if (fds != NULL && take_fds(&mh, fds, max, num) < 0)
        return TB_E_FORMAT;
    return n;
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

    while (!ch->freed && !ch->closed && buf_used(&ch->in) >= HEADER_LEN) {
        struct tb_msg m = {0};
        const uint8_t *p = ch->in.p + ch->in.head;

        if ((r = get_header(p, &m, &body_len)) < 0)
            return r;
        if (!tb_msg_allowed(m.type, ch->peer, ch->self))
            return TB_E_FORMAT;
        if (buf_used(&ch->in) < HEADER_LEN + body_len)
            return buf_reserve(&ch->in, HEADER_LEN + body_len - buf_used(&ch->in), IN_INIT);
        m.body = tb_span_of(p + HEADER_LEN, body_len);
        ch->in.head += HEADER_LEN + body_len;
        if ((r = deliver(ch, &m)) < 0)
            return r;
    }
    /* A descriptor without its frame: the kernel never gives one ahead of the frame's first byte. */
    if (!ch->freed && buf_used(&ch->in) == 0 && ch->num_in_fds > 0)
        return TB_E_FORMAT;
    return 0;
}

static int read_once(struct tb_channel *ch)
{
    ssize_t n;
    int r;

    buf_compact(&ch->in);
    if ((r = buf_reserve(&ch->in, HEADER_LEN, IN_INIT)) < 0)
        return r;
    n = recv_some(ch->fd, ch->in.p + ch->in.len, ch->in.cap - ch->in.len, MSG_DONTWAIT,
                  ch->with_fds ? ch->in_fds : NULL, FDS_MAX - ch->num_in_fds, &ch->num_in_fds);
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
    size_t len = HEADER_LEN + body.len;
    int r;

    if (len > TB_CHANNEL_QUEUE_MAX - buf_used(&ch->out))
        return TB_E_LIMIT;
    if ((r = buf_reserve(&ch->out, len, OUT_INIT)) < 0)
        return r;
    put_header(ch->out.p + ch->out.len, type, id, body.len);
    if (body.len > 0)
        memcpy(ch->out.p + ch->out.len + HEADER_LEN, body.p, body.len);
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
    uint64_t at = ch->sent + buf_used(&ch->out);
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
    return buf_used(&ch->out) == 0;
}

static void set_buffer(int fd, int force, int plain)
{
    int len = PAIR_BUF_LEN;

    /* Best effort: beyond the system's maximum only root may go, and a smaller buffer is only slower. */
    if (setsockopt(fd, SOL_SOCKET, force, &len, sizeof(len)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, plain, &len, sizeof(len));
}

int tb_channel_pair(int out_fds[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out_fds) < 0) {
        out_fds[0] = out_fds[1] = -1;
        return TB_E_IO;
    }
    for (int i = 0; i < 2; i++) {
        set_buffer(out_fds[i], SO_SNDBUFFORCE, SO_SNDBUF);
        set_buffer(out_fds[i], SO_RCVBUFFORCE, SO_RCVBUF);
    }
    return 0;
}

static int recv_exact(int fd, uint8_t *p, size_t len, int *fds, size_t max, size_t *num)
{
    while (len > 0) {
        ssize_t n = recv_some(fd, p, len, 0, fds, max, num);

        if (n < 0)
            return (int)n;
        if (n == 0)
            return TB_E_CLOSED;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int tb_channel_recv_blocking(int fd, struct tb_msg *out, uint8_t **out_body)
{
    uint8_t head[HEADER_LEN];
    struct tb_msg m = {.fd = -1};
    uint8_t *body = NULL;
    size_t body_len = 0;
    size_t num_fds = 0;
    int r;

    *out = (struct tb_msg){.fd = -1};
    *out_body = NULL;
    if ((r = recv_exact(fd, head, sizeof(head), &m.fd, 1, &num_fds)) < 0 || (r = get_header(head, &m, &body_len)) < 0)
        goto out;
    if ((tb_msg_info(m.type)->from >> TB_ROLE_PARENT & 1) == 0 || tb_msg_info(m.type)->fd != (num_fds == 1)) {
        r = TB_E_FORMAT;
        goto out;
    }
    if ((body = malloc(body_len + 1)) == NULL) {
        r = TB_E_NOMEM;
        goto out;
    }
    if ((r = recv_exact(fd, body, body_len, NULL, 0, NULL)) < 0)
        goto out;
    m.body = tb_span_of(body, body_len);
    *out = m;
    *out_body = body;
    return 0;
out:
    close_all(&m.fd, num_fds);
    free(body);
    return r;
}

void tb_frame_write(struct tb_wr *wr, enum tb_msg_type type, uint32_t id, struct tb_span body)
{
    tb_wr_u32(wr, (uint32_t)(REST_MIN + body.len));
    tb_wr_u16(wr, (uint16_t)type);
    tb_wr_u32(wr, id);
    tb_wr_bytes(wr, body.p, body.len);
}
