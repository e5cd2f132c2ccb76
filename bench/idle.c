#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run.h"

#define AT_ONCE 32 /* handshakes in flight */

struct idle {
    const struct tb_load_options *opt;
    struct tb_load_result *result;
    struct event_base *base;
    struct event *timer;
    struct tb_load_dialer dialer;
    struct tb_load_conn **conns;
    const char *target;
    unsigned begun;
    unsigned held;
    bool failed;
};

static void on_answer(void *arg, const struct tb_load_response *rs, const char *why);

static void dial(struct idle *idle)
{
    struct tb_load_conn **c = &idle->conns[idle->begun];

    if (tb_load_conn_new(&idle->dialer, on_answer, idle, c) == 0) {
        idle->begun++;
        if (tb_load_conn_send(*c, "GET", idle->target, NULL, tb_span_of(NULL, 0)) == 0)
            return;
    }
    on_answer(idle, NULL, "out of descriptors or memory");
}

/* One request each: a connection that has served is what a client leaves idle. */
static void on_answer(void *arg, const struct tb_load_response *rs, const char *why)
{
    struct idle *idle = arg;
    struct timeval hold = {.tv_sec = idle->opt->hold, .tv_usec = 1};

    if (idle->failed)
        return;
    if (rs == NULL || rs->status != 200) {
        fprintf(stderr, "acme_load: connection %u: %s\n", idle->held + 1, why != NULL ? why : "refused");
        idle->failed = true;
        event_base_loopbreak(idle->base);
        return;
    }
    idle->held++;
    if (idle->begun < idle->opt->idle)
        dial(idle);
    else if (idle->held == idle->opt->idle && event_add(idle->timer, &hold) < 0)
        event_base_loopbreak(idle->base);
}

static void on_held(evutil_socket_t fd, short what, void *arg)
{
    struct idle *idle = arg;
    unsigned open = 0;

    (void)fd;
    (void)what;
    for (unsigned i = 0; i < idle->begun; i++)
        open += tb_load_conn_open(idle->conns[i]);
    idle->result->unfinished = idle->opt->idle - open;
    tb_load_watch_take(&idle->result->watch, idle->opt->watch);
    event_base_loopbreak(idle->base);
}

static int set_up(struct idle *idle)
{
    int r = tb_load_dialer_init(&idle->dialer, idle->base, &idle->result->stats, idle->opt->directory, idle->opt->ca);

    if (r < 0)
        return r;
    idle->conns = calloc(idle->opt->idle, sizeof(struct tb_load_conn *));
    idle->timer = event_new(idle->base, -1, 0, on_held, idle);
    if (idle->conns == NULL || idle->timer == NULL)
        return TB_E_NOMEM;
    idle->target = tb_load_dialer_target(&idle->dialer, idle->opt->directory);
    return idle->target != NULL ? 0 : TB_E_FORMAT;
}

static void tear_down(struct idle *idle)
{
    for (unsigned i = 0; i < idle->begun; i++)
        tb_load_conn_free(idle->conns[i]);
    free(idle->conns);
    if (idle->timer != NULL)
        event_free(idle->timer);
    tb_load_dialer_clear(&idle->dialer);
    event_base_free(idle->base);
}

int tb_load_idle(const struct tb_load_options *opt, struct tb_load_result *out)
{
    struct idle idle = {.opt = opt, .result = out, .base = event_base_new()};
    uint64_t from = tb_load_now_us();
    int r;

    memset(out, 0, sizeof(*out));
    if (idle.base == NULL)
        return TB_E_NOMEM;
    if ((r = set_up(&idle)) == 0) {
        for (unsigned i = 0; i < AT_ONCE && i < opt->idle && !idle.failed; i++)
            dial(&idle);
        if (!idle.failed)
            (void)event_base_dispatch(idle.base);
        out->elapsed_us = tb_load_now_us() - from;
        if (idle.failed || out->unfinished > 0)
            r = TB_E_STATE;
    }
    tear_down(&idle);
    return r;
}
