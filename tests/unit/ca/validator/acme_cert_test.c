#include "ca/validator/acme_cert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/ca/validator/tls_server.h"
#include "tests/unit/test.h"

static const struct tb_ident dns = {.type = TB_IDENT_DNS, .value = "a.test"};
static const struct tb_ident v4 = {.type = TB_IDENT_IP, .value = "192.0.2.1"};
static const struct tb_ident v6 = {.type = TB_IDENT_IP, .value = "2001:db8::1"};
static uint8_t der[TEST_CERT_MAX];
static uint8_t digest[TB_DIGEST_LEN] = {1, 2, 3};

static int check(const struct test_cert *want, const struct tb_ident *ident, const char **why)
{
    struct test_cert c = *want;
    uint8_t *copy;
    size_t len;
    int r;

    c.digest[0] ^= 1;
    c.digest[1] ^= 2;
    c.digest[2] ^= 3;
    len = test_cert_make(&c, der);
    copy = malloc(len); /* of its exact size, for sanitizers */
    assert_non_null(copy);
    memcpy(copy, der, len);
    r = tb_acme_cert_check(tb_span_of(copy, len), ident, digest, why);
    free(copy);
    assert_int_equal(r == 0, *why == NULL);
    return r;
}

static void what_the_rfc_wants_is_accepted(void **state)
{
    const char *why;

    (void)state;
    assert_ok(check(&(struct test_cert){.san = {"a.test"}}, &dns, &why));
    assert_ok(check(&(struct test_cert){.san = {"A.Test"}}, &dns, &why));
    assert_ok(check(&(struct test_cert){.san = {"192.0.2.1"}}, &v4, &why));
    assert_ok(check(&(struct test_cert){.san = {"2001:db8::1"}}, &v6, &why));
    assert_ok(check(&(struct test_cert){.san = {"a.test"}, .others = 3}, &dns, &why));
}

#define ROW(e, ...)                                                                                                    \
    {                                                                                                                  \
        e,                                                                                                             \
        {                                                                                                              \
            .san = {"a.test"}, __VA_ARGS__                                                                             \
        }                                                                                                              \
    }

static const struct {
    int err;
    struct test_cert cert;
} wrong[] = {
    {TB_E_DENIED, {.san = {"b.test"}}},
    {TB_E_DENIED, {.san = {"a.test", "b.test"}}},
    {TB_E_DENIED, {.san = {"a.test", "a.test"}}},
    {TB_E_DENIED, {.san = {"a.test", "192.0.2.1"}}},
    {TB_E_DENIED, {.san = {"*.a.test"}}},
    {TB_E_DENIED, {.san = {"a.test."}}},
    {TB_E_DENIED, {.san = {"a.tes"}}},
    {TB_E_DENIED, {.san = {"x.a.test"}}},
    {TB_E_DENIED, {.san = {NULL}}},
    {TB_E_DENIED, {.san = {"192.0.2.1"}}},
    ROW(TB_E_DENIED, .san_tag = 0x81),
    ROW(TB_E_DENIED, .san_tag = 0x86),
    ROW(TB_E_DENIED, .san_tag = 0x87),
    ROW(TB_E_DENIED, .no_san = true),
    ROW(TB_E_DENIED, .san_twice = true),
    ROW(TB_E_DENIED, .no_extensions = true),
    ROW(TB_E_FORMAT, .version_1 = true),
    ROW(TB_E_DENIED, .other_issuer = true),
    ROW(TB_E_DENIED, .other_signer = true),
    ROW(TB_E_FORMAT, .trailing = true),
    ROW(TB_E_DENIED, .no_acme = true),
    ROW(TB_E_DENIED, .acme_twice = true),
    ROW(TB_E_DENIED, .acme_not_critical = true),
    ROW(TB_E_FORMAT, .acme_critical_false = true),
    ROW(TB_E_DENIED, .acme_old = true),
    ROW(TB_E_DENIED, .acme_old_too = true),
    ROW(TB_E_BADSIG, .acme_flat = true),
    ROW(TB_E_BADSIG, .acme_trailing = true),
    ROW(TB_E_BADSIG, .digest_len = TB_DIGEST_LEN - 1),
    ROW(TB_E_BADSIG, .digest = {1}),
};

/* Invariant: extra SAN, obsolete OID, extension that is not critical or stands twice: all refused. */
static void every_other_certificate_is_refused(void **state)
{
    const char *why;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(wrong); i++) {
        int r = check(&wrong[i].cert, &dns, &why);

        if (r != wrong[i].err)
            fail_msg("certificate %zu: %d: %s", i, r, why != NULL ? why : "accepted");
    }
}

static void an_address_is_not_a_name(void **state)
{
    const char *why;

    (void)state;
    assert_int_equal(check(&(struct test_cert){.san = {"192.0.2.1"}, .san_tag = 0x82}, &v4, &why), TB_E_DENIED);
    assert_int_equal(check(&(struct test_cert){.san = {"192.0.2.2"}}, &v4, &why), TB_E_DENIED);
    assert_int_equal(check(&(struct test_cert){.san = {"2001:db8::1"}}, &v4, &why), TB_E_DENIED);
    assert_int_equal(check(&(struct test_cert){.san = {"1.2.0.192.in-addr.arpa"}}, &v4, &why), TB_E_DENIED);
    assert_int_equal(check(&(struct test_cert){.san = {"192.0.2.1"}}, &v6, &why), TB_E_DENIED);
}

static void extensions_are_read_to_the_maximum(void **state)
{
    struct test_cert c = {.san = {"a.test"}, .others = TB_ACME_CERT_EXTENSIONS_MAX - 2};
    const char *why;

    (void)state;
    assert_ok(check(&c, &dns, &why));
    c.others++;
    assert_int_equal(check(&c, &dns, &why), TB_E_DENIED);
}

static void a_certificate_cut_anywhere_is_refused(void **state)
{
    const char *why;
    size_t len;

    (void)state;
    assert_ok(check(&(struct test_cert){.san = {"a.test"}}, &dns, &why));
    len = test_cert_make(&(struct test_cert){.san = {"a.test"}}, der);
    for (size_t n = 0; n < len; n++) {
        uint8_t *copy = malloc(n + 1);

        assert_non_null(copy);
        memcpy(copy, der, n);
        assert_int_equal(tb_acme_cert_check(tb_span_of(copy, n), &dns, digest, &why), TB_E_FORMAT);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_rfc_wants_is_accepted),
        cmocka_unit_test(every_other_certificate_is_refused),
        cmocka_unit_test(an_address_is_not_a_name),
        cmocka_unit_test(extensions_are_read_to_the_maximum),
        cmocka_unit_test(a_certificate_cut_anywhere_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
