#include "ca/judge/used.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"

static uint64_t prefix_of(const uint8_t digest[static TB_DIGEST_LEN])
{
    uint64_t v;

    memcpy(&v, digest, sizeof(v));
    return v;
}

/* The front chooses order numbers; the seed keeps it from choosing slots. */
static size_t home(const struct tb_used *u, tb_order_no_t order)
{
    uint64_t x = (order ^ u->seed) * UINT64_C(0x9e3779b97f4a7c15);

    x = (x ^ (x >> 29)) * (u->seed | 1);
    return (size_t)(x >> 32) & (u->cap - 1);
}

static struct tb_used_entry *probe(const struct tb_used *u, tb_order_no_t order)
{
    size_t i = home(u, order);

    while (u->slot[i].order != 0 && u->slot[i].order != order)
        i = (i + 1) & (u->cap - 1);
    return &u->slot[i];
}

int tb_used_init(struct tb_used *u, size_t max)
{
    memset(u, 0, sizeof(*u));
    if (max < 4 || max > TB_USED_MAX || (max & (max - 1)) != 0)
        return TB_E_INVAL;
    u->max = max;
    u->cap = max < TB_USED_INITIAL ? max : TB_USED_INITIAL;
    u->slot = calloc(u->cap, sizeof(*u->slot));
    if (u->slot == NULL)
        return TB_E_NOMEM;
    tb_random(&u->seed, sizeof(u->seed));
    return 0;
}

void tb_used_clear(struct tb_used *u)
{
    free(u->slot);
    memset(u, 0, sizeof(*u));
}

enum tb_used_state tb_used_find(const struct tb_used *u, tb_order_no_t order,
                                const uint8_t jws_digest[static TB_DIGEST_LEN], bool *out_same, uint64_t *out_offset)
{
    const struct tb_used_entry *e = probe(u, order);

    *out_same = false;
    *out_offset = 0;
    if (order == 0 || e->order == 0)
        return TB_USED_FREE;
    *out_same = e->digest == prefix_of(jws_digest);
    *out_offset = e->offset;
    return e->offset == 0 ? TB_USED_FLYING : TB_USED_DONE;
}

static bool keeps(const struct tb_used_entry *e, tb_time_t oldest)
{
    return e->order != 0 && (e->offset == 0 || tb_order_no_time(e->order) >= oldest);
}

/* Rebuild without the expired; twice as large when more than half would stay filled. */
static int make_room(struct tb_used *u, tb_time_t oldest)
{
    struct tb_used next = *u;
    size_t kept = 0;

    for (size_t i = 0; i < u->cap; i++)
        kept += keeps(&u->slot[i], oldest);
    if (kept >= u->cap / 2)
        next.cap = 2 * u->cap;
    if (next.cap > u->max) {
        if (kept >= u->cap - u->cap / 4)
            return TB_E_LIMIT;
        next.cap = u->cap;
    }
    next.num = kept;
    next.slot = calloc(next.cap, sizeof(*next.slot));
    if (next.slot == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < u->cap; i++)
        if (keeps(&u->slot[i], oldest))
            *probe(&next, u->slot[i].order) = u->slot[i];
    free(u->slot);
    *u = next;
    return 0;
}

int tb_used_add(struct tb_used *u, tb_order_no_t order, const uint8_t jws_digest[static TB_DIGEST_LEN], uint64_t offset,
                tb_time_t oldest)
{
    int r;

    if (order == 0)
        return TB_E_INVAL;
    if (probe(u, order)->order != 0)
        return TB_E_EXISTS;
    if (u->num >= u->cap - u->cap / 4 && (r = make_room(u, oldest)) < 0)
        return r;
    *probe(u, order) = (struct tb_used_entry){.order = order, .digest = prefix_of(jws_digest), .offset = offset};
    u->num++;
    return 0;
}

void tb_used_done(struct tb_used *u, tb_order_no_t order, uint64_t offset)
{
    struct tb_used_entry *e = probe(u, order);

    if (order != 0 && e->order != 0 && e->offset == 0)
        e->offset = offset;
}

void tb_used_drop(struct tb_used *u, tb_order_no_t order)
{
    struct tb_used_entry *e = probe(u, order);
    size_t hole, i;

    if (order == 0 || e->order == 0 || e->offset != 0)
        return;
    hole = i = (size_t)(e - u->slot);
    /* Close the gap, so that no probe ends early: move back whoever is not between hole and its home. */
    for (;;) {
        i = (i + 1) & (u->cap - 1);
        if (u->slot[i].order == 0)
            break;
        if (((i - home(u, u->slot[i].order)) & (u->cap - 1)) >= ((i - hole) & (u->cap - 1))) {
            u->slot[hole] = u->slot[i];
            hole = i;
        }
    }
    u->slot[hole] = (struct tb_used_entry){0};
    u->num--;
}
