/*
 * The CRLs: one for each shard of each issuer, made from the table of revoked certificates.  Here is what they are and
 * when they are due, without loop and edges; crl_issue.c has the loop's side.
 */
#ifndef TB_CA_JUDGE_CRLS_H
#define TB_CA_JUDGE_CRLS_H

#include "ca/config/config.h"
#include "ca/judge/revoked.h"
#include "lib/pki/cacert.h"
#include "lib/pki/crl_tbs.h"

#define TB_CRL_LIFETIME_S 86400
#define TB_CRL_BACKDATE_S 60         /* thisUpdate: for verifiers whose clock is a little behind */
#define TB_CRL_REFRESH_S  (6 * 3600) /* a CRL that does not change is made anew after so long */
#define TB_CRL_JITTER_S   3600       /* or up to so much earlier, so that they do not all come at once */
#define TB_CRL_RETRY_S    30         /* after the keyholder refused */

struct tb_crl_slot {
    enum tb_issuer issuer;
    unsigned shard;
    uint64_t generation; /* of the shard, in der */
    tb_time_t due;       /* to be made anew from then on */
    tb_time_t retry_at;  /* after a refusal: not before */
    tb_time_t this_update, next_update;
    struct tb_wr der; /* the CRL; empty until the first is signed */
    bool unsent;      /* the front has not got it */

    bool signing;
    uint32_t sign_id;
    uint64_t next_generation; /* of the shard, in tbs */
    struct tb_crl next;       /* the head of tbs */
    struct tb_wr tbs;
};

struct tb_crls {
    struct tb_crl_slot slot[TB_ISSUER__COUNT][TB_CRL_SHARDS];
    uint64_t last_number;
    uint32_t last_id;
    struct tb_wr msg; /* to keyholder and front */
};

/* From what a CRL of an issuer is made. */
struct tb_crl_source {
    const struct tb_config *cfg;
    const struct tb_cacert *ca;
    const struct tb_revoked *revoked;
    tb_time_t now;
    uint64_t now_us; /* the same, for the number */
    tb_time_t floor; /* latest time seen or logged: numbers do not fall when the clock does */
};

void tb_crls_init(struct tb_crls *c);
void tb_crls_clear(struct tb_crls *c);
/* The slot that this answer is for; NULL when there is none. */
struct tb_crl_slot *tb_crls_find_id(struct tb_crls *c, uint32_t sign_id);
/* Nothing is being signed any more: the keyholder has gone. */
void tb_crls_forget_signing(struct tb_crls *c);
/* Has the shard changed, or is it time? Not while it is being signed. */
bool tb_crls_is_due(const struct tb_crl_slot *s, const struct tb_crl_source *src);
/*
 * Write the TBS and read it again: every entry of the shard is in it.  TB_E_NOTFOUND when the configuration has no URI
 * for it, TB_E_LIMIT when the shard has more than TB_CRL_ENTRIES_MAX.
 */
int tb_crls_prepare(struct tb_crls *c, struct tb_crl_slot *s, const struct tb_crl_source *src) TB_MUST_USE;
/* Signed: it takes the place of the one before. */
int tb_crls_complete(struct tb_crl_slot *s, enum tb_sig_alg alg, struct tb_span sig, tb_time_t now) TB_MUST_USE;
/* Not signed: the one before stays, and the next attempt is later. */
void tb_crls_fail(struct tb_crl_slot *s, tb_time_t now);

#endif
