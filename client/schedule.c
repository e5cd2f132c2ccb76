#include "client/schedule.h"

#define SHORT_LIFE_S (10 * 86400)
#define DOUBLINGS    11 /* 60 s doubled so often is above the cap */

tb_time_t tb_schedule_between(tb_time_t start, tb_time_t end, uint32_t random)
{
    if (end <= start)
        return start;
    /* Quotient and rest apart, and without a sign: no window of RFC 3339's years overflows. */
    return start + (end - start) / UINT32_MAX * random +
           (tb_time_t)((uint64_t)((end - start) % UINT32_MAX) * random / UINT32_MAX);
}

tb_time_t tb_schedule_fallback(tb_time_t not_before, tb_time_t not_after, uint32_t random)
{
    int64_t life = not_after - not_before;
    int64_t from = life < SHORT_LIFE_S ? 47 : 63;
    int64_t to = life < SHORT_LIFE_S ? 53 : 70;

    if (life <= 0)
        return not_before;
    return tb_schedule_between(not_before + life / 100 * from, not_before + life / 100 * to, random);
}

int64_t tb_schedule_backoff(int64_t failures, int64_t retry_after_s, uint32_t random)
{
    int64_t wait = TB_RENEW_BACKOFF_MAX_S;

    if (failures < 1)
        failures = 1;
    if (failures <= DOUBLINGS)
        wait = (int64_t)TB_RENEW_BACKOFF_MIN_S << (failures - 1);
    if (wait > TB_RENEW_BACKOFF_MAX_S)
        wait = TB_RENEW_BACKOFF_MAX_S;
    if (wait < retry_after_s)
        wait = retry_after_s;
    return tb_schedule_between(wait, wait + wait / 4, random);
}

bool tb_schedule_due(tb_time_t renew_at, tb_time_t now)
{
    return renew_at <= now + TB_RENEW_WAKEUP_S;
}

int64_t tb_schedule_ari(int64_t retry_after_s)
{
    if (retry_after_s <= 0)
        return TB_ARI_RETRY_ERROR_S;
    if (retry_after_s < TB_ARI_RETRY_MIN_S)
        return TB_ARI_RETRY_MIN_S;
    return retry_after_s < TB_ARI_RETRY_MAX_S ? retry_after_s : TB_ARI_RETRY_MAX_S;
}
