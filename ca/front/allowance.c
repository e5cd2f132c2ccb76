#include "ca/front/allowance.h"

#include <stdlib.h>

#include "ca/front/map.h"

#define BUCKETS 4096

struct taken {
    struct tb_map_node node; /* key: account */
    uint32_t num;
};

struct tb_allowance {
    struct tb_map map;
    struct taken *slot;
    size_t num, max;
    tb_time_t hour;
};

int tb_allowance_new(size_t accounts_max, struct tb_allowance **out)
{
    struct tb_allowance *a = calloc(1, sizeof(*a));

    *out = NULL;
    if (a == NULL)
        return TB_E_NOMEM;
    a->max = accounts_max;
    a->slot = calloc(accounts_max, sizeof(*a->slot));
    if (a->slot == NULL || tb_map_init(&a->map, BUCKETS) < 0) {
        tb_allowance_free(a);
        return TB_E_NOMEM;
    }
    *out = a;
    return 0;
}

void tb_allowance_free(struct tb_allowance *a)
{
    if (a == NULL)
        return;
    tb_map_clear(&a->map);
    free(a->slot);
    free(a);
}

static void begin_hour(struct tb_allowance *a, tb_time_t hour)
{
    for (size_t i = 0; i < a->num; i++)
        tb_map_remove(&a->map, &a->slot[i].node);
    a->num = 0;
    a->hour = hour;
}

bool tb_allowance_take(struct tb_allowance *a, uint64_t account_id, uint32_t max, tb_time_t now)
{
    struct taken *t = NULL;

    if (now / TB_ALLOWANCE_S != a->hour)
        begin_hour(a, now / TB_ALLOWANCE_S);
    t = (struct taken *)tb_map_find(&a->map, account_id);
    if (t == NULL) {
        if (a->num == a->max || max == 0)
            return false;
        t = &a->slot[a->num++];
        t->num = 0;
        tb_map_insert(&a->map, account_id, &t->node);
    }
    if (t->num >= max)
        return false;
    t->num++;
    return true;
}
