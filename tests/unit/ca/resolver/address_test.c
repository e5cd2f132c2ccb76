#include "ca/resolver/address.h"

#include <arpa/inet.h>
#include <string.h>

#include "tests/unit/test.h"

static struct tb_address parse(const char *text)
{
    struct tb_address a;

    assert_ok(tb_address_from_text(text, &a));
    return a;
}

static struct tb_net net(const char *text, unsigned prefix)
{
    struct tb_address a = parse(text);
    struct tb_net n = {.prefix = (uint8_t)(a.v4 ? 96 + prefix : prefix)};

    memcpy(n.addr, a.b, 16);
    return n;
}

/* First and last address of every refused range, and its neighbours outside. */
static const char *const refused[] = {
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.0",
    "10.255.255.255",
    "100.64.0.0",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "169.254.0.0",
    "169.254.169.254",
    "169.254.255.255",
    "172.16.0.0",
    "172.31.255.255",
    "192.0.0.0",
    "192.0.0.9",
    "192.0.0.255",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.0",
    "192.168.255.255",
    "192.175.48.1",
    "198.18.0.0",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.0",
    "255.255.255.255",
    "::",
    "::1",
    "::2",
    "::ffff:8.8.8.8",
    "::8.8.8.8",
    "64:ff9b::8.8.8.8",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:2f::1",
    "2001:1ff:ffff::1",
    "2001:db8::1",
    "2001:db8:ffff::1",
    "2002:808:808::1",
    "2620:4f:8000::1",
    "3fff::1",
    "3fff:fff:ffff::1",
    "5f00::1",
    "fc00::1",
    "fdff::1",
    "fe80::1",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "4000::1",
    "1::1",
    "8000::1",
};
static const char *const allowed[] = {
    "1.0.0.0",         "8.8.8.8",         "9.255.255.255",   "11.0.0.0",    "100.63.255.255", "100.128.0.0",
    "126.255.255.255", "128.0.0.1",       "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
    "191.255.255.255", "192.0.1.0",       "192.0.3.0",       "192.88.98.1", "192.88.100.1",   "192.167.255.255",
    "192.169.0.0",     "198.17.255.255",  "198.20.0.0",      "198.51.99.1", "198.51.101.1",   "203.0.112.1",
    "203.0.114.1",     "223.255.255.255", "2001:200::1",     "2001:db7::1", "2001:db9::1",    "2003::1",
    "2606:4700::1111", "2620:4f:8001::1", "2620:4f:7fff::1", "2a00::1",     "3ffe::1",        "3fff:1000::1",
};

static void special_purpose_addresses_are_refused_with_a_reason(void **state)
{
    struct tb_zone zone = {.num_allow_private = 0};
    const char *why;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(refused); i++) {
        struct tb_address a = parse(refused[i]);

        if (tb_address_check(&a, &zone, &why) != TB_E_DENIED || why == NULL || why[0] == '\0')
            fail_msg("%s is not refused", refused[i]);
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(allowed); i++) {
        struct tb_address a = parse(allowed[i]);

        if (tb_address_check(&a, &zone, &why) != 0 || why != NULL)
            fail_msg("%s is refused: %s", allowed[i], why != NULL ? why : "");
    }
}

static void a_zone_opens_exactly_what_it_names(void **state)
{
    struct tb_zone zone = {.num_allow_private = 2, .allow_private = {net("10.1.0.0", 16), net("fd00:1::", 32)}};
    const char *yes[] = {"10.1.0.0", "10.1.255.255", "fd00:1::1", "8.8.8.8"};
    const char *no[] = {"10.0.255.255", "10.2.0.0", "127.0.0.1", "fd00:2::1", "::ffff:10.1.0.1", "fe80::1"};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(yes); i++) {
        struct tb_address a = parse(yes[i]);
        assert_ok(tb_address_check(&a, &zone, NULL));
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(no); i++) {
        struct tb_address a = parse(no[i]);
        assert_int_equal(tb_address_check(&a, &zone, NULL), TB_E_DENIED);
    }
}

