/* What servers send: directory, order, authorization. */
#include "client/authz.h"
#include "client/order.h"
#include "tests/unit/test.h"

#include <string.h>

#define DIR_HEAD "{\"newNonce\":\"https://a/n\",\"newAccount\":\"https://a/a\""

static void a_directory_needs_its_three_urls_and_they_are_https(void **state)
{
    static const char *const bad[] = {"",
                                      "[]",
                                      DIR_HEAD "}",
                                      DIR_HEAD ",\"newOrder\":\"http://a/o\"}",
                                      DIR_HEAD ",\"newOrder\":7}",
                                      DIR_HEAD ",\"newOrder\":\"https://a/o\",\"revokeCert\":\"ftp://a\"}"};
    static struct tb_acme_directory dir;
    const char *what;

    (void)state;
    assert_ok(tb_acme_directory_parse(
        tb_span_str(DIR_HEAD ",\"newOrder\":\"https://a/o\",\"x\":[],\"meta\":{\"profiles\":{\"p\":\"\",\"q\":\"\"},"
                             "\"externalAccountRequired\":true}}"),
        &dir, &what));
    assert_int_equal(dir.num_profiles, 2);
    assert_true(dir.eab_required);
    assert_string_equal(dir.revoke_cert, "");
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_int_equal(tb_acme_directory_parse(tb_span_str(bad[i]), &dir, &what), TB_E_FORMAT);
}

static int authz(const char *text, struct tb_acme_authz *out)
{
    json_t *obj;
    int r;

    assert_ok(tb_json_parse(tb_span_str(text), TB_HTTPS_BODY_MAX, &obj));
    r = tb_acme_authz_parse(obj, out);
    json_decref(obj);
    return r;
}

#define CH(token)       "{\"type\":\"http-01\",\"url\":\"https://a/c\",\"token\":\"" token "\"}"
#define AZ(value, more) "{\"identifier\":{\"type\":\"dns\",\"value\":\"" value "\"},\"status\":\"pending\"" more "}"

/* Invariant 38: server data never becomes a path or a DNS value unless it is of the alphabet. */
static void invariant_38_a_token_outside_the_alphabet_is_no_challenge(void **state)
{
    static const char *const bad[] = {CH(""),          CH("../../x"), CH("a.b"), CH("a b"),
                                      CH("a\\u0000b"), CH("$(id)"),   CH("a=")};
    static struct tb_acme_authz az;
    char text[512];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        snprintf(text, sizeof(text), AZ("a.example", ",\"challenges\":[%s]"), bad[i]);
        if (strstr(text, "u0000") != NULL)
            continue; /* the reader of JSON refuses it before */
        assert_ok(authz(text, &az));
        assert_int_equal(az.num_challenges, 0);
    }
    assert_ok(authz(AZ("a.example", ",\"challenges\":[" CH("ab-_Z9") "],\"wildcard\":true"), &az));
    assert_int_equal(az.num_challenges, 1);
    assert_true(az.ident.wildcard);
    assert_non_null(tb_acme_authz_find(&az, "http-01"));
    assert_null(tb_acme_authz_find(&az, "dns-01"));
}

static void an_authorization_for_no_name_is_refused(void **state)
{
    static struct tb_acme_authz az;

    (void)state;
    assert_int_equal(authz(AZ("", ""), &az), TB_E_FORMAT);
    assert_int_equal(authz(AZ("a/b", ""), &az), TB_E_FORMAT);
    assert_int_equal(authz(AZ("*.a.example", ""), &az), TB_E_FORMAT);
    assert_int_equal(authz("{\"status\":\"pending\"}", &az), TB_E_FORMAT);
}

static int order(const char *text, struct tb_acme_order *out)
{
    json_t *obj;
    int r;

    assert_ok(tb_json_parse(tb_span_str(text), TB_HTTPS_BODY_MAX, &obj));
    r = tb_acme_order_parse(obj, out);
    json_decref(obj);
    return r;
}

