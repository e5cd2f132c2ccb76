/* http: one GET on one socket. Why not libcurl: doc/validation.md, section 3. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>
#include <event2/event_struct.h>

#include "ca/validator/fetch_way.h"
#include "lib/base/clock.h"
#include "lib/http/reply.h"

#define RAW_MAX     1024 /* a body of TB_FETCH_BODY_MAX in chunks */
#define IN_MAX      (TB_HTTP_REPLY_HEAD_MAX + RAW_MAX)
#define REQUEST_MAX (TB_FETCH_URL_MAX + TB_BASE_URL_MAX + 256)

_Static_assert(TB_HTTP_REPLY_HEAD_MAX == TB_FETCH_HEAD_MAX, "both ways have the same limit");

enum state { CONNECTING, SENDING, READING, FAILED };

struct exchange {
    struct tb_fetch fetch; /* first */
    struct tb_fetch_plain *f;
    struct exchange *next; /* pool */
    struct event ev;       /* edge-triggered: one registration for the whole exchange */
    struct event timer;    /* for the connection, then for the whole */
    tb_fetch_done_fn *done;
    void *arg;
    int fd;
    enum state state;
    bool readable;   /* an edge that was not followed yet */
    uint64_t end_ms; /* 0: the timer runs for the whole already */
    size_t out_len, sent;
    uint8_t *in; /* NULL: all that came, came at once, and lay in the common buffer */
    size_t in_len;
    struct tb_http_reply reply; /* status 0: head not complete; location is dangling after the first reading */
    char url[TB_FETCH_URL_MAX + 1];
    char out[REQUEST_MAX];
};

struct tb_fetch_plain {
    struct event_base *base;
    struct exchange *pool;
    size_t num_pool;
    char user_agent[TB_BASE_URL_MAX + 64];
    uint8_t in[IN_MAX];
};

static void stop(struct exchange *x)
{
    (void)event_del(&x->ev);
    (void)event_del(&x->timer);
    if (x->fd >= 0)
        (void)close(x->fd);
    x->fd = -1;
}

static void put_away(struct exchange *x)
{
    struct tb_fetch_plain *f = x->f;

    free(x->in);
    x->in = NULL;
    if (f->num_pool == TB_FETCH_POOL_MAX) {
        free(x);
        return;
    }
    x->next = f->pool;
    f->pool = x;
    f->num_pool++;
}

/* The exchange is gone afterwards. */
static void finish(struct exchange *x, const struct tb_fetch_result *res)
{
    stop(x);
    x->done(x->arg, res);
    put_away(x);
}

static void fail(struct exchange *x, int err)
{
    finish(x, &(struct tb_fetch_result){.err = err});
}

