#include "lib/pki/weak_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "tests/unit/test.h"

static const uint8_t e65537[] = {1, 0, 1};
static struct tb_weak_keys *keys;
static BN_CTX *ctx;

static int setup(void **state)
{
    size_t line;

    (void)state;
    ctx = BN_CTX_new();
    return tb_weak_keys_new((struct tb_span){0}, &keys, &line);
}

static int teardown(void **state)
{
    (void)state;
    tb_weak_keys_free(keys);
    BN_CTX_free(ctx);
    return 0;
}

static int check(const BIGNUM *n, const char **why)
{
    uint8_t digest[TB_DIGEST_LEN] = {0};
    int len = BN_num_bytes(n);
    uint8_t *buf = malloc((size_t)len);
    int r;

    assert_non_null(buf);
    assert_int_equal(BN_bn2bin(n, buf), len);
    r = tb_weak_key_check(keys, digest, tb_span_of(buf, (size_t)len), tb_span_of(e65537, 3), why);
    free(buf);
    assert_int_equal(r == TB_E_DENIED, *why != NULL);
    return r;
}

static void assert_weak(const BIGNUM *n, const char *word)
{
    const char *why;

    assert_int_equal(check(n, &why), TB_E_DENIED);
    if (strstr(why, word) == NULL)
        fail_msg("%s, not %s", why, word);
}

static void assert_sound(const BIGNUM *n)
{
    const char *why;

    if (check(n, &why) != 0)
        fail_msg("refused: %s", why != NULL ? why : "error");
}

static BIGNUM *prime(int bits)
{
    BIGNUM *p = BN_new();

    assert_int_equal(BN_generate_prime_ex(p, bits, 0, NULL, NULL, NULL), 1);
    return p;
}

static BIGNUM *product(const BIGNUM *p, const BIGNUM *q)
{
    BIGNUM *n = BN_new();

    assert_int_equal(BN_mul(n, p, q, ctx), 1);
    return n;
}

static void keys_of_openssl_are_sound(void **state)
{
    static const unsigned sizes[] = {2048, 2048, 2048, 3072};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(sizes); i++) {
        EVP_PKEY *key = EVP_RSA_gen(sizes[i]);
        BIGNUM *n = NULL;

        assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
        assert_sound(n);
        BN_free(n);
        EVP_PKEY_free(key);
    }
}

/* 16381 is the largest prime below the bound, 16411 the first above. */
static void small_factors_are_found_to_the_bound(void **state)
{
    static const struct {
        unsigned factor;
        bool weak;
    } rows[] = {{2, true}, {3, true}, {5, true}, {7919, true}, {16381, true}, {16411, false}, {65537, false}};
    BIGNUM *p = prime(2000);
    BIGNUM *f = BN_new();

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        BIGNUM *n;

        assert_int_equal(BN_set_word(f, rows[i].factor), 1);
        n = product(p, f);
        if (rows[i].weak)
            assert_weak(n, "small prime factor");
        else
            assert_sound(n);
        BN_free(n);
    }
    assert_sound(p);
    BN_free(f);
    BN_free(p);
}

/* Steps of Fermat's method that find p * q: (p + q) / 2 less the root of p * q. */
static BN_ULONG steps(const BIGNUM *p, const BIGNUM *q)
{
    BIGNUM *n = product(p, q), *a = BN_new(), *x = BN_new(), *y = BN_new();
    BN_ULONG num;

    assert_int_equal(BN_add(a, p, q), 1);
    assert_int_equal(BN_rshift1(a, a), 1);
    BN_copy(x, a); /* Newton from above */
    for (;;) {
        BN_div(y, NULL, n, x, ctx);
        BN_add(y, y, x);
        BN_rshift1(y, y);
        if (BN_cmp(y, x) >= 0)
            break;
        BN_copy(x, y);
    }
    BN_sub(a, a, x);
    num = BN_get_word(a);
    BN_free(n);
    BN_free(a);
    BN_free(x);
    BN_free(y);
    return num;
}

