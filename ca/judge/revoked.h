/*
 * The judge's table of revoked certificates: rebuilt from the log at start, and what CRLs are made from.  An entry
 * stays until TB_REVOKED_KEEP_S after the certificate's expiry; there is no other way out.
 */
#ifndef TB_CA_JUDGE_REVOKED_H
#define TB_CA_JUDGE_REVOKED_H

#include "ca/judge/log_record.h"
#include "lib/pki/crl_tbs.h"

#define TB_REVOKED_MAX                                                                                                 \
    (1u << 20) /* entries of 64 bytes; at it new revocations are refused, never old ones forgotten                     \
                */
#define TB_REVOKED_SHARDS TB_CRL_SHARDS
/* RFC 5280 section 3.3: an entry must be on one CRL after the expiry. Longer than any CRL lives. */
#define TB_REVOKED_KEEP_S (7 * 86400)
#define TB_REVOKED_NONE   UINT32_MAX

struct tb_revoked_entry {
    uint8_t serial[TB_SERIAL_LEN];
    tb_time_t not_after;
    tb_time_t revoked_at;
    uint64_t seq;           /* sequence number of the revocation record */
    uint64_t issuance;      /* and of the issuance record */
    uint32_t chain;         /* next with the same hash */
    uint32_t next_in_shard; /* TB_REVOKED_NONE ends it */
    uint8_t issuer;         /* enum tb_issuer */
    uint8_t reason;         /* enum tb_reason */
    uint8_t who;            /* enum tb_revoker */
    bool superseded;        /* a later entry says more about the same certificate: this one is not seen any more */
};

struct tb_revoked_shard {
    uint32_t first, last; /* indices; TB_REVOKED_NONE when it is empty */
    uint32_t num;
    uint64_t generation; /* changes whenever an entry comes or goes; 0 = never had one */
};

struct tb_revoked {
    struct tb_revoked_entry *entry; /* in the order of the log */
    uint32_t *head;                 /* cap of them: hash chains */
    size_t num, cap, max;
    uint64_t seed;
    struct tb_revoked_shard shard[TB_ISSUER__COUNT][TB_REVOKED_SHARDS];
};

/* Which CRL of its issuer a certificate belongs to. */
static inline unsigned tb_revoked_shard_of(const uint8_t serial[static TB_SERIAL_LEN])
{
    return tb_crl_shard_of(serial);
}

/* max: 1..TB_REVOKED_MAX; less than the maximum in tests only. */
int tb_revoked_init(struct tb_revoked *t, size_t max) TB_MUST_USE;
void tb_revoked_clear(struct tb_revoked *t);
/* The one that counts. Borrowed until the next add; NULL when it is not revoked. */
const struct tb_revoked_entry *tb_revoked_find(const struct tb_revoked *t, enum tb_issuer issuer,
                                               const uint8_t serial[static TB_SERIAL_LEN]);
/*
 * Room for num more, so that as many adds cannot fail.  When there is none, entries whose time has come go first.
 * TB_E_LIMIT, TB_E_NOMEM.
 */
int tb_revoked_reserve(struct tb_revoked *t, size_t num, tb_time_t now) TB_MUST_USE;
/*
 * Enter a revocation, whose sequence number is above all before.  TB_E_EXISTS when the certificate is revoked already:
 * the first revocation counts, nothing changes.  Unless the new one says more (tb_revoke_rec_says_more): then it
 * counts, as of the time of the first.  Else as tb_revoked_reserve.
 */
int tb_revoked_add(struct tb_revoked *t, const struct tb_revoke_rec *rec, uint64_t seq, tb_time_t revoked_at,
                   tb_time_t now) TB_MUST_USE;
/* The oldest entry that counts with a sequence number above seq; NULL when there is none. Borrowed until the next add.
 */
const struct tb_revoked_entry *tb_revoked_after(const struct tb_revoked *t, uint64_t seq);
/* Drop what expired TB_REVOKED_KEEP_S ago or earlier. */
void tb_revoked_expire(struct tb_revoked *t, tb_time_t now);
/* Entries that count of one CRL, in the order of the log: start with NULL, NULL ends it. No add in between. */
const struct tb_revoked_entry *tb_revoked_next(const struct tb_revoked *t, enum tb_issuer issuer, unsigned shard,
                                               const struct tb_revoked_entry *before);

#endif
