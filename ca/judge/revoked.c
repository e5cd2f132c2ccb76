#include "ca/judge/revoked.h"

#include <stdlib.h>
#include <string.h>

#define INITIAL 256

_Static_assert(sizeof(struct tb_revoked_entry) <= 64, "the header states the memory of an entry");

/* Serial numbers are random and the judge's own; the seed is for what the log of others may hold. */
static size_t home(const struct tb_revoked *t, unsigned issuer, const uint8_t serial[static TB_SERIAL_LEN])
{
    uint64_t a, b;

    memcpy(&a, serial, 8);
    memcpy(&b, serial + 8, 8);
    a = (a ^ t->seed) * UINT64_C(0x9e3779b97f4a7c15);
    a = (a ^ b ^ issuer ^ (a >> 29)) * (t->seed | 1);
    return (size_t)(a >> 32) & (t->cap - 1);
}

static void link_entry(struct tb_revoked *t, uint32_t i)
{
    struct tb_revoked_entry *e = &t->entry[i];
    struct tb_revoked_shard *s = &t->shard[e->issuer][tb_revoked_shard_of(e->serial)];
    uint32_t *head = &t->head[home(t, e->issuer, e->serial)];

    e->chain = *head;
    *head = i;
    e->next_in_shard = TB_REVOKED_NONE;
    if (e->superseded)
        return;
    if (s->num++ == 0)
        s->first = i;
    else
        t->entry[s->last].next_in_shard = i;
    s->last = i;
}

static void relink_all(struct tb_revoked *t)
{
    memset(t->head, 0xff, t->cap * sizeof(*t->head)); /* TB_REVOKED_NONE */
    for (unsigned issuer = 0; issuer < TB_ISSUER__COUNT; issuer++) {
        for (unsigned i = 0; i < TB_REVOKED_SHARDS; i++) {
            struct tb_revoked_shard *s = &t->shard[issuer][i];

            *s = (struct tb_revoked_shard){
                .first = TB_REVOKED_NONE, .last = TB_REVOKED_NONE, .generation = s->generation};
        }
    }
    for (uint32_t i = 0; i < t->num; i++)
        link_entry(t, i);
}

static int resize(struct tb_revoked *t, size_t cap)
{
    struct tb_revoked_entry *entry;
    uint32_t *head = malloc(cap * sizeof(*head));

    if (head == NULL)
        return TB_E_NOMEM;
    if ((entry = realloc(t->entry, cap * sizeof(*entry))) == NULL) {
        free(head);
        return TB_E_NOMEM;
    }
    free(t->head);
    t->head = head;
    t->entry = entry;
    t->cap = cap;
    relink_all(t);
    return 0;
}

int tb_revoked_init(struct tb_revoked *t, size_t max)
{
    size_t cap = 1;

    memset(t, 0, sizeof(*t));
    if (max == 0 || max > TB_REVOKED_MAX)
        return TB_E_INVAL;
    t->max = max;
    while (cap < max && cap < INITIAL)
        cap *= 2;
    tb_random(&t->seed, sizeof(t->seed));
    return resize(t, cap);
}

void tb_revoked_clear(struct tb_revoked *t)
{
    free(t->entry);
    free(t->head);
    memset(t, 0, sizeof(*t));
}

const struct tb_revoked_entry *tb_revoked_find(const struct tb_revoked *t, enum tb_issuer issuer,
                                               const uint8_t serial[static TB_SERIAL_LEN])
{
    uint32_t i = t->head[home(t, issuer, serial)];

    while (i != TB_REVOKED_NONE && (t->entry[i].superseded || t->entry[i].issuer != issuer ||
                                    memcmp(t->entry[i].serial, serial, TB_SERIAL_LEN) != 0))
        i = t->entry[i].chain;
    return i != TB_REVOKED_NONE ? &t->entry[i] : NULL;
}

void tb_revoked_expire(struct tb_revoked *t, tb_time_t now)
{
    size_t kept = 0;

    for (size_t i = 0; i < t->num; i++) {
        const struct tb_revoked_entry *e = &t->entry[i];

        if (now - TB_REVOKED_KEEP_S >= e->not_after)
            t->shard[e->issuer][tb_revoked_shard_of(e->serial)].generation++;
        else
            t->entry[kept++] = *e;
    }
    if (kept == t->num)
        return;
    t->num = kept;
    relink_all(t);
}

int tb_revoked_reserve(struct tb_revoked *t, size_t num, tb_time_t now)
{
    size_t cap = t->cap;

    if (num > t->max)
        return TB_E_LIMIT;
    if (t->num + num > t->max)
        tb_revoked_expire(t, now);
    if (t->num + num > t->max)
        return TB_E_LIMIT;
    while (cap < t->num + num)
        cap *= 2;
    return cap != t->cap ? resize(t, cap) : 0;
}

/* It stays in the lists, where it is passed over, until its time comes. */
static tb_time_t supersede(struct tb_revoked *t, const struct tb_revoked_entry *old)
{
    t->shard[old->issuer][tb_revoked_shard_of(old->serial)].num--;
    t->entry[old - t->entry].superseded = true;
    return old->revoked_at;
}

int tb_revoked_add(struct tb_revoked *t, const struct tb_revoke_rec *rec, uint64_t seq, tb_time_t revoked_at,
                   tb_time_t now)
{
    const struct tb_revoked_entry *old = tb_revoked_find(t, rec->issuer, rec->serial);
    int r;

    if (old != NULL && !tb_revoke_rec_says_more(rec, (enum tb_reason)old->reason, (enum tb_revoker)old->who))
        return TB_E_EXISTS;
    if ((r = tb_revoked_reserve(t, 1, now)) < 0)
        return r;
    if ((old = tb_revoked_find(t, rec->issuer, rec->serial)) != NULL) /* it may have moved, or gone */
        revoked_at = supersede(t, old);
    t->entry[t->num] = (struct tb_revoked_entry){.not_after = rec->not_after,
                                                 .revoked_at = revoked_at,
                                                 .seq = seq,
                                                 .issuance = rec->issuance,
                                                 .issuer = (uint8_t)rec->issuer,
                                                 .reason = (uint8_t)rec->reason,
                                                 .who = (uint8_t)rec->who};
    memcpy(t->entry[t->num].serial, rec->serial, TB_SERIAL_LEN);
    link_entry(t, (uint32_t)t->num++);
    t->shard[rec->issuer][tb_revoked_shard_of(rec->serial)].generation++;
    return 0;
}

const struct tb_revoked_entry *tb_revoked_next(const struct tb_revoked *t, enum tb_issuer issuer, unsigned shard,
                                               const struct tb_revoked_entry *before)
{
    uint32_t i;

    if (issuer >= TB_ISSUER__COUNT || shard >= TB_REVOKED_SHARDS)
        return NULL;
    i = before == NULL ? t->shard[issuer][shard].first : before->next_in_shard;
    while (i != TB_REVOKED_NONE && t->entry[i].superseded)
        i = t->entry[i].next_in_shard;
    return i != TB_REVOKED_NONE ? &t->entry[i] : NULL;
}

const struct tb_revoked_entry *tb_revoked_after(const struct tb_revoked *t, uint64_t seq)
{
    size_t low = 0, high = t->num, middle;

    while (low < high) {
        middle = low + (high - low) / 2;
        if (t->entry[middle].seq > seq)
            high = middle;
        else
            low = middle + 1;
    }
    while (low < t->num && t->entry[low].superseded)
        low++;
    return low < t->num ? &t->entry[low] : NULL;
}
