/* Revocation: lists given by the caller; what is stale, forged or not there yet is a denial. */
#include <stdlib.h>

#include "tests/unit/lib/verify/objects.h"
#include "tests/unit/test.h"

static enum tabard_reason ask(enum tabard_revocation mode, const char *chain_file, const char *const *crl_files)
{
    struct tabard_anchors *anchors = obj_anchors();
    struct tabard_decision *decision = tabard_decision_new();
    struct tabard_crls *crls = tabard_crls_new();
    struct tabard_request req = obj_request(TABARD_ROLE_CLIENT, anchors);
    struct obj_chain chain;
    enum tabard_reason reason = TABARD_R_ALLOWED;

    obj_chain_load(&chain, chain_file);
    for (; *crl_files != NULL; crl_files++) {
        size_t len;
        char *pem = obj_read(*crl_files, &len);

        assert_int_equal(tabard_crls_add_pem(crls, pem, len), 0);
        free(pem);
    }
    req.revocation = mode;
    req.crls = crls;
    /* Twice: the second time from what was remembered about signatures. */
    for (int i = 0; i < 2; i++) {
        tabard_chain_check(&req, chain.certs, chain.num, decision);
        assert_true(i == 0 || reason == tabard_decision_reason(decision));
        reason = tabard_decision_reason(decision);
    }
    obj_chain_clear(&chain);
    tabard_decision_free(decision);
    tabard_crls_free(crls);
    tabard_anchors_free(anchors);
    return reason;
}

#define CRLS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_table(void **state)
{
    static const char *const none[] = {NULL};

    (void)state;
    assert_int_equal(ask(TABARD_REVOCATION_NONE, "eku-both.pem", none), TABARD_R_CHAIN_SOUND);
    assert_int_equal(ask(TABARD_REVOCATION_LEAF, "eku-both.pem", none), TABARD_R_CRL_ABSENT);
    assert_int_equal(ask(TABARD_REVOCATION_LEAF, "eku-both.pem", CRLS("fresh.crl")), TABARD_R_CHAIN_SOUND);
    assert_int_equal(ask(TABARD_REVOCATION_CHAIN, "eku-both.pem", CRLS("fresh.crl")), TABARD_R_CRL_ABSENT);
    assert_int_equal(ask(TABARD_REVOCATION_CHAIN, "eku-both.pem", CRLS("fresh.crl", "root.crl")), TABARD_R_CHAIN_SOUND);
    assert_int_equal(ask(TABARD_REVOCATION_LEAF, "eku-both.pem", CRLS("root.crl")), TABARD_R_CRL_ABSENT);
    assert_int_equal(ask(TABARD_REVOCATION_LEAF, "revoked.pem", CRLS("fresh.crl")), TABARD_R_REVOKED);
    assert_int_equal(ask(TABARD_REVOCATION_NONE, "revoked.pem", CRLS("fresh.crl")), TABARD_R_REVOKED);
    assert_int_equal(ask(TABARD_REVOCATION_NONE, "revoked.pem", CRLS("stale.crl", "fresh.crl")), TABARD_R_REVOKED);
}

static void test_not_current(void **state)
{
    (void)state;
    for (int mode = TABARD_REVOCATION_NONE; mode <= TABARD_REVOCATION_CHAIN; mode++) {
        assert_int_equal(ask((enum tabard_revocation)mode, "eku-both.pem", CRLS("stale.crl")), TABARD_R_CRL_STALE);
        assert_int_equal(ask((enum tabard_revocation)mode, "eku-both.pem", CRLS("future.crl")), TABARD_R_CRL_FUTURE);
        assert_int_equal(ask((enum tabard_revocation)mode, "eku-both.pem", CRLS("forged.crl")), TABARD_R_CRL_INVALID);
    }
    /* One that is current makes up for one that is not. */
    assert_int_equal(ask(TABARD_REVOCATION_LEAF, "eku-both.pem", CRLS("stale.crl", "fresh.crl")), TABARD_R_CHAIN_SOUND);
}

static void test_calls(void **state)
{
    struct tabard_crls *crls = tabard_crls_new();
    size_t len;
    char *pem = obj_read("fresh.crl", &len);

    (void)state;
    assert_int_equal(tabard_crls_add_pem(crls, "", 0), TABARD_ERR_FORMAT);
    assert_int_equal(tabard_crls_add_pem(crls, pem, len / 2), TABARD_ERR_FORMAT);
    assert_int_equal(tabard_crls_add_der(crls, "x", 1), TABARD_ERR_FORMAT);
    for (int i = 0; i < TABARD_CRLS_MAX; i++)
        assert_int_equal(tabard_crls_add_pem(crls, pem, len), 0);
    assert_int_equal(tabard_crls_add_pem(crls, pem, len), TABARD_ERR_LIMIT);
    free(pem);
    tabard_crls_free(crls);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_not_current),
        cmocka_unit_test(test_calls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
