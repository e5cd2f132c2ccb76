#include "bench/answerer.h"

#include <errno.h>
#include <event2/util.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/err.h"

#define REQUEST_MAX  2048
#define BACKLOG      1024
#define PEERS_MAX    1024
#define PEER_SECONDS 10

struct peer {
    struct tb_load_answerer *a;
    struct event *ev;
    struct peer *next, **at;
    int fd;
    size_t len;
    char buf[REQUEST_MAX + 1];
};

struct tb_load_answerer {
    struct event_base *base;
    struct event *ev;
    struct peer *peers;
    size_t num_peers;
    int fd;
    const struct tb_load_challenge *challenges;
    size_t num;
};

static void peer_free(struct peer *p)
{
    if (p->ev != NULL)
        event_free(p->ev);
    close(p->fd);
    *p->at = p->next;
    if (p->next != NULL)
        p->next->at = p->at;
    p->a->num_peers--;
    free(p);
}

static const struct tb_load_challenge *find(const struct tb_load_answerer *a, const char *token, size_t len)
{
    for (size_t i = 0; i < a->num && len > 0; i++)
        if (strncmp(a->challenges[i].token, token, len) == 0 && a->challenges[i].token[len] == '\0')
            return &a->challenges[i];
    return NULL;
}

static void answer(struct peer *p)
{
    static const char path[] = "GET /.well-known/acme-challenge/";
    const struct tb_load_challenge *c = NULL;
    char out[768];
    int n;

    if (strncmp(p->buf, path, sizeof(path) - 1) == 0) {
        const char *token = p->buf + sizeof(path) - 1;

        c = find(p->a, token, strcspn(token, " ?\r\n"));
    }
    if (c == NULL)
        n = snprintf(out, sizeof(out), "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    else
        n = snprintf(out, sizeof(out),
                     "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: %zu\r\n"
                     "Connection: close\r\n\r\n%s.%s",
                     strlen(c->token) + 1 + strlen(c->thumbprint), c->token, c->thumbprint);
    /* A fresh socket has room for this; when not, the peer sees a short answer and the validation fails. */
    (void)send(p->fd, out, (size_t)n, MSG_NOSIGNAL);
}

/* True: the request is not whole yet. */
static bool take(struct peer *p)
{
    ssize_t n = recv(p->fd, p->buf + p->len, REQUEST_MAX - p->len, 0);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR;
    if (n == 0)
        return false;
    p->len += (size_t)n;
    p->buf[p->len] = '\0';
    if (strstr(p->buf, "\r\n\r\n") == NULL && p->len < REQUEST_MAX)
        return true;
    answer(p);
    return false;
}

static void on_peer(evutil_socket_t fd, short what, void *arg)
{
    struct peer *p = arg;

    (void)fd;
    if ((what & EV_TIMEOUT) != 0 || !take(p))
        peer_free(p);
}

static bool wait_for(struct peer *p)
{
    static const struct timeval limit = {.tv_sec = PEER_SECONDS};

    p->ev = event_new(p->a->base, p->fd, EV_READ | EV_PERSIST, on_peer, p);
    return p->ev != NULL && event_add(p->ev, &limit) == 0;
}

static void peer_new(struct tb_load_answerer *a, int fd)
{
    struct peer *p = malloc(sizeof(*p));

    if (p == NULL) {
        close(fd);
        return;
    }
    p->a = a;
    p->fd = fd;
    p->ev = NULL;
    p->len = 0;
    p->next = a->peers;
    p->at = &a->peers;
    if (p->next != NULL)
        p->next->at = &p->next;
    a->peers = p;
    a->num_peers++;
    if (!take(p) || !wait_for(p))
        peer_free(p);
}

static void on_listen(evutil_socket_t fd, short what, void *arg)
{
    struct tb_load_answerer *a = arg;
    int peer;

    (void)what;
    while (a->num_peers < PEERS_MAX && (peer = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        peer_new(a, peer);
}

static int listen_on(const char *addr_port)
{
    struct sockaddr_storage addr;
    int len = sizeof(addr);
    const int on = 1;
    const int defer_s = PEER_SECONDS;
    int fd;

    if (evutil_parse_sockaddr_port(addr_port, (struct sockaddr *)&addr, &len) < 0) {
        errno = EINVAL;
        return -1;
    }
    fd = socket(addr.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    /* As web servers do it: a connection is handed over together with its request. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer_s, sizeof(defer_s)) < 0 ||
        bind(fd, (struct sockaddr *)&addr, (socklen_t)len) < 0 || listen(fd, BACKLOG) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

int tb_load_answerer_new(struct event_base *base, const char *addr_port, const struct tb_load_challenge *challenges,
                         size_t num, struct tb_load_answerer **out)
{
    struct tb_load_answerer *a = calloc(1, sizeof(*a));

    *out = NULL;
    if (a == NULL)
        return TB_E_NOMEM;
    *a = (struct tb_load_answerer){.base = base, .challenges = challenges, .num = num, .fd = listen_on(addr_port)};
    if (a->fd < 0) {
        fprintf(stderr, "acme_load: --http %s: %s\n", addr_port, strerror(errno));
        tb_load_answerer_free(a);
        return TB_E_IO;
    }
    a->ev = event_new(base, a->fd, EV_READ | EV_PERSIST, on_listen, a);
    if (a->ev == NULL || event_add(a->ev, NULL) < 0) {
        tb_load_answerer_free(a);
        return TB_E_NOMEM;
    }
    *out = a;
    return 0;
}

void tb_load_answerer_free(struct tb_load_answerer *a)
{
    if (a == NULL)
        return;
    while (a->peers != NULL)
        peer_free(a->peers);
    if (a->ev != NULL)
        event_free(a->ev);
    if (a->fd >= 0)
        close(a->fd);
    free(a);
}
