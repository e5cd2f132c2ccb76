/* Functions under test: tb_shared_factors_check, tb_shared_factors_add. */
#include "lib/pki/shared_factor.h"
#include "tests/unit/test.h"

#include <openssl/bn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PRIME_BITS 192 /* small ones: what is looked at is which factors are shared, not how large they are */

static struct tb_shared_factors *s;
static BN_CTX *ctx;

static int setup(void **state)
{
    (void)state;
    ctx = BN_CTX_new();
    return tb_shared_factors_new(&s);
}

static int teardown(void **state)
{
    (void)state;
    tb_shared_factors_free(s);
    BN_CTX_free(ctx);
    return 0;
}

static BIGNUM *prime(void)
{
    BIGNUM *p = BN_new();

    assert_int_equal(BN_generate_prime_ex(p, PRIME_BITS, 0, NULL, NULL, NULL), 1);
    return p;
}

struct modulus {
    uint8_t buf[2 * PRIME_BITS / 8];
    size_t len;
};

static struct tb_span product(struct modulus *m, const BIGNUM *p, const BIGNUM *q)
{
    BIGNUM *n = BN_new();

    assert_int_equal(BN_mul(n, p, q, ctx), 1);
    m->len = (size_t)BN_bn2bin(n, m->buf);
    BN_free(n);
    return tb_span_of(m->buf, m->len);
}

/* An odd number that shares nothing but small factors with others would not do: fresh primes. */
static struct tb_span fresh(struct modulus *m)
{
    BIGNUM *p = prime(), *q = prime();
    struct tb_span n = product(m, p, q);

    BN_free(p);
    BN_free(q);
    return n;
}

static void a_shared_factor_is_found(void **state)
{
    BIGNUM *p = prime(), *q = prime(), *r = prime(), *t = prime();
    struct modulus pq, pr, rt, qt, other;

    (void)state;
    assert_ok(tb_shared_factors_check(s, product(&pq, p, q))); /* nothing is there yet */
    assert_ok(tb_shared_factors_add(s, tb_span_of(pq.buf, pq.len)));
    assert_ok(tb_shared_factors_check(s, tb_span_of(pq.buf, pq.len))); /* the key itself, at a renewal */
    assert_int_equal(tb_shared_factors_check(s, product(&pr, p, r)), TB_E_DENIED);
    assert_ok(tb_shared_factors_check(s, product(&rt, r, t)));
    assert_ok(tb_shared_factors_add(s, tb_span_of(rt.buf, rt.len)));
    /* One factor with each: the product of all is a multiple of it. */
    assert_int_equal(tb_shared_factors_check(s, product(&qt, q, t)), TB_E_DENIED);
    assert_ok(tb_shared_factors_check(s, fresh(&other)));
    assert_ok(tb_shared_factors_check(s, (struct tb_span){0})); /* no RSA */
    BN_free(p);
    BN_free(q);
    BN_free(r);
    BN_free(t);
}

static void the_same_modulus_counts_once(void **state)
{
    struct modulus m;
    struct tb_span n = fresh(&m);

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_ok(tb_shared_factors_add(s, n));
    assert_int_equal(tb_shared_factors_num(s), 1);
}

/* Primes are dear: odd numbers drawn at random stand in for what fills the blocks. */
static void fill(size_t num, uint32_t seed)
{
    uint8_t buf[48];

    for (size_t i = 0; i < num; i++) {
        memset(buf, 0xc3, sizeof(buf));
        memcpy(buf + 4, &seed, sizeof(seed));
        memcpy(buf + 8, &i, sizeof(i));
        buf[47] |= 1;
        assert_ok(tb_shared_factors_add(s, tb_span_of(buf, sizeof(buf))));
    }
}

static void the_oldest_are_forgotten_and_no_others(void **state)
{
    BIGNUM *p = prime(), *q = prime(), *r = prime();
    struct modulus first, again, m;

    (void)state;
    assert_ok(tb_shared_factors_add(s, product(&first, p, q)));
    fill(TB_SHARED_MODULI_MAX - 1, 1);
    assert_int_equal(tb_shared_factors_num(s), TB_SHARED_MODULI_MAX);
    assert_int_equal(tb_shared_factors_check(s, product(&again, p, r)), TB_E_DENIED);
    assert_ok(tb_shared_factors_add(s, fresh(&m))); /* one more: a block goes */
    assert_int_equal(tb_shared_factors_num(s), TB_SHARED_MODULI_MAX - TB_SHARED_BLOCK_MODULI + 1);
    BN_free(p);
    BN_free(q);
    BN_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_shared_factor_is_found, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_modulus_counts_once, setup, teardown),
        cmocka_unit_test_setup_teardown(the_oldest_are_forgotten_and_no_others, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
