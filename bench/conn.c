#include "bench/conn.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TX_MAX     (TB_LOAD_BODY_MAX + TB_LOAD_HEAD_MAX)
#define READ_CHUNK 4096

enum state { CLOSED, CONNECTING, HANDSHAKE, IDLE, WRITING, READING };

struct tb_load_conn {
    struct tb_load_dialer *d;
    tb_load_answer_fn *answer;
    void *arg;
    SSL *ssl;
    struct event *ev;
    int fd;
    enum state state;
    bool head_only;
    bool reused; /* the request went out on a connection that had served another */
    uint64_t opened_us;
    struct tb_wr tx;
    size_t sent;
    struct tb_wr rx;
};

static int open_conn(struct tb_load_conn *c);

int tb_load_conn_new(struct tb_load_dialer *d, tb_load_answer_fn *answer, void *arg, struct tb_load_conn **out)
{
    struct tb_load_conn *c = calloc(1, sizeof(*c));

    *out = NULL;
    if (c == NULL)
        return TB_E_NOMEM;
    c->d = d;
    c->answer = answer;
    c->arg = arg;
    c->fd = -1;
    tb_wr_init(&c->tx, TX_MAX);
    tb_wr_init(&c->rx, TB_LOAD_RESPONSE_MAX);
    *out = c;
    return 0;
}

void tb_load_conn_close(struct tb_load_conn *c)
{
    if (c->ev != NULL)
        event_free(c->ev);
    if (c->ssl != NULL && c->state >= IDLE)
        SSL_shutdown(c->ssl); /* close_notify, best effort */
    SSL_free(c->ssl);
    if (c->fd >= 0)
        close(c->fd);
    c->ev = NULL;
    c->ssl = NULL;
    c->fd = -1;
    c->state = CLOSED;
    ERR_clear_error();
}

void tb_load_conn_free(struct tb_load_conn *c)
{
    if (c == NULL)
        return;
    tb_load_conn_close(c);
    tb_wr_clear(&c->tx);
    tb_wr_clear(&c->rx);
    free(c);
}

bool tb_load_conn_open(const struct tb_load_conn *c)
{
    return c->state >= IDLE;
}

static void fail(struct tb_load_conn *c, const char *why)
{
    bool asked = c->state != IDLE;
    bool again = c->reused && asked && c->rx.len == 0 && strcmp(why, "timeout") != 0;

    tb_load_conn_close(c);
    if (again) {
        c->reused = false;
        c->sent = 0;
        c->d->stats->reopened++;
        if (open_conn(c) == 0)
            return;
    }
    if (asked)
        c->answer(c->arg, NULL, why);
}

/* false: the connection has failed. */
static bool wait_for(struct tb_load_conn *c, short what)
{
    static const struct timeval limit = {.tv_sec = TB_LOAD_TIMEOUT_S};
    short armed = event_get_events(c->ev);

    if ((armed & (EV_READ | EV_WRITE)) != what) {
        event_callback_fn fn = event_get_callback(c->ev);

        event_del(c->ev);
        if (event_assign(c->ev, c->d->base, c->fd, (short)(what | EV_PERSIST), fn, c) < 0)
            return false;
    }
    return event_add(c->ev, c->state == IDLE ? NULL : &limit) == 0;
}

/* After an SSL call that did not succeed: wait, or fail. */
static void ssl_wait(struct tb_load_conn *c, int ret, const char *why)
{
    int err = SSL_get_error(c->ssl, ret);
    bool waiting = false;

    if (err == SSL_ERROR_WANT_READ)
        waiting = wait_for(c, EV_READ);
    else if (err == SSL_ERROR_WANT_WRITE)
        waiting = wait_for(c, EV_WRITE);
    if (!waiting)
        fail(c, err == SSL_ERROR_ZERO_RETURN ? "closed" : why);
}

static void finish(struct tb_load_conn *c, const struct tb_load_response *rs)
{
    c->state = IDLE;
    c->reused = true;
    if (!wait_for(c, EV_READ) || rs->close)
        tb_load_conn_close(c);
    c->answer(c->arg, rs, NULL);
}

static void do_read(struct tb_load_conn *c)
{
    struct tb_load_response rs;
    int n;
    int r;

    for (;;) {
        uint8_t *to = tb_wr_reserve(&c->rx, READ_CHUNK);

        if (to == NULL) {
            fail(c, "response-too-long");
            return;
        }
        n = SSL_read(c->ssl, to, READ_CHUNK);
        c->rx.len -= (size_t)(READ_CHUNK - (n > 0 ? n : 0));
        if (n <= 0) {
            ssl_wait(c, n, "read");
            return;
        }
        r = tb_load_response_parse(c->rx.buf, c->rx.len, c->head_only, &rs);
        if (r == TB_E_AGAIN)
            continue;
        if (r < 0)
            fail(c, "malformed-response");
        else
            finish(c, &rs);
        return;
    }
}

