/* Counters of a child: gathered into one list, which answers a STATS_REQ of the front and a command of the operator. */
#ifndef TB_CA_STATS_H
#define TB_CA_STATS_H

#include "lib/ipc/channel.h"
#include "lib/ipc/msg_stats.h"
#include "lib/json/json.h"

/* Silently none above TB_STATS_MAX. */
void tb_stats_add(struct tb_msg_stats *stats, const char *name, uint64_t value);
/* Over the channel that the request came from; what cannot be sent is logged. wr is scratch. */
void tb_stats_answer(struct tb_channel *ch, uint32_t id, const struct tb_msg_stats *stats, struct tb_wr *wr);
/* As an object. */
void tb_stats_show(struct tb_jw *jw, const struct tb_msg_stats *stats);

#endif