/* It would be seen first, as another reason. */
static bool has_small_factor(const BIGNUM *q)
{
    for (BN_ULONG d = 3; d <= TB_SMALL_PRIME_MAX; d += 2)
        if (BN_mod_word(q, d) == 0)
            return true;
    return false;
}

static void close_factors_are_found_to_the_last_round(void **state)
{
    BIGNUM *p = prime(1024), *q = BN_new(), *gap = BN_new();
    BIGNUM *n;
    unsigned found = 0, missed = 0;

    (void)state;
    n = product(p, p);
    assert_weak(n, "close together");
    BN_free(n);
    /* gap^2 / 8p is the number of steps: from one to twice the maximum, whether q is prime or not */
    for (unsigned k = 4; k <= 64; k += 2) {
        BN_one(gap);
        BN_lshift(gap, gap, 512);
        BN_mul_word(gap, k);
        BN_add(q, p, gap);
        while (has_small_factor(q))
            BN_add_word(q, 2);
        n = product(p, q);
        if (steps(p, q) <= TB_FERMAT_ROUNDS) {
            const char *why;

            assert_int_equal(check(n, &why), TB_E_DENIED);
            assert_non_null(strstr(why, "close together"));
            found++;
        } else {
            const char *why;

            (void)check(n, &why);
            assert_true(why == NULL || strstr(why, "close together") == NULL);
            missed++;
        }
        BN_free(n);
    }
    assert_true(found > 0 && missed > 0);
    BN_free(p);
    BN_free(q);
    BN_free(gap);
}

/* A modulus of ROCA is k * M + 65537^a mod M with M the product of the first primes. */
static void the_fingerprint_of_roca_is_found(void **state)
{
    BIGNUM *m = BN_new(), *g = BN_new(), *a = BN_new(), *k = BN_new(), *n = BN_new();

    (void)state;
    BN_one(m);
    for (unsigned p = 2; p <= 167; p++) {
        bool is_prime = true;

        for (unsigned d = 2; d * d <= p; d++)
            is_prime = is_prime && p % d != 0;
        if (is_prime)
            BN_mul_word(m, p);
    }
    for (int i = 0; i < 8; i++) {
        BN_set_word(g, 65537);
        BN_rand(a, 200, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY);
        BN_mod_exp(g, g, a, m, ctx);
        BN_rand(k, 2048 - BN_num_bits(m), BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
        BN_mul(n, k, m, ctx);
        BN_add(n, n, g);
        assert_weak(n, "ROCA");
    }
    /* one residue outside the group of 65537 modulo 11 (1 and 10) is enough to be none */
    BN_copy(k, m);
    BN_div_word(k, 11);
    while (BN_mod_word(n, 11) == 1 || BN_mod_word(n, 11) == 10)
        BN_add(n, n, k);
    {
        const char *why;

        (void)check(n, &why);
        assert_true(why == NULL || strstr(why, "ROCA") == NULL);
    }
    BN_free(m);
    BN_free(g);
    BN_free(a);
    BN_free(k);
    BN_free(n);
}

static void exponents_are_odd_and_65537_at_least(void **state)
{
    static const struct {
        uint8_t e[9];
        size_t len;
        bool sound;
    } rows[] = {{{1, 0, 1}, 3, true},
                {{1, 0, 3}, 3, true},
                {{0, 1, 0, 1}, 4, true},
                {{3}, 1, false},
                {{1, 0, 0}, 3, false},
                {{0xff, 0xff}, 2, false},
                {{1}, 1, false},
                {{0}, 0, false},
                {{0, 0, 0, 0, 0, 0, 0, 0, 3}, 9, false},
                {{1, 0, 2}, 3, false},
                {{1, 0, 0, 0, 0, 0, 0, 0, 1}, 9, true}};
    const uint8_t digest[TB_DIGEST_LEN] = {0};
    uint8_t n[256];
    BIGNUM *p = prime(2048);
    const char *why;

    (void)state;
    BN_bn2bin(p, n);
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        int r = tb_weak_key_check(keys, digest, tb_span_of(n, sizeof(n)), tb_span_of(rows[i].e, rows[i].len), &why);

        if (r != (rows[i].sound ? 0 : TB_E_DENIED))
            fail_msg("exponent %zu: %d", i, r);
    }
    BN_free(p);
}

