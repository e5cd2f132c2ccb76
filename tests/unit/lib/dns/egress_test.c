#include "lib/dns/egress.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "lib/dns/txt.h"
#include "tests/unit/test.h"

static const struct tb_egress_policy usual = {.min_v4 = TB_EGRESS_MIN_V4, .min_v6 = TB_EGRESS_MIN_V6};
static struct tb_egress_set set;
static const char *why;

/* One record in character-strings of 255 octets. */
static size_t rdata_make(uint8_t *out, const char *text)
{
    size_t left = strlen(text), n = 0;

    do {
        size_t part = left > 255 ? 255 : left;

        out[n++] = (uint8_t)part;
        memcpy(out + n, text, part);
        n += part;
        text += part;
        left -= part;
    } while (left > 0);
    return n;
}

static int read_two(const char *a, const char *b)
{
    uint8_t buf[2][2048];
    struct tb_span rdata[2];
    size_t num = 0;

    rdata[num++] = tb_span_of(buf[0], rdata_make(buf[0], a));
    if (b != NULL) {
        rdata[num] = tb_span_of(buf[1], rdata_make(buf[1], b));
        num++;
    }
    return tb_egress_read(rdata, num, &usual, &set, &why);
}

static uint8_t match(const char *text)
{
    uint8_t addr[16] = {[10] = 0xff, [11] = 0xff};

    if (inet_pton(AF_INET, text, addr + 12) != 1)
        assert_int_equal(inet_pton(AF_INET6, text, addr), 1);
    return tb_egress_match(&set, addr);
}

static void declared_addresses_match(void **state)
{
    (void)state;
    assert_ok(read_two("v=egress1 ip4:192.0.2.16/28  ip4:198.51.100.7 ip6:2001:db8:5::/48 ip6:2001:db8:5::7", NULL));
    assert_true(set.declared);
    assert_int_equal(set.num, 4);
    assert_int_equal(match("192.0.2.16"), 124);
    assert_int_equal(match("192.0.2.31"), 124);
    assert_int_equal(match("192.0.2.32"), 0);
    assert_int_equal(match("192.0.2.15"), 0);
    assert_int_equal(match("198.51.100.7"), 128);
    assert_int_equal(match("198.51.100.6"), 0);
    assert_int_equal(match("2001:db8:5:ffff::1"), 48);
    assert_int_equal(match("2001:db8:5::7"), 128);
    assert_int_equal(match("2001:db8:6::7"), 0);
}

static void an_empty_declaration_is_nobody(void **state)
{
    (void)state;
    assert_ok(read_two("v=egress1", NULL));
    assert_true(set.declared);
    assert_int_equal(set.num, 0);
    assert_int_equal(match("192.0.2.1"), 0);
    assert_int_equal(match("::"), 0);
}

static void other_records_declare_nothing(void **state)
{
    (void)state;
    assert_ok(read_two("v=spf1 ip4:192.0.2.0/24 -all", "google-site-verification=x"));
    assert_false(set.declared);
    assert_ok(read_two("", "V=EGRESS1"));
    assert_false(set.declared);
    assert_ok(read_two("v=spf1 -all", "v=egress1 ip4:192.0.2.1"));
    assert_int_equal(set.num, 1);
    assert_ok(tb_egress_read(NULL, 0, &usual, &set, &why));
    assert_false(set.declared);
}

