/*
 * Used set: which orders have, or are about to have, their one certificate.  Rebuilt from the log at start; an order
 * leaves it when its number is outside the window, because then it is refused anyway.
 */
#ifndef TB_CA_JUDGE_USED_H
#define TB_CA_JUDGE_USED_H

#include "lib/acme/url.h"
#include "lib/base/mem.h"

#define TB_USED_MAX     (1u << 28) /* slots of 24 bytes; memory follows the orders of 48 h */
#define TB_USED_INITIAL (1u << 10)

enum tb_used_state { TB_USED_FREE = 0, TB_USED_FLYING, TB_USED_DONE };

/*
 * The digest is kept by its first 8 bytes: enough to tell honest retries from another JWS.  Who returns a logged
 * certificate compares the whole digest with the record.
 */
struct tb_used_entry {
    tb_order_no_t order;
    uint64_t digest; /* first 8 bytes of the JWS digest */
    uint64_t offset; /* of the log record; 0 = being signed */
};

struct tb_used {
    struct tb_used_entry *slot; /* order 0 = free */
    size_t cap, num;
    size_t max; /* slots; TB_USED_MAX but in tests */
    uint64_t seed;
};

int tb_used_init(struct tb_used *u, size_t max) TB_MUST_USE;
void tb_used_clear(struct tb_used *u);
/* *out_offset for DONE; *out_same: is it the same JWS? */
enum tb_used_state tb_used_find(const struct tb_used *u, tb_order_no_t order,
                                const uint8_t jws_digest[static TB_DIGEST_LEN], bool *out_same, uint64_t *out_offset);
/*
 * Enter an order that is not there, as FLYING (offset 0) or DONE.  When room is needed, orders made before
 * `oldest` that are DONE go first.  TB_E_EXISTS, TB_E_LIMIT, TB_E_NOMEM, TB_E_INVAL (order 0).
 */
int tb_used_add(struct tb_used *u, tb_order_no_t order, const uint8_t jws_digest[static TB_DIGEST_LEN], uint64_t offset,
                tb_time_t oldest) TB_MUST_USE;
/* FLYING becomes DONE. */
void tb_used_done(struct tb_used *u, tb_order_no_t order, uint64_t offset);
/* FLYING leaves: nothing was signed for it. DONE stays. */
void tb_used_drop(struct tb_used *u, tb_order_no_t order);

#endif