static void blocked_keys_of_every_kind_are_found(void **state)
{
    char text[5 * 70], hex[2 * TB_DIGEST_LEN + 1];
    uint8_t digest[3][TB_DIGEST_LEN];
    struct tb_weak_keys *w = NULL;
    const char *why;
    size_t line;

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        tb_random(digest[i], TB_DIGEST_LEN);
        digest[i][0] = (uint8_t)(0xff - 0x40 * i); /* falling: a list is in no order */
    }
    strcpy(text, "# a comment\n\n");
    for (size_t i = 0; i < 3; i++) {
        tb_hex_encode(hex, tb_span_of(digest[i], TB_DIGEST_LEN));
        strcat(text, hex);
        strcat(text, i < 2 ? "\n" : ""); /* the last line needs no end */
    }
    assert_ok(tb_weak_keys_new(tb_span_str(text), &w, &line));
    assert_int_equal(tb_weak_keys_num_blocked(w), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(tb_weak_key_check(w, digest[i], (struct tb_span){0}, (struct tb_span){0}, &why), TB_E_DENIED);
        assert_string_equal(why, "is blocked");
        digest[i][31] ^= 1;
        assert_ok(tb_weak_key_check(w, digest[i], (struct tb_span){0}, (struct tb_span){0}, &why));
        assert_null(why);
    }
    tb_weak_keys_free(w);
}

static void a_list_that_cannot_be_read_is_refused_with_its_line(void **state)
{
#define HEX63 "012345678901234567890123456789012345678901234567890123456789012"
    static const struct {
        const char *text;
        size_t line;
    } rows[] = {
        {HEX63 "\n", 1},    {HEX63 "3\n" HEX63 "33", 2}, {"#\n\n" HEX63 "g", 3}, {HEX63 "3 \n", 1},
        {HEX63 "3\r\n", 1}, {" " HEX63 "3", 1},          {HEX63 "3\n" HEX63, 2},
    };
    struct tb_weak_keys *w;
    size_t line;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        assert_int_equal(tb_weak_keys_new(tb_span_str(rows[i].text), &w, &line), TB_E_FORMAT);
        assert_null(w);
        assert_int_equal(line, rows[i].line);
    }
    tb_weak_keys_free(NULL);
}

static void a_list_has_a_maximum(void **state)
{
    size_t len = (size_t)(TB_BLOCKED_KEYS_MAX + 1) * 65;
    char *text = malloc(len);
    struct tb_weak_keys *w;
    size_t line;

    (void)state;
    assert_non_null(text);
    memset(text, 'a', len);
    for (size_t i = 64; i < len; i += 65)
        text[i] = '\n';
    assert_ok(tb_weak_keys_new(tb_span_of(text, len - 65), &w, &line));
    assert_int_equal(tb_weak_keys_num_blocked(w), TB_BLOCKED_KEYS_MAX);
    tb_weak_keys_free(w);
    assert_int_equal(tb_weak_keys_new(tb_span_of(text, len), &w, &line), TB_E_LIMIT);
    assert_int_equal(line, TB_BLOCKED_KEYS_MAX + 1);
    assert_null(w);
    assert_int_equal(tb_weak_keys_new(tb_span_of(text, TB_BLOCKED_TEXT_MAX + 1), &w, &line), TB_E_LIMIT);
    free(text);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(keys_of_openssl_are_sound),
        T(small_factors_are_found_to_the_bound),
        T(close_factors_are_found_to_the_last_round),
        T(the_fingerprint_of_roca_is_found),
        T(exponents_are_odd_and_65537_at_least),
        T(blocked_keys_of_every_kind_are_found),
        T(a_list_that_cannot_be_read_is_refused_with_its_line),
        T(a_list_has_a_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
