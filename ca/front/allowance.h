/*
 * Allowance: how much of something each account took within the hour.  In memory and exact; when more accounts take
 * than there is room for, the answer is no until the hour is over.
 */
#ifndef TB_CA_FRONT_ALLOWANCE_H
#define TB_CA_FRONT_ALLOWANCE_H

#include <stdbool.h>

#include "lib/base/clock.h"
#include "lib/base/err.h"

#define TB_ALLOWANCE_S            3600
#define TB_ALLOWANCE_ACCOUNTS_MAX 65536

struct tb_allowance;

int tb_allowance_new(size_t accounts_max, struct tb_allowance **out) TB_MUST_USE;
void tb_allowance_free(struct tb_allowance *a); /* NULL-safe */
/* May the account take one more, of at most max in this hour? Counts it when it may. */
bool tb_allowance_take(struct tb_allowance *a, uint64_t account_id, uint32_t max, tb_time_t now);

#endif
