/* Functions under test: how the store finds, lists and counts orders. */
#include "tests/unit/ca/store/opened.h"

static void issued_orders_are_found_listed_and_counted(void **state)
{
    struct fixture *f = *state;
    struct tb_order o[3];
    struct tb_order list[4];
    struct tb_order back;
    struct tb_store_tx *tx;
    uint32_t open;
    size_t num;

    for (uint8_t i = 0; i < 3; i++)
        st_issue(f, &o[i], 1u + i, (uint8_t)(0x10 + i));
    assert_int_equal(tb_store_last_seq(f->st), 3);
    assert_ok(tb_store_order_find_serial(f->st, o[1].serial, &back));
    assert_true(back.no == o[1].no);
    tb_order_clear(&back);
    assert_ok(tb_store_order_list_issued(f->st, 0, 2, list, &num));
    assert_int_equal(num, 2);
    assert_true(list[0].no == o[2].no && list[1].no == o[1].no);
    tb_order_clear(&list[0]);
    tb_order_clear(&list[1]);
    assert_ok(tb_store_order_list_issued(f->st, o[1].no, 4, list, &num));
    assert_int_equal(num, 1);
    tb_order_clear(&list[0]);
    assert_ok(tb_store_order_count_open(f->st, 7, 0, 10, &open));
    assert_int_equal(open, 0);
    sample_order(&back, tb_store_next_order(f->st, 100), 7);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_insert(tx, &back));
    assert_ok(st_commit(f, tx));
    assert_ok(tb_store_order_count_open(f->st, 7, 0, 10, &open));
    assert_int_equal(open, 1);
    tb_order_clear(&back);
    st_reopen(f);
    assert_int_equal(tb_store_last_seq(f->st), 3);
    for (int i = 0; i < 3; i++)
        tb_order_clear(&o[i]);
}

static void revocations_stay_and_the_newest_is_known_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct tb_order o[2], back;
    struct tb_store_tx *tx;

    for (uint8_t i = 0; i < 2; i++)
        st_issue(f, &o[i], 1u + i, (uint8_t)(0x10 + i));
    assert_int_equal(tb_store_last_revoked(f->st), 0);
    assert_ok(tb_store_order_find_serial(f->st, o[0].serial, &back));
    back.revoked_seq = 9;
    back.revoked_at = 77;
    back.revoked_for = TB_REASON_KEY_COMPROMISE;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_update(tx, &back));
    assert_ok(st_commit(f, tx));
    tb_order_clear(&back);
    for (int restarted = 0; restarted < 2; restarted++) {
        assert_int_equal(tb_store_last_revoked(f->st), 9);
        assert_int_equal(tb_store_last_seq(f->st), 2);
        for (int i = 0; i < 2; i++) {
            assert_ok(tb_store_order_find_serial(f->st, o[i].serial, &back));
            assert_int_equal(back.revoked_seq, i == 0 ? 9 : 0);
            assert_int_equal(back.revoked_at, i == 0 ? 77 : 0);
            tb_order_clear(&back);
        }
        st_reopen(f);
    }
    for (int i = 0; i < 2; i++)
        tb_order_clear(&o[i]);
}