static void do_write(struct tb_load_conn *c)
{
    while (c->sent < c->tx.len) {
        int n = SSL_write(c->ssl, c->tx.buf + c->sent, (int)(c->tx.len - c->sent));

        if (n <= 0) {
            ssl_wait(c, n, "write");
            return;
        }
        c->sent += (size_t)n;
    }
    c->state = READING;
    if (!wait_for(c, EV_READ))
        fail(c, "event");
}

/*
 * Each client sends when it is ready, not when all others that got an answer in this turn are, too.  What does not go
 * away at once is left to the loop, so that the answer never comes before the caller is back.
 */
static int write_now(struct tb_load_conn *c)
{
    int n = SSL_write(c->ssl, c->tx.buf, (int)c->tx.len);

    c->state = WRITING;
    if (n == (int)c->tx.len) {
        c->sent = c->tx.len;
        c->state = READING;
        return wait_for(c, EV_READ) ? 0 : TB_E_NOMEM;
    }
    ERR_clear_error();
    event_active(c->ev, EV_WRITE, 1);
    return 0;
}

static void do_handshake(struct tb_load_conn *c)
{
    int n = SSL_connect(c->ssl);

    if (n != 1) {
        ssl_wait(c, n, "tls-handshake");
        return;
    }
    c->d->stats->handshakes++;
    tb_load_hist_add(&c->d->stats->connect, tb_load_now_us() - c->opened_us);
    c->state = WRITING;
    do_write(c);
}

static void do_connect(struct tb_load_conn *c)
{
    int err = 0;
    socklen_t len = sizeof(err);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err != 0) {
        fail(c, "connect");
        return;
    }
    c->state = HANDSHAKE;
    do_handshake(c);
}

/* Nothing was asked for: tickets are swallowed, everything else ends the connection. */
static void do_idle(struct tb_load_conn *c)
{
    uint8_t byte;
    int n = SSL_read(c->ssl, &byte, 1);

    if (n > 0 || SSL_get_error(c->ssl, n) != SSL_ERROR_WANT_READ)
        tb_load_conn_close(c);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    static void (*const act[])(struct tb_load_conn *) = {
        [CONNECTING] = do_connect, [HANDSHAKE] = do_handshake, [IDLE] = do_idle,
        [WRITING] = do_write,      [READING] = do_read,
    };
    struct tb_load_conn *c = arg;

    (void)fd;
    ERR_clear_error();
    if (what & EV_TIMEOUT)
        fail(c, "timeout");
    else
        act[c->state](c);
}

static int set_up_ssl(struct tb_load_conn *c)
{
    c->ssl = SSL_new(c->d->ctx);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1 || SSL_set1_host(c->ssl, c->d->host) != 1 ||
        SSL_set_tlsext_host_name(c->ssl, c->d->host) != 1)
        return TB_E_CRYPTO;
    return 0;
}

static int open_conn(struct tb_load_conn *c)
{
    static const struct timeval limit = {.tv_sec = TB_LOAD_TIMEOUT_S};
    static const int on = 1;

    c->opened_us = tb_load_now_us();
    c->fd = socket(c->d->addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return TB_E_IO;
    (void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    c->state = CONNECTING;
    c->ev = event_new(c->d->base, c->fd, EV_WRITE | EV_PERSIST, on_event, c);
    if (c->ev == NULL || set_up_ssl(c) < 0 || event_add(c->ev, &limit) < 0 ||
        (connect(c->fd, (const struct sockaddr *)&c->d->addr, c->d->addr_len) < 0 && errno != EINPROGRESS)) {
        tb_load_conn_close(c);
        return TB_E_IO;
    }
    return 0;
}

static int write_request(struct tb_load_conn *c, const char *method, const char *target, const char *content_type,
                         struct tb_span body)
{
    tb_wr_reset(&c->tx);
    tb_wr_str(&c->tx, method);
    tb_wr_u8(&c->tx, ' ');
    tb_wr_str(&c->tx, target);
    tb_wr_str(&c->tx, " HTTP/1.1\r\nHost: ");
    tb_wr_str(&c->tx, c->d->authority);
    tb_wr_str(&c->tx, "\r\nUser-Agent: acme_load\r\n");
    if (content_type != NULL)
        tb_wr_printf(&c->tx, "Content-Type: %s\r\nContent-Length: %zu\r\n", content_type, body.len);
    tb_wr_str(&c->tx, "\r\n");
    tb_wr_bytes(&c->tx, body.p, body.len);
    return tb_wr_err(&c->tx);
}

int tb_load_conn_send(struct tb_load_conn *c, const char *method, const char *target, const char *content_type,
                      struct tb_span body)
{
    int r = write_request(c, method, target, content_type, body);

    if (r < 0)
        return r;
    tb_wr_reset(&c->rx);
    c->sent = 0;
    c->head_only = strcmp(method, "HEAD") == 0;
    if (c->state == CLOSED) {
        c->reused = false;
        return open_conn(c);
    }
    if (c->state != IDLE)
        return TB_E_STATE;
    return write_now(c);
}
