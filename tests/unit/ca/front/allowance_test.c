#include "tests/unit/test.h"

#include "ca/front/allowance.h"

static void each_account_has_its_own_maximum_within_the_hour(void **state)
{
    struct tb_allowance *a = NULL;
    const tb_time_t now = 1000 * TB_ALLOWANCE_S;

    (void)state;
    assert_ok(tb_allowance_new(2, &a));
    for (int i = 0; i < 3; i++)
        assert_true(tb_allowance_take(a, 7, 3, now + i));
    assert_false(tb_allowance_take(a, 7, 3, now + TB_ALLOWANCE_S - 1));
    assert_true(tb_allowance_take(a, 8, 3, now));
    assert_true(tb_allowance_take(a, 7, 3, now + TB_ALLOWANCE_S));
    tb_allowance_free(a);
}

static void more_accounts_than_there_is_room_for_are_refused(void **state)
{
    struct tb_allowance *a = NULL;

    (void)state;
    assert_ok(tb_allowance_new(2, &a));
    assert_true(tb_allowance_take(a, 1, 9, 1));
    assert_true(tb_allowance_take(a, 2, 9, 1));
    assert_false(tb_allowance_take(a, 3, 9, 1));
    assert_true(tb_allowance_take(a, 1, 9, 1)); /* who is known goes on */
    assert_true(tb_allowance_take(a, 3, 9, TB_ALLOWANCE_S + 1));
    tb_allowance_free(a);
}

static void zero_is_nothing(void **state)
{
    struct tb_allowance *a = NULL;

    (void)state;
    assert_ok(tb_allowance_new(2, &a));
    assert_false(tb_allowance_take(a, 1, 0, 1));
    tb_allowance_free(a);
    tb_allowance_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_account_has_its_own_maximum_within_the_hour),
        cmocka_unit_test(more_accounts_than_there_is_room_for_are_refused),
        cmocka_unit_test(zero_is_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
