#include "ca/front/connection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/front/front.h"
#include "ca/front/request.h"
#include "ca/front/server.h"
#include "lib/http/request.h"

/* One whole request of the largest size fits; beyond it the socket is not read. */
#define INPUT_MAX TB_CONN_INPUT_MAX

static bool waits(enum tb_conn_state s)
{
    return s == TB_CONN_IDLE || s == TB_CONN_HANDSHAKE;
}

static void enter(struct tb_conn *c, enum tb_conn_state state, bool first)
{
    struct tb_front *f = c->front;
    const struct timeval *tv = NULL;

    if (!first && waits(c->state))
        TAILQ_REMOVE(&f->idle, c, idle_entry);
    if (waits(state))
        TAILQ_INSERT_TAIL(&f->idle, c, idle_entry);
    c->state = state;
    switch (state) {
    case TB_CONN_HANDSHAKE:
        tv = f->tv_handshake;
        break;
    case TB_CONN_IDLE:
        tv = f->draining ? f->tv_second : f->tv_idle;
        break;
    case TB_CONN_READING:
    case TB_CONN_WRITING:
        tv = f->tv_request;
        break;
    case TB_CONN_LINGER:
        tv = f->tv_second;
        break;
    case TB_CONN_BUSY:
        break;
    }
    if (tv == NULL)
        (void)event_del(c->timer);
    else
        (void)event_add(c->timer, tv);
}

static void free_events(struct tb_conn *c)
{
    struct event *const all[] = {c->ev_read, c->ev_write, c->timer};

    for (size_t i = 0; i < TB_ARRAY_LEN(all); i++)
        if (all[i] != NULL)
            event_free(all[i]);
}

void tb_conn_free(struct tb_conn *c)
{
    struct tb_front *f = c->front;

    if (c->rq != NULL)
        tb_request_orphan(c->rq);
    if (waits(c->state))
        TAILQ_REMOVE(&f->idle, c, idle_entry);
    TAILQ_REMOVE(&f->conns, c, entry);
    f->num_conns--;
    f->num_http_conns -= c->kind == TB_CONN_HTTP;
    free_events(c);
    tb_stream_close(&c->stream, c->state != TB_CONN_HANDSHAKE);
    free(c->in);
    free(c);
    tb_server_room(f);
}

/*
 * A client may repeat its request when a connection that it kept ends without an answer (RFC 9112 section 9.3.1), and
 * must expect that.  On a new connection it takes it for a failure, so a new one gets time for one request.
 */
void tb_conn_drain(struct tb_conn *c)
{
    if (c->served || event_add(c->timer, c->front->tv_second) < 0)
        tb_conn_free(c);
}

static void drop_input(struct tb_conn *c)
{
    free(c->in);
    c->in = NULL;
    c->in_len = c->in_cap = 0;
}

/* Half of a close: our side is finished, what still arrives is dropped for a moment. */
static void start_linger(struct tb_conn *c)
{
    tb_stream_finish(&c->stream);
    drop_input(c);
    enter(c, TB_CONN_LINGER, false);
}

/* Runs on_readable once more without the socket: something is left to do that it will not tell of. */
static void again(struct tb_conn *c)
{
    event_active(c->ev_read, EV_READ, 0);
}

static void wait_writable(struct tb_conn *c)
{
    if (event_add(c->ev_write, NULL) < 0)
        (void)event_add(c->timer, c->front->tv_second);
}

/* r: of the write that came before. Frees nothing: the caller may be a handler in the midst of its work. */
static void after_write(struct tb_conn *c, int r)
{
    if (r == TB_E_AGAIN) {
        wait_writable(c);
        return;
    }
    if (r < 0 || c->close_after || c->front->draining) {
        c->close_after = true;
        c->linger_after = c->linger_after && r == 0;
        again(c);
        return;
    }
    enter(c, TB_CONN_IDLE, false);
    if (c->full) {
        c->full = false;
        (void)event_add(c->ev_read, NULL);
    }
    if (c->in_len > 0 || tb_stream_pending(&c->stream))
        again(c);
}

static void send_continue(struct tb_conn *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (c->continue_sent)
        return;
    c->continue_sent = true;
    if (tb_stream_write(&c->stream, text, sizeof(text) - 1) == TB_E_AGAIN)
        wait_writable(c);
}

/* Grows by doubling: a request that drips is not copied with every octet of it. len fits below INPUT_MAX. */
static int append_input(struct tb_conn *c, const uint8_t *p, size_t len)
{
    size_t need = c->in_len + len;
    size_t cap = 2 * c->in_cap < need ? need : 2 * c->in_cap;
    uint8_t *all = c->in;

    if (len == 0)
        return 0;
    if (need > c->in_cap) {
        cap = cap < INPUT_MAX ? cap : INPUT_MAX;
        if ((all = realloc(c->in, cap)) == NULL)
            return TB_E_NOMEM;
        c->in = all;
        c->in_cap = cap;
    }
    memcpy(c->in + c->in_len, p, len);
    c->in_len = need;
    return 0;
}

/* The first used octets are a request. The input lives until the handler has seen it; what follows becomes the input.
 */
static int hand_over(struct tb_conn *c, struct tb_span in, size_t used, const struct tb_http_request *http)
{
    uint8_t *owned = c->in; /* in may lie there */

    c->in = NULL;
    c->in_len = c->in_cap = 0;
    if (append_input(c, in.p + used, in.len - used) < 0) {
        free(owned);
        return TB_E_NOMEM;
    }
    enter(c, TB_CONN_BUSY, false);
    c->continue_sent = false;
    c->served = true;
    tb_request_start(c->front, c, http);
    free(owned);
    return 0;
}

