#include "ca/front/server.h"

#include <event2/listener.h>

#include "ca/front/front.h"
#include "lib/base/log.h"

/* Room for the metrics reader when clients hold every other connection. */
#define METRICS_CONNECTIONS 4
#define HTTP_CONNECTIONS    128 /* relying parties fetch and go; who waits longest without a request makes room */

static void set_accepting(struct tb_front *f, bool on)
{
    if (f->listener == NULL || f->accepting == on)
        return;
    f->accepting = on;
    (void)(on ? evconnlistener_enable(f->listener) : evconnlistener_disable(f->listener));
}

/* When full, whoever has waited longest without a request makes room; when nobody waits, accepting stops. */
static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int sa_len, void *arg)
{
    struct tb_front *f = arg;

    (void)l;
    (void)sa;
    (void)sa_len;
    if (f->num_conns >= f->cfg->limits.connections_max && !TAILQ_EMPTY(&f->idle)) {
        f->counters.connections_displaced++;
        tb_conn_free(TAILQ_FIRST(&f->idle));
    }
    tb_conn_accept(f, fd, TB_CONN_ACME);
    if (f->num_conns >= f->cfg->limits.connections_max && TAILQ_EMPTY(&f->idle))
        set_accepting(f, false);
}

static void on_accept_metrics(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int sa_len, void *arg)
{
    struct tb_front *f = arg;

    (void)l;
    (void)sa;
    (void)sa_len;
    if (f->num_conns >= f->cfg->limits.connections_max + METRICS_CONNECTIONS)
        evutil_closesocket(fd);
    else
        tb_conn_accept(f, fd, TB_CONN_METRICS);
}

/* Whoever is refused here asks again, or another cache does: the CRL that they have is good for hours. */
static void on_accept_http(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *sa, int sa_len, void *arg)
{
    struct tb_front *f = arg;
    struct tb_conn *c = NULL;

    (void)l;
    (void)sa;
    (void)sa_len;
    if (f->num_http_conns >= HTTP_CONNECTIONS) {
        TAILQ_FOREACH(c, &f->idle, idle_entry)
        if (c->kind == TB_CONN_HTTP)
            break;
        if (c == NULL) {
            evutil_closesocket(fd);
            return;
        }
        f->counters.connections_displaced++;
        tb_conn_free(c);
    }
    tb_conn_accept(f, fd, TB_CONN_HTTP);
}

static void on_pause_over(evutil_socket_t fd, short what, void *arg)
{
    const struct tb_front *f = arg;
    struct evconnlistener *const all[] = {f->accepting ? f->listener : NULL, f->metrics_listener, f->http_listener};

    (void)fd;
    (void)what;
    for (size_t i = 0; i < TB_ARRAY_LEN(all); i++)
        if (all[i] != NULL)
            (void)evconnlistener_enable(all[i]);
}

/* Whoever could not be accepted still waits: without a pause each turn of the loop would try, fail and log again. */
static void on_accept_error(struct evconnlistener *l, void *arg)
{
    struct tb_front *f = arg;

    tb_log(TB_LOG_WARN, "accept-failed", TB_F("why", evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR())));
    if (event_base_once(f->base, -1, EV_TIMEOUT, on_pause_over, f, f->tv_second) == 0)
        (void)evconnlistener_disable(l);
}

static struct evconnlistener *listen_on(struct tb_front *f, enum tb_listener which, evconnlistener_cb cb)
{
    int fd = f->child->listen_fd[which];
    struct evconnlistener *l;

    if (fd < 0)
        return NULL;
    l = evconnlistener_new(f->base, cb, f, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (l == NULL)
        return NULL;
    (void)evutil_make_socket_nonblocking(fd);
    f->child->listen_fd[which] = -1;
    evconnlistener_set_error_cb(l, on_accept_error);
    return l;
}

int tb_server_start(struct tb_front *f)
{
    f->listener = listen_on(f, TB_LISTEN_ACME, on_accept);
    if (f->listener == NULL) {
        tb_log(TB_LOG_ERROR, "no-listener", TB_F("what", "the ACME socket was not given or cannot be used"));
        return TB_E_IO;
    }
    f->accepting = true;
    f->metrics_listener = listen_on(f, TB_LISTEN_METRICS, on_accept_metrics);
    f->http_listener = listen_on(f, TB_LISTEN_HTTP, on_accept_http);
    return 0;
}

void tb_server_room(struct tb_front *f)
{
    if (!f->draining && f->num_conns < f->cfg->limits.connections_max)
        set_accepting(f, true);
    if (f->draining)
        tb_front_drain_check(f);
}

void tb_server_drain(struct tb_front *f)
{
    struct tb_conn *c = NULL;
    struct tb_conn *next = NULL;

    set_accepting(f, false);
    for (c = TAILQ_FIRST(&f->idle); c != NULL; c = next) {
        next = TAILQ_NEXT(c, idle_entry);
        tb_conn_drain(c);
    }
}

void tb_server_stop(struct tb_front *f)
{
    struct tb_conn *c = NULL;

    if (f->listener != NULL)
        evconnlistener_free(f->listener);
    if (f->metrics_listener != NULL)
        evconnlistener_free(f->metrics_listener);
    if (f->http_listener != NULL)
        evconnlistener_free(f->http_listener);
    f->listener = f->metrics_listener = f->http_listener = NULL;
    while ((c = TAILQ_FIRST(&f->conns)) != NULL)
        tb_conn_free(c);
}
