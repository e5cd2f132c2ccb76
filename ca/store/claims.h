/*
 * Which claims may have an authorization: most orders are for names that have none, and then no query is needed to find
 * that.  Likewise which keys may be an account's: of the keys that are to be certified nearly none is.  A Bloom filter
 * of fixed size over claim keys or thumbprints, which are digests.  It says "none" only when that is so; what was
 * removed or never committed stays in it and costs a query. Private to the store.
 */
#ifndef TB_CA_STORE_CLAIMS_H
#define TB_CA_STORE_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#define TB_CLAIMS_BITS (UINT64_C(1) << 22)
/* With more it would say "maybe" too often to be worth its work: it says so always. */
#define TB_CLAIMS_MAX  500000

struct tb_claims {
    uint64_t num;
    uint64_t bits[TB_CLAIMS_BITS / 64];
};

void tb_claims_add(struct tb_claims *c, uint64_t claim_key);
bool tb_claims_may_have(const struct tb_claims *c, uint64_t claim_key);

#endif
