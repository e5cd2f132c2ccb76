#include "lib/pki/weak_key.h"

#include <openssl/bn.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"

#define RSA_E_MIN      65537
#define ROCA_PRIME_MAX 167 /* the public fingerprint looks at the odd primes up to here */

struct tb_weak_keys {
    BIGNUM *primorial;
    size_t num_blocked;
    uint8_t (*blocked)[TB_DIGEST_LEN]; /* sorted */
    uint8_t composite[TB_SMALL_PRIME_MAX];
};

/* --- blocked keys ---------------------------------------------------------------------------------------------- */

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, TB_DIGEST_LEN);
}

static bool counts(struct tb_span line)
{
    return line.len > 0 && line.p[0] != '#';
}

static bool next_line(struct tb_rd *rd, struct tb_span *out)
{
    const uint8_t *end = rd->left > 0 ? memchr(rd->p, '\n', rd->left) : NULL;

    if (rd->left == 0)
        return false;
    *out = tb_span_of(rd->p, end != NULL ? (size_t)(end - rd->p) : rd->left);
    rd->p += out->len + (end != NULL);
    rd->left -= out->len + (end != NULL);
    return true;
}

static int blocked_read(struct tb_weak_keys *w, struct tb_span list, size_t *out_line)
{
    struct tb_rd rd = tb_rd_of(list);
    struct tb_span line;
    size_t num = 0;

    while (next_line(&rd, &line))
        num += counts(line);
    if (num > 0 && (w->blocked = calloc(num > TB_BLOCKED_KEYS_MAX ? TB_BLOCKED_KEYS_MAX : num, TB_DIGEST_LEN)) == NULL)
        return TB_E_NOMEM;
    rd = tb_rd_of(list);
    for (*out_line = 1; next_line(&rd, &line); ++*out_line) {
        if (!counts(line))
            continue;
        if (w->num_blocked == TB_BLOCKED_KEYS_MAX)
            return TB_E_LIMIT;
        if (tb_hex_decode(w->blocked[w->num_blocked], TB_DIGEST_LEN, line) < 0)
            return TB_E_FORMAT;
        w->num_blocked++;
    }
    if (w->num_blocked > 0)
        qsort(w->blocked, w->num_blocked, TB_DIGEST_LEN, by_digest);
    return 0;
}

/* --- context --------------------------------------------------------------------------------------------------- */

/* The product of all small primes: what has a factor in common with it has a small factor. */
static int primorial_make(struct tb_weak_keys *w)
{
    if ((w->primorial = BN_new()) == NULL || BN_one(w->primorial) != 1)
        return TB_E_NOMEM;
    for (unsigned i = 2; i < TB_SMALL_PRIME_MAX; i++) {
        if (w->composite[i])
            continue;
        for (unsigned k = i * 2; k < TB_SMALL_PRIME_MAX; k += i)
            w->composite[k] = 1;
        if (BN_mul_word(w->primorial, i) != 1)
            return TB_E_NOMEM;
    }
    return 0;
}

int tb_weak_keys_new(struct tb_span list, struct tb_weak_keys **out, size_t *out_line)
{
    struct tb_weak_keys *w = calloc(1, sizeof(*w));
    int r;

    *out = NULL;
    *out_line = 1;
    if (w == NULL)
        return TB_E_NOMEM;
    if (list.len > TB_BLOCKED_TEXT_MAX)
        r = TB_E_LIMIT;
    else if ((r = blocked_read(w, list, out_line)) == 0)
        r = primorial_make(w);
    if (r < 0)
        tb_weak_keys_free(w);
    else
        *out = w;
    return r;
}

void tb_weak_keys_free(struct tb_weak_keys *w)
{
    if (w == NULL)
        return;
    BN_free(w->primorial);
    free(w->blocked);
    free(w);
}

size_t tb_weak_keys_num_blocked(const struct tb_weak_keys *w)
{
    return w->num_blocked;
}

/* --- RSA ------------------------------------------------------------------------------------------------------- */

/* Each returns 1 for a weak modulus, 0 for none found, TB_E_NOMEM. */

/*
 * Moduli of ROCA are powers of 65537 modulo each of these primes; of others, one in 2^27 is.
 * Nemec et al., "The Return of Coppersmith's Attack", CCS 2017.
 */
static int is_roca(const struct tb_weak_keys *w, const BIGNUM *n, BN_CTX *ctx)
{
    (void)ctx;
    for (unsigned p = 3; p <= ROCA_PRIME_MAX; p += 2) {
        unsigned power = 1;
        BN_ULONG rest;

        if (w->composite[p])
            continue;
        if ((rest = BN_mod_word(n, p)) == (BN_ULONG)-1)
            return TB_E_NOMEM;
        do
            power = power * (65537 % p) % p;
        while (power != rest && power != 1);
        if (power != rest)
            return 0;
    }
    return 1;
}

/* An inverse exists exactly when the greatest common divisor is 1, and costs half of what BN_gcd does. */
static int has_small_factor(const struct tb_weak_keys *w, const BIGNUM *n, BN_CTX *ctx)
{
    BIGNUM *rest = BN_CTX_get(ctx);
    BIGNUM *inverse = BN_CTX_get(ctx);
    bool none;

    if (inverse == NULL || BN_mod(rest, w->primorial, n, ctx) != 1)
        return TB_E_NOMEM;
    if (BN_mod_inverse(inverse, rest, n, ctx) != NULL)
        return 0;
    none = ERR_GET_REASON(ERR_peek_last_error()) == BN_R_NO_INVERSE;
    ERR_clear_error();
    return none ? 1 : TB_E_NOMEM;
}

