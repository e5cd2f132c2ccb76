/*
 * Standing: accounts that are not what their URL says, because their key was changed, they were deactivated or bound.
 * Every other account has no entry and is as its URL says.  Rebuilt from the log; what has entered never leaves, so
 * that a retired key never returns and a deactivated account never issues again.
 */
#ifndef TB_CA_JUDGE_STANDING_H
#define TB_CA_JUDGE_STANDING_H

#include "ca/judge/account_record.h"
#include "lib/statement/account.h"

#define TB_STANDINGS_MAX          (1u << 20) /* accounts */
#define TB_STANDINGS_RESERVED_MAX (1u << 16) /* of them, that only deactivations may take */
#define TB_STANDING_KEYS_MAX      (1u << 22) /* keys of all of them, retired ones included */
#define TB_STANDING_CHANGES_MAX   1000       /* key changes of one account */

struct tb_standing {
    uint8_t first[TB_DIGEST_LEN];
    uint8_t current[TB_DIGEST_LEN];
    uint8_t before[TB_DIGEST_LEN]; /* the key before the current one; zero = there was none */
    enum tb_account_standing standing;
    uint16_t changes;
    uint32_t binding; /* index + 1 of the EAB key; 0 = none */
    uint64_t seq;     /* of the newest event */
    tb_time_t made_at;
};

struct tb_standing_key {
    uint8_t thumbprint[TB_DIGEST_LEN];
    uint32_t account; /* index + 1; 0 = free */
};

struct tb_standings {
    struct tb_standing *account;
    size_t num, cap, max;
    struct tb_standing_key *slot;
    size_t num_keys, num_slots;
    uint64_t seed;
};

/* max: accounts, at most TB_STANDINGS_MAX. */
int tb_standings_init(struct tb_standings *st, size_t max) TB_MUST_USE;
void tb_standings_clear(struct tb_standings *st);
/* The account that has, or once had, this key; NULL when no entry has. Borrowed until the next change. */
const struct tb_standing *tb_standings_owner(const struct tb_standings *st,
                                             const uint8_t thumbprint[static TB_DIGEST_LEN]);
/* The account whose URL ends in this; NULL: it is as its URL says. */
const struct tb_standing *tb_standings_find(const struct tb_standings *st, const uint8_t first[static TB_DIGEST_LEN]);
/* May this event be applied?  TB_E_LIMIT (full, or too many changes of one account), TB_E_STATE, TB_E_EXISTS (the key).
 */
int tb_standings_may(const struct tb_standings *st, const struct tb_account_rec *rec) TB_MUST_USE;
/* Apply an event, logged or about to be. As tb_standings_may, and TB_E_NOMEM; nothing changes on failure. */
int tb_standings_apply(struct tb_standings *st, const struct tb_account_rec *rec, uint64_t seq, tb_time_t time,
                       uint32_t binding) TB_MUST_USE;

#endif
