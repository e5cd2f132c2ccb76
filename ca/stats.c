#include "ca/stats.h"

#include <stdio.h>

#include "ca/child.h"
#include "ca/operation.h"

void tb_stats_add(struct tb_msg_stats *stats, const char *name, uint64_t value)
{
    if (stats->num == TB_STATS_MAX)
        return;
    (void)snprintf(stats->stat[stats->num].name, sizeof(stats->stat[stats->num].name), "%s", name);
    stats->stat[stats->num++].value = value;
}

void tb_stats_answer(struct tb_channel *ch, uint32_t id, const struct tb_msg_stats *stats, struct tb_wr *wr)
{
    int r;

    tb_wr_reset(wr);
    tb_msg_stats_write(wr, stats);
    if ((r = tb_wr_err(wr)) == 0)
        r = tb_channel_send(ch, TB_MSG_STATS_RSP, id, tb_wr_span(wr));
    if (r < 0)
        tb_child_answer_lost(TB_MSG_STATS_RSP, r);
}

void tb_stats_show(struct tb_jw *jw, const struct tb_msg_stats *stats)
{
    tb_jw_obj(jw);
    for (size_t i = 0; i < stats->num; i++)
        tb_operation_number(jw, stats->stat[i].name, stats->stat[i].value);
    tb_jw_end_obj(jw);
}
