#include "ca/responder/lanes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/test.h"

static struct tb_lanes lanes;
static int holders[4096]; /* whose address stands for a connection */

static int setup(void **state)
{
    (void)state;
    tb_lanes_init(&lanes);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tb_lanes_clear(&lanes);
    return 0;
}

static struct tb_address at(const char *text)
{
    struct tb_address a;

    assert_ok(tb_address_from_text(text, &a));
    return a;
}

static struct tb_egress_item item(const char *text, uint8_t prefix)
{
    struct tb_address a = at(text);
    struct tb_egress_item it = {.prefix = prefix};

    memcpy(it.addr, a.b, sizeof(it.addr));
    return it;
}

/* Connects: who had to go for it. */
static void *come(const char *from, void *holder)
{
    struct tb_address a = at(from);
    struct tb_slot *slot = tb_lanes_find(&lanes, &a);
    void *gone = slot->holder;

    tb_slot_take(&lanes, slot, holder);
    return gone;
}

static bool is_expected(const char *from)
{
    struct tb_address a = at(from);

    return tb_lanes_find(&lanes, &a)->expected;
}

static void sources_count(void **state)
{
    const struct tb_egress_item two[] = {item("192.0.2.7", 128), item("2001:db8::", 48)};

    (void)state;
    assert_false(is_expected("192.0.2.7"));
    assert_ok(tb_lanes_expect(&lanes, two, 2));
    assert_ok(tb_lanes_expect(&lanes, two, 1));
    assert_true(is_expected("192.0.2.7"));
    assert_false(is_expected("192.0.2.8"));
    assert_true(is_expected("2001:db8:0:ffff::1"));
    assert_false(is_expected("2001:db8:1::1"));
    tb_lanes_forget(&lanes, two, 2);
    assert_true(is_expected("192.0.2.7"));
    assert_false(is_expected("2001:db8:0:ffff::1"));
    tb_lanes_forget(&lanes, two, 1);
    assert_false(is_expected("192.0.2.7"));
    for (size_t i = 0; i < TB_LANE_BUCKETS; i++)
        assert_null(lanes.bucket[i]);
}

/* ::/8 would cover the mapped form. */
static void a_short_ipv6_network_expects_no_ipv4(void **state)
{
    const struct tb_egress_item all = item("::", 8);

    (void)state;
    assert_ok(tb_lanes_expect(&lanes, &all, 1));
    assert_false(is_expected("192.0.2.7"));
    assert_true(is_expected("::1:0:0:1"));
}

static void strangers_displace_the_oldest_stranger(void **state)
{
    char from[32];

    (void)state;
    for (int i = 0; i < TB_LANE_STRANGERS; i++) {
        snprintf(from, sizeof(from), "198.51.100.%d", i);
        assert_null(come(from, &holders[i]));
    }
    for (int i = 0; i < TB_LANE_STRANGERS; i++) {
        snprintf(from, sizeof(from), "203.0.113.%d", i);
        assert_ptr_equal(come(from, &holders[1000 + i]), &holders[i]);
    }
}

static void a_free_slot_is_taken_first(void **state)
{
    struct tb_address a = at("198.51.100.200");
    struct tb_slot *slot;
    char from[32];

    (void)state;
    for (int i = 0; i < TB_LANE_STRANGERS; i++) {
        snprintf(from, sizeof(from), "198.51.100.%d", i);
        assert_null(come(from, &holders[i]));
    }
    tb_slot_free(&lanes.stranger[40]);
    slot = tb_lanes_find(&lanes, &a);
    assert_ptr_equal(slot, &lanes.stranger[40]);
}

/* From one address, or one IPv6 network: more than its share costs itself alone. */
static void one_stranger_has_a_share(void **state)
{
    static const char *const from[][2] = {{"203.0.113.9", "203.0.113.9"}, {"2001:db8:1:2::1", "2001:db8:1:2:ffff::"}};

    (void)state;
    for (size_t k = 0; k < TB_ARRAY_LEN(from); k++) {
        assert_null(come("198.51.100.1", &holders[0]));
        for (int i = 0; i < TB_LANE_STRANGER_OWN; i++)
            assert_null(come(from[k][i % 2], &holders[1 + i]));
        for (int i = 0; i < 100; i++)
            assert_ptr_equal(come(from[k][i % 2], &holders[1 + TB_LANE_STRANGER_OWN + i]), &holders[1 + i]);
        assert_ptr_equal(lanes.stranger[0].holder, &holders[0]);
        memset(lanes.stranger, 0, sizeof(lanes.stranger));
    }
}

/* The promise: whatever strangers do, who is expected loses nothing by it. */
static void strangers_never_displace_who_is_expected(void **state)
{
    const struct tb_egress_item it = item("192.0.2.7", 128);
    struct tb_address a = at("192.0.2.7");
    struct tb_slot *slot;
    char from[32];

    (void)state;
    assert_ok(tb_lanes_expect(&lanes, &it, 1));
    slot = tb_lanes_find(&lanes, &a);
    tb_slot_take(&lanes, slot, &holders[0]);
    for (int i = 0; i < 10000; i++) {
        snprintf(from, sizeof(from), "10.%d.%d.%d", i / 65536, i / 256 % 256, i % 256);
        assert_ptr_not_equal(come(from, &holders[1]), &holders[0]);
    }
    assert_ptr_equal(slot->holder, &holders[0]);
}

/* A whole declared network shares one set: its owner cannot crowd others out by using many of its addresses. */
static void a_declared_network_has_one_set(void **state)
{
    const struct tb_egress_item net = item("2001:db8::", 48);
    size_t taken = 0;
    char from[64];

    (void)state;
    assert_ok(tb_lanes_expect(&lanes, &net, 1));
    for (int i = 0; i < 1000; i++) {
        snprintf(from, sizeof(from), "2001:db8:0:%x::1", i);
        (void)come(from, &holders[i]);
    }
    for (size_t i = 0; i < TB_LANE_SETS; i++)
        for (size_t k = 0; k < TB_LANE_SLOTS; k++)
            taken += lanes.expected[i][k].holder != NULL;
    assert_int_equal(taken, TB_LANE_SLOTS);
}

static void which_set_is_known_here_alone(void **state)
{
    const struct tb_egress_item it = item("192.0.2.7", 128);
    struct tb_address a = at("192.0.2.7");
    struct tb_slot *first;
    bool other = false;

    (void)state;
    assert_ok(tb_lanes_expect(&lanes, &it, 1));
    first = tb_lanes_find(&lanes, &a);
    for (int i = 0; i < 64 && !other; i++) { /* all alike: 1 in 64^64 */
        tb_lanes_clear(&lanes);
        tb_lanes_init(&lanes);
        assert_ok(tb_lanes_expect(&lanes, &it, 1));
        other = tb_lanes_find(&lanes, &a) != first;
    }
    assert_true(other);
}

#define WITH_LANES(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_LANES(sources_count),
        WITH_LANES(a_short_ipv6_network_expects_no_ipv4),
        WITH_LANES(strangers_displace_the_oldest_stranger),
        WITH_LANES(a_free_slot_is_taken_first),
        WITH_LANES(one_stranger_has_a_share),
        WITH_LANES(strangers_never_displace_who_is_expected),
        WITH_LANES(a_declared_network_has_one_set),
        WITH_LANES(which_set_is_known_here_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
