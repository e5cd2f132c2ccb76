#include "tests/unit/test.h"

#include "lib/base/ident.h"

#include <stdio.h>
#include <string.h>

#define L63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define L61 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static int parse(enum tb_ident_type type, const char *s, struct tb_ident *out)
{
    return tb_ident_parse(type, tb_span_str(s), out, NULL);
}

static void names_are_normalised(void **state)
{
    struct tb_ident id;
    char text[TB_IDENT_VALUE_MAX + 3];

    (void)state;
    assert_ok(parse(TB_IDENT_DNS, "*.WWW.Example.ORG", &id));
    assert_true(id.wildcard);
    assert_string_equal(id.value, "www.example.org");
    tb_ident_text(text, &id);
    assert_string_equal(text, "*.www.example.org");
    assert_ok(parse(TB_IDENT_DNS, "xn--bcher-kva.example", &id));
    assert_ok(parse(TB_IDENT_DNS, "localhost", &id));
    assert_ok(parse(TB_IDENT_DNS, "0x7f000001.example", &id));
    assert_ok(parse(TB_IDENT_DNS, "0x7g", &id));
    assert_ok(parse(TB_IDENT_DNS, L63 "." L63 "." L63 "." L61, &id));
}

static void bad_names_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      ".",
                                      "*",
                                      "*.",
                                      "a.",
                                      ".a",
                                      "a..b",
                                      "a.*.b",
                                      "f*o.example",
                                      "*.*.example",
                                      "a_b.example",
                                      "-a.example",
                                      "a-.example",
                                      "ab--c.example",
                                      "xn--.example",
                                      "xn--a.example",
                                      "XN--abc-.example",
                                      "a b",
                                      "b\xc3\xbc"
                                      "cher.example",
                                      "192.0.2.1",
                                      "1.2.3.999",
                                      "a.1",
                                      "0x7f000001",
                                      "a.0X7F",
                                      "a.0x",
                                      L63 "a.example",
                                      L63 "." L63 "." L63 "." L61 "a",
                                      "user@example.org",
                                      "http://a"};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        struct tb_ident id;
        const char *why;

        assert_int_equal(tb_ident_parse(TB_IDENT_DNS, tb_span_str(bad[i]), &id, &why), TB_E_FORMAT);
        assert_non_null(why);
        assert_int_equal(id.type, TB_IDENT_NONE);
    }
}

static void an_embedded_nul_is_refused(void **state)
{
    struct tb_ident id;

    (void)state;
    assert_int_equal(tb_ident_parse(TB_IDENT_DNS, tb_span_of("a.example\0.evil", 15), &id, NULL), TB_E_FORMAT);
    assert_int_equal(tb_ident_parse(TB_IDENT_IP, tb_span_of("192.0.2.1\0", 10), &id, NULL), TB_E_FORMAT);
}

static void addresses_have_one_text(void **state)
{
    struct tb_ident id;

    (void)state;
    assert_ok(parse(TB_IDENT_IP, "2001:DB8:0:0::1", &id));
    assert_string_equal(id.value, "2001:db8::1");
    assert_ok(parse(TB_IDENT_IP, "192.0.2.1", &id));
    assert_int_equal(parse(TB_IDENT_IP, "::ffff:192.0.2.1", &id), TB_E_FORMAT);
    assert_int_equal(parse(TB_IDENT_IP, "fe80::1%eth0", &id), TB_E_FORMAT);
    assert_int_equal(parse(TB_IDENT_IP, "192.0.2.01", &id), TB_E_FORMAT);
    assert_int_equal(parse(TB_IDENT_EMAIL, "a@example.org", &id), TB_E_UNSUPPORTED);
}

static void the_wire_form_is_strict(void **state)
{
    static const uint8_t upper[] = {TB_IDENT_DNS, 0, 0, 1, 'A'};
    static const uint8_t star[] = {TB_IDENT_DNS, 0, 0, 3, '*', '.', 'a'};
    static const uint8_t ipwild[] = {TB_IDENT_IP, 1, 0, 7, '1', '.', '1', '.', '1', '.', '1'};
    struct tb_ident id;
    struct tb_ident back;
    struct tb_wr wr;
    struct tb_rd rd;

    (void)state;
    assert_ok(parse(TB_IDENT_DNS, "*.example.org", &id));
    tb_wr_init(&wr, 1000);
    tb_ident_write(&wr, &id);
    for (size_t n = 0; n < wr.len; n++) {
        rd = tb_rd_of(tb_span_of(wr.buf, n));
        assert_int_equal(tb_ident_read(&rd, &back), TB_E_TRUNC);
        assert_int_equal(rd.left, n);
    }
    rd = tb_rd_of(tb_wr_span(&wr));
    assert_ok(tb_ident_read(&rd, &back));
    assert_true(tb_ident_eq(&id, &back));
    tb_wr_clear(&wr);
    rd = tb_rd_of(tb_span_of(upper, sizeof(upper)));
    assert_int_equal(tb_ident_read(&rd, &back), TB_E_FORMAT);
    rd = tb_rd_of(tb_span_of(star, sizeof(star)));
    assert_int_equal(tb_ident_read(&rd, &back), TB_E_FORMAT);
    rd = tb_rd_of(tb_span_of(ipwild, sizeof(ipwild)));
    assert_int_equal(tb_ident_read(&rd, &back), TB_E_FORMAT);
}

/* Row 9: names are matched label by label; suffix tricks fail. */
static void invariant_09_names_match_label_by_label(void **state)
{
    static const char *const labels[] = {"a", "example", "org", "evilexample", "x"};
    char name[64];
    char domain[64];

    (void)state;
    for (size_t i = 0; i < 5 * 5 * 5; i++) {
        for (size_t j = 0; j < 5 * 5; j++) {
            bool want;

            snprintf(name, sizeof(name), "%s.%s.%s", labels[i / 25], labels[i / 5 % 5], labels[i % 5]);
            snprintf(domain, sizeof(domain), "%s.%s", labels[j / 5], labels[j % 5]);
            want = i / 5 % 5 == j / 5 && i % 5 == j % 5;
            assert_int_equal(tb_dns_name_under(name, domain), want);
        }
    }
    assert_true(tb_dns_name_under("example.org", "example.org"));
    assert_false(tb_dns_name_under("notexample.org", "example.org"));
    assert_false(tb_dns_name_under("org", "example.org"));
    assert_false(tb_dns_name_under("example.org", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_normalised),       cmocka_unit_test(bad_names_are_refused),
        cmocka_unit_test(an_embedded_nul_is_refused), cmocka_unit_test(addresses_have_one_text),
        cmocka_unit_test(the_wire_form_is_strict),    cmocka_unit_test(invariant_09_names_match_label_by_label),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
