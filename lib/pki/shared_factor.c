#include "lib/pki/shared_factor.h"

#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"

/* The product is what is asked; the digests tell a modulus that is there already. */
struct block {
    BIGNUM *product; /* NULL = empty */
    size_t num;
    uint8_t digest[TB_SHARED_BLOCK_MODULI][TB_DIGEST_LEN];
};

struct tb_shared_factors {
    struct block block[TB_SHARED_BLOCKS];
    size_t last; /* the block that grows */
    BN_CTX *ctx;
};

int tb_shared_factors_new(struct tb_shared_factors **out)
{
    struct tb_shared_factors *s = calloc(1, sizeof(*s));

    *out = NULL;
    if (s == NULL)
        return TB_E_NOMEM;
    s->ctx = BN_CTX_new();
    if (s->ctx == NULL) {
        free(s);
        return TB_E_NOMEM;
    }
    *out = s;
    return 0;
}

void tb_shared_factors_free(struct tb_shared_factors *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < TB_SHARED_BLOCKS; i++)
        BN_free(s->block[i].product);
    BN_CTX_free(s->ctx);
    free(s);
}

size_t tb_shared_factors_num(const struct tb_shared_factors *s)
{
    size_t num = 0;

    for (size_t i = 0; i < TB_SHARED_BLOCKS; i++)
        num += s->block[i].num;
    return num;
}

static bool is_there(const struct tb_shared_factors *s, const uint8_t digest[static TB_DIGEST_LEN])
{
    for (size_t i = 0; i < TB_SHARED_BLOCKS; i++)
        for (size_t k = 0; k < s->block[i].num; k++)
            if (memcmp(s->block[i].digest[k], digest, TB_DIGEST_LEN) == 0)
                return true;
    return false;
}

/* One greatest common divisor for all blocks: the product of their products, modulo n.  Negative on failure. */
static int has_common_factor(const struct tb_shared_factors *s, const BIGNUM *n)
{
    BIGNUM *all = BN_CTX_get(s->ctx);
    BIGNUM *rest = BN_CTX_get(s->ctx);

    if (rest == NULL || BN_one(all) != 1)
        return TB_E_NOMEM;
    for (size_t i = 0; i < TB_SHARED_BLOCKS; i++)
        if (s->block[i].product != NULL &&
            (BN_mod(rest, s->block[i].product, n, s->ctx) != 1 || BN_mod_mul(all, all, rest, n, s->ctx) != 1))
            return TB_E_NOMEM;
    return BN_gcd(rest, all, n, s->ctx) == 1 ? !BN_is_one(rest) : TB_E_NOMEM;
}

int tb_shared_factors_check(const struct tb_shared_factors *s, struct tb_span n)
{
    uint8_t digest[TB_DIGEST_LEN];
    BIGNUM *num;
    int r;

    if (n.len == 0 || s->block[s->last].num == 0)
        return 0;
    tb_sha256(digest, n);
    if (is_there(s, digest))
        return 0;
    num = BN_bin2bn(n.p, (int)n.len, NULL);
    if (num == NULL)
        return TB_E_NOMEM;
    BN_CTX_start(s->ctx);
    r = has_common_factor(s, num);
    BN_CTX_end(s->ctx);
    BN_free(num);
    return r > 0 ? TB_E_DENIED : r;
}

/* The block that n goes to; the oldest is emptied when all are full. */
static struct block *room(struct tb_shared_factors *s)
{
    struct block *b = &s->block[s->last];

    if (b->num < TB_SHARED_BLOCK_MODULI)
        return b;
    s->last = (s->last + 1) % TB_SHARED_BLOCKS;
    b = &s->block[s->last];
    BN_free(b->product);
    b->product = NULL;
    b->num = 0;
    return b;
}

int tb_shared_factors_add(struct tb_shared_factors *s, struct tb_span n)
{
    uint8_t digest[TB_DIGEST_LEN];
    struct block *b;
    BIGNUM *num;
    int r = 0;

    if (n.len == 0)
        return 0;
    tb_sha256(digest, n);
    if (is_there(s, digest))
        return 0;
    num = BN_bin2bn(n.p, (int)n.len, NULL);
    if (num == NULL)
        return TB_E_NOMEM;
    b = room(s);
    if (b->product == NULL) {
        b->product = num;
        num = NULL;
    } else if (BN_mul(b->product, b->product, num, s->ctx) != 1) {
        r = TB_E_NOMEM;
    }
    BN_free(num);
    if (r == 0)
        memcpy(b->digest[b->num++], digest, TB_DIGEST_LEN);
    return r;
}
