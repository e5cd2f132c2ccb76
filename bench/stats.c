#include "bench/stats.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

uint64_t tb_load_now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/* Below TB_LOAD_HIST_SUB exact; above, the five bits after the leading one. */
static size_t bucket_of(uint64_t v)
{
    unsigned exponent;
    size_t i;

    if (v < TB_LOAD_HIST_SUB)
        return (size_t)v;
    exponent = 63 - (unsigned)__builtin_clzll(v);
    i = (size_t)(exponent - 4) * TB_LOAD_HIST_SUB + (size_t)((v >> (exponent - 5)) & (TB_LOAD_HIST_SUB - 1));
    return i < TB_LOAD_HIST_BUCKETS ? i : TB_LOAD_HIST_BUCKETS - 1;
}

static uint64_t upper_edge(size_t i)
{
    unsigned shift;

    if (i < TB_LOAD_HIST_SUB)
        return i;
    shift = (unsigned)(i / TB_LOAD_HIST_SUB) - 1;
    return ((uint64_t)(TB_LOAD_HIST_SUB + i % TB_LOAD_HIST_SUB + 1) << shift) - 1;
}

void tb_load_hist_add(struct tb_load_hist *h, uint64_t us)
{
    h->num++;
    h->sum += us;
    if (us > h->max)
        h->max = us;
    h->bucket[bucket_of(us)]++;
}

uint64_t tb_load_hist_at(const struct tb_load_hist *h, double share)
{
    uint64_t want = (uint64_t)(share * (double)h->num + 0.999999);
    uint64_t seen = 0;

    for (size_t i = 0; i < TB_LOAD_HIST_BUCKETS; i++) {
        seen += h->bucket[i];
        if (seen >= want && seen > 0)
            return upper_edge(i) < h->max ? upper_edge(i) : h->max;
    }
    return h->max;
}

void tb_load_stats_fail(struct tb_load_stats *s, const char *reason)
{
    size_t i = 0;

    s->failures++;
    while (i < s->num_reasons && strcmp(s->reason[i].text, reason) != 0)
        i++;
    if (i == TB_LOAD_REASONS_MAX)
        i--;
    if (i == s->num_reasons) {
        s->num_reasons++;
        snprintf(s->reason[i].text, sizeof(s->reason[i].text), "%s",
                 s->num_reasons < TB_LOAD_REASONS_MAX ? reason : "other");
    }
    s->reason[i].num++;
}
