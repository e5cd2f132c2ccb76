#include "ca/judge/crls.h"

#include <stdlib.h>
#include <string.h>

#include "ca/config/pointers.h"
#include "lib/base/hash.h"

#define ID_SLOT_BITS 8
_Static_assert(TB_ISSUER__COUNT *TB_CRL_SHARDS <= 1 << ID_SLOT_BITS, "the slot is part of the request id");

void tb_crls_init(struct tb_crls *c)
{
    memset(c, 0, sizeof(*c));
    tb_wr_init(&c->msg, TB_CRL_MAX + 64);
    for (unsigned i = 0; i < TB_ISSUER__COUNT; i++)
        for (unsigned k = 0; k < TB_CRL_SHARDS; k++) {
            struct tb_crl_slot *s = &c->slot[i][k];

            s->issuer = (enum tb_issuer)i;
            s->shard = k;
            tb_wr_init(&s->der, TB_CRL_MAX);
            tb_wr_init(&s->tbs, TB_CRL_TBS_MAX);
        }
}

void tb_crls_clear(struct tb_crls *c)
{
    tb_wr_clear(&c->msg);
    for (unsigned i = 0; i < TB_ISSUER__COUNT; i++)
        for (unsigned k = 0; k < TB_CRL_SHARDS; k++) {
            tb_wr_clear(&c->slot[i][k].der);
            tb_wr_clear(&c->slot[i][k].tbs);
        }
}

static unsigned index_of(const struct tb_crl_slot *s)
{
    return (unsigned)s->issuer * TB_CRL_SHARDS + s->shard;
}

struct tb_crl_slot *tb_crls_find_id(struct tb_crls *c, uint32_t sign_id)
{
    unsigned i = sign_id & ((1 << ID_SLOT_BITS) - 1);
    struct tb_crl_slot *s;

    if (i >= TB_ISSUER__COUNT * TB_CRL_SHARDS)
        return NULL;
    s = &c->slot[i / TB_CRL_SHARDS][i % TB_CRL_SHARDS];
    return s->signing && s->sign_id == sign_id ? s : NULL;
}

void tb_crls_forget_signing(struct tb_crls *c)
{
    for (unsigned i = 0; i < TB_ISSUER__COUNT; i++)
        for (unsigned k = 0; k < TB_CRL_SHARDS; k++)
            c->slot[i][k].signing = false;
}

/* Also when the clock was set back behind it, so that none ends unseen.  A refusal delays, whatever the clock does. */
bool tb_crls_is_due(const struct tb_crl_slot *s, const struct tb_crl_source *src)
{
    bool waits = src->now < s->retry_at && s->retry_at - src->now <= TB_CRL_RETRY_S;

    if (s->signing || waits)
        return false;
    return s->der.len == 0 || src->now >= s->due || src->now < s->this_update ||
           src->revoked->shard[s->issuer][s->shard].generation != s->generation;
}

static int by_serial(const void *a, const void *b)
{
    const struct tb_crl_entry *x = a;
    const struct tb_crl_entry *y = b;

    return memcmp(x->serial, y->serial, TB_SERIAL_LEN);
}

/* The shard's entries, by serial number; owned by the caller. */
static int collect(const struct tb_crl_slot *s, const struct tb_revoked *revoked, struct tb_crl_entry **out,
                   size_t *out_num)
{
    size_t num = revoked->shard[s->issuer][s->shard].num;
    const struct tb_revoked_entry *e = NULL;
    struct tb_crl_entry *entry;
    size_t n = 0;

    *out = NULL;
    if (num > TB_CRL_ENTRIES_MAX)
        return TB_E_LIMIT;
    if ((entry = calloc(num + 1, sizeof(*entry))) == NULL)
        return TB_E_NOMEM;
    while (n < num && (e = tb_revoked_next(revoked, s->issuer, s->shard, e)) != NULL) {
        memcpy(entry[n].serial, e->serial, TB_SERIAL_LEN);
        entry[n].revoked_at = e->revoked_at;
        entry[n++].reason = (enum tb_reason)e->reason;
    }
    if (n != num) {
        free(entry);
        return TB_E_INTERNAL;
    }
    qsort(entry, num, sizeof(*entry), by_serial);
    *out = entry;
    *out_num = num;
    return 0;
}

/* Higher than every one before, and not below the time, so that a restart need not know the last. */
static uint64_t next_number(struct tb_crls *c, const struct tb_crl_source *src)
{
    uint64_t floor = (uint64_t)src->floor * TB_CRL_NUMBER_PER_S;
    uint64_t least = src->now_us > floor ? src->now_us : floor;

    c->last_number = c->last_number + 1 > least ? c->last_number + 1 : least;
    return c->last_number;
}

static int write_and_read_again(struct tb_crl_slot *s, const struct tb_crl_entry *entry, size_t num)
{
    struct tb_crl again;
    int r;

    tb_wr_reset(&s->tbs);
    if ((r = tb_crl_tbs_write(&s->tbs, &s->next, entry, num)) < 0 ||
        (r = tb_crl_tbs_read(tb_wr_span(&s->tbs), &again)) < 0)
        return r;
    return again.num_entries == num && again.number == s->next.number ? 0 : TB_E_INTERNAL;
}

int tb_crls_prepare(struct tb_crls *c, struct tb_crl_slot *s, const struct tb_crl_source *src)
{
    struct tb_crl_entry *entry = NULL;
    size_t num = 0;
    int r;

    s->next = (struct tb_crl){.sig_alg = src->ca->sig_alg,
                              .issuer_name = tb_span_of(src->ca->subject, src->ca->subject_len),
                              .issuer_keyid = tb_span_of(src->ca->keyid, src->ca->keyid_len),
                              .this_update = src->now - TB_CRL_BACKDATE_S,
                              .next_update = src->now - TB_CRL_BACKDATE_S + TB_CRL_LIFETIME_S};
    tb_pointer_crl(s->next.uri, src->cfg, s->issuer, s->shard);
    if (s->next.uri[0] == '\0')
        return TB_E_NOTFOUND;
    if ((r = collect(s, src->revoked, &entry, &num)) < 0)
        return r;
    s->next.number = next_number(c, src);
    r = write_and_read_again(s, entry, num);
    free(entry);
    if (r < 0)
        return r;
    s->next_generation = src->revoked->shard[s->issuer][s->shard].generation;
    s->sign_id = ++c->last_id << ID_SLOT_BITS | index_of(s);
    s->signing = true;
    return 0;
}

int tb_crls_complete(struct tb_crl_slot *s, enum tb_sig_alg alg, struct tb_span sig, tb_time_t now)
{
    struct tb_wr der;
    uint16_t jitter;
    int r;

    tb_wr_init(&der, TB_CRL_MAX);
    if ((r = tb_cert_assemble(&der, tb_wr_span(&s->tbs), alg, sig)) < 0) {
        tb_wr_clear(&der);
        return r;
    }
    tb_wr_clear(&s->der);
    s->der = der;
    tb_random(&jitter, sizeof(jitter));
    s->due = now + TB_CRL_REFRESH_S - jitter % TB_CRL_JITTER_S;
    s->this_update = s->next.this_update;
    s->next_update = s->next.next_update;
    s->generation = s->next_generation;
    s->signing = false;
    s->unsent = true;
    return 0;
}

void tb_crls_fail(struct tb_crl_slot *s, tb_time_t now)
{
    s->signing = false;
    s->retry_at = now + TB_CRL_RETRY_S;
}
