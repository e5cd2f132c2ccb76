#include "tests/unit/test.h"

#include <string.h>

#include "lib/dns/caa_value.h"

#define HTTP   TB_METHOD_BIT(TB_METHOD_HTTP_01)
#define DNS    TB_METHOD_BIT(TB_METHOD_DNS_01)
#define SERVER TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)
#define CLIENT TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)

/* Values inside the grammar of RFC 8659 section 4.2 whose parameters something can satisfy. */
static void sound_values(void **state)
{
    static const struct {
        const char *value, *issuer, *account;
        bool has_methods, has_purposes;
        tb_methods_t methods;
        tb_purposes_t purposes;
    } rows[] = {
        {"", "", NULL, false, false, 0, 0},
        {" \t", "", NULL, false, false, 0, 0},
        {";", "", NULL, false, false, 0, 0},
        {" ; ", "", NULL, false, false, 0, 0},
        {"ca.example", "ca.example", NULL, false, false, 0, 0},
        {"  ca.example\t", "ca.example", NULL, false, false, 0, 0},
        {"CA.Example", "CA.Example", NULL, false, false, 0, 0},
        {"localhost", "localhost", NULL, false, false, 0, 0},
        {"xn--4ca.1-2.example", "xn--4ca.1-2.example", NULL, false, false, 0, 0},
        {"ca.example;", "ca.example", NULL, false, false, 0, 0},
        {"ca.example ; ", "ca.example", NULL, false, false, 0, 0},
        {"ca.example; policy=ev", "ca.example", NULL, false, false, 0, 0},
        {"ca.example; account=230123; policy=ev", "ca.example", NULL, false, false, 0, 0},
        {"ca.example;a-1=;b=!~:<", "ca.example", NULL, false, false, 0, 0},
        {"; accounturi=x:y", "", "x:y", false, false, 0, 0},
        {"ca.example; accounturi=https://ca.example/acct/1", "ca.example", "https://ca.example/acct/1", false, false, 0,
         0},
        {"ca.example;AccountURI \t= \thttps://ca.example/acct/1=2 ", "ca.example", "https://ca.example/acct/1=2", false,
         false, 0, 0},
        {"ca.example; validationmethods=dns-01", "ca.example", NULL, true, false, DNS, 0},
        {"ca.example; validationmethods=dns-01,http-01,dns-01", "ca.example", NULL, true, false, DNS | HTTP, 0},
        {"ca.example; validationmethods=ca-foo,dns-01", "ca.example", NULL, true, false, DNS, 0},
        {"ca.example; validationmethods=DNS-01", "ca.example", NULL, true, false, 0, 0},
        {"ca.example; validationmethods=tls-client-01", "ca.example", NULL, true, false, 0, 0},
        {"ca.example; validationmethods=ca-tls-client-01", "ca.example", NULL, true, false,
         TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01), 0},
        {"ca.example; validationmethods=", "ca.example", NULL, true, false, 0, 0},
        {"ca.example; purposes=serverAuth", "ca.example", NULL, false, true, 0, SERVER},
        {"ca.example; purposes=serverAuth,clientAuth", "ca.example", NULL, false, true, 0, SERVER | CLIENT},
        {"ca.example; purposes=", "ca.example", NULL, false, true, 0, 0},
        {"ca.example; purposes=clientAuth; validationmethods=dns-01 ;accounturi=u", "ca.example", "u", true, true, DNS,
         CLIENT},
        /* Two of what others own say nothing to us. */
        {"ca.example; a=1; a=2", "ca.example", NULL, false, false, 0, 0},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_caa_grant g;
        struct tb_span issuer;
        int r = tb_caa_value_parse(tb_span_str(rows[i].value), &issuer, &g);

        if (r != 0 || !tb_span_eq_str(issuer, rows[i].issuer))
            fail_msg("\"%s\": %d", rows[i].value, r);
        assert_int_equal(g.has_account, rows[i].account != NULL);
        assert_string_equal(g.account_url, rows[i].account != NULL ? rows[i].account : "");
        assert_int_equal(g.has_methods, rows[i].has_methods);
        assert_int_equal(g.methods, rows[i].methods);
        assert_int_equal(g.has_purposes, rows[i].has_purposes);
        assert_int_equal(g.purposes, rows[i].purposes);
    }
}

