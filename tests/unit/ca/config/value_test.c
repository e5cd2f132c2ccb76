#include "tests/unit/test.h"

#include "ca/config/value.h"

#include <string.h>

static void durations_are_whole_numbers_with_a_unit(void **state)
{
    static const struct {
        const char *text;
        int err;
        uint32_t s;
        const char *back;
    } rows[] = {
        {"0s", 0, 0, "0s"},
        {"90s", 0, 90, "90s"},
        {"60s", 0, 60, "1m"},
        {"48h", 0, 172800, "48h"},
        {"3d", 0, 259200, "3d"},
        {"160h", 0, 576000, "160h"},
        {"4294967295s", 0, UINT32_MAX, "4294967295s"},
        {"4294967296s", TB_E_LIMIT, 0, NULL},
        {"49711d", TB_E_LIMIT, 0, NULL},
        {"45x", TB_E_FORMAT, 0, NULL},
        {"45", TB_E_FORMAT, 0, NULL},
        {"h", TB_E_FORMAT, 0, NULL},
        {"", TB_E_FORMAT, 0, NULL},
        {"-1h", TB_E_FORMAT, 0, NULL},
        {"1.5h", TB_E_FORMAT, 0, NULL},
        {"1 h", TB_E_FORMAT, 0, NULL},
        {"1hh", TB_E_FORMAT, 0, NULL},
        {"01h", TB_E_FORMAT, 0, NULL},
        {"00000000000000000001h", TB_E_FORMAT, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        uint32_t s = 7;
        char back[16];

        assert_int_equal(tb_value_duration(rows[i].text, &s), rows[i].err);
        assert_int_equal(s, rows[i].s);
        if (rows[i].back == NULL)
            continue;
        tb_value_duration_text(back, s);
        assert_string_equal(back, rows[i].back);
    }
}

static void addresses_are_numeric_and_have_a_port(void **state)
{
    static const char *const bad[] = {"",           "127.0.0.1",       ":80",     "127.0.0.1:", "127.0.0.1:0",
                                      "1.2.3:80",   "127.0.0.1:65536", "::1:80",  "[::1]80",    "[::1]",
                                      "[]:80",      "[fe80::1%lo]:80", "[::1:80", "host:80",    "[::ffff:1.2.3.4]:80",
                                      "1.2.3.4: 80"};
    struct tb_listen l, next;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        assert_int_equal(tb_value_listen(bad[i], &l), TB_E_FORMAT);
        assert_false(l.on);
    }
    assert_ok(tb_value_listen("[0:0::1]:65535", &l));
    assert_string_equal(l.text, "[::1]:65535");
    assert_int_equal(tb_value_listen_port(&l), 65535);
    assert_int_equal(tb_value_listen_at(&l, 65536, &next), TB_E_LIMIT);
    assert_ok(tb_value_listen("127.0.0.1:1", &l));
    assert_ok(tb_value_listen_at(&l, 2, &next));
    assert_string_equal(next.text, "127.0.0.1:2");
}

static void networks_have_no_host_bits_and_open_little(void **state)
{
    static const char *const bad[] = {"10.0.0.1/8", "10.0.0.0", "10.0.0.0/33", "10.0.0.0/7", "0.0.0.0/0",
                                      "::/0",       "fc00::/6", "fd00::1/64",  "fd00::/129", "::ffff:10.0.0.0/104",
                                      "10.0.0.0/",  "10/8",     "10.0.0.0/08", "a/8",        ""};
    static const char *const good[] = {"10.0.0.0/8", "192.0.2.1/32", "fc00::/7", "::1/128", "fd00:1::/32"};
    struct tb_net net;
    char text[64];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_int_equal(tb_value_net(bad[i], &net), TB_E_FORMAT);
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++) {
        assert_ok(tb_value_net(good[i], &net));
        tb_value_net_text(text, &net);
        assert_string_equal(text, good[i]);
    }
    assert_ok(tb_value_net("10.0.0.0/8", &net));
    assert_int_equal(net.prefix, 104);
    assert_int_equal(net.addr[12], 10);
    assert_int_equal(net.addr[11], 0xff);
}

static void base_urls_have_one_form(void **state)
{
    struct tb_ident host;
    char url[TB_BASE_URL_MAX + 1];

    (void)state;
    assert_ok(tb_value_host("CA.Example", &host));
    assert_ok(tb_value_base_url(url, &host, 443));
    assert_string_equal(url, "https://ca.example");
    assert_ok(tb_value_host("2001:db8::1", &host));
    assert_ok(tb_value_base_url(url, &host, 8443));
    assert_string_equal(url, "https://[2001:db8::1]:8443");
    assert_true(tb_value_base_url_of(url, &host));
    assert_false(tb_value_base_url_of("https://[2001:db8::1]:443", &host));
    assert_false(tb_value_base_url_of("https://[2001:db8::1]:08443", &host));
    assert_false(tb_value_base_url_of("https://[2001:db8::1]:", &host));
    assert_int_equal(tb_value_host("*.example", &host), TB_E_FORMAT);
}

static void trust_anchors_have_the_shape_of_a_record(void **state)
{
    static const char *const bad[] = {"",
                                      ".",
                                      ". IN DS 1 8 2",
                                      "* IN DS 1 8 2 AB",
                                      ". IN A 1 8 2 AB",
                                      ". IN DS 1 8 x AB",
                                      ". IN DS 65536 8 2 AB",
                                      ". IN DS 1 8 2 A\"B",
                                      "a..b. IN DS 1 8 2 AB"};
    static const char *const good[] = {". IN DS 20326 8 2 E06D 44B8", "example. 3600 IN DS 1 13 2 AB",
                                       "example DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dx=="};
    char longest[257];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_false(tb_value_trust_anchor(bad[i]));
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++)
        assert_true(tb_value_trust_anchor(good[i]));
    memset(longest, 'A', sizeof(longest));
    memcpy(longest, ". DS 1 8 2 ", 11);
    longest[255] = '\0';
    assert_true(tb_value_trust_anchor(longest));
    longest[255] = 'A';
    longest[256] = '\0';
    assert_false(tb_value_trust_anchor(longest));
}

static void links_and_users_cannot_break_out(void **state)
{
    (void)state;
    assert_true(tb_value_link(""));
    assert_true(tb_value_link("https://ca.example/terms"));
    assert_false(tb_value_link("https://"));
    assert_false(tb_value_link("ftp://ca.example/"));
    assert_false(tb_value_link("https://ca.example/a b"));
    assert_false(tb_value_link("https://ca.example/\"x"));
    assert_true(tb_value_user("_tabard"));
    assert_false(tb_value_user("-x"));
    assert_false(tb_value_user("a/b"));
    assert_true(tb_value_user("abcdefghijklmnopqrstuvwxyz012345"));
    assert_false(tb_value_user("abcdefghijklmnopqrstuvwxyz0123456"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_whole_numbers_with_a_unit),
        cmocka_unit_test(addresses_are_numeric_and_have_a_port),
        cmocka_unit_test(networks_have_no_host_bits_and_open_little),
        cmocka_unit_test(base_urls_have_one_form),
        cmocka_unit_test(trust_anchors_have_the_shape_of_a_record),
        cmocka_unit_test(links_and_users_cannot_break_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
