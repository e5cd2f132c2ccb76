#include "tests/unit/test.h"

#include "lib/profile/method.h"

static const struct tb_ident name = {.type = TB_IDENT_DNS, .value = "a.example"};
static const struct tb_ident wildcard = {.type = TB_IDENT_DNS, .wildcard = true, .value = "a.example"};
static const struct tb_ident address = {.type = TB_IDENT_IP, .value = "192.0.2.1"};
static const struct tb_ident mail = {.type = TB_IDENT_EMAIL, .value = "a@a.example"};

/* RFC 8555 section 8, RFC 8737, RFC 8738 section 4; wildcards by DNS alone (CA/Browser Forum BR 3.2.2.4). */
static void each_method_serves_its_identifiers(void **state)
{
    static const struct {
        enum tb_method method;
        const char *name, *caa;
        enum tb_proof_kind kind;
        bool dns, wildcard, ip;
    } rows[] = {
        {TB_METHOD_HTTP_01, "http-01", "http-01", TB_PROOF_CONTROL, true, false, true},
        {TB_METHOD_DNS_01, "dns-01", "dns-01", TB_PROOF_CONTROL, true, true, false},
        {TB_METHOD_TLS_ALPN_01, "tls-alpn-01", "tls-alpn-01", TB_PROOF_CONTROL, true, false, true},
        {TB_METHOD_DNS_ACCOUNT_01, "dns-account-01", "dns-account-01", TB_PROOF_CONTROL, true, true, false},
        {TB_METHOD_DNS_PERSIST_01, "dns-persist-01", "dns-persist-01", TB_PROOF_CONTROL, true, true, false},
        {TB_METHOD_TLS_CLIENT_01, "tls-client-01", "ca-tls-client-01", TB_PROOF_USE, true, false, true},
        {TB_METHOD_EMAIL_REPLY_00, "email-reply-00", "email-reply-00", TB_PROOF_CONTROL, false, false, false},
    };

    (void)state;
    assert_int_equal(TB_ARRAY_LEN(rows), TB_METHOD__COUNT - 1);
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        const struct tb_method_info *info = tb_method_info(rows[i].method);

        assert_non_null(info);
        assert_string_equal(info->name, rows[i].name);
        assert_string_equal(info->caa_label, rows[i].caa);
        assert_int_equal(info->kind, rows[i].kind);
        assert_int_equal(tb_method_find(tb_span_str(rows[i].name)), rows[i].method);
        assert_int_equal(tb_method_serves(rows[i].method, &name), rows[i].dns);
        assert_int_equal(tb_method_serves(rows[i].method, &wildcard), rows[i].wildcard);
        assert_int_equal(tb_method_serves(rows[i].method, &address), rows[i].ip);
        assert_false(tb_method_serves(rows[i].method, &mail));
        /* Whoever may prove all names just below may prove all below; a web server shows itself. */
        assert_int_equal(info->for_subtree, rows[i].wildcard);
    }
}

static void a_subtree_is_proved_by_dns_alone(void **state)
{
    (void)state;
    assert_int_equal(tb_methods_for_subtree(~(tb_methods_t)0), TB_METHOD_BIT(TB_METHOD_DNS_01) |
                                                                   TB_METHOD_BIT(TB_METHOD_DNS_ACCOUNT_01) |
                                                                   TB_METHOD_BIT(TB_METHOD_DNS_PERSIST_01));
    assert_int_equal(tb_methods_for_subtree(TB_METHOD_BIT(TB_METHOD_HTTP_01) | TB_METHOD_BIT(TB_METHOD_DNS_01)),
                     TB_METHOD_BIT(TB_METHOD_DNS_01));
    assert_int_equal(tb_methods_for_subtree(0), 0);
}

static void what_is_no_method_serves_nothing(void **state)
{
    static const char *const names[] = {"", "HTTP-01", "http-01 ", "http-0", "ca-tls-client-01", "tls-sni-01"};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++)
        assert_int_equal(tb_method_find(tb_span_str(names[i])), TB_METHOD_NONE);
    assert_null(tb_method_info(TB_METHOD_NONE));
    assert_null(tb_method_info(TB_METHOD__COUNT));
    assert_null(tb_method_info((enum tb_method) - 1));
    assert_false(tb_method_serves(TB_METHOD_NONE, &name));
    assert_false(tb_method_serves(TB_METHOD__COUNT, &name));
    assert_false(tb_method_serves(TB_METHOD_HTTP_01, &(struct tb_ident){0}));
    assert_false(tb_method_serves(TB_METHOD_HTTP_01, &(struct tb_ident){.type = TB_IDENT_IP, .wildcard = true}));
}

static void a_set_is_of_one_kind(void **state)
{
    (void)state;
    assert_true(tb_methods_of_kind(0, TB_PROOF_CONTROL));
    for (unsigned m = 0; m < 32; m++) {
        const struct tb_method_info *info = tb_method_info((enum tb_method)m);

        assert_int_equal(tb_methods_of_kind(TB_METHOD_BIT(m), TB_PROOF_CONTROL),
                         info != NULL && info->kind == TB_PROOF_CONTROL);
        assert_int_equal(tb_methods_of_kind(TB_METHOD_BIT(m), TB_PROOF_USE),
                         info != NULL && info->kind == TB_PROOF_USE);
    }
    assert_false(tb_methods_of_kind(TB_METHOD_BIT(TB_METHOD_HTTP_01) | TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01),
                                    TB_PROOF_CONTROL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_method_serves_its_identifiers),
        cmocka_unit_test(a_subtree_is_proved_by_dns_alone),
        cmocka_unit_test(what_is_no_method_serves_nothing),
        cmocka_unit_test(a_set_is_of_one_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
