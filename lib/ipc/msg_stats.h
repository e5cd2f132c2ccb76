/* Counters of a process, for metrics and status. */
#ifndef TB_IPC_MSG_STATS_H
#define TB_IPC_MSG_STATS_H

#include "lib/base/bytes.h"

#define TB_STATS_MAX     64
#define TB_STAT_NAME_MAX 63

/* name is a Prometheus name without the "tabard_" prefix and without labels: "judge_issued_total". */
struct tb_stat {
    char name[TB_STAT_NAME_MAX + 1];
    uint64_t value;
};
struct tb_msg_stats {
    size_t num;
    struct tb_stat stat[TB_STATS_MAX];
};
void tb_msg_stats_write(struct tb_wr *wr, const struct tb_msg_stats *m);
int tb_msg_stats_read(struct tb_span body, struct tb_msg_stats *out) TB_MUST_USE;

#endif
