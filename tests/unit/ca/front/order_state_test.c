#include "tests/unit/test.h"

#include "ca/front/order_state.h"

#define NOW   1000
#define LATER 2000

static enum tb_order_state with(enum tb_authz_state a, tb_time_t a_expires, enum tb_authz_state b, tb_time_t b_expires)
{
    const struct tb_authz_brief brief[] = {{a, a_expires}, {b, b_expires}};

    return tb_order_state_at(TB_ORDER_PENDING, LATER, brief, 2, NOW);
}

static void ready_needs_every_authorization(void **state)
{
    (void)state;
    assert_int_equal(with(TB_AUTHZ_VALID, LATER, TB_AUTHZ_VALID, LATER), TB_ORDER_READY);
    assert_int_equal(with(TB_AUTHZ_VALID, LATER, TB_AUTHZ_PENDING, LATER), TB_ORDER_PENDING);
    assert_int_equal(with(TB_AUTHZ_PENDING, LATER, TB_AUTHZ_VALID, LATER), TB_ORDER_PENDING);
}

static void one_that_left_ends_the_order(void **state)
{
    (void)state;
    for (int s = TB_AUTHZ_NONE; s < TB_AUTHZ__COUNT; s++) {
        bool good = s == TB_AUTHZ_VALID || s == TB_AUTHZ_PENDING;

        assert_int_equal(with(TB_AUTHZ_VALID, LATER, (enum tb_authz_state)s, LATER) == TB_ORDER_INVALID, !good);
    }
}

static void expiry_counts_from_its_second(void **state)
{
    const struct tb_authz_brief valid = {TB_AUTHZ_VALID, LATER};

    (void)state;
    assert_int_equal(with(TB_AUTHZ_VALID, NOW + 1, TB_AUTHZ_VALID, LATER), TB_ORDER_READY);
    assert_int_equal(with(TB_AUTHZ_VALID, NOW, TB_AUTHZ_VALID, LATER), TB_ORDER_INVALID);
    assert_int_equal(with(TB_AUTHZ_PENDING, NOW, TB_AUTHZ_VALID, LATER), TB_ORDER_INVALID);
    assert_int_equal(tb_order_state_at(TB_ORDER_PENDING, NOW + 1, &valid, 1, NOW), TB_ORDER_READY);
    assert_int_equal(tb_order_state_at(TB_ORDER_PENDING, NOW, &valid, 1, NOW), TB_ORDER_INVALID);
}

static void over_nothing_the_answer_is_no(void **state)
{
    (void)state;
    assert_int_equal(tb_order_state_at(TB_ORDER_PENDING, LATER, NULL, 0, NOW), TB_ORDER_INVALID);
}

static void final_states_stay(void **state)
{
    const struct tb_authz_brief gone = {TB_AUTHZ_DEACTIVATED, 0};

    (void)state;
    assert_int_equal(tb_order_state_at(TB_ORDER_VALID, 0, &gone, 1, NOW), TB_ORDER_VALID);
    assert_int_equal(tb_order_state_at(TB_ORDER_INVALID, LATER, NULL, 0, NOW), TB_ORDER_INVALID);
}

static void only_pending_and_valid_expire(void **state)
{
    (void)state;
    assert_int_equal(tb_authz_state_at(TB_AUTHZ_VALID, NOW, NOW), TB_AUTHZ_EXPIRED);
    assert_int_equal(tb_authz_state_at(TB_AUTHZ_PENDING, NOW, NOW), TB_AUTHZ_INVALID);
    assert_int_equal(tb_authz_state_at(TB_AUTHZ_VALID, NOW + 1, NOW), TB_AUTHZ_VALID);
    assert_int_equal(tb_authz_state_at(TB_AUTHZ_DEACTIVATED, 0, NOW), TB_AUTHZ_DEACTIVATED);
    assert_int_equal(tb_authz_state_at(TB_AUTHZ_INVALID, 0, NOW), TB_AUTHZ_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_needs_every_authorization),
        cmocka_unit_test(one_that_left_ends_the_order),
        cmocka_unit_test(expiry_counts_from_its_second),
        cmocka_unit_test(over_nothing_the_answer_is_no),
        cmocka_unit_test(final_states_stay),
        cmocka_unit_test(only_pending_and_valid_expire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