static void orders_of_an_account_are_listed_in_bounded_pages(void **state)
{
    struct fixture *f = *state;
    tb_order_no_t all[6];
    tb_order_no_t got[3];
    tb_order_no_t next = 0;
    size_t num = 9;

    assert_ok(tb_store_order_list_account(f->st, 7, 0, 0, 3, got, &num, &next));
    assert_int_equal(num, 0);
    assert_true(next == 0);
    for (int i = 0; i < 6; i++) {
        struct tb_store_tx *tx = NULL;
        struct tb_order o;

        sample_order(&o, tb_store_next_order(f->st, 100 + i), i == 4 ? 8 : 7);
        o.state = i == 3 ? TB_ORDER_INVALID : TB_ORDER_PENDING;
        all[i] = o.no;
        assert_ok(tb_store_tx_new(f->st, &tx));
        assert_ok(tb_store_tx_order_insert(tx, &o));
        assert_ok(st_commit(f, tx));
        tb_order_clear(&o);
    }
    /* Not 4 (another account's), not 3 (invalid). */
    assert_ok(tb_store_order_list_account(f->st, 7, 0, 0, 3, got, &num, &next));
    assert_int_equal(num, 3);
    assert_true(got[0] == all[5] && got[1] == all[2] && got[2] == all[1] && next == all[1]);
    assert_ok(tb_store_order_list_account(f->st, 7, next, 0, 3, got, &num, &next));
    assert_int_equal(num, 1);
    assert_true(got[0] == all[0]);
    assert_true(next == all[0]);
    assert_ok(tb_store_order_list_account(f->st, 7, next, 0, 3, got, &num, &next));
    assert_int_equal(num, 0);
    assert_true(next == 0);
    /* What is older than the account is not looked at. */
    assert_ok(tb_store_order_list_account(f->st, 7, 0, all[0], 3, got, &num, &next));
    assert_true(num == 3 && next == all[1]);
    assert_ok(tb_store_order_list_account(f->st, 7, next, all[0], 3, got, &num, &next));
    assert_true(num == 1 && next == 0);
}

static void order_numbers_carry_their_time_and_only_grow(void **state)
{
    struct fixture *f = *state;
    tb_order_no_t a = tb_store_next_order(f->st, 100);
    tb_order_no_t b = tb_store_next_order(f->st, 100);
    tb_order_no_t c = tb_store_next_order(f->st, 50);
    tb_order_no_t d = tb_store_next_order(f->st, 200);

    assert_true(tb_order_no_time(a) == 100);
    assert_true(b == a + 1 && c == b + 1);
    assert_true(tb_order_no_time(d) == 200);
}

/* The count is kept in memory; what the database says must be the same after every kind of change. */
static void open_orders_are_counted_through_their_life(void **state)
{
    struct fixture *f = *state;
    struct tb_order o[3];
    struct tb_store_tx *tx;
    uint32_t open;

    assert_ok(tb_store_order_count_open(f->st, 7, 0, 10, &open));
    assert_int_equal(open, 0);
    for (int i = 0; i < 3; i++) {
        sample_order(&o[i], tb_store_next_order(f->st, 100), 7);
        assert_ok(tb_store_tx_new(f->st, &tx));
        assert_ok(tb_store_tx_order_insert(tx, &o[i]));
        assert_ok(st_commit(f, tx));
    }
    assert_ok(tb_store_order_count_open(f->st, 7, 0, 10, &open));
    assert_int_equal(open, 3);
    assert_ok(tb_store_order_count_open(f->st, 7, 0, 2, &open));
    assert_int_equal(open, 2);
    o[0].state = TB_ORDER_INVALID;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_update(tx, &o[0]));
    assert_ok(st_commit(f, tx));
    sample_issue(&o[1], 1, 0x33);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_update(tx, &o[1]));
    assert_ok(st_commit(f, tx));
    st_reopen(f);
    assert_ok(tb_store_order_count_open(f->st, 7, 0, 10, &open));
    assert_int_equal(open, 1);
    /* Expired ones are no longer open once the count matters. */
    assert_ok(tb_store_order_count_open(f->st, 7, 1000, 1, &open));
    assert_int_equal(open, 0);
    for (int i = 0; i < 3; i++)
        tb_order_clear(&o[i]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, st_setup, st_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(issued_orders_are_found_listed_and_counted),
        T(revocations_stay_and_the_newest_is_known_after_a_restart),
        T(orders_of_an_account_are_listed_in_bounded_pages),
        T(open_orders_are_counted_through_their_life),
        T(order_numbers_carry_their_time_and_only_grow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