/* Location against the URL that was fetched; what cannot be resolved is handed on as it came, to be refused by name. */
static void finish_redirect(struct exchange *x)
{
    struct tb_span at = x->reply.location;
    struct tb_fetch_result res = {.status = x->reply.status};
    char *text = strndup((const char *)at.p, at.len), *url = NULL;
    CURLU *u = curl_url();

    if (text == NULL || u == NULL || curl_url_set(u, CURLUPART_URL, x->url, 0) != CURLUE_OK)
        res.err = TB_E_NOMEM;
    else if (curl_url_set(u, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
             curl_url_get(u, CURLUPART_URL, &url, 0) == CURLUE_OK)
        res.redirect_url = url;
    else
        res.redirect_url = text;
    finish(x, &res);
    curl_free(url);
    curl_url_cleanup(u);
    free(text);
}

/* Only what comes with 200 is read beyond its head. */
static void finish_head(struct exchange *x)
{
    if (x->reply.location.p != NULL)
        finish_redirect(x);
    else
        finish(x, &(struct tb_fetch_result){.status = x->reply.status});
}

static int read_body(struct exchange *x, struct tb_span in, bool closed)
{
    uint8_t body[TB_FETCH_BODY_MAX];
    struct tb_span raw = tb_span_of(in.p + x->reply.head_len, in.len - x->reply.head_len);
    size_t len = 0;
    int r = tb_http_reply_body(&x->reply, raw, closed, body, sizeof(body), &len);

    if (r == 0)
        finish(x, &(struct tb_fetch_result){.status = 200, .body = tb_span_of(body, len)});
    return r;
}

/* 0: finished. TB_E_AGAIN: more is needed. Everything else: failed with it. */
static int digest(struct exchange *x, struct tb_span in, bool fresh_line, bool closed)
{
    int r = TB_E_AGAIN;

    if (x->reply.status == 0) {
        /* Nothing but a line feed can change the verdict: so a server that sends octet by octet costs little. */
        if (fresh_line)
            r = tb_http_reply_read(in, &x->reply);
        if (r == TB_E_AGAIN && in.len >= TB_HTTP_REPLY_HEAD_MAX)
            r = TB_E_LIMIT;
        if (r < 0)
            return r == TB_E_AGAIN && closed ? TB_E_FORMAT : r;
        if (x->reply.status != 200) {
            finish_head(x);
            return 0;
        }
    }
    r = read_body(x, in, closed);
    if (r == TB_E_AGAIN && in.len == IN_MAX)
        return TB_E_LIMIT;
    return r == TB_E_TRUNC ? TB_E_IO : r;
}

static int keep(struct exchange *x, const uint8_t *p, size_t len)
{
    if (x->in == NULL) {
        if ((x->in = malloc(IN_MAX)) == NULL)
            return TB_E_NOMEM;
        memcpy(x->in, p, len);
    }
    x->in_len = len;
    return 0;
}

/* Edge-triggered: until the kernel has no more. */
static void do_read(struct exchange *x)
{
    for (;;) {
        uint8_t *p = x->in != NULL ? x->in : x->f->in;
        ssize_t n = recv(x->fd, p + x->in_len, IN_MAX - x->in_len, 0);
        size_t len = x->in_len + (n > 0 ? (size_t)n : 0);
        int r;

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        if (n < 0) {
            fail(x, TB_E_IO);
            return;
        }
        r = digest(x, tb_span_of(p, len), n > 0 && memchr(p + x->in_len, '\n', (size_t)n) != NULL, n == 0);
        if (r == 0)
            return;
        if (r == TB_E_AGAIN)
            r = keep(x, p, len);
        if (r < 0) {
            fail(x, r);
            return;
        }
    }
}

static void timer_start(struct exchange *x, uint32_t ms)
{
    const struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};

    (void)event_add(&x->timer, &tv);
}

static void connected(struct exchange *x)
{
    uint64_t now = tb_clock_mono_ms();

    x->state = SENDING;
    if (x->end_ms != 0)
        timer_start(x, x->end_ms > now ? (uint32_t)(x->end_ms - now) : 0);
}