/* Starts a request when it is whole; keeps what is left. in: the input, or octets in the front's scratch. */
static int take_request(struct tb_conn *c, struct tb_span in)
{
    struct tb_http_request http;
    const char *why = NULL;
    bool head_done = false;
    size_t used = 0;
    int status = 0;
    int r;

    if (c->state == TB_CONN_IDLE)
        enter(c, TB_CONN_READING, false);
    r = tb_http_request_parse(in, &http, &used, &head_done, &status, &why);
    if (r == 0)
        return hand_over(c, in, used, &http);
    if (r == TB_E_AGAIN) {
        if (head_done && http.expect_continue)
            send_continue(c);
        return c->in_len > 0 ? 0 : append_input(c, in.p, in.len);
    }
    drop_input(c);
    enter(c, TB_CONN_BUSY, false);
    c->served = true;
    tb_request_refuse(c->front, c, status, why);
    return 0;
}

/* Until the socket has no more, or p is full. *out_len is valid after an error, too. */
static int read_input(struct tb_conn *c, uint8_t *p, size_t max, size_t *out_len)
{
    ssize_t n;

    *out_len = 0;
    do {
        n = tb_stream_read(&c->stream, p + *out_len, max - *out_len);
        if (n == TB_E_AGAIN) {
            if (c->stream.wants_write)
                wait_writable(c);
            return 0;
        }
        if (n < 0)
            return (int)n;
        *out_len += (size_t)n;
    } while (*out_len < max && tb_stream_pending(&c->stream));
    return 0;
}

/* A request is parsed where it arrived when it arrived whole, so that most connections never have an input buffer. */
static int take_input(struct tb_conn *c, const uint8_t *p, size_t len)
{
    bool takes = c->state == TB_CONN_IDLE || c->state == TB_CONN_READING;
    struct tb_span in = tb_span_of(p, len);

    if (!takes || c->in_len > 0) {
        if (append_input(c, p, len) < 0)
            return TB_E_NOMEM;
        in = tb_span_of(c->in, c->in_len);
    }
    return takes && in.len > 0 ? take_request(c, in) : 0;
}

static void read_requests(struct tb_conn *c)
{
    size_t max = INPUT_MAX - c->in_len;
    size_t len = 0;
    int r = max > 0 ? read_input(c, c->front->input, max, &len) : 0;

    if (c->state != TB_CONN_LINGER && take_input(c, c->front->input, len) < 0)
        r = TB_E_NOMEM;
    /* A request that came together with the end is served; only its answer has nowhere to go. */
    if (r < 0) {
        tb_conn_free(c);
        return;
    }
    if (c->in_len >= INPUT_MAX) {
        c->full = true;
        (void)event_del(c->ev_read);
    }
}

static bool shake_hands(struct tb_conn *c)
{
    int r = tb_stream_accept(&c->stream);

    if (r == TB_E_AGAIN && c->stream.wants_write)
        wait_writable(c);
    if (r == TB_E_IO) {
        c->front->counters.handshake_failures++;
        tb_conn_free(c);
    }
    if (r == 0)
        enter(c, TB_CONN_IDLE, false);
    return r == 0;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct tb_conn *c = arg;

    (void)fd;
    (void)what;
    if (c->state == TB_CONN_HANDSHAKE && !shake_hands(c))
        return;
    if (c->state == TB_CONN_WRITING && c->close_after && c->stream.out == NULL) {
        if (c->linger_after)
            start_linger(c);
        else
            tb_conn_free(c);
        return;
    }
    read_requests(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct tb_conn *c = arg;
    int r = tb_stream_flush(&c->stream);

    if (c->state == TB_CONN_WRITING)
        after_write(c, r);
    else if (r == TB_E_AGAIN)
        wait_writable(c);
    else
        on_readable(fd, what, arg);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct tb_conn *c = arg;

    (void)fd;
    (void)what;
    if (c->state != TB_CONN_READING) {
        tb_conn_free(c);
        return;
    }
    enter(c, TB_CONN_BUSY, false);
    tb_request_refuse(c->front, c, 408, "the request did not arrive in time");
}

void tb_conn_send(struct tb_conn *c, struct tb_span answer, bool close_after, bool linger)
{
    c->rq = NULL;
    c->close_after = close_after;
    c->linger_after = linger;
    enter(c, TB_CONN_WRITING, false);
    after_write(c, answer.len > 0 ? tb_stream_write(&c->stream, answer.p, answer.len) : TB_E_NOMEM);
}

static bool set_up(struct tb_conn *c, int fd)
{
    struct tb_front *f = c->front;

    c->timer = evtimer_new(f->base, on_timer, c);
    c->ev_read = event_new(f->base, fd, EV_READ | EV_PERSIST, on_readable, c);
    c->ev_write = event_new(f->base, fd, EV_WRITE, on_writable, c);
    return c->timer != NULL && c->ev_read != NULL && c->ev_write != NULL && event_add(c->ev_read, NULL) == 0 &&
           tb_stream_open(&c->stream, fd, c->kind == TB_CONN_ACME ? f->ssl : NULL) == 0;
}

void tb_conn_accept(struct tb_front *f, int fd, enum tb_conn_kind kind)
{
    struct tb_conn *c = calloc(1, sizeof(*c));

    if (c != NULL) {
        c->front = f;
        c->kind = kind;
    }
    if (c == NULL || !set_up(c, fd)) {
        if (c != NULL)
            free_events(c);
        free(c);
        (void)close(fd);
        return;
    }
    TAILQ_INSERT_TAIL(&f->conns, c, entry);
    f->num_conns++;
    f->num_http_conns += kind == TB_CONN_HTTP;
    f->counters.connections++;
    enter(c, kind == TB_CONN_ACME ? TB_CONN_HANDSHAKE : TB_CONN_IDLE, true);
}
