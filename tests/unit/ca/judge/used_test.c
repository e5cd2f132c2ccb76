#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "ca/judge/used.h"
#include "lib/base/hash.h"

#define T0 INT64_C(1800000000)

static tb_order_no_t order_at(tb_time_t t, unsigned n)
{
    return (tb_order_no_t)t << TB_ORDER_SEQ_BITS | n;
}

static const uint8_t jws_a[TB_DIGEST_LEN] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
static const uint8_t jws_b[TB_DIGEST_LEN] = "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static void assert_state(const struct tb_used *u, tb_order_no_t order, enum tb_used_state want, uint64_t want_offset)
{
    uint64_t offset = 99;
    bool same = true;

    assert_int_equal(tb_used_find(u, order, jws_a, &same, &offset), want);
    assert_int_equal(same, want != TB_USED_FREE);
    assert_int_equal(offset, want_offset);
}

static void an_order_flies_once_and_is_done_once(void **state)
{
    struct tb_used u;
    tb_order_no_t no = order_at(T0, 1);
    uint64_t offset;
    bool same;

    (void)state;
    assert_int_equal(tb_used_init(&u, 16), 0);
    assert_state(&u, no, TB_USED_FREE, 0);
    assert_int_equal(tb_used_add(&u, no, jws_a, 0, 0), 0);
    assert_state(&u, no, TB_USED_FLYING, 0);
    assert_int_equal(tb_used_add(&u, no, jws_b, 0, 0), TB_E_EXISTS);
    tb_used_done(&u, no, 4711);
    assert_state(&u, no, TB_USED_DONE, 4711);
    tb_used_done(&u, no, 4712);
    assert_state(&u, no, TB_USED_DONE, 4711);
    assert_int_equal(tb_used_find(&u, no, jws_b, &same, &offset), TB_USED_DONE);
    assert_false(same);
    tb_used_clear(&u);
}

static void a_done_order_is_never_dropped(void **state)
{
    struct tb_used u;

    (void)state;
    assert_int_equal(tb_used_init(&u, 16), 0);
    assert_int_equal(tb_used_add(&u, order_at(T0, 1), jws_a, 7, 0), 0);
    assert_int_equal(tb_used_add(&u, order_at(T0, 2), jws_a, 0, 0), 0);
    tb_used_drop(&u, order_at(T0, 1));
    tb_used_drop(&u, order_at(T0, 2));
    tb_used_drop(&u, order_at(T0, 3));
    tb_used_drop(&u, 0);
    assert_state(&u, order_at(T0, 1), TB_USED_DONE, 7);
    assert_state(&u, order_at(T0, 2), TB_USED_FREE, 0);
    assert_int_equal(u.num, 1);
    tb_used_clear(&u);
}

static void order_zero_and_bad_sizes_are_refused(void **state)
{
    struct tb_used u;

    (void)state;
    assert_int_equal(tb_used_init(&u, 0), TB_E_INVAL);
    assert_int_equal(tb_used_init(&u, 12), TB_E_INVAL);
    assert_int_equal(tb_used_init(&u, (size_t)TB_USED_MAX * 2), TB_E_INVAL);
    assert_int_equal(tb_used_init(&u, 16), 0);
    assert_int_equal(tb_used_add(&u, 0, jws_a, 0, 0), TB_E_INVAL);
    assert_state(&u, 0, TB_USED_FREE, 0);
    tb_used_clear(&u);
}

static void at_the_maximum_a_new_order_is_refused_and_old_ones_stay(void **state)
{
    struct tb_used u;
    unsigned n = 0;

    (void)state;
    assert_int_equal(tb_used_init(&u, 16), 0);
    while (n < 12) {
        assert_int_equal(tb_used_add(&u, order_at(T0, n), jws_a, 100 + n, 0), 0);
        n++;
    }
    assert_int_equal(tb_used_add(&u, order_at(T0, n), jws_a, 1, 0), TB_E_LIMIT);
    for (unsigned i = 0; i < n; i++)
        assert_state(&u, order_at(T0, i), TB_USED_DONE, 100 + i);
    tb_used_clear(&u);
}