static void an_ipv6_net_does_not_open_ipv4_nor_the_other_way_round(void **state)
{
    struct tb_zone all_v6 = {.num_allow_private = 1, .allow_private = {{.prefix = 0}}};
    struct tb_zone all_v4 = {.num_allow_private = 1, .allow_private = {net("0.0.0.0", 0)}};
    struct tb_address v4 = parse("127.0.0.1"), v6 = parse("::1"), mapped = parse("::ffff:127.0.0.1");

    (void)state;
    assert_ok(tb_address_check(&v6, &all_v6, NULL));
    assert_int_equal(tb_address_check(&v4, &all_v6, NULL), TB_E_DENIED);
    assert_ok(tb_address_check(&v4, &all_v4, NULL));
    assert_int_equal(tb_address_check(&v6, &all_v4, NULL), TB_E_DENIED);
    assert_int_equal(tb_address_check(&mapped, &all_v4, NULL), TB_E_DENIED);
    assert_int_equal(tb_address_check(&mapped, &all_v6, NULL), TB_E_DENIED);
}

static void record_data_has_4_or_16_octets(void **state)
{
    uint8_t raw[17] = {192, 0, 2, 1};
    struct tb_address a;
    char text[TB_ADDRESS_TEXT_MAX];

    (void)state;
    for (size_t n = 0; n <= sizeof(raw); n++)
        assert_int_equal(tb_address_from_rdata(tb_span_of(raw, n), &a), n == 4 || n == 16 ? 0 : TB_E_FORMAT);
    assert_ok(tb_address_from_rdata(tb_span_of(raw, 4), &a));
    assert_true(a.v4);
    tb_address_text(text, &a);
    assert_string_equal(text, "192.0.2.1");
    assert_int_equal(tb_address_from_text("192.0.2", &a), TB_E_FORMAT);
    assert_int_equal(tb_address_from_text("fe80::1%lo", &a), TB_E_FORMAT);
}

static void a_socket_address_carries_address_and_port(void **state)
{
    struct sockaddr_storage ss;
    struct tb_address a = parse("192.0.2.7");

    (void)state;
    assert_int_equal(tb_address_sockaddr(&a, 80, &ss), sizeof(struct sockaddr_in));
    assert_int_equal(((struct sockaddr_in *)&ss)->sin_port, htons(80));
    assert_int_equal(((struct sockaddr_in *)&ss)->sin_addr.s_addr, htonl(0xc0000207));
    a = parse("2001:db8::7");
    assert_int_equal(tb_address_sockaddr(&a, 443, &ss), sizeof(struct sockaddr_in6));
    assert_memory_equal(&((struct sockaddr_in6 *)&ss)->sin6_addr, a.b, 16);
}

static void the_reverse_name_is_that_of_the_mapping(void **state)
{
    char name[TB_ADDRESS_REVERSE_MAX];
    struct tb_address a;

    (void)state;
    assert_ok(tb_address_from_text("192.0.2.1", &a));
    tb_address_reverse(name, &a);
    assert_string_equal(name, "1.2.0.192.in-addr.arpa");
    assert_ok(tb_address_from_text("4321:0:1:2:3:4:567:89ab", &a)); /* RFC 3596 section 2.5 */
    tb_address_reverse(name, &a);
    assert_string_equal(name, "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.0.0.0.0.1.2.3.4.ip6.arpa");
    assert_int_equal(strlen(name) + 1, sizeof(name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_purpose_addresses_are_refused_with_a_reason),
        cmocka_unit_test(a_zone_opens_exactly_what_it_names),
        cmocka_unit_test(an_ipv6_net_does_not_open_ipv4_nor_the_other_way_round),
        cmocka_unit_test(record_data_has_4_or_16_octets),
        cmocka_unit_test(a_socket_address_carries_address_and_port),
        cmocka_unit_test(the_reverse_name_is_that_of_the_mapping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
