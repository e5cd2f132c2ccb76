#include "ca/judge/standing.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_INITIAL 256

int tb_standings_init(struct tb_standings *st, size_t max)
{
    memset(st, 0, sizeof(*st));
    if (max == 0 || max > TB_STANDINGS_MAX)
        return TB_E_INVAL;
    st->max = max;
    st->num_slots = SLOTS_INITIAL;
    st->slot = calloc(st->num_slots, sizeof(*st->slot));
    tb_random(&st->seed, sizeof(st->seed));
    return st->slot != NULL ? 0 : TB_E_NOMEM;
}

void tb_standings_clear(struct tb_standings *st)
{
    free(st->account);
    free(st->slot);
    memset(st, 0, sizeof(*st));
}

/* Clients choose keys; the seed keeps them from choosing slots. */
static size_t home(const struct tb_standings *st, const uint8_t thumbprint[static TB_DIGEST_LEN])
{
    uint64_t x;

    memcpy(&x, thumbprint, sizeof(x));
    x = (x ^ st->seed) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 29)) * (st->seed | 1);
    return (size_t)(x >> 32) & (st->num_slots - 1);
}

static struct tb_standing_key *probe(const struct tb_standings *st, const uint8_t thumbprint[static TB_DIGEST_LEN])
{
    size_t i = home(st, thumbprint);

    while (st->slot[i].account != 0 && memcmp(st->slot[i].thumbprint, thumbprint, TB_DIGEST_LEN) != 0)
        i = (i + 1) & (st->num_slots - 1);
    return &st->slot[i];
}

static struct tb_standing *owner(const struct tb_standings *st, const uint8_t thumbprint[static TB_DIGEST_LEN])
{
    const struct tb_standing_key *k = probe(st, thumbprint);

    return k->account != 0 ? &st->account[k->account - 1] : NULL;
}

static struct tb_standing *find(const struct tb_standings *st, const uint8_t first[static TB_DIGEST_LEN])
{
    struct tb_standing *s = owner(st, first);

    return s != NULL && memcmp(s->first, first, TB_DIGEST_LEN) == 0 ? s : NULL;
}

const struct tb_standing *tb_standings_owner(const struct tb_standings *st,
                                             const uint8_t thumbprint[static TB_DIGEST_LEN])
{
    return owner(st, thumbprint);
}

const struct tb_standing *tb_standings_find(const struct tb_standings *st, const uint8_t first[static TB_DIGEST_LEN])
{
    return find(st, first);
}

/* Room for an account more, and for two keys. */
static int make_room(struct tb_standings *st)
{
    size_t cap = st->cap == 0 ? 64 : 2 * st->cap;
    struct tb_standings next = *st;
    struct tb_standing *account;

    if (st->num == st->cap) {
        if ((account = reallocarray(st->account, cap, sizeof(*account))) == NULL)
            return TB_E_NOMEM;
        st->account = account;
        st->cap = cap;
    }
    if (2 * (st->num_keys + 2) <= st->num_slots)
        return 0;
    next.account = st->account;
    next.cap = st->cap;
    next.num_slots = 2 * st->num_slots;
    if ((next.slot = calloc(next.num_slots, sizeof(*next.slot))) == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < st->num_slots; i++)
        if (st->slot[i].account != 0)
            *probe(&next, st->slot[i].thumbprint) = st->slot[i];
    free(st->slot);
    *st = next;
    return 0;
}

static void enter_key(struct tb_standings *st, const uint8_t thumbprint[static TB_DIGEST_LEN], size_t account)
{
    struct tb_standing_key *k = probe(st, thumbprint);

    if (k->account != 0)
        return;
    memcpy(k->thumbprint, thumbprint, TB_DIGEST_LEN);
    k->account = (uint32_t)account + 1;
    st->num_keys++;
}

static struct tb_standing *enter(struct tb_standings *st, const uint8_t first[static TB_DIGEST_LEN])
{
    struct tb_standing *s = &st->account[st->num];

    *s = (struct tb_standing){.standing = TB_STANDING_VALID};
    memcpy(s->first, first, TB_DIGEST_LEN);
    memcpy(s->current, first, TB_DIGEST_LEN);
    enter_key(st, first, st->num);
    st->num++;
    return s;
}

int tb_standings_may(const struct tb_standings *st, const struct tb_account_rec *rec)
{
    const struct tb_standing *s = find(st, rec->first);
    size_t reserved = st->max / 16 < TB_STANDINGS_RESERVED_MAX ? st->max / 16 : TB_STANDINGS_RESERVED_MAX;

    if (s == NULL && owner(st, rec->first) != NULL)
        return TB_E_EXISTS;
    if (s != NULL && s->standing != TB_STANDING_VALID)
        return TB_E_STATE;
    if (rec->event == TB_EVENT_DEACTIVATED) {
        const uint8_t *current = s != NULL ? s->current : rec->first;

        if (memcmp(rec->thumbprint, current, TB_DIGEST_LEN) != 0)
            return TB_E_STATE;
        return s == NULL && (st->num >= st->max || st->num_keys + 2 > TB_STANDING_KEYS_MAX) ? TB_E_LIMIT : 0;
    }
    if (rec->event == TB_EVENT_BOUND && s != NULL)
        return TB_E_EXISTS;
    if (rec->event == TB_EVENT_KEY_CHANGED &&
        (memcmp(rec->thumbprint, rec->first, TB_DIGEST_LEN) == 0 || owner(st, rec->thumbprint) != NULL))
        return TB_E_EXISTS;
    if (s != NULL && s->changes >= TB_STANDING_CHANGES_MAX)
        return TB_E_LIMIT;
    if (st->num_keys + 2 + reserved > TB_STANDING_KEYS_MAX)
        return TB_E_LIMIT;
    return s == NULL && st->num + reserved >= st->max ? TB_E_LIMIT : 0;
}

int tb_standings_apply(struct tb_standings *st, const struct tb_account_rec *rec, uint64_t seq, tb_time_t time,
                       uint32_t binding)
{
    struct tb_standing *s;
    int r;

    if ((r = tb_standings_may(st, rec)) < 0 || (r = make_room(st)) < 0)
        return r;
    if ((s = find(st, rec->first)) == NULL)
        s = enter(st, rec->first);
    if (rec->event == TB_EVENT_DEACTIVATED) {
        s->standing = TB_STANDING_DEACTIVATED;
    } else if (rec->event == TB_EVENT_BOUND) {
        s->binding = binding;
    } else {
        enter_key(st, rec->thumbprint, (size_t)(s - st->account));
        memcpy(s->before, s->current, TB_DIGEST_LEN);
        memcpy(s->current, rec->thumbprint, TB_DIGEST_LEN);
        s->changes++;
    }
    s->seq = seq;
    s->made_at = time;
    return 0;
}
