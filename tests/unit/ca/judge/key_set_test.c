#include "tests/unit/test.h"

#include <string.h>

#include "ca/judge/key_set.h"

static void digest_of(uint32_t n, uint8_t out[static TB_DIGEST_LEN])
{
    memset(out, 0, TB_DIGEST_LEN);
    out[TB_DIGEST_LEN - 1] = 1;
    memcpy(out, &n, sizeof(n));
}

static void what_is_added_is_there_and_nothing_else(void **state)
{
    struct tb_key_set set;
    uint8_t d[TB_DIGEST_LEN];

    (void)state;
    assert_ok(tb_key_set_init(&set, 4096));
    for (uint32_t i = 0; i < 2000; i++) {
        digest_of(2 * i, d);
        assert_ok(tb_key_set_add(&set, d));
        assert_ok(tb_key_set_add(&set, d));
    }
    assert_int_equal(set.num, 2000);
    for (uint32_t i = 0; i < 4000; i++) {
        digest_of(i, d);
        assert_int_equal(tb_key_set_has(&set, d), i % 2 == 0);
    }
    tb_key_set_clear(&set);
}

static void at_the_maximum_new_ones_are_refused_and_old_ones_stay(void **state)
{
    struct tb_key_set set;
    uint8_t d[TB_DIGEST_LEN];

    (void)state;
    assert_int_equal(tb_key_set_init(&set, 0), TB_E_INVAL);
    assert_int_equal(tb_key_set_init(&set, (size_t)TB_KEY_SET_MAX + 1), TB_E_INVAL);
    assert_ok(tb_key_set_init(&set, 9));
    assert_int_equal(tb_key_set_reserve(&set, 10), TB_E_LIMIT);
    for (uint32_t i = 0; i < 9; i++) {
        digest_of(i, d);
        assert_ok(tb_key_set_add(&set, d));
    }
    digest_of(9, d);
    assert_int_equal(tb_key_set_add(&set, d), TB_E_LIMIT);
    assert_false(tb_key_set_has(&set, d));
    for (uint32_t i = 0; i < 9; i++) {
        digest_of(i, d);
        assert_true(tb_key_set_has(&set, d));
        assert_ok(tb_key_set_add(&set, d));
    }
    tb_key_set_clear(&set);
}

static void zeros_are_no_key(void **state)
{
    static const uint8_t zero[TB_DIGEST_LEN];
    struct tb_key_set set;

    (void)state;
    assert_ok(tb_key_set_init(&set, 9));
    assert_false(tb_key_set_has(&set, zero));
    assert_int_equal(tb_key_set_add(&set, zero), TB_E_INVAL);
    tb_key_set_clear(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_there_and_nothing_else),
        cmocka_unit_test(at_the_maximum_new_ones_are_refused_and_old_ones_stay),
        cmocka_unit_test(zeros_are_no_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
