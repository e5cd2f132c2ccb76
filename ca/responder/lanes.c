#include "ca/responder/lanes.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"

#define V6_NETWORK 64 /* what one customer has at least */

struct tb_lane_source {
    struct tb_lane_source *next;
    struct tb_egress_item item;
    size_t num;
};

void tb_lanes_init(struct tb_lanes *l)
{
    memset(l, 0, sizeof(*l));
    tb_random(&l->key, sizeof(l->key));
}

void tb_lanes_clear(struct tb_lanes *l)
{
    for (size_t i = 0; i < TB_LANE_BUCKETS; i++)
        while (l->bucket[i] != NULL) {
            struct tb_lane_source *s = l->bucket[i];

            l->bucket[i] = s->next;
            free(s);
        }
    tb_wipe(&l->key, sizeof(l->key));
}

static void mask(uint8_t out[static 16], const uint8_t addr[static 16], unsigned prefix)
{
    memcpy(out, addr, 16);
    for (unsigned i = 0; i < 16; i++) {
        unsigned keep = prefix > 8 * i ? prefix - 8 * i : 0;

        if (keep < 8)
            out[i] &= (uint8_t)(0xff00 >> keep);
    }
}

/* 32 bits of a keyed digest over a source. */
static uint32_t hash(const struct tb_lanes *l, const struct tb_egress_item *it)
{
    uint8_t in[17], out[TB_DIGEST_LEN];

    memcpy(in, it->addr, 16);
    in[16] = it->prefix;
    tb_hmac_sha256(out, &l->key, tb_span_of(in, sizeof(in)));
    return (uint32_t)out[0] << 24 | (uint32_t)out[1] << 16 | (uint32_t)out[2] << 8 | out[3];
}

static struct tb_lane_source **source_find(struct tb_lanes *l, const struct tb_egress_item *it)
{
    struct tb_lane_source **at = &l->bucket[hash(l, it) % TB_LANE_BUCKETS];

    while (*at != NULL &&
           ((*at)->item.prefix != it->prefix || memcmp((*at)->item.addr, it->addr, sizeof(it->addr)) != 0))
        at = &(*at)->next;
    return at;
}

int tb_lanes_expect(struct tb_lanes *l, const struct tb_egress_item *item, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        struct tb_lane_source **at = source_find(l, &item[i]);

        if (*at == NULL) {
            if ((*at = calloc(1, sizeof(**at))) == NULL) {
                tb_lanes_forget(l, item, i);
                return TB_E_NOMEM;
            }
            (*at)->item = item[i];
            l->num_of_prefix[item[i].prefix]++;
        }
        (*at)->num++;
    }
    return 0;
}

void tb_lanes_forget(struct tb_lanes *l, const struct tb_egress_item *item, size_t num)
{
    for (size_t i = 0; i < num; i++) {
        struct tb_lane_source **at = source_find(l, &item[i]);
        struct tb_lane_source *s = *at;

        if (s == NULL || --s->num > 0)
            continue;
        *at = s->next;
        l->num_of_prefix[item[i].prefix]--;
        free(s);
    }
}

/* The longest source that covers the peer. */
static bool expected_from(struct tb_lanes *l, const struct tb_address *peer, struct tb_egress_item *out)
{
    for (unsigned prefix = 128; prefix > 0; prefix--) {
        if (l->num_of_prefix[prefix] == 0)
            continue;
        mask(out->addr, peer->b, prefix);
        out->prefix = (uint8_t)prefix;
        if (tb_egress_covers(out, peer->b) && *source_find(l, out) != NULL)
            return true;
    }
    return false;
}

/* A free one, or the oldest. */
static struct tb_slot *choose(struct tb_slot *set, size_t num)
{
    struct tb_slot *best = &set[0];

    for (size_t i = 0; i < num && best->holder != NULL; i++)
        if (set[i].holder == NULL || set[i].turn < best->turn)
            best = &set[i];
    return best;
}

/* One stranger has but a share: beyond it, it gives up its own oldest and nobody else's. */
static struct tb_slot *choose_for_stranger(struct tb_lanes *l, const uint8_t source[static 16])
{
    struct tb_slot *own = NULL;
    size_t num = 0;

    for (size_t i = 0; i < TB_LANE_STRANGERS; i++) {
        struct tb_slot *s = &l->stranger[i];

        if (s->holder == NULL || memcmp(s->source, source, sizeof(s->source)) != 0)
            continue;
        num++;
        if (own == NULL || s->turn < own->turn)
            own = s;
    }
    return num >= TB_LANE_STRANGER_OWN ? own : choose(l->stranger, TB_LANE_STRANGERS);
}

struct tb_slot *tb_lanes_find(struct tb_lanes *l, const struct tb_address *peer)
{
    struct tb_egress_item from = {.prefix = 0};
    struct tb_slot *slot;

    if (expected_from(l, peer, &from)) {
        slot = choose(l->expected[hash(l, &from) / TB_LANE_BUCKETS % TB_LANE_SETS], TB_LANE_SLOTS);
        slot->expected = true;
        return slot;
    }
    mask(from.addr, peer->b, peer->v4 ? 128 : V6_NETWORK);
    slot = choose_for_stranger(l, from.addr);
    memcpy(slot->source, from.addr, sizeof(slot->source));
    return slot;
}

struct tb_slot *tb_lanes_find_for_proxy(struct tb_lanes *l)
{
    return choose(l->proxy, TB_LANE_PROXIES);
}

void tb_slot_take(struct tb_lanes *l, struct tb_slot *slot, void *holder)
{
    slot->holder = holder;
    slot->turn = ++l->turn;
}

void tb_slot_free(struct tb_slot *slot)
{
    slot->holder = NULL;
}