/* false: failed. Whether there is a connection is what the first octets tell. */
static bool do_send(struct exchange *x)
{
    ssize_t n;

    do {
        n = send(x->fd, x->out + x->sent, x->out_len - x->sent, MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return true;
    if (n < 0) {
        fail(x, x->state == CONNECTING && errno != EPIPE && errno != ECONNRESET ? TB_E_CLOSED : TB_E_IO);
        return false;
    }
    if (x->state == CONNECTING)
        connected(x);
    x->sent += (size_t)n;
    if (x->sent == x->out_len)
        x->state = READING;
    return true;
}

static void ready(evutil_socket_t fd, short what, void *arg)
{
    struct exchange *x = arg;

    (void)fd;
    if (x->state == FAILED) {
        fail(x, TB_E_CLOSED);
        return;
    }
    x->readable |= (what & EV_READ) != 0;
    if (x->state != READING && !do_send(x))
        return;
    if (x->state == READING && x->readable) {
        x->readable = false;
        do_read(x);
    }
}

static void late(evutil_socket_t fd, short what, void *arg)
{
    struct exchange *x = arg;

    (void)fd;
    (void)what;
    fail(x, x->state == CONNECTING ? TB_E_CLOSED : TB_E_TIMEOUT);
}

static struct exchange *exchange_new(struct tb_fetch_plain *f)
{
    struct exchange *x = f->pool;

    if (x != NULL) {
        f->pool = x->next;
        f->num_pool--;
    } else if ((x = malloc(sizeof(*x))) == NULL)
        return NULL;
    x->f = f;
    x->fd = -1;
    x->state = CONNECTING;
    x->readable = false;
    x->sent = x->in_len = 0;
    x->in = NULL;
    x->reply = (struct tb_http_reply){0};
    (void)event_assign(&x->ev, f->base, -1, 0, ready, x);
    (void)evtimer_assign(&x->timer, f->base, late, x);
    return x;
}

/* "http://AUTHORITY/PATH", as tb_http_target_url makes it. */
static int request_write(struct exchange *x, const char *url)
{
    const char *authority = url + strlen("http://");
    const char *path = strchr(authority, '/');
    size_t len = strlen(url);
    struct tb_wr wr;

    if (path == NULL || len > TB_FETCH_URL_MAX)
        return TB_E_INVAL;
    memcpy(x->url, url, len + 1);
    tb_wr_fixed(&wr, (uint8_t *)x->out, sizeof(x->out));
    tb_wr_str(&wr, "GET ");
    tb_wr_str(&wr, path);
    tb_wr_str(&wr, " HTTP/1.1\r\nHost: ");
    tb_wr_bytes(&wr, authority, (size_t)(path - authority));
    tb_wr_str(&wr, "\r\nUser-Agent: ");
    tb_wr_str(&wr, x->f->user_agent);
    tb_wr_str(&wr, "\r\nAccept: */*\r\nConnection: close\r\n\r\n");
    x->out_len = wr.len;
    return tb_wr_err(&wr);
}

static int dial(struct exchange *x, const struct tb_fetch_request *req)
{
    struct sockaddr_storage peer;
    socklen_t len = tb_address_sockaddr(&req->addr, req->port, &peer);

    x->fd = socket(peer.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (x->fd < 0)
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS ? TB_E_NOMEM : TB_E_IO;
    if (connect(x->fd, (const struct sockaddr *)&peer, len) < 0 && errno != EINPROGRESS) {
        x->state = FAILED; /* told from the loop, as every other end */
        event_active(&x->ev, EV_TIMEOUT, 1);
        return 0;
    }
    (void)event_assign(&x->ev, x->f->base, x->fd, EV_READ | EV_WRITE | EV_ET | EV_PERSIST, ready, x);
    if (event_add(&x->ev, NULL) < 0)
        return TB_E_NOMEM;
    x->end_ms = req->connect_ms < req->total_ms ? tb_clock_mono_ms() + req->total_ms : 0;
    timer_start(x, req->connect_ms < req->total_ms ? req->connect_ms : req->total_ms);
    return 0;
}

static void exchange_cancel(struct tb_fetch *fetch)
{
    struct exchange *x = (struct exchange *)fetch;

    stop(x);
    put_away(x);
}

int tb_fetch_plain_start(struct tb_fetch_plain *f, const struct tb_fetch_request *req, tb_fetch_done_fn *done,
                         void *arg, struct tb_fetch **out)
{
    struct exchange *x = exchange_new(f);
    int r;

    *out = NULL;
    if (x == NULL)
        return TB_E_NOMEM;
    x->fetch.cancel = exchange_cancel;
    x->done = done;
    x->arg = arg;
    if ((r = request_write(x, req->url)) < 0 || (r = dial(x, req)) < 0) {
        stop(x);
        put_away(x);
        return r;
    }
    *out = &x->fetch;
    return 0;
}

int tb_fetch_plain_new(struct event_base *base, const char *user_agent, struct tb_fetch_plain **out)
{
    struct tb_fetch_plain *f = calloc(1, sizeof(*f));

    *out = NULL;
    if (f == NULL)
        return TB_E_NOMEM;
    f->base = base;
    (void)strncpy(f->user_agent, user_agent, sizeof(f->user_agent) - 1);
    *out = f;
    return 0;
}

void tb_fetch_plain_free(struct tb_fetch_plain *f)
{
    if (f == NULL)
        return;
    while (f->pool != NULL) {
        struct exchange *x = f->pool;

        f->pool = x->next;
        free(x);
    }
    free(f);
}