/* Newton's method, from above: root becomes the largest integer whose square is at most n. */
static int isqrt(BIGNUM *root, const BIGNUM *n, BN_CTX *ctx)
{
    BIGNUM *next = BN_CTX_get(ctx);

    if (next == NULL || BN_one(next) != 1 || BN_lshift(next, next, (BN_num_bits(n) + 1) / 2) != 1)
        return TB_E_NOMEM;
    do {
        if (BN_copy(root, next) == NULL || BN_div(next, NULL, n, root, ctx) != 1 || BN_add(next, next, root) != 1 ||
            BN_rshift1(next, next) != 1)
            return TB_E_NOMEM;
    } while (BN_cmp(next, root) < 0);
    return 0;
}

/* Residues of squares: what fails here is none, and that is nearly everything. */
static bool may_be_square(const BIGNUM *n)
{
    static const unsigned moduli[] = {64, 63, 65, 11};

    for (size_t i = 0; i < TB_ARRAY_LEN(moduli); i++) {
        BN_ULONG rest = BN_mod_word(n, moduli[i]);
        bool found = false;

        for (unsigned k = 0; k < moduli[i] && !found; k++)
            found = k * k % moduli[i] == rest;
        if (!found)
            return false;
    }
    return true;
}

static int is_square(const BIGNUM *n, BN_CTX *ctx)
{
    BIGNUM *root;
    int r = 0;

    if (!may_be_square(n))
        return 0;
    BN_CTX_start(ctx);
    root = BN_CTX_get(ctx);
    if (root == NULL || isqrt(root, n, ctx) < 0 || BN_sqr(root, root, ctx) != 1)
        r = TB_E_NOMEM;
    else
        r = BN_cmp(root, n) == 0;
    BN_CTX_end(ctx);
    return r;
}

/* Fermat: n = a^2 - b^2 with a a few steps above the root of n when both factors lie there (CVE-2022-26320). */
static int has_close_factors(const struct tb_weak_keys *w, const BIGNUM *n, BN_CTX *ctx)
{
    BIGNUM *a = BN_CTX_get(ctx);
    BIGNUM *b2 = BN_CTX_get(ctx);
    int r = 0;

    (void)w;
    if (b2 == NULL || isqrt(a, n, ctx) < 0 || BN_sqr(b2, a, ctx) != 1 || BN_sub(b2, b2, n) != 1)
        return TB_E_NOMEM;
    /* Rounds go from the root rounded up; rounded down it is right only for a square. */
    if (BN_is_zero(b2))
        return 1;
    for (int i = 0; i < TB_FERMAT_ROUNDS && r == 0; i++) {
        /* (a + 1)^2 - n = b2 + 2a + 1 */
        if (BN_add(b2, b2, a) != 1 || BN_add(b2, b2, a) != 1 || BN_add_word(b2, 1) != 1 || BN_add_word(a, 1) != 1)
            return TB_E_NOMEM;
        r = is_square(b2, ctx);
    }
    return r;
}

static const struct {
    int (*is)(const struct tb_weak_keys *w, const BIGNUM *n, BN_CTX *ctx);
    const char *why;
} weaknesses[] = {
    {is_roca, "has the fingerprint of ROCA (CVE-2017-15361)"},
    {has_small_factor, "has a modulus with a small prime factor"},
    {has_close_factors, "has a modulus of two factors that lie close together"},
};

static int modulus_check(const struct tb_weak_keys *w, struct tb_span modulus, const char **out_why)
{
    BIGNUM *n = BN_bin2bn(modulus.p, (int)modulus.len, NULL);
    BN_CTX *ctx = BN_CTX_new();
    int r = n != NULL && ctx != NULL ? 0 : TB_E_NOMEM;

    for (size_t i = 0; i < TB_ARRAY_LEN(weaknesses) && r == 0; i++) {
        BN_CTX_start(ctx);
        r = weaknesses[i].is(w, n, ctx);
        BN_CTX_end(ctx);
        if (r > 0)
            *out_why = weaknesses[i].why;
    }
    BN_CTX_free(ctx);
    BN_free(n);
    return r > 0 ? TB_E_DENIED : r;
}

/* Odd, and at least RSA_E_MIN; without leading zeros or with. */
static bool exponent_is_sound(struct tb_span e)
{
    uint64_t low = 0;

    for (; e.len > 8 && e.p[0] == 0; e.len--)
        e.p++;
    if (e.len == 0 || (e.p[e.len - 1] & 1) == 0)
        return false;
    for (size_t i = 0; i < e.len && e.len <= 8; i++)
        low = low << 8 | e.p[i];
    return e.len > 8 || low >= RSA_E_MIN;
}

int tb_weak_key_check(const struct tb_weak_keys *w, const uint8_t spki_digest[static TB_DIGEST_LEN],
                      struct tb_span rsa_n, struct tb_span rsa_e, const char **out_why)
{
    *out_why = NULL;
    if (w->num_blocked > 0 && bsearch(spki_digest, w->blocked, w->num_blocked, TB_DIGEST_LEN, by_digest) != NULL) {
        *out_why = "is blocked";
        return TB_E_DENIED;
    }
    if (rsa_n.len == 0)
        return 0;
    if (!exponent_is_sound(rsa_e)) {
        *out_why = "has an exponent that is even or below 65537";
        return TB_E_DENIED;
    }
    return modulus_check(w, rsa_n, out_why);
}
