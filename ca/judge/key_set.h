/* Keys that are never certified again, because they were compromised: SPKI digests, rebuilt from the log. */
#ifndef TB_CA_JUDGE_KEY_SET_H
#define TB_CA_JUDGE_KEY_SET_H

#include "lib/base/mem.h"

#define TB_KEY_SET_MAX (1u << 20) /* keys; 32 bytes each in a table at most half full */

struct tb_key_set {
    uint8_t (*slot)[TB_DIGEST_LEN]; /* all zero = free */
    size_t cap, num, max;
    uint64_t seed;
};

/* max: 1..TB_KEY_SET_MAX; less than the maximum in tests only. */
int tb_key_set_init(struct tb_key_set *set, size_t max) TB_MUST_USE;
void tb_key_set_clear(struct tb_key_set *set);
bool tb_key_set_has(const struct tb_key_set *set, const uint8_t digest[static TB_DIGEST_LEN]);
/* Room for num more, so that as many adds cannot fail.  TB_E_LIMIT, TB_E_NOMEM. */
int tb_key_set_reserve(struct tb_key_set *set, size_t num) TB_MUST_USE;
/* 0 also when it is there already.  TB_E_INVAL for a digest of zeros, else as tb_key_set_reserve. */
int tb_key_set_add(struct tb_key_set *set, const uint8_t digest[static TB_DIGEST_LEN]) TB_MUST_USE;

#endif
