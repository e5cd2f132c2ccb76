#include "tests/unit/test.h"

#include "lib/profile/validity.h"

#define NOW   INT64_C(1000000)
#define FIRST (NOW - 3600)
#define LAST  (FIRST + 86400 - 1)

static const struct tb_profile profile = {.lifetime_s = 86400, .backdate_s = 3600};

static void what_lies_within_the_profile_is_given_exactly(void **state)
{
    static const struct {
        struct tb_validity want, got;
    } rows[] = {
        {{0, 0}, {FIRST, LAST}},
        {{FIRST, LAST}, {FIRST, LAST}},
        {{FIRST, 0}, {FIRST, LAST}},
        {{0, LAST}, {FIRST, LAST}},
        {{NOW, 0}, {NOW, LAST}},
        {{NOW + TB_VALIDITY_AHEAD_S, 0}, {NOW + TB_VALIDITY_AHEAD_S, LAST}},
        {{0, NOW + TB_VALIDITY_LEFT_S}, {FIRST, NOW + TB_VALIDITY_LEFT_S}},
        {{NOW + 299, NOW + 300}, {NOW + 299, NOW + 300}},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_validity got;
        const char *why = "";

        assert_ok(tb_validity_narrow(&profile, NOW, &rows[i].want, &got, &why));
        assert_null(why);
        assert_true(got.not_before == rows[i].got.not_before && got.not_after == rows[i].got.not_after);
        assert_true(got.not_before >= FIRST && got.not_after <= LAST);
    }
}

static void what_lies_outside_is_refused(void **state)
{
    static const struct tb_validity rows[] = {
        {FIRST - 1, 0},
        {1, 0},
        {-1, 0},
        {INT64_MIN, 0},
        {NOW + TB_VALIDITY_AHEAD_S + 1, 0},
        {INT64_MAX, 0},
        {0, LAST + 1},
        {0, INT64_MAX},
        {0, NOW + TB_VALIDITY_LEFT_S - 1},
        {0, 1},
        {0, -1},
        {NOW + 300, NOW + 300},
        {INT64_MAX, INT64_MAX},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_validity got = {1, 1};
        const char *why = NULL;

        assert_int_equal(tb_validity_narrow(&profile, NOW, &rows[i], &got, &why), TB_E_DENIED);
        assert_non_null(why);
        assert_true(got.not_before == 0 && got.not_after == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_within_the_profile_is_given_exactly),
        cmocka_unit_test(what_lies_outside_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
