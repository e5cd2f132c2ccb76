/* A run: prepare accounts, warm up, measure, report. */
#ifndef TB_BENCH_RUN_H
#define TB_BENCH_RUN_H

#include "bench/conn.h"
#include "bench/options.h"
#include "bench/stats.h"
#include "bench/watch.h"

#define TB_LOAD_PREPARE_S 60 /* for accounts and warm-up, and again for what is in flight at the end */

struct tb_load_result {
    struct tb_load_stats stats;
    struct tb_load_watch watch; /* CPU of the measured phase */
    uint64_t elapsed_us;        /* until the last issuance that began in time has ended */
    uint64_t own_cpu_us;        /* of the generator */
    unsigned unfinished;
};
/* 0 when the measured phase took place; failures of single issuances are in the result. */
int tb_load_run(const struct tb_load_options *opt, struct tb_load_result *out) TB_MUST_USE;
/* Connections that have served one request each, held open; out->watch is taken while they are. */
int tb_load_idle(const struct tb_load_options *opt, struct tb_load_result *out) TB_MUST_USE;

/* Machine-readable lines (key=value, no blanks) and a table for people, on standard output. */
void tb_load_report(const struct tb_load_options *opt, const struct tb_load_result *result);
void tb_load_report_idle(const struct tb_load_options *opt, const struct tb_load_result *result);

#endif
