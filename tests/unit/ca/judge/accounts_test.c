#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "ca/judge/accounts.h"
#include "lib/base/hash.h"
#include "lib/jose/sign.h"
#include "lib/pki/cacert.h"

enum { KEYS = 4 };

static struct tb_wr json[KEYS];

static int setup(void **state)
{
    EVP_PKEY *key = NULL;

    (void)state;
    for (size_t i = 0; i < KEYS; i++) {
        tb_wr_init(&json[i], 2 * TB_JWK_JSON_MAX);
        assert_int_equal(tb_key_generate(TB_CURVE_P256, &key), 0);
        assert_int_equal(tb_jwk_of_pkey(key, &json[i], NULL), 0);
        EVP_PKEY_free(key);
    }
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS; i++)
        tb_wr_clear(&json[i]);
    return 0;
}

static struct tb_jwk *get(struct tb_accounts *a, size_t i)
{
    uint8_t digest[TB_DIGEST_LEN];
    struct tb_jwk *jwk = NULL;

    assert_int_equal(tb_accounts_get(a, tb_wr_span(&json[i]), &jwk, NULL), 0);
    tb_sha256(digest, tb_wr_span(&json[i]));
    assert_memory_equal(tb_jwk_thumbprint(jwk), digest, TB_DIGEST_LEN);
    return jwk;
}

static void a_key_is_parsed_once(void **state)
{
    struct tb_accounts *a = NULL;
    struct tb_jwk *first;

    (void)state;
    assert_int_equal(tb_accounts_new(2, &a), 0);
    first = get(a, 0);
    get(a, 1);
    assert_ptr_equal(get(a, 0), first);
    assert_int_equal(tb_accounts_count(a), 2);
    tb_accounts_free(a);
}

static void the_least_recently_used_makes_room(void **state)
{
    struct tb_accounts *a = NULL;
    struct tb_jwk *kept;

    (void)state;
    assert_int_equal(tb_accounts_new(2, &a), 0);
    kept = get(a, 0);
    get(a, 1);
    get(a, 0);
    get(a, 2); /* in the place of 1 */
    assert_ptr_equal(get(a, 0), kept);
    for (size_t i = 0; i < 50; i++)
        get(a, i * 7 % KEYS);
    assert_int_equal(tb_accounts_count(a), 2);
    tb_accounts_free(a);
}

static void other_forms_of_a_sound_key_are_refused(void **state)
{
    struct tb_accounts *a = NULL;
    struct tb_problem pb = {0};
    struct tb_jwk *jwk = NULL;
    struct tb_wr wr;

    (void)state;
    assert_int_equal(tb_accounts_new(2, &a), 0);
    tb_wr_init(&wr, 2 * TB_JWK_JSON_MAX);
    tb_wr_str(&wr, " ");
    tb_wr_bytes(&wr, json[0].buf, json[0].len);
    assert_int_equal(tb_accounts_get(a, tb_wr_span(&wr), &jwk, &pb), TB_E_FORMAT);
    assert_null(jwk);
    assert_int_equal(pb.type, TB_P_BAD_PUBLIC_KEY);
    tb_problem_clear(&pb);
    assert_int_equal(tb_accounts_count(a), 0);
    tb_wr_reset(&wr);
    memset(tb_wr_reserve(&wr, TB_JWK_JSON_MAX + 1), ' ', TB_JWK_JSON_MAX + 1);
    assert_int_equal(tb_accounts_get(a, tb_wr_span(&wr), &jwk, NULL), TB_E_LIMIT);
    tb_wr_clear(&wr);
    tb_accounts_free(a);
}

static void sizes_outside_the_contract_are_refused(void **state)
{
    struct tb_accounts *a = NULL;

    (void)state;
    assert_int_equal(tb_accounts_new(0, &a), TB_E_INVAL);
    assert_int_equal(tb_accounts_new(TB_ACCOUNTS_MAX + 1, &a), TB_E_INVAL);
    assert_int_equal(tb_accounts_new(TB_ACCOUNTS_MAX, &a), 0);
    tb_accounts_free(a);
    tb_accounts_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_parsed_once),
        cmocka_unit_test(the_least_recently_used_makes_room),
        cmocka_unit_test(other_forms_of_a_sound_key_are_refused),
        cmocka_unit_test(sizes_outside_the_contract_are_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
