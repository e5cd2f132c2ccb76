#include "ca/judge/key_set.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"

#define INITIAL 64

static const uint8_t nothing[TB_DIGEST_LEN];

/* Whoever makes keys can steer their digests a little: the seed keeps slots out of reach. */
static size_t home(const struct tb_key_set *set, const uint8_t digest[static TB_DIGEST_LEN])
{
    uint64_t x;

    memcpy(&x, digest, sizeof(x));
    x = (x ^ set->seed) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 29)) * (set->seed | 1);
    return (size_t)(x >> 32) & (set->cap - 1);
}

static uint8_t *probe(const struct tb_key_set *set, const uint8_t digest[static TB_DIGEST_LEN])
{
    size_t i = home(set, digest);

    while (memcmp(set->slot[i], nothing, TB_DIGEST_LEN) != 0 && memcmp(set->slot[i], digest, TB_DIGEST_LEN) != 0)
        i = (i + 1) & (set->cap - 1);
    return set->slot[i];
}

int tb_key_set_init(struct tb_key_set *set, size_t max)
{
    memset(set, 0, sizeof(*set));
    if (max == 0 || max > TB_KEY_SET_MAX)
        return TB_E_INVAL;
    set->max = max;
    set->cap = INITIAL;
    tb_random(&set->seed, sizeof(set->seed));
    set->slot = calloc(set->cap, sizeof(*set->slot));
    return set->slot != NULL ? 0 : TB_E_NOMEM;
}

void tb_key_set_clear(struct tb_key_set *set)
{
    free(set->slot);
    memset(set, 0, sizeof(*set));
}

bool tb_key_set_has(const struct tb_key_set *set, const uint8_t digest[static TB_DIGEST_LEN])
{
    return memcmp(digest, nothing, TB_DIGEST_LEN) != 0 && memcmp(probe(set, digest), digest, TB_DIGEST_LEN) == 0;
}

int tb_key_set_reserve(struct tb_key_set *set, size_t num)
{
    struct tb_key_set next = *set;

    if (num > set->max || set->num + num > set->max)
        return TB_E_LIMIT;
    while (next.cap < 2 * (set->num + num))
        next.cap *= 2;
    if (next.cap == set->cap)
        return 0;
    next.slot = calloc(next.cap, sizeof(*next.slot));
    if (next.slot == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < set->cap; i++)
        if (memcmp(set->slot[i], nothing, TB_DIGEST_LEN) != 0)
            memcpy(probe(&next, set->slot[i]), set->slot[i], TB_DIGEST_LEN);
    free(set->slot);
    *set = next;
    return 0;
}

int tb_key_set_add(struct tb_key_set *set, const uint8_t digest[static TB_DIGEST_LEN])
{
    int r;

    if (memcmp(digest, nothing, TB_DIGEST_LEN) == 0)
        return TB_E_INVAL;
    if (tb_key_set_has(set, digest))
        return 0;
    if ((r = tb_key_set_reserve(set, 1)) < 0)
        return r;
    memcpy(probe(set, digest), digest, TB_DIGEST_LEN);
    set->num++;
    return 0;
}
