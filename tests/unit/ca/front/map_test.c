#include "tests/unit/test.h"

#include "ca/front/map.h"

static void finds_what_was_put_in(void **state)
{
    static struct tb_map_node node[1000];
    struct tb_map map;

    (void)state;
    assert_ok(tb_map_init(&map, 64));
    for (uint64_t i = 0; i < 1000; i++)
        tb_map_insert(&map, i << 24, &node[i]);
    assert_int_equal(map.num, 1000);
    for (uint64_t i = 0; i < 1000; i++)
        assert_ptr_equal(tb_map_find(&map, i << 24), &node[i]);
    assert_null(tb_map_find(&map, 1));
    for (uint64_t i = 0; i < 1000; i += 2)
        tb_map_remove(&map, &node[i]);
    for (uint64_t i = 0; i < 1000; i++)
        assert_int_equal(tb_map_find(&map, i << 24) != NULL, i % 2 == 1);
    assert_int_equal(map.num, 500);
    tb_map_clear(&map);
    assert_null(tb_map_find(&map, 1 << 24));
}

static void walks_over_equal_keys(void **state)
{
    struct tb_map_node a, b, c;
    struct tb_map map;
    size_t seen = 0;

    (void)state;
    assert_ok(tb_map_init(&map, 1));
    tb_map_insert(&map, 7, &a);
    tb_map_insert(&map, 8, &c);
    tb_map_insert(&map, 7, &b);
    for (struct tb_map_node *n = tb_map_find(&map, 7); n != NULL; n = tb_map_next(n)) {
        assert_true(n == &a || n == &b);
        seen++;
    }
    assert_int_equal(seen, 2);
    tb_map_clear(&map);
}

static void wants_a_power_of_two(void **state)
{
    struct tb_map map;

    (void)state;
    assert_int_equal(tb_map_init(&map, 0), TB_E_INVAL);
    assert_int_equal(tb_map_init(&map, 3), TB_E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_put_in),
        cmocka_unit_test(walks_over_equal_keys),
        cmocka_unit_test(wants_a_power_of_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
