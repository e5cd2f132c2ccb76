#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "ca/front/key_cache.h"
#include "lib/base/b64u.h"
#include "lib/base/hash.h"

/* An account with the k-th Ed25519 key among 0101..., 0202..., ...: about half of them are points of the curve. */
static void make(struct tb_account *a, unsigned k)
{
    uint8_t raw[32];
    char x[TB_B64U_LEN(32) + 1];
    struct tb_jwk *jwk = NULL;

    for (uint8_t n = 1; k > 0; n++) {
        assert_true(n < 255);
        memset(a, 0, sizeof(*a));
        memset(raw, n, sizeof(raw));
        tb_b64u_encode(x, tb_span_of(raw, sizeof(raw)));
        (void)snprintf(a->jwk, sizeof(a->jwk), "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
        if (tb_jwk_parse(tb_span_str(a->jwk), &jwk, NULL) == 0)
            k--;
        tb_jwk_free(jwk);
    }
    tb_sha256(a->thumbprint, tb_span_str(a->jwk));
}

static void parses_once(void **state)
{
    struct tb_key_cache *kc = NULL;
    struct tb_jwk *first = NULL;
    struct tb_jwk *again = NULL;
    struct tb_account a;

    (void)state;
    assert_ok(tb_key_cache_new(4, &kc));
    make(&a, 1);
    assert_ok(tb_key_cache_get(kc, &a, &first));
    assert_memory_equal(tb_jwk_thumbprint(first), a.thumbprint, TB_DIGEST_LEN);
    assert_ok(tb_key_cache_get(kc, &a, &again));
    assert_ptr_equal(first, again);
    assert_int_equal(tb_key_cache_num(kc), 1);
    tb_key_cache_free(kc);
}

static void keeps_the_latest(void **state)
{
    struct tb_key_cache *kc = NULL;
    struct tb_jwk *one = NULL;
    struct tb_jwk *k = NULL;
    struct tb_account a;

    (void)state;
    assert_ok(tb_key_cache_new(2, &kc));
    make(&a, 1);
    assert_ok(tb_key_cache_get(kc, &a, &one));
    make(&a, 2);
    assert_ok(tb_key_cache_get(kc, &a, &k));
    make(&a, 1);
    assert_ok(tb_key_cache_get(kc, &a, &k)); /* 2 is now the older one */
    make(&a, 3);
    assert_ok(tb_key_cache_get(kc, &a, &k));
    assert_int_equal(tb_key_cache_num(kc), 2);
    make(&a, 1);
    assert_ok(tb_key_cache_get(kc, &a, &k));
    assert_ptr_equal(k, one);
    tb_key_cache_free(kc);
}

static void a_row_that_contradicts_itself_is_refused(void **state)
{
    struct tb_key_cache *kc = NULL;
    struct tb_jwk *k = NULL;
    struct tb_account a;

    (void)state;
    assert_ok(tb_key_cache_new(2, &kc));
    make(&a, 1);
    a.thumbprint[0] ^= 1;
    assert_int_equal(tb_key_cache_get(kc, &a, &k), TB_E_INTERNAL);
    assert_null(k);
    assert_int_equal(tb_key_cache_num(kc), 0);
    tb_key_cache_free(kc);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_once),
        cmocka_unit_test(keeps_the_latest),
        cmocka_unit_test(a_row_that_contradicts_itself_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
