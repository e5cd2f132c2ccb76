#include "client/schedule.h"
#include "tests/unit/test.h"

#include "client/ari.h"
#include "client/chain.h"

#define DAY_S 86400

/* Invariant 37: a floor for every failure count, and Retry-After is honoured. */
static void invariant_37_back_off_has_a_floor_for_every_count(void **state)
{
    static const int64_t counts[] = {INT64_MIN, -1, 0, 1, 2, 10, 11, 12, 63, 64, 65, 1000, INT64_MAX};
    static const int64_t asked[] = {-1, 0, 1, 60, 3600, DAY_S, 30 * DAY_S};
    static const uint32_t randoms[] = {0, 1, UINT32_MAX / 2, UINT32_MAX};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(counts); i++)
        for (size_t k = 0; k < TB_ARRAY_LEN(asked); k++)
            for (size_t n = 0; n < TB_ARRAY_LEN(randoms); n++) {
                int64_t wait = tb_schedule_backoff(counts[i], asked[k], randoms[n]);

                assert_true(wait >= TB_RENEW_BACKOFF_MIN_S);
                assert_true(wait >= asked[k]);
                assert_true(wait <= (asked[k] > TB_RENEW_BACKOFF_MAX_S ? asked[k] : TB_RENEW_BACKOFF_MAX_S) * 5 / 4);
            }
    assert_int_equal(tb_schedule_backoff(1, 0, 0), 60);
    assert_int_equal(tb_schedule_backoff(2, 0, 0), 120);
    assert_int_equal(tb_schedule_backoff(12, 0, 0), TB_RENEW_BACKOFF_MAX_S);
}

static void an_instant_lies_in_its_window(void **state)
{
    (void)state;
    assert_int_equal(tb_schedule_between(100, 200, 0), 100);
    assert_int_equal(tb_schedule_between(100, 200, UINT32_MAX), 200);
    assert_int_equal(tb_schedule_between(100, 200, UINT32_MAX / 2), 149);
    assert_int_equal(tb_schedule_between(200, 100, 7), 200);
    assert_int_equal(tb_schedule_between(0, 253402300799, UINT32_MAX), 253402300799);
    assert_int_equal(tb_schedule_fallback(0, 90 * DAY_S, 0), 90 * DAY_S / 100 * 63);
    assert_int_equal(tb_schedule_fallback(0, 7 * DAY_S, UINT32_MAX), 7 * DAY_S / 100 * 53);
    assert_int_equal(tb_schedule_fallback(5, 5, 0), 5);
}

static void what_comes_due_before_the_next_start_is_due_now(void **state)
{
    (void)state;
    assert_true(tb_schedule_due(1000, 1000));
    assert_true(tb_schedule_due(1000 + TB_RENEW_WAKEUP_S, 1000));
    assert_false(tb_schedule_due(1001 + TB_RENEW_WAKEUP_S, 1000));
}

static void renewal_information_is_asked_for_between_a_minute_and_a_day(void **state)
{
    (void)state;
    assert_int_equal(tb_schedule_ari(-1), 21600);
    assert_int_equal(tb_schedule_ari(0), 21600);
    assert_int_equal(tb_schedule_ari(1), 60);
    assert_int_equal(tb_schedule_ari(3600), 3600);
    assert_int_equal(tb_schedule_ari(DAY_S + 1), DAY_S);
}

static void a_window_must_end_after_its_start(void **state)
{
    static const char good[] =
        "{\"suggestedWindow\":{\"start\":\"2027-01-02T04:00:00Z\",\"end\":\"2027-01-03T04:00:00Z\"}}";
    static const char *const bad[] = {
        "{}", "{\"suggestedWindow\":{}}",
        "{\"suggestedWindow\":{\"start\":\"2027-01-02T04:00:00Z\",\"end\":\"2027-01-02T04:00:00Z\"}}",
        "{\"suggestedWindow\":{\"start\":\"2027-01-03T04:00:00Z\",\"end\":\"2027-01-02T04:00:00Z\"}}",
        "{\"suggestedWindow\":{\"start\":1,\"end\":2}}"};
    struct tb_ari ari;

    (void)state;
    assert_ok(tb_ari_parse(tb_span_str(good), &ari));
    assert_int_equal(ari.end - ari.start, DAY_S);
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_int_equal(tb_ari_parse(tb_span_str(bad[i]), &ari), TB_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(invariant_37_back_off_has_a_floor_for_every_count),
        cmocka_unit_test(an_instant_lies_in_its_window),
        cmocka_unit_test(what_comes_due_before_the_next_start_is_due_now),
        cmocka_unit_test(renewal_information_is_asked_for_between_a_minute_and_a_day),
        cmocka_unit_test(a_window_must_end_after_its_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
