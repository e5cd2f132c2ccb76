#include "ca/front/connection.h"

#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <unistd.h>

#include "ca/front/front.h"
#include "ca/front/request.h"
#include "ca/front/server.h"
#include "lib/http/request.h"

/* One whole request of the largest size fits; beyond it the socket is not read. */
#define INPUT_MAX (TB_HTTP_HEAD_MAX + TB_HTTP_BODY_MAX)

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

void tb_conn_free(struct tb_conn *c)
{
    struct tb_front *f = c->front;

    if (c->rq != NULL)
        tb_request_orphan(c->rq);
    if (waits(c->state))
        TAILQ_REMOVE(&f->idle, c, idle_entry);
    TAILQ_REMOVE(&f->conns, c, entry);
    f->num_conns--;
    event_free(c->timer);
    if (c->kind == TB_CONN_ACME) {
        SSL *ssl = bufferevent_openssl_get_ssl(c->bev);

        /* Sends close_notify once and does not wait for the peer's. */
        if (ssl != NULL && c->state != TB_CONN_HANDSHAKE) {
            SSL_set_shutdown(ssl, SSL_RECEIVED_SHUTDOWN);
            (void)SSL_shutdown(ssl);
        }
        ERR_clear_error();
    }
    bufferevent_free(c->bev);
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

/* Half of a close: our side is finished, what still arrives is dropped for a moment. */
static void start_linger(struct tb_conn *c)
{
    SSL *ssl = c->kind == TB_CONN_ACME ? bufferevent_openssl_get_ssl(c->bev) : NULL;
    struct evbuffer *in = bufferevent_get_input(c->bev);

    if (ssl != NULL) {
        (void)SSL_shutdown(ssl);
        ERR_clear_error();
    }
    (void)shutdown(bufferevent_getfd(c->bev), SHUT_WR);
    (void)evbuffer_drain(in, evbuffer_get_length(in));
    enter(c, TB_CONN_LINGER, false);
}

static void send_continue(struct tb_conn *c)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";

    if (c->continue_sent)
        return;
    c->continue_sent = true;
    (void)bufferevent_write(c->bev, text, sizeof(text) - 1);
}

/* Looks at what has arrived; starts a request when it is whole. */
static void take_request(struct tb_conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    size_t len = evbuffer_get_length(in);
    struct tb_http_request http;
    const char *why = NULL;
    bool head_done = false;
    size_t used = 0;
    int status = 0;
    int r;

    if (len == 0)
        return;
    if (c->state == TB_CONN_IDLE)
        enter(c, TB_CONN_READING, false);
    r = tb_http_request_parse(tb_span_of(evbuffer_pullup(in, -1), len), &http, &used, &head_done, &status, &why);
    if (r == TB_E_AGAIN) {
        if (head_done && http.expect_continue)
            send_continue(c);
        return;
    }
    enter(c, TB_CONN_BUSY, false);
    c->continue_sent = false;
    c->served = true;
    if (r < 0) {
        tb_request_refuse(c->front, c, status, why);
        return;
    }
    tb_request_start(c->front, c, &http);
    /* Handlers keep nothing of the input; c outlives the call: it is freed from callbacks of its own only. */
    (void)evbuffer_drain(in, used);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    struct tb_conn *c = arg;
    struct evbuffer *in = bufferevent_get_input(bev);

    if (c->state == TB_CONN_LINGER)
        (void)evbuffer_drain(in, evbuffer_get_length(in));
    else if (c->state == TB_CONN_IDLE || c->state == TB_CONN_READING)
        take_request(c);
}

static void on_write(struct bufferevent *bev, void *arg)
{
    struct tb_conn *c = arg;

    if (c->state != TB_CONN_WRITING || evbuffer_get_length(bufferevent_get_output(bev)) > 0)
        return;
    if (c->close_after || c->front->draining) {
        if (c->linger_after)
            start_linger(c);
        else
            tb_conn_free(c);
        return;
    }
    enter(c, TB_CONN_IDLE, false);
    take_request(c);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    struct tb_conn *c = arg;

    (void)bev;
    if ((what & BEV_EVENT_CONNECTED) != 0) {
        if (c->state == TB_CONN_HANDSHAKE)
            enter(c, TB_CONN_IDLE, false);
        return;
    }
    if (c->state == TB_CONN_HANDSHAKE)
        c->front->counters.handshake_failures++;
    tb_conn_free(c);
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
    /* A failed allocation leaves the output empty; the timer then closes the connection. */
    (void)bufferevent_write(c->bev, answer.p, answer.len);
}

static struct bufferevent *new_bev(struct tb_front *f, int fd, enum tb_conn_kind kind)
{
    struct bufferevent *bev;
    SSL *ssl;

    if (kind == TB_CONN_METRICS)
        return bufferevent_socket_new(f->base, fd, BEV_OPT_CLOSE_ON_FREE);
    ssl = SSL_new(f->ssl);
    if (ssl == NULL)
        return NULL;
    bev = bufferevent_openssl_socket_new(f->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL)
        SSL_free(ssl);
    else
        bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
    return bev;
}

void tb_conn_accept(struct tb_front *f, int fd, enum tb_conn_kind kind)
{
    struct tb_conn *c = calloc(1, sizeof(*c));

    if (c == NULL || (c->timer = evtimer_new(f->base, on_timer, c)) == NULL ||
        (c->bev = new_bev(f, fd, kind)) == NULL) {
        if (c != NULL && c->timer != NULL)
            event_free(c->timer);
        free(c);
        (void)close(fd);
        return;
    }
    c->front = f;
    c->kind = kind;
    TAILQ_INSERT_TAIL(&f->conns, c, entry);
    f->num_conns++;
    f->counters.connections++;
    enter(c, kind == TB_CONN_ACME ? TB_CONN_HANDSHAKE : TB_CONN_IDLE, true);
    bufferevent_setwatermark(c->bev, EV_READ, 0, INPUT_MAX);
    bufferevent_setcb(c->bev, on_read, on_write, on_event, c);
    (void)bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}
