#include "ca/validator/curl_loop.h"

#include <stdbool.h>
#include <stdlib.h>

#include <event2/event_struct.h>

struct tb_curl_socket {
    struct event ev;
    struct tb_curl_loop *l;
    struct tb_curl_socket *next; /* pool */
    bool set;
};

static void finished_collect(struct tb_curl_loop *l)
{
    CURLMsg *msg;
    int left;

    while ((msg = curl_multi_info_read(l->multi, &left)) != NULL)
        if (msg->msg == CURLMSG_DONE)
            l->done(msg->easy_handle, msg->data.result);
}

static void socket_ready(evutil_socket_t fd, short what, void *arg)
{
    struct tb_curl_loop *l = ((struct tb_curl_socket *)arg)->l;
    int mask = ((what & EV_READ) ? CURL_CSELECT_IN : 0) | ((what & EV_WRITE) ? CURL_CSELECT_OUT : 0);
    int running;

    (void)curl_multi_socket_action(l->multi, fd, mask, &running);
    finished_collect(l);
}

static void timer_fire(evutil_socket_t fd, short what, void *arg)
{
    struct tb_curl_loop *l = arg;
    int running;

    (void)fd;
    (void)what;
    (void)curl_multi_socket_action(l->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    finished_collect(l);
}

static int timer_set(CURLM *multi, long ms, void *arg)
{
    struct tb_curl_loop *l = arg;
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};

    (void)multi;
    if (ms < 0)
        (void)event_del(l->timer);
    else
        (void)event_add(l->timer, &tv);
    return 0;
}

static struct tb_curl_socket *socket_new(struct tb_curl_loop *l)
{
    struct tb_curl_socket *s = l->pool;

    if (s != NULL)
        l->pool = s->next;
    else if ((s = malloc(sizeof(*s))) == NULL)
        return NULL;
    s->l = l;
    s->set = false;
    return s;
}

static int socket_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *sockp)
{
    struct tb_curl_loop *l = arg;
    struct tb_curl_socket *s = sockp;
    short events = EV_PERSIST;

    (void)easy;
    if (s != NULL && s->set)
        (void)event_del(&s->ev);
    if (what == CURL_POLL_REMOVE) {
        if (s != NULL) {
            s->next = l->pool;
            l->pool = s;
        }
        return 0;
    }
    if (s == NULL) {
        if ((s = socket_new(l)) == NULL)
            return -1;
        (void)curl_multi_assign(l->multi, fd, s);
    }
    events = (short)(events | ((what & CURL_POLL_IN) ? EV_READ : 0) | ((what & CURL_POLL_OUT) ? EV_WRITE : 0));
    (void)event_assign(&s->ev, l->base, fd, events, socket_ready, s);
    s->set = event_add(&s->ev, NULL) == 0;
    return s->set ? 0 : -1;
}

int tb_curl_loop_init(struct tb_curl_loop *l, struct event_base *base, tb_curl_loop_done_fn *done)
{
    l->base = base;
    l->done = done;
    l->timer = evtimer_new(base, timer_fire, l);
    if (l->timer == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        (l->multi = curl_multi_init()) == NULL ||
        curl_multi_setopt(l->multi, CURLMOPT_SOCKETFUNCTION, socket_watch) != CURLM_OK ||
        curl_multi_setopt(l->multi, CURLMOPT_SOCKETDATA, l) != CURLM_OK ||
        curl_multi_setopt(l->multi, CURLMOPT_TIMERFUNCTION, timer_set) != CURLM_OK ||
        curl_multi_setopt(l->multi, CURLMOPT_TIMERDATA, l) != CURLM_OK)
        return TB_E_NOMEM;
    return 0;
}

void tb_curl_loop_clear(struct tb_curl_loop *l)
{
    /* Before the sockets' events: closing its connections may still unwatch them. */
    if (l->multi != NULL)
        (void)curl_multi_cleanup(l->multi);
    while (l->pool != NULL) {
        struct tb_curl_socket *s = l->pool;

        l->pool = s->next;
        free(s);
    }
    if (l->timer != NULL)
        event_free(l->timer);
    *l = (struct tb_curl_loop){0};
}

int tb_curl_loop_add(struct tb_curl_loop *l, CURL *easy)
{
    return curl_multi_add_handle(l->multi, easy) == CURLM_OK ? 0 : TB_E_NOMEM;
}

void tb_curl_loop_remove(struct tb_curl_loop *l, CURL *easy)
{
    (void)curl_multi_remove_handle(l->multi, easy);
}
