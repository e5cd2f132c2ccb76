/* When to renew, and when to try again: arithmetic alone, so that it can be tested to its edges. */
#ifndef TB_CLIENT_SCHEDULE_H
#define TB_CLIENT_SCHEDULE_H

#include <stdbool.h>

#include "lib/base/clock.h"

#define TB_RENEW_WAKEUP_S      3600  /* how often tabard-renew.timer starts */
#define TB_RENEW_BACKOFF_MIN_S 60    /* the floor, for every number of failures */
#define TB_RENEW_BACKOFF_MAX_S 86400 /* the cap of our own part; a server may ask for more */
#define TB_ARI_RETRY_MIN_S     60    /* RFC 9773 section 4.3.2 */
#define TB_ARI_RETRY_MAX_S     86400
#define TB_ARI_RETRY_ERROR_S   21600

/* random: 32 uniform bits. */

/* A uniform instant in [start, end]; start when end is not after it. */
tb_time_t tb_schedule_between(tb_time_t start, tb_time_t end, uint32_t random);
/* Without renewal information: about two thirds of the lifetime, half of it below ten days. */
tb_time_t tb_schedule_fallback(tb_time_t not_before, tb_time_t not_after, uint32_t random);
/* Seconds to wait after so many failures in a row: doubling, jitter upwards, never less than the server asked for. */
int64_t tb_schedule_backoff(int64_t failures, int64_t retry_after_s, uint32_t random);
/* Renew now? Not, when another start of the timer comes before the instant. */
bool tb_schedule_due(tb_time_t renew_at, tb_time_t now);
/* Seconds until the renewal information is asked for again; retry_after_s of 0 or less: there was none. */
int64_t tb_schedule_ari(int64_t retry_after_s);

#endif
