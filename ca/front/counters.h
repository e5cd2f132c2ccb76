/* What the counters of requests are indexed by. */
#ifndef TB_CA_FRONT_COUNTERS_H
#define TB_CA_FRONT_COUNTERS_H

#include <stddef.h>

/* HTTP status of a column below TB_FRONT_STATUSES; 0 for all others together. */
int tb_counter_status(size_t slot);

#endif