static void an_order_has_authorizations_up_to_the_maximum(void **state)
{
    static char text[TB_ORDER_AUTHZ_MAX * 32];
    struct tb_acme_order o;

    (void)state;
    assert_int_equal(order("{\"status\":\"pending\",\"finalize\":\"https://a/f\",\"authorizations\":[]}", &o),
                     TB_E_FORMAT);
    assert_int_equal(order("{\"status\":\"pending\",\"finalize\":\"https://a/f\"}", &o), TB_E_FORMAT);
    assert_int_equal(order("{\"status\":\"pending\",\"authorizations\":[\"https://a/1\"]}", &o), TB_E_FORMAT);
    assert_int_equal(order("{\"status\":\"p\",\"finalize\":\"https://a/f\",\"authorizations\":[\"http://a/1\"]}", &o),
                     TB_E_FORMAT);
    for (size_t n = TB_ORDER_AUTHZ_MAX; n <= TB_ORDER_AUTHZ_MAX + 1; n++) {
        strcpy(text, "{\"status\":\"pending\",\"finalize\":\"https://a/f\",\"authorizations\":[\"https://a/0\"");
        for (size_t i = 1; i < n; i++)
            strcat(text, ",\"https://a/1\"");
        strcat(text, "]}");
        assert_int_equal(order(text, &o), n == TB_ORDER_AUTHZ_MAX ? 0 : TB_E_LIMIT);
        if (n == TB_ORDER_AUTHZ_MAX)
            assert_int_equal(o.num_authz, n);
        tb_acme_order_clear(&o);
    }
}

#define TC(list) "{\"type\":\"tls-client-01\",\"url\":\"https://a/c\",\"token\":\"abc\"," list "}"

static void a_challenge_without_usable_responders_is_none(void **state)
{
    static const char *const bad[] = {
        TC("\"quorum\":1"),
        TC("\"responders\":[],\"quorum\":1"),
        TC("\"responders\":[\"ca.example:1\"]"),
        TC("\"responders\":[\"ca.example:1\"],\"quorum\":0"),
        TC("\"responders\":[\"ca.example:1\"],\"quorum\":2"),
        TC("\"responders\":[\"ca.example\"],\"quorum\":1"),
        TC("\"responders\":[\"ca:1\"],\"quorum\":1"),
        TC("\"responders\":[\"*.ca.example:1\"],\"quorum\":1"),
        TC("\"responders\":[\"192.0.2.1:1\"],\"quorum\":1"),
        TC("\"responders\":[\"ca.example:0\"],\"quorum\":1"),
        TC("\"responders\":[\"ca.example:65536\"],\"quorum\":1"),
        TC("\"responders\":[\"ca.example:1x\"],\"quorum\":1"),
        TC("\"responders\":[7],\"quorum\":1"),
        TC("\"responders\":[\"a.b:1\",\"a.b:2\",\"a.b:3\",\"a.b:4\",\"a.b:5\",\"a.b:6\",\"a.b:7\",\"a.b:8\",\"a.b:9\"],"
           "\"quorum\":1"),
    };
    static struct tb_acme_authz az;
    char text[1024];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        snprintf(text, sizeof(text), AZ("a.example", ",\"challenges\":[%s]"), bad[i]);
        assert_ok(authz(text, &az));
        assert_int_equal(az.num_challenges, 0);
    }
    assert_ok(authz(AZ("a.example", ",\"proves\":\"use\",\"challenges\":[" TC(
                                        "\"responders\":[\"ca.example:14001\",\"b.example:65535\"],\"quorum\":2") "]"),
                    &az));
    assert_true(az.proves_use);
    assert_int_equal(az.num_challenges, 1);
    assert_int_equal(az.num_responders, 2);
    assert_int_equal(az.quorum, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_directory_needs_its_three_urls_and_they_are_https),
        cmocka_unit_test(invariant_38_a_token_outside_the_alphabet_is_no_challenge),
        cmocka_unit_test(a_challenge_without_usable_responders_is_none),
        cmocka_unit_test(an_authorization_for_no_name_is_refused),
        cmocka_unit_test(an_order_has_authorizations_up_to_the_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
