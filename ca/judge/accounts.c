#include "ca/judge/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"

#define NONE UINT16_MAX

_Static_assert(TB_ACCOUNTS_MAX < NONE, "slots are numbered in 16 bits");

struct entry {
    struct tb_jwk *jwk;
    uint8_t digest[TB_DIGEST_LEN]; /* of the canonical JSON: the thumbprint */
    uint16_t chain;                /* next with the same hash */
    uint16_t newer, older;
};

struct tb_accounts {
    size_t max, num;
    uint16_t newest, oldest;
    uint16_t head[TB_ACCOUNTS_MAX];
    struct entry *slot;
};

int tb_accounts_new(size_t max, struct tb_accounts **out)
{
    struct tb_accounts *a;

    *out = NULL;
    if (max == 0 || max > TB_ACCOUNTS_MAX)
        return TB_E_INVAL;
    a = calloc(1, sizeof(*a));
    if (a == NULL)
        return TB_E_NOMEM;
    a->slot = calloc(max, sizeof(*a->slot));
    if (a->slot == NULL) {
        free(a);
        return TB_E_NOMEM;
    }
    a->max = max;
    a->newest = a->oldest = NONE;
    memset(a->head, 0xff, sizeof(a->head)); /* NONE */
    *out = a;
    return 0;
}

void tb_accounts_free(struct tb_accounts *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->num; i++)
        tb_jwk_free(a->slot[i].jwk);
    free(a->slot);
    free(a);
}

/* Digests of chosen keys can be steered into one chain only at the price of a key for each. */
static uint16_t *chain_of(struct tb_accounts *a, const uint8_t digest[static TB_DIGEST_LEN])
{
    return &a->head[((size_t)digest[0] << 8 | digest[1]) % TB_ACCOUNTS_MAX];
}

static void unlink_age(struct tb_accounts *a, uint16_t i)
{
    const struct entry *e = &a->slot[i];

    *(e->newer == NONE ? &a->newest : &a->slot[e->newer].older) = e->older;
    *(e->older == NONE ? &a->oldest : &a->slot[e->older].newer) = e->newer;
}

static void link_newest(struct tb_accounts *a, uint16_t i)
{
    a->slot[i].newer = NONE;
    a->slot[i].older = a->newest;
    *(a->newest == NONE ? &a->oldest : &a->slot[a->newest].newer) = i;
    a->newest = i;
}

/* A slot for a new key: an unused one, or that of the oldest. */
static uint16_t take_slot(struct tb_accounts *a)
{
    uint16_t i = a->oldest, *link;

    if (a->num < a->max)
        return (uint16_t)a->num++;
    for (link = chain_of(a, a->slot[i].digest); *link != i; link = &a->slot[*link].chain)
        ;
    *link = a->slot[i].chain;
    unlink_age(a, i);
    tb_jwk_free(a->slot[i].jwk);
    return i;
}

int tb_accounts_get(struct tb_accounts *a, struct tb_span canonical, struct tb_jwk **out, struct tb_problem *pb)
{
    uint8_t digest[TB_DIGEST_LEN];
    struct tb_jwk *jwk = NULL;
    uint16_t i, *head;
    int r;

    *out = NULL;
    if (canonical.len > TB_JWK_JSON_MAX)
        return tb_problem_set(pb, TB_E_LIMIT, TB_P_BAD_PUBLIC_KEY, "The account key is too long.");
    tb_sha256(digest, canonical);
    head = chain_of(a, digest);
    for (i = *head; i != NONE; i = a->slot[i].chain) {
        if (memcmp(a->slot[i].digest, digest, TB_DIGEST_LEN) != 0)
            continue;
        unlink_age(a, i);
        link_newest(a, i);
        *out = a->slot[i].jwk;
        return 0;
    }
    if ((r = tb_jwk_parse(canonical, &jwk, pb)) < 0)
        return r;
    if (!tb_span_eq(tb_jwk_canonical(jwk), canonical)) {
        tb_jwk_free(jwk);
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY, "The account key is not in canonical form.");
    }
    i = take_slot(a);
    head = chain_of(a, digest);
    a->slot[i].jwk = jwk;
    memcpy(a->slot[i].digest, digest, TB_DIGEST_LEN);
    a->slot[i].chain = *head;
    *head = i;
    link_newest(a, i);
    *out = jwk;
    return 0;
}

size_t tb_accounts_count(const struct tb_accounts *a)
{
    return a->num;
}
