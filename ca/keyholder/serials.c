#include "ca/keyholder/serials.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"

#define NONE UINT32_MAX

struct entry {
    uint8_t serial[TB_SERIAL_LEN];
    uint8_t tbs_digest[TB_DIGEST_LEN];
    uint32_t next; /* in its chain */
};

/* A ring of entries with hash chains through it. */
struct tb_serials {
    size_t max;
    size_t used;     /* entries filled so far, up to max */
    uint32_t oldest; /* the slot that is filled next */
    uint64_t seed;   /* the judge chooses the serials; it shall not choose the chains */
    uint32_t *head;
    struct entry *ring;
};

int tb_serials_new(size_t max, struct tb_serials **out)
{
    struct tb_serials *s = NULL;

    *out = NULL;
    if (max < 2 || max > TB_SERIALS_MAX || (max & (max - 1)) != 0)
        return TB_E_INVAL;
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return TB_E_NOMEM;
    s->max = max;
    s->head = malloc(max * sizeof(*s->head));
    s->ring = calloc(max, sizeof(*s->ring));
    if (s->head == NULL || s->ring == NULL) {
        tb_serials_free(s);
        return TB_E_NOMEM;
    }
    memset(s->head, 0xff, max * sizeof(*s->head)); /* NONE */
    tb_random(&s->seed, sizeof(s->seed));
    *out = s;
    return 0;
}

void tb_serials_free(struct tb_serials *s)
{
    if (s == NULL)
        return;
    free(s->head);
    free(s->ring);
    free(s);
}

static uint32_t *chain_of(struct tb_serials *s, const uint8_t *serial)
{
    uint64_t a, b;

    memcpy(&a, serial, sizeof(a));
    memcpy(&b, serial + sizeof(a), sizeof(b));
    a = (a ^ s->seed) * UINT64_C(0x9e3779b97f4a7c15);
    a = (a ^ (a >> 32) ^ b) * (s->seed | 1);
    return &s->head[(a >> 32) & (s->max - 1)];
}

static const struct entry *find(struct tb_serials *s, const uint8_t *serial)
{
    for (uint32_t i = *chain_of(s, serial); i != NONE; i = s->ring[i].next)
        if (memcmp(s->ring[i].serial, serial, TB_SERIAL_LEN) == 0)
            return &s->ring[i];
    return NULL;
}

static void forget(struct tb_serials *s, uint32_t slot)
{
    uint32_t *link = chain_of(s, s->ring[slot].serial);

    while (*link != slot)
        link = &s->ring[*link].next;
    *link = s->ring[slot].next;
}

int tb_serials_claim(struct tb_serials *s, const uint8_t serial[static TB_SERIAL_LEN],
                     const uint8_t tbs_digest[static TB_DIGEST_LEN])
{
    const struct entry *known = find(s, serial);
    struct entry *e = &s->ring[s->oldest];
    uint32_t *head;

    if (known != NULL)
        return memcmp(known->tbs_digest, tbs_digest, TB_DIGEST_LEN) == 0 ? 0 : TB_E_DUP;
    if (s->used == s->max)
        forget(s, s->oldest);
    else
        s->used++;
    memcpy(e->serial, serial, TB_SERIAL_LEN);
    memcpy(e->tbs_digest, tbs_digest, TB_DIGEST_LEN);
    head = chain_of(s, serial);
    e->next = *head;
    *head = s->oldest;
    s->oldest = (uint32_t)((s->oldest + 1) & (s->max - 1));
    return 0;
}
