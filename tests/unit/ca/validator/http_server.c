#include "tests/unit/ca/validator/http_server.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/test.h"

#define ROUTES_MAX 32
#define CONNS_MAX  256

struct conn {
    struct http_server *s;
    struct event *ev;
    int fd;
    size_t len;
    const char *rest; /* second part of the response */
    char head[4096];
};

struct http_server {
    struct event_base *base;
    int fd[2];
    struct event *ev[2];
    uint16_t port;
    size_t split;
    unsigned requests;
    char last[4096];
    size_t num_routes, num_conns;
    struct {
        char path[256];
        const char *response;
    } route[ROUTES_MAX];
    struct conn *conn[CONNS_MAX];
};

static void conn_close(struct conn *c)
{
    if (c->fd < 0)
        return;
    event_free(c->ev);
    close(c->fd);
    c->fd = -1;
}

static void send_rest(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    (void)!write(c->fd, c->rest, strlen(c->rest));
    conn_close(c);
}

static void send_parts(struct conn *c, const char *response)
{
    const struct timeval moment = {.tv_usec = 1000};

    (void)!write(c->fd, response, c->s->split);
    c->rest = response + c->s->split;
    event_free(c->ev);
    c->ev = evtimer_new(c->s->base, send_rest, c);
    event_add(c->ev, &moment);
}

static void respond(struct conn *c)
{
    struct http_server *s = c->s;
    const char *response = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
    char path[256] = "";

    s->requests++;
    strcpy(s->last, c->head);
    (void)sscanf(c->head, "GET %255s", path);
    for (size_t i = 0; i < s->num_routes; i++)
        if (strcmp(s->route[i].path, path) == 0)
            response = s->route[i].response;
    if (response == NULL)
        return;
    if (s->split > 0 && s->split < strlen(response)) {
        send_parts(c, response);
        return;
    }
    (void)!write(c->fd, response, strlen(response));
    conn_close(c);
}

static void conn_ready(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    ssize_t n = read(fd, c->head + c->len, sizeof(c->head) - 1 - c->len);

    (void)what;
    if (n <= 0) {
        conn_close(c);
        return;
    }
    c->len += (size_t)n;
    c->head[c->len] = '\0';
    if (strstr(c->head, "\r\n\r\n") != NULL)
        respond(c);
}

static void accept_ready(evutil_socket_t fd, short what, void *arg)
{
    struct http_server *s = arg;
    struct conn *c = calloc(1, sizeof(*c));
    const int room = 256 << 10; /* a whole response goes out in one write */

    (void)what;
    assert_non_null(c);
    assert_true(s->num_conns < CONNS_MAX);
    c->s = s;
    c->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    assert_ok(setsockopt(c->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)));
    c->ev = event_new(s->base, c->fd, EV_READ | EV_PERSIST, conn_ready, c);
    event_add(c->ev, NULL);
    s->conn[s->num_conns++] = c;
}

static void listen_on(struct http_server *s, int i, struct sockaddr *sa, socklen_t len)
{
    int on = 1;

    s->fd[i] = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(s->fd[i] >= 0);
    assert_ok(setsockopt(s->fd[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
    assert_ok(bind(s->fd[i], sa, len));
    assert_ok(listen(s->fd[i], 64));
    s->ev[i] = event_new(s->base, s->fd[i], EV_READ | EV_PERSIST, accept_ready, s);
    event_add(s->ev[i], NULL);
}

struct http_server *http_server_new(struct event_base *base, bool v4_only)
{
    struct http_server *s = calloc(1, sizeof(*s));
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t len = sizeof(sin);

    assert_non_null(s);
    s->base = base;
    s->fd[1] = -1;
    listen_on(s, 0, (struct sockaddr *)&sin, sizeof(sin));
    assert_ok(getsockname(s->fd[0], (struct sockaddr *)&sin, &len));
    s->port = ntohs(sin.sin_port);
    sin6.sin6_port = sin.sin_port;
    if (!v4_only)
        listen_on(s, 1, (struct sockaddr *)&sin6, sizeof(sin6));
    return s;
}

void http_server_free(struct http_server *s)
{
    for (size_t i = 0; i < s->num_conns; i++) {
        conn_close(s->conn[i]);
        free(s->conn[i]);
    }
    for (int i = 0; i < 2; i++)
        if (s->fd[i] >= 0) {
            event_free(s->ev[i]);
            close(s->fd[i]);
        }
    free(s);
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

void http_server_serve(struct http_server *s, const char *path, const char *response)
{
    assert_true(s->num_routes < ROUTES_MAX);
    strcpy(s->route[s->num_routes].path, path);
    s->route[s->num_routes++].response = response;
}

void http_server_split(struct http_server *s, size_t at)
{
    s->split = at;
}

unsigned http_server_requests(const struct http_server *s)
{
    return s->requests;
}

const char *http_server_last(const struct http_server *s)
{
    return s->last;
}
