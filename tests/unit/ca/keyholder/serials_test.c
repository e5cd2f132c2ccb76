#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "ca/keyholder/serials.h"

static const uint8_t tbs_a[TB_DIGEST_LEN] = {1}, tbs_b[TB_DIGEST_LEN] = {2};

static int claim(struct tb_serials *s, unsigned n, const uint8_t *tbs)
{
    uint8_t serial[TB_SERIAL_LEN] = {0x11, (uint8_t)(n >> 8), (uint8_t)n};

    return tb_serials_claim(s, serial, tbs);
}

static void one_serial_serves_one_tbs(void **state)
{
    struct tb_serials *s = NULL;

    (void)state;
    assert_int_equal(tb_serials_new(8, &s), 0);
    assert_int_equal(claim(s, 1, tbs_a), 0);
    assert_int_equal(claim(s, 1, tbs_a), 0);
    assert_int_equal(claim(s, 1, tbs_b), TB_E_DUP);
    assert_int_equal(claim(s, 1, tbs_a), 0);
    assert_int_equal(claim(s, 2, tbs_b), 0);
    tb_serials_free(s);
}

static void exactly_max_are_remembered(void **state)
{
    enum { MAX = 64 };
    struct tb_serials *s = NULL;

    (void)state;
    assert_int_equal(tb_serials_new(MAX, &s), 0);
    for (unsigned n = 0; n < 3 * MAX; n++)
        assert_int_equal(claim(s, n, tbs_a), 0);
    for (unsigned n = 2 * MAX; n < 3 * MAX; n++)
        assert_int_equal(claim(s, n, tbs_b), TB_E_DUP);
    assert_int_equal(claim(s, 2 * MAX - 1, tbs_b), 0); /* forgotten; it makes the next oldest go */
    assert_int_equal(claim(s, 2 * MAX, tbs_b), 0);
    assert_int_equal(claim(s, 3 * MAX - 1, tbs_b), TB_E_DUP);
    tb_serials_free(s);
}

static void sizes_outside_the_contract_are_refused(void **state)
{
    const size_t bad[] = {0, 1, 3, TB_SERIALS_MAX - 1, (size_t)TB_SERIALS_MAX * 2};
    struct tb_serials *s = NULL;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_int_equal(tb_serials_new(bad[i], &s), TB_E_INVAL);
    assert_int_equal(tb_serials_new(TB_SERIALS_MAX, &s), 0);
    tb_serials_free(s);
    tb_serials_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_serial_serves_one_tbs),
        cmocka_unit_test(exactly_max_are_remembered),
        cmocka_unit_test(sizes_outside_the_contract_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
