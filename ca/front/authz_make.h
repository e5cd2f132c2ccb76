/*
 * Authorizations that a request needs: old ones of the account that prove control of exactly the same are taken up, the
 * others are made, with tokens from the processes that will validate them.
 */
#ifndef TB_CA_FRONT_AUTHZ_MAKE_H
#define TB_CA_FRONT_AUTHZ_MAKE_H

#include "ca/front/front.h"

/* What an authorization is to prove, and how it may be proved. */
struct tb_claim {
    const struct tb_ident *ident;
    tb_purposes_t purposes;
    enum tb_proof_kind kind;
    tb_methods_t methods;
    bool subtree; /* control of ident and all names below it (RFC 9444) */
};
/* The purposes of a profile for which proofs of this kind are made; empty when it demands none. */
tb_purposes_t tb_claim_purposes(const struct tb_profile *p, enum tb_proof_kind kind);
/* What the profile demands of this kind for a name that it serves; methods is empty when none of them is enabled. */
struct tb_claim tb_claim_of(const struct tb_front *f, const struct tb_profile *p, enum tb_proof_kind kind,
                            const struct tb_ident *ident);

typedef void tb_authz_made_fn(int err, void *arg);
/* New authorizations of one request, not stored yet. */
struct tb_authz_batch {
    struct tb_request *rq;
    struct tb_authz *authz; /* owned */
    size_t num, max;
    size_t open; /* answers to come */
    int err;     /* the first failure */
    tb_authz_made_fn *done;
    void *arg;
};
int tb_authz_batch_init(struct tb_authz_batch *b, struct tb_request *rq, size_t max) TB_MUST_USE;
void tb_authz_batch_clear(struct tb_authz_batch *b);

/* May an old authorization stand for a claim that these methods prove? */
bool tb_authz_reusable(const struct tb_front *f, const struct tb_authz *a, tb_methods_t methods);
/* Soonest end that leaves a client time to use what is reused. */
tb_time_t tb_authz_reuse_after(const struct tb_front *f, tb_time_t now);

/* One authorization for a claim: an old one (never of use), or the next of the batch. */
int tb_authz_batch_claim(struct tb_authz_batch *b, const struct tb_claim *claim, tb_time_t now, uint64_t *out_id,
                         tb_time_t *out_expires_at) TB_MUST_USE;
/* Tokens for all challenges of a batch that is not empty. done is called once, unless the result is negative. */
int tb_authz_batch_tokens(struct tb_authz_batch *b, tb_authz_made_fn *done, void *arg) TB_MUST_USE;

#endif
