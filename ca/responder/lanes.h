/*
 * Lanes: who may hold a connection.  Peers from which an armed proof may come have slots of their own, in sets that
 * nobody can aim at; all others share a few.  A full set gives up its oldest holder, so that nobody waits for a slot
 * and memory has a bound.
 */
#ifndef TB_CA_RESPONDER_LANES_H
#define TB_CA_RESPONDER_LANES_H

#include "ca/resolver/address.h"
#include "lib/base/mem.h"
#include "lib/dns/egress.h"

#define TB_LANE_SETS         64 /* a power of two */
#define TB_LANE_SLOTS        8  /* of a set */
#define TB_LANE_STRANGERS    64
#define TB_LANE_STRANGER_OWN 8    /* of these, for one IPv4 address or one IPv6 /64 */
#define TB_LANE_PROXIES      64   /* of proxies that have not said yet for whom */
#define TB_LANE_BUCKETS      4096 /* of sources; a power of two */

struct tb_slot {
    void *holder;  /* NULL = free */
    uint64_t turn; /* when it was taken: smaller is older */
    uint8_t source[16];
    bool expected;
};

struct tb_lane_source;
struct tb_lanes {
    struct tb_key key; /* random: which set a source has is known here alone */
    uint64_t turn;
    struct tb_lane_source *bucket[TB_LANE_BUCKETS];
    size_t num_of_prefix[129]; /* sources by length */
    struct tb_slot expected[TB_LANE_SETS][TB_LANE_SLOTS];
    struct tb_slot stranger[TB_LANE_STRANGERS];
    struct tb_slot proxy[TB_LANE_PROXIES];
};

void tb_lanes_init(struct tb_lanes *l);
void tb_lanes_clear(struct tb_lanes *l);

/* Proofs may come from these; counted, so forget what was expected and nothing else. TB_E_NOMEM: none was added. */
int tb_lanes_expect(struct tb_lanes *l, const struct tb_egress_item *item, size_t num) TB_MUST_USE;
void tb_lanes_forget(struct tb_lanes *l, const struct tb_egress_item *item, size_t num);

/*
 * A slot for a peer.  When its holder is not NULL, that one has to go first; then the caller takes it with its own
 * holder.
 */
struct tb_slot *tb_lanes_find(struct tb_lanes *l, const struct tb_address *peer);
/* Likewise, until a proxy has said whose connection it is. */
struct tb_slot *tb_lanes_find_for_proxy(struct tb_lanes *l);
void tb_slot_take(struct tb_lanes *l, struct tb_slot *slot, void *holder);
void tb_slot_free(struct tb_slot *slot);

#endif
