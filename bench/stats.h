/* What is counted and timed: bounded memory whatever the run's length. */
#ifndef TB_BENCH_STATS_H
#define TB_BENCH_STATS_H

#include <stddef.h>
#include <stdint.h>

#define TB_LOAD_HIST_SUB     32 /* buckets in each power of two: values are right to 3 % */
#define TB_LOAD_HIST_BUCKETS (32 * TB_LOAD_HIST_SUB)
#define TB_LOAD_REASONS_MAX  32
#define TB_LOAD_REASON_MAX   47
#define TB_LOAD_KINDS_MAX    16

/* Microseconds of the monotonic clock. */
uint64_t tb_load_now_us(void);

struct tb_load_hist {
    uint64_t num;
    uint64_t sum;
    uint64_t max;
    uint32_t bucket[TB_LOAD_HIST_BUCKETS];
};
void tb_load_hist_add(struct tb_load_hist *h, uint64_t us);
/* Upper edge of the bucket where the share of all values is reached; never above the largest value. */
uint64_t tb_load_hist_at(const struct tb_load_hist *h, double share);

struct tb_load_stats {
    uint64_t certificates;
    uint64_t failures;
    uint64_t requests;
    uint64_t handshakes;
    uint64_t nonce_retries;
    uint64_t polls;
    uint64_t reopened; /* kept connections that the server had closed */
    struct tb_load_hist issuance;
    struct tb_load_hist connect;
    struct tb_load_hist request;
    struct tb_load_hist kind[TB_LOAD_KINDS_MAX]; /* by step of the flow */
    struct {
        char text[TB_LOAD_REASON_MAX + 1];
        uint64_t num;
    } reason[TB_LOAD_REASONS_MAX];
    size_t num_reasons;
};
/* Beyond TB_LOAD_REASONS_MAX different ones the last collects the rest. */
void tb_load_stats_fail(struct tb_load_stats *s, const char *reason);

#endif