/* Outside the grammar, or such that nothing can satisfy it (RFC 8657 section 3: a second accounturi). */
static void values_that_permit_nobody(void **state)
{
    static const char *const rows[] = {
        "%%%%%",
        "ca.example.",
        ".ca.example",
        "ca..example",
        "-ca.example",
        "ca-.example",
        "ca.-example",
        "ca_x.example",
        "*.ca.example",
        "ca.example x",
        "ca.example policy=ev",
        "ca.example, other.example",
        "ca.example\n",
        "\"ca.example\"",
        "c\xc3\xa4.example",
        "ca.example;;",
        "ca.example; ; a=1",
        "ca.example; a=1;",
        "ca.example; a=1; ",
        "ca.example; a",
        "ca.example; a b=1",
        "ca.example; =1",
        "ca.example; -a=1",
        "ca.example; a-=1",
        "ca.example; a_b=1",
        "ca.example; a=1 2",
        "ca.example; a=\x7f",
        "ca.example; a=\xc3\xa4",
        "ca.example; a=1\r",
        "ca.example; accounturi=",
        "ca.example; accounturi=u; accounturi=u",
        "ca.example; accounturi=u; accounturi=v",
        "ca.example; accounturi=u; a=1; AccountUri=u",
        "ca.example; validationmethods=dns-01; validationmethods=dns-01",
        "ca.example; validationmethods=,",
        "ca.example; validationmethods=dns-01,",
        "ca.example; validationmethods=,dns-01",
        "ca.example; validationmethods=dns-01,,http-01",
        "ca.example; validationmethods=dns_01",
        "ca.example; validationmethods=dns-01|http-01",
        "ca.example; validationmethods=dns-01, http-01",
        "ca.example; purposes=serverAuth; purposes=serverAuth",
        "ca.example; purposes=any",
        "ca.example; purposes=serverAuth,anyExtendedKeyUsage",
        "ca.example; purposes=ServerAuth",
        "ca.example; purposes=serverAuth,",
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        static const struct tb_caa_grant zero;
        struct tb_caa_grant g;
        struct tb_span issuer;

        memset(&g, 0xee, sizeof(g));
        issuer = tb_span_str("old");
        if (tb_caa_value_parse(tb_span_str(rows[i]), &issuer, &g) != TB_E_FORMAT)
            fail_msg("accepted: \"%s\"", rows[i]);
        assert_int_equal(issuer.len, 0);
        assert_memory_equal(&g, &zero, sizeof(g));
    }
}

static void a_nul_is_no_end(void **state)
{
    struct tb_caa_grant g;
    struct tb_span issuer;

    (void)state;
    assert_int_equal(tb_caa_value_parse(tb_span_of("ca.example\0", 11), &issuer, &g), TB_E_FORMAT);
    assert_int_equal(tb_caa_value_parse(tb_span_of("ca.example;a=\0", 14), &issuer, &g), TB_E_FORMAT);
    assert_int_equal(tb_caa_value_parse(tb_span_of("\0", 1), &issuer, &g), TB_E_FORMAT);
    assert_ok(tb_caa_value_parse(tb_span_of(NULL, 0), &issuer, &g));
}

static void an_account_uri_has_a_limit(void **state)
{
    const char head[] = "ca.example; accounturi=";
    char value[sizeof(head) + TB_CAA_URI_MAX + 1];
    struct tb_caa_grant g;
    struct tb_span issuer;
    size_t n = sizeof(head) - 1;

    (void)state;
    memcpy(value, head, n);
    memset(value + n, 'u', TB_CAA_URI_MAX + 1);
    assert_ok(tb_caa_value_parse(tb_span_of(value, n + TB_CAA_URI_MAX), &issuer, &g));
    assert_int_equal(strlen(g.account_url), TB_CAA_URI_MAX);
    assert_int_equal(tb_caa_value_parse(tb_span_of(value, n + TB_CAA_URI_MAX + 1), &issuer, &g), TB_E_FORMAT);
}

static void an_issuer_has_the_limits_of_a_domain_name(void **state)
{
    char value[TB_IDENT_VALUE_MAX + 2];
    struct tb_caa_grant g;
    struct tb_span issuer;

    (void)state;
    memset(value, 'a', sizeof(value));
    assert_ok(tb_caa_value_parse(tb_span_of(value, 63), &issuer, &g));
    assert_int_equal(tb_caa_value_parse(tb_span_of(value, 64), &issuer, &g), TB_E_FORMAT);
    for (size_t i = 1; i < sizeof(value); i += 2)
        value[i] = '.';
    assert_ok(tb_caa_value_parse(tb_span_of(value, TB_IDENT_VALUE_MAX), &issuer, &g));
    value[TB_IDENT_VALUE_MAX] = 'a';
    value[TB_IDENT_VALUE_MAX - 1] = 'a';
    assert_int_equal(tb_caa_value_parse(tb_span_of(value, TB_IDENT_VALUE_MAX + 1), &issuer, &g), TB_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sound_values),
        cmocka_unit_test(values_that_permit_nobody),
        cmocka_unit_test(a_nul_is_no_end),
        cmocka_unit_test(an_account_uri_has_a_limit),
        cmocka_unit_test(an_issuer_has_the_limits_of_a_domain_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
