#include "ca/store/claims.h"

/* Two numbers of the digest that have no bit in common. */
static uint64_t first(uint64_t key)
{
    return key % TB_CLAIMS_BITS;
}

static uint64_t second(uint64_t key)
{
    return key / TB_CLAIMS_BITS % TB_CLAIMS_BITS;
}

static bool is_set(const struct tb_claims *c, uint64_t at)
{
    return (c->bits[at / 64] >> at % 64 & 1) != 0;
}

void tb_claims_add(struct tb_claims *c, uint64_t claim_key)
{
    if (c->num >= TB_CLAIMS_MAX)
        return;
    c->num++;
    c->bits[first(claim_key) / 64] |= UINT64_C(1) << first(claim_key) % 64;
    c->bits[second(claim_key) / 64] |= UINT64_C(1) << second(claim_key) % 64;
}

bool tb_claims_may_have(const struct tb_claims *c, uint64_t claim_key)
{
    return c->num >= TB_CLAIMS_MAX || (is_set(c, first(claim_key)) && is_set(c, second(claim_key)));
}