static const struct {
    int err;
    const char *text;
} wrong[] = {
    {TB_E_FORMAT, "v=egress1 "},
    {TB_E_FORMAT, "v=egress1x"},
    {TB_E_FORMAT, "v=egress12"},
    {TB_E_FORMAT, "v=egress1;ip4:192.0.2.1"},
    {TB_E_FORMAT, "v=egress1\tip4:192.0.2.1"},
    {TB_E_FORMAT, "v=egress1 ip4:192.0.2.1 "},
    {TB_E_FORMAT, "v=egress1 ip4:"},
    {TB_E_FORMAT, "v=egress1 ip4:192.0.2"},
    {TB_E_FORMAT, "v=egress1 ip4:192.0.2.01"},
    {TB_E_FORMAT, "v=egress1 ip4:2001:db8::1"},
    {TB_E_FORMAT, "v=egress1 ip6:192.0.2.1"},
    {TB_E_FORMAT, "v=egress1 ip6:::ffff:192.0.2.1"},
    {TB_E_FORMAT, "v=egress1 ip6:fe80::1%eth0"},
    {TB_E_FORMAT, "v=egress1 IP4:192.0.2.1"},
    {TB_E_FORMAT, "v=egress1 a:www.example"},
    {TB_E_FORMAT, "v=egress1 +ip4:192.0.2.1"},
    {TB_E_FORMAT, "v=egress1 ip4:192.0.2.1/"},
    {TB_E_FORMAT, "v=egress1 ip4:192.0.2.1/33"},
    {TB_E_FORMAT, "v=egress1 ip4:192.0.2.1/032"},
    {TB_E_FORMAT, "v=egress1 ip4:192.0.2.1/+32"},
    {TB_E_FORMAT, "v=egress1 ip4:192.0.2.1/32/32"},
    {TB_E_FORMAT, "v=egress1 ip4:192.0.2.1/24"},
    {TB_E_FORMAT, "v=egress1 ip6:2001:db8::1/64"},
    {TB_E_FORMAT, "v=egress1 ip6:2001:db8::/129"},
    {TB_E_DENIED, "v=egress1 ip4:192.0.2.0/23"},
    {TB_E_DENIED, "v=egress1 ip4:0.0.0.0/0"},
    {TB_E_DENIED, "v=egress1 ip6:2001:db8::/47"},
    {TB_E_DENIED, "v=egress1 ip6:::/0"},
    {TB_E_DUP, "v=egress1 ip4:192.0.2.1 ip4:192.0.2.1/32"},
};

static void what_is_malformed_is_an_error_and_declares_nothing(void **state)
{
    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(wrong); i++) {
        set.declared = true;
        assert_int_equal(read_two(wrong[i].text, NULL), wrong[i].err);
        assert_non_null(why);
        assert_false(set.declared);
        assert_int_equal(set.num, 0);
    }
    assert_int_equal(read_two("v=egress1", "v=egress1"), TB_E_DUP);
    assert_int_equal(read_two("v=egress1 ip4:192.0.2.1", "v=egress1 ip4:192.0.2.2"), TB_E_DUP);
}

static void policy_moves_the_shortest_prefix_but_never_to_zero(void **state)
{
    const struct tb_egress_policy wide = {.min_v4 = 16, .min_v6 = 32}, none = {0};
    uint8_t buf[256];
    struct tb_span rdata;

    (void)state;
    rdata = tb_span_of(buf, rdata_make(buf, "v=egress1 ip4:10.1.0.0/16 ip6:2001:db8::/32"));
    assert_ok(tb_egress_read(&rdata, 1, &wide, &set, &why));
    rdata = tb_span_of(buf, rdata_make(buf, "v=egress1 ip4:10.0.0.0/15"));
    assert_int_equal(tb_egress_read(&rdata, 1, &wide, &set, &why), TB_E_DENIED);
    rdata = tb_span_of(buf, rdata_make(buf, "v=egress1 ip4:0.0.0.0/0"));
    assert_int_equal(tb_egress_read(&rdata, 1, &none, &set, &why), TB_E_DENIED);
    /* ::/1 covers the v4-mapped form and must not open IPv4. */
    rdata = tb_span_of(buf, rdata_make(buf, "v=egress1 ip6:::/1"));
    assert_ok(tb_egress_read(&rdata, 1, &none, &set, &why));
    assert_int_equal(match("192.0.2.1"), 0);
    assert_int_equal(match("2001:db8::1"), 1);
}

static void items_and_lengths_have_their_maximum(void **state)
{
    char text[2048] = "v=egress1";
    size_t n = strlen(text);

    (void)state;
    for (unsigned i = 0; i < TB_EGRESS_ITEMS_MAX; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, " ip4:192.0.2.%u", i);
    assert_ok(read_two(text, NULL));
    assert_int_equal(set.num, TB_EGRESS_ITEMS_MAX);
    snprintf(text + n, sizeof(text) - n, " ip4:198.51.100.1");
    assert_int_equal(read_two(text, NULL), TB_E_LIMIT);
    /* A record of ours that is too long to be read is no foreign one. */
    memset(text, ' ', TB_TXT_MAX + 1);
    memcpy(text, "v=egress1", 9);
    text[TB_TXT_MAX + 1] = '\0';
    assert_int_equal(read_two(text, NULL), TB_E_LIMIT);
    text[0] = 'x';
    assert_ok(read_two(text, NULL));
    assert_false(set.declared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(declared_addresses_match),
        cmocka_unit_test(an_empty_declaration_is_nobody),
        cmocka_unit_test(other_records_declare_nothing),
        cmocka_unit_test(what_is_malformed_is_an_error_and_declares_nothing),
        cmocka_unit_test(policy_moves_the_shortest_prefix_but_never_to_zero),
        cmocka_unit_test(items_and_lengths_have_their_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
