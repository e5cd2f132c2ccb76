#include "bench/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/flow.h"

#define REST_MS 200 /* of a client whose issuance failed */

enum phase { PREPARE, WARM, MEASURE };

struct run {
    const struct tb_load_options *opt;
    struct tb_load_result *result;
    struct event_base *base;
    struct event *deadline;
    struct tb_load_dialer dialer;
    struct tb_load_pool pool;
    struct tb_load_answerer *answerer;
    struct tb_load_challenge challenges[TB_LOAD_CLIENTS_MAX];
    struct tb_load_flow flows[TB_LOAD_CLIENTS_MAX];
    unsigned warmed[TB_LOAD_CLIENTS_MAX];
    enum phase phase;
    unsigned waiting; /* clients that have warmed up */
    unsigned active;  /* clients that issue or rest */
    unsigned begun;
    bool stopping;
    bool broken;
    uint64_t started_us;
    uint64_t started_cpu_us;
    struct tb_load_watch before;
};

static uint64_t own_cpu_us(void)
{
    struct rusage ru;

    if (getrusage(RUSAGE_SELF, &ru) < 0)
        return 0;
    return (uint64_t)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1000000 +
           (uint64_t)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
}

static void give_up(struct run *run, const char *what, const char *why)
{
    fprintf(stderr, "acme_load: %s: %s\n", what, why);
    run->broken = true;
    event_base_loopbreak(run->base);
}

static void next(struct run *run, struct tb_load_flow *f)
{
    if (!run->stopping && run->begun < run->opt->count) {
        run->begun++;
        tb_load_flow_issue(f);
    } else if (--run->active == 0) {
        event_base_loopbreak(run->base);
    }
}

static void on_rested(evutil_socket_t fd, short what, void *arg)
{
    struct tb_load_flow *f = arg;

    (void)fd;
    (void)what;
    next(f->arg, f);
}

static void rest(struct run *run, struct tb_load_flow *f)
{
    static const struct timeval tv = {.tv_usec = REST_MS * 1000};

    if (run->result->stats.failures >= run->opt->failures)
        run->stopping = true;
    if (event_base_once(run->base, -1, EV_TIMEOUT, on_rested, f, &tv) < 0)
        give_up(run, "event", "out of memory");
}

static void start_measuring(struct run *run)
{
    struct timeval tv = {.tv_sec = run->opt->seconds};

    run->phase = MEASURE;
    memset(&run->result->stats, 0, sizeof(run->result->stats));
    tb_load_watch_take(&run->before, run->opt->watch);
    run->started_cpu_us = own_cpu_us();
    run->started_us = tb_load_now_us();
    if (event_add(run->deadline, &tv) < 0) {
        give_up(run, "event", "out of memory");
        return;
    }
    run->active = run->opt->clients;
    for (unsigned i = 0; i < run->opt->clients; i++)
        next(run, &run->flows[i]);
}

/* All clients begin the measured phase together, none with a request in flight. */
static void warm(struct run *run, struct tb_load_flow *f)
{
    if (run->warmed[f->id] < run->opt->warm) {
        run->warmed[f->id]++;
        tb_load_flow_issue(f);
    } else if (++run->waiting == run->opt->clients) {
        start_measuring(run);
    }
}

static void on_done(struct tb_load_flow *f, const char *why)
{
    struct run *run = f->arg;
    struct tb_load_stats *s = &run->result->stats;

    if (run->phase != MEASURE) {
        if (why != NULL)
            give_up(run, "before the measured phase", why);
        else
            warm(run, f);
        return;
    }
    if (why != NULL) {
        tb_load_stats_fail(s, why);
        rest(run, f);
        return;
    }
    s->certificates++;
    tb_load_hist_add(&s->issuance, tb_load_now_us() - f->started_us);
    next(run, f);
}

/* Ends the preparation, then the measured phase, then the wait for what is in flight. */
static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    static const struct timeval grace = {.tv_sec = TB_LOAD_PREPARE_S};
    struct run *run = arg;

    (void)fd;
    (void)what;
    if (run->phase != MEASURE)
        give_up(run, "before the measured phase", "not ready in time");
    else if (run->stopping || event_add(run->deadline, &grace) < 0)
        event_base_loopbreak(run->base);
    run->stopping = true;
}

static int set_up(struct run *run)
{
    static const struct timeval limit = {.tv_sec = TB_LOAD_PREPARE_S};
    const struct tb_load_options *opt = run->opt;
    int r;

    run->deadline = event_new(run->base, -1, 0, on_deadline, run);
    if (run->deadline == NULL || event_add(run->deadline, &limit) < 0)
        return TB_E_NOMEM;
    if ((r = tb_load_dialer_init(&run->dialer, run->base, &run->result->stats, opt->directory, opt->ca)) < 0 ||
        (r = tb_load_pool_init(&run->pool)) < 0 ||
        (r = tb_load_answerer_new(run->base, opt->http, run->challenges, opt->clients, &run->answerer)) < 0)
        return r;
    for (unsigned i = 0; i < opt->clients; i++) {
        run->flows[i] = (struct tb_load_flow){.dialer = &run->dialer,
                                              .stats = &run->result->stats,
                                              .pool = &run->pool,
                                              .opt = opt,
                                              .challenge = &run->challenges[i],
                                              .done = on_done,
                                              .arg = run,
                                              .id = i};
        if ((r = tb_load_flow_init(&run->flows[i])) < 0)
            return r;
    }
    return 0;
}

static void tear_down(struct run *run)
{
    for (unsigned i = 0; i < run->opt->clients; i++)
        tb_load_flow_clear(&run->flows[i]);
    tb_load_answerer_free(run->answerer);
    tb_load_pool_clear(&run->pool);
    tb_load_dialer_clear(&run->dialer);
    if (run->deadline != NULL)
        event_free(run->deadline);
    event_base_free(run->base);
    free(run);
}

static void conclude(struct run *run)
{
    struct tb_load_result *out = run->result;

    out->elapsed_us = tb_load_now_us() - run->started_us;
    out->own_cpu_us = own_cpu_us() - run->started_cpu_us;
    tb_load_watch_take(&out->watch, run->opt->watch);
    tb_load_watch_since(&out->watch, &run->before);
    out->unfinished = run->active;
    for (unsigned i = 0; i < run->active; i++)
        tb_load_stats_fail(&out->stats, "unfinished");
}

int tb_load_run(const struct tb_load_options *opt, struct tb_load_result *out)
{
    struct run *run = calloc(1, sizeof(*run));
    int r;

    memset(out, 0, sizeof(*out));
    if (run == NULL || (run->base = event_base_new()) == NULL) {
        free(run);
        return TB_E_NOMEM;
    }
    run->opt = opt;
    run->result = out;
    r = set_up(run);
    if (r == 0) {
        for (unsigned i = 0; i < opt->clients; i++)
            tb_load_flow_prepare(&run->flows[i]);
        (void)event_base_dispatch(run->base);
        if (run->phase != MEASURE || run->broken)
            r = TB_E_STATE;
        else
            conclude(run);
    } else {
        fprintf(stderr, "acme_load: %s\n", tb_err_text(r));
    }
    tear_down(run);
    return r;
}
