#include "tests/unit/test.h"

#include "ca/front/renewal_window.h"

#define DAY (24 * 3600)
#define T0  (20000 * (tb_time_t)DAY)

static void a_window_lies_late_in_the_life_and_leaves_a_quarter(void **state)
{
    static const tb_time_t lives[] = {300, 3600, 160 * 3600, 7 * DAY, 45 * DAY, 400 * DAY};
    struct tb_renewal_window w;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(lives); i++) {
        tb_renewal_window(&w, T0, T0 + lives[i], 0, T0 + 1);
        assert_true(w.start == T0 + lives[i] * 2 / 3);
        assert_true(w.end > w.start);
        assert_true(w.end <= T0 + lives[i] - lives[i] / 4 + 1);
        assert_true(w.retry_after_s >= TB_RENEWAL_RETRY_MIN_S && w.retry_after_s <= TB_RENEWAL_RETRY_MAX_S);
    }
    assert_int_equal(w.retry_after_s, TB_RENEWAL_RETRY_MAX_S);
    tb_renewal_window(&w, T0, T0 + 300, 0, T0);
    assert_int_equal(w.retry_after_s, TB_RENEWAL_RETRY_MIN_S);
}

static void what_was_revoked_or_has_ended_is_overdue(void **state)
{
    struct tb_renewal_window w;

    (void)state;
    tb_renewal_window(&w, T0, T0 + 45 * DAY, T0 + 5, T0 + 10);
    assert_true(w.start < w.end && w.end < T0 + 10);
    tb_renewal_window(&w, T0, T0 + DAY, 0, T0 + DAY);
    assert_true(w.start < w.end && w.end < T0 + DAY);
    tb_renewal_window(&w, T0, T0 + DAY, 0, T0 + DAY - 1);
    assert_true(w.start == T0 + 2 * DAY / 3);
}

static void a_life_that_cannot_be_still_gives_a_window(void **state)
{
    struct tb_renewal_window w;

    (void)state;
    tb_renewal_window(&w, T0, T0, 0, T0 - 5);
    assert_true(w.end > w.start);
    tb_renewal_window(&w, T0, T0 - 7, 0, T0 - 10);
    assert_true(w.end > w.start);
}

static void a_hastened_window_never_ends_later(void **state)
{
    static const struct {
        tb_time_t start, end, want_start, want_end;
    } rows[] = {
        {100, 200, 100, 200}, {100, 5000, 100, 2000}, {1500, 1600, 1000, 1600}, {3000, 4000, 1000, 2000},
        {100, 101, 100, 101}, {100, 100, 99, 100},    {900, 1000, 900, 1000},   {1500, 900, 899, 900},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_renewal_window w = {.start = T0 + 1000, .end = T0 + 2000, .retry_after_s = 60};

        tb_renewal_hasten(&w, T0 + rows[i].start, T0 + rows[i].end);
        assert_true(w.start == T0 + rows[i].want_start);
        assert_true(w.end == T0 + rows[i].want_end);
        assert_true(w.start < w.end);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_lies_late_in_the_life_and_leaves_a_quarter),
        cmocka_unit_test(what_was_revoked_or_has_ended_is_overdue),
        cmocka_unit_test(a_hastened_window_never_ends_later),
        cmocka_unit_test(a_life_that_cannot_be_still_gives_a_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
