#include "tests/unit/test.h"

#include <stdlib.h>

#include "ca/store/claims.h"

/* As evenly spread as the digests that claim keys are. */
static uint64_t key_of(uint64_t n)
{
    n += UINT64_C(0x9e3779b97f4a7c15) * (n + 1);
    n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
    return (n ^ n >> 31) >> 1;
}

static unsigned count(const struct tb_claims *c, uint64_t from, uint64_t to)
{
    unsigned num = 0;

    for (uint64_t n = from; n < to; n++)
        num += tb_claims_may_have(c, key_of(n));
    return num;
}

static void what_was_added_is_never_denied(void **state)
{
    struct tb_claims *c = calloc(1, sizeof(*c));

    (void)state;
    assert_int_equal(count(c, 0, 10000), 0);
    for (uint64_t n = 0; n < 100000; n++)
        tb_claims_add(c, key_of(n));
    assert_int_equal(count(c, 0, 100000), 100000);
    /* Of others, about two in a thousand. */
    assert_in_range(count(c, 100000, 200000), 1, 500);
    free(c);
}

static void with_too_many_everything_may_be(void **state)
{
    struct tb_claims *c = calloc(1, sizeof(*c));

    (void)state;
    for (uint64_t n = 0; n + 1 < TB_CLAIMS_MAX; n++)
        tb_claims_add(c, key_of(n));
    assert_in_range(count(c, TB_CLAIMS_MAX, TB_CLAIMS_MAX + 1000), 1, 200);
    tb_claims_add(c, key_of(TB_CLAIMS_MAX));
    assert_int_equal(count(c, TB_CLAIMS_MAX, TB_CLAIMS_MAX + 1000), 1000);
    free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_added_is_never_denied),
        cmocka_unit_test(with_too_many_everything_may_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