static void expired_orders_make_room_but_flying_ones_stay(void **state)
{
    struct tb_used u;

    (void)state;
    assert_int_equal(tb_used_init(&u, 16), 0);
    assert_int_equal(tb_used_add(&u, order_at(T0 - 10, 0), jws_a, 0, 0), 0);
    for (unsigned n = 1; n < 12; n++)
        assert_int_equal(tb_used_add(&u, order_at(T0 - 10, n), jws_a, 100 + n, 0), 0);
    assert_int_equal(tb_used_add(&u, order_at(T0, 1), jws_a, 5, T0), 0);
    assert_state(&u, order_at(T0 - 10, 0), TB_USED_FLYING, 0);
    assert_state(&u, order_at(T0 - 10, 1), TB_USED_FREE, 0);
    assert_state(&u, order_at(T0, 1), TB_USED_DONE, 5);
    tb_used_clear(&u);
}

/* Against an array that cannot be wrong: 20,000 random steps. */
/* Nothing is forgotten on the way, and nothing is refused before the maximum. */
static void it_grows_up_to_its_maximum(void **state)
{
    const size_t max = 4 * TB_USED_INITIAL;
    struct tb_used u;
    size_t n = 0;

    (void)state;
    assert_int_equal(tb_used_init(&u, max), 0);
    while (tb_used_add(&u, order_at(T0, (unsigned)n + 1), jws_a, n + 1, T0) == 0)
        n++;
    assert_int_equal(n, max - max / 4);
    for (size_t i = 0; i < n; i++)
        assert_state(&u, order_at(T0, (unsigned)i + 1), TB_USED_DONE, i + 1);
    tb_used_clear(&u);
}

/* The oldest second that the judge still takes orders of is not forgotten; the one before is. */
static void what_expires_is_older_than_the_window(void **state)
{
    struct tb_used u;

    (void)state;
    assert_int_equal(tb_used_init(&u, 16), 0);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(tb_used_add(&u, order_at(T0, i), jws_a, 1, T0), 0);
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(tb_used_add(&u, order_at(T0 - 1, i), jws_a, 1, T0), 0);
    assert_int_equal(tb_used_add(&u, order_at(T0 + 1, 0), jws_a, 1, T0), 0);
    assert_int_equal(u.num, 7);
    for (unsigned i = 0; i < 6; i++) {
        assert_state(&u, order_at(T0, i), TB_USED_DONE, 1);
        assert_state(&u, order_at(T0 - 1, i), TB_USED_FREE, 0);
    }
    tb_used_clear(&u);
}

static void random_steps_match_a_plain_array(void **state)
{
    enum { N = 700 };
    static uint64_t want[N]; /* 0 free, 1 flying, else offset */
    struct tb_used u;
    uint32_t r;

    (void)state;
    assert_int_equal(tb_used_init(&u, 1u << 12), 0);
    for (unsigned step = 0; step < 20000; step++) {
        tb_random(&r, sizeof(r));
        unsigned i = (r >> 2) % N;
        tb_order_no_t no = order_at(T0, i);
        switch (r & 3) {
        case 0:
        case 1:
            assert_int_equal(tb_used_add(&u, no, jws_a, 0, 0), want[i] == 0 ? 0 : TB_E_EXISTS);
            want[i] = want[i] == 0 ? 1 : want[i];
            break;
        case 2:
            tb_used_drop(&u, no);
            want[i] = want[i] == 1 ? 0 : want[i];
            break;
        case 3:
            if (step % 8 != 0)
                break;
            tb_used_done(&u, no, 1000 + step);
            want[i] = want[i] == 1 ? 1000 + step : want[i];
            break;
        }
    }
    for (unsigned i = 0; i < N; i++)
        assert_state(&u, order_at(T0, i),
                     want[i] == 0   ? TB_USED_FREE
                     : want[i] == 1 ? TB_USED_FLYING
                                    : TB_USED_DONE,
                     want[i] > 1 ? want[i] : 0);
    tb_used_clear(&u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_order_flies_once_and_is_done_once),
        cmocka_unit_test(a_done_order_is_never_dropped),
        cmocka_unit_test(order_zero_and_bad_sizes_are_refused),
        cmocka_unit_test(at_the_maximum_a_new_order_is_refused_and_old_ones_stay),
        cmocka_unit_test(expired_orders_make_room_but_flying_ones_stay),
        cmocka_unit_test(it_grows_up_to_its_maximum),
        cmocka_unit_test(what_expires_is_older_than_the_window),
        cmocka_unit_test(random_steps_match_a_plain_array),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
