/*
 * Crew: threads that compute beside a loop, and the loop with them.  What callbacks of one loop turn put is done by the
 * end of that turn, by helpers as far as there are processors and jobs for them, and by the loop itself, which
 * would only wait otherwise.  A single job therefore never waits for another thread to wake up.
 */
#ifndef TB_CA_CREW_H
#define TB_CA_CREW_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"

#define TB_CREW_HELPERS_MAX 3

/* Owned by who puts it, from tb_crew_put to done. */
struct tb_job {
    struct tb_job *next;
    /* On any thread, at the same time as other jobs and as the loop: touches nothing that these change. */
    void (*work)(struct tb_job *job);
    /* On the loop thread, after work; the job may be freed in it, and others put. */
    void (*done)(struct tb_job *job);
};

struct tb_crew;

struct tb_crew_stats {
    uint64_t by_loop, by_helpers; /* jobs done */
};

/* One helper less than the process may use processors, 0 to TB_CREW_HELPERS_MAX. */
size_t tb_crew_helpers(void);
/* TB_E_NOMEM, TB_E_IO. The caller frees with tb_crew_free, before base. */
int tb_crew_new(struct event_base *base, size_t helpers, struct tb_crew **out) TB_MUST_USE;
/* In the order of putting, as far as one thread takes them. */
void tb_crew_put(struct tb_crew *crew, struct tb_job *job);
/* Works off what was put, done included, then ends the threads. NULL-safe. */
void tb_crew_free(struct tb_crew *crew);
void tb_crew_stats(struct tb_crew *crew, struct tb_crew_stats *out);

#endif
