#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "lib/acme/url.h"

#define BASE "https://ca.example:14000"
#define ID   "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"
#define ACCT BASE "/acme/acct/" ID
#define FIN  BASE "/acme/finalize/"

static void account_urls_round_trip(void **state)
{
    uint8_t thumbprint[TB_DIGEST_LEN], got[TB_DIGEST_LEN] = {0};
    char url[TB_ACCOUNT_URL_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof(thumbprint); i++)
        thumbprint[i] = (uint8_t)(i + 1);
    tb_account_url(url, BASE, thumbprint);
    assert_string_equal(url, ACCT);
    assert_ok(tb_account_url_parse(url, BASE, got));
    assert_memory_equal(got, thumbprint, sizeof(got));
}

static void other_account_urls_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        BASE,
        BASE "/acme/acct/",
        ACCT "A",
        ACCT "/",
        ACCT "/orders",
        ACCT "=",
        ACCT "?",
        ACCT "#",
        " " ACCT,
        ACCT " ",
        "http://ca.example:14000/acme/acct/" ID,
        "https://ca.example/acme/acct/" ID,
        "https://ca.example:14000.evil.example/acme/acct/" ID,
        "https://user@ca.example:14000/acme/acct/" ID,
        "HTTPS://ca.example:14000/acme/acct/" ID,
        "https://CA.example:14000/acme/acct/" ID,
        BASE "//acme/acct/" ID,
        BASE "/acme//acct/" ID,
        BASE "/acme/acct//" ID,
        BASE "/acme/order/" ID,
        BASE "/ACME/acct/" ID,
        /* 43 characters, but left-over bits; not of the alphabet; padding inside the length */
        BASE "/acme/acct/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyB",
        BASE "/acme/acct/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHy+",
        BASE "/acme/acct/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHy=",
        BASE "/acme/acct/%41QIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0e",
    };
    const uint8_t zero[TB_DIGEST_LEN] = {0};
    uint8_t got[TB_DIGEST_LEN];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        memset(got, 0xee, sizeof(got));
        if (tb_account_url_parse(bad[i], BASE, got) != TB_E_FORMAT)
            fail_msg("accepted: %s", bad[i]);
        assert_memory_equal(got, zero, sizeof(got));
    }
    assert_int_equal(tb_account_url_parse("/acme/acct/" ID, "", got), TB_E_FORMAT);
}

static void the_longest_base_fits(void **state)
{
    const uint8_t thumbprint[TB_DIGEST_LEN] = {0xff};
    struct tb_finalize_ref ref = {.signer = UINT32_MAX, .epoch = UINT32_MAX, .order = INT64_MAX}, ref_got;
    char base[TB_BASE_URL_MAX + 1];
    char url[TB_ACCOUNT_URL_MAX + 1], fin[TB_FINALIZE_URL_MAX + 1];
    uint8_t got[TB_DIGEST_LEN];

    (void)state;
    memset(base, 'b', TB_BASE_URL_MAX);
    base[TB_BASE_URL_MAX] = '\0';
    memset(ref.profile, 'p', TB_PROFILE_NAME_MAX);
    memset(ref.version, '1', TB_PROFILE_VERSION_MAX);
    tb_account_url(url, base, thumbprint);
    assert_ok(tb_account_url_parse(url, base, got));
    assert_memory_equal(got, thumbprint, sizeof(got));
    tb_finalize_url(fin, base, &ref);
    assert_ok(tb_finalize_url_parse(fin, base, &ref_got));
    assert_memory_equal(&ref, &ref_got, sizeof(ref));
}

static void finalize_urls_round_trip(void **state)
{
    const struct tb_finalize_ref ref = {
        .profile = "client-preproved", .version = "2026-11", .signer = 1, .epoch = 12, .order = 29360131686400001};
    struct tb_finalize_ref got;
    char url[TB_FINALIZE_URL_MAX + 1];

    (void)state;
    tb_finalize_url(url, BASE, &ref);
    assert_string_equal(url, FIN "client-preproved@2026-11/1/12/29360131686400001");
    assert_ok(tb_finalize_url_parse(url, BASE, &got));
    assert_string_equal(got.profile, ref.profile);
    assert_string_equal(got.version, ref.version);
    assert_int_equal(got.signer, 1);
    assert_int_equal(got.epoch, 12);
    assert_true(got.order == ref.order);
}

static void other_finalize_urls_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        FIN,
        FIN "server@1",
        FIN "server@1/1/1",
        FIN "server@1/1/1/",
        FIN "server@1/1/1/1/",
        FIN "server@1/1/1/1/1",
        FIN "server@1/1/1/1 ",
        FIN "server@1/1/1/1?x",
        FIN "server@1/1/1/1#x",
        FIN " server@1/1/1/1",
        FIN "server/1/1/1",
        FIN "server@/1/1/1",
        FIN "@1/1/1/1",
        FIN "Server@1/1/1/1",
        FIN "server@1@2/1/1/1",
        FIN "server@1//1/1/1",
        FIN "server@1/01/1/1",
        FIN "server@1/1/01/1",
        FIN "server@1/1/1/01",
        FIN "server@1/0/1/1",
        FIN "server@1/1/0/1",
        FIN "server@1/1/1/0",
        FIN "server@1/+1/1/1",
        FIN "server@1/1/-1/1",
        FIN "server@1/1/1/-1",
        FIN "server@1/1/1/0x1",
        FIN "server@1/1/1/1e1",
        FIN "server@1/ 1/1/1",
        FIN "server@1//1/1",
        FIN "server@1/4294967296/1/1",
        FIN "server@1/1/4294967296/1",
        FIN "server@1/1/1/9223372036854775808",
        FIN "server@1/1/1/18446744073709551617",
        FIN "server@1/1/1/99999999999999999999999999",
        FIN "../finalize/server@1/1/1/1",
        "https://ca.example:1400/acme/finalize/server@1/1/1/1",
        "https://ca.example:14000/ACME/finalize/server@1/1/1/1",
        "https://ca.example:14000/acme/finalize//server@1/1/1/1",
    };
    const struct tb_finalize_ref zero = {.order = 0};
    struct tb_finalize_ref got;

    (void)state;
    assert_ok(tb_finalize_url_parse(FIN "server@1/1/1/1", BASE, &got));
    assert_ok(tb_finalize_url_parse(FIN "server@1/4294967295/4294967295/9223372036854775807", BASE, &got));
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        memset(&got, 0xee, sizeof(got));
        if (tb_finalize_url_parse(bad[i], BASE, &got) != TB_E_FORMAT)
            fail_msg("accepted: %s", bad[i]);
        assert_memory_equal(&got, &zero, sizeof(got));
    }
    assert_int_equal(tb_finalize_url_parse("/acme/finalize/server@1/1/1/1", "", &got), TB_E_FORMAT);
}

static void an_order_number_holds_its_time(void **state)
{
    (void)state;
    assert_int_equal(tb_order_no_time(((tb_order_no_t)1795472160 << TB_ORDER_SEQ_BITS) | 0xffffff), 1795472160);
    assert_int_equal(tb_order_no_time(0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(account_urls_round_trip),         cmocka_unit_test(other_account_urls_are_refused),
        cmocka_unit_test(the_longest_base_fits),           cmocka_unit_test(finalize_urls_round_trip),
        cmocka_unit_test(other_finalize_urls_are_refused), cmocka_unit_test(an_order_number_holds_its_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
