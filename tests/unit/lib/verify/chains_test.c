/* Every chain of tests/objects/chains gives the reason that index.txt names, in each role, in any order. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/lib/verify/objects.h"
#include "tests/unit/test.h"

static unsigned failures;

static void expect(const char *file, enum tabard_role role, const char *want, const struct obj_chain *chain,
                   const struct tabard_anchors *anchors, struct tabard_decision *decision)
{
    struct tabard_request req = obj_request(role, anchors);
    const char *got;

    tabard_chain_check(&req, chain->certs, chain->num, decision);
    got = tabard_reason_text(tabard_decision_reason(decision));
    if (strcmp(got, want) != 0) {
        failures++;
        print_error("%s, role %d: expected %s, got %s (%s at %d, %s; expected %s, seen %s)\n", file, (int)role, want,
                    got, tabard_decision_object(decision), tabard_decision_depth(decision),
                    tabard_decision_subject(decision), tabard_decision_expected(decision),
                    tabard_decision_seen(decision));
    }
    assert_false(tabard_decision_allowed(decision));
    assert_false(tabard_decision_strict(decision));
}

static void reverse(struct obj_chain *chain)
{
    for (size_t i = 1, j = chain->num - 1; i < j; i++, j--) {
        struct tabard_cert c = chain->certs[i];

        chain->certs[i] = chain->certs[j];
        chain->certs[j] = c;
    }
}

static void test_corpus(void **state)
{
    struct tabard_anchors *anchors = obj_anchors();
    struct tabard_decision *decision = tabard_decision_new();
    size_t len;
    char *text = obj_read("index.txt", &len);
    unsigned num = 0;
    char *save = NULL;

    (void)state;
    for (char *line = strtok_r(text, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
        char name[64];
        char client[64];
        char server[64];
        struct obj_chain chain;

        if (line[0] == '#')
            continue;
        assert_int_equal(sscanf(line, "%58s %63s %63s", name, client, server), 3);
        strcat(name, ".pem");
        obj_chain_load(&chain, name);
        for (int turn = 0; turn < 2; turn++) {
            expect(name, TABARD_ROLE_CLIENT, client, &chain, anchors, decision);
            expect(name, TABARD_ROLE_SERVER, server, &chain, anchors, decision);
            reverse(&chain);
        }
        obj_chain_clear(&chain);
        num++;
    }
    assert_true(num > 90);
    assert_int_equal(failures, 0);
    free(text);
    tabard_decision_free(decision);
    tabard_anchors_free(anchors);
}

/* Each certificate cut by one octet at its end, and one octet longer. */
static void test_truncated(void **state)
{
    struct tabard_anchors *anchors = obj_anchors();
    struct tabard_decision *decision = tabard_decision_new();
    struct tabard_request req = obj_request(TABARD_ROLE_CLIENT, anchors);
    struct obj_chain chain;
    uint8_t *longer;

    (void)state;
    obj_chain_load(&chain, "eku-both.pem");
    for (size_t i = 0; i < chain.num; i++) {
        struct tabard_cert whole = chain.certs[i];

        chain.certs[i].len--;
        tabard_chain_check(&req, chain.certs, chain.num, decision);
        assert_int_equal(tabard_decision_reason(decision), TABARD_R_CERTIFICATE_MALFORMED);
        longer = calloc(1, whole.len + 1);
        memcpy(longer, whole.der, whole.len);
        chain.certs[i] = (struct tabard_cert){.der = longer, .len = whole.len + 1};
        tabard_chain_check(&req, chain.certs, chain.num, decision);
        assert_int_equal(tabard_decision_reason(decision), TABARD_R_CERTIFICATE_MALFORMED);
        free(longer);
        chain.certs[i] = whole;
    }
    longer = calloc(1, TABARD_CERT_MAX + 1);
    for (size_t over = 0; over < 2; over++) {
        struct tabard_cert large = {.der = longer, .len = TABARD_CERT_MAX + over};

        tabard_chain_check(&req, &large, 1, decision);
        assert_int_equal(tabard_decision_reason(decision),
                         over == 0 ? TABARD_R_CERTIFICATE_MALFORMED : TABARD_R_CHAIN_TOO_LONG);
    }
    free(longer);
    tabard_chain_check(&req, chain.certs, 0, decision);
    assert_int_equal(tabard_decision_reason(decision), TABARD_R_NO_CERTIFICATE);
    tabard_chain_check(&req, chain.certs, chain.num, decision);
    assert_int_equal(tabard_decision_reason(decision), TABARD_R_CHAIN_SOUND);
    obj_chain_clear(&chain);
    tabard_decision_free(decision);
    tabard_anchors_free(anchors);
}

/* An anchor is trusted for its roles only. */
static void test_anchor_scope(void **state)
{
    struct tabard_anchors *anchors = tabard_anchors_new();
    struct tabard_decision *decision = tabard_decision_new();
    struct tabard_request req = obj_request(TABARD_ROLE_CLIENT, anchors);
    struct obj_chain chain;
    size_t len;
    char *pem = obj_read("roots.pem", &len);

    (void)state;
    obj_chain_load(&chain, "eku-both.pem");
    tabard_chain_check(&req, chain.certs, chain.num, decision);
    assert_int_equal(tabard_decision_reason(decision), TABARD_R_NO_ANCHOR_FOR_ROLE);
    assert_int_equal(tabard_anchors_add_pem(anchors, pem, len, TABARD_ROLE_BIT(TABARD_ROLE_SERVER)), 0);
    tabard_chain_check(&req, chain.certs, chain.num, decision);
    assert_int_equal(tabard_decision_reason(decision), TABARD_R_NO_ANCHOR_FOR_ROLE);
    assert_int_equal(
        tabard_anchors_add_der(anchors, chain.certs[0].der, chain.certs[0].len, TABARD_ROLE_BIT(TABARD_ROLE_CLIENT)),
        0);
    tabard_chain_check(&req, chain.certs, chain.num, decision);
    assert_int_equal(tabard_decision_reason(decision), TABARD_R_ANCHOR_OTHER_ROLE);
    assert_string_equal(tabard_decision_object(decision), "anchor");
    assert_int_equal(tabard_anchors_add_pem(anchors, pem, len, TABARD_ROLE_BIT(TABARD_ROLE_CLIENT)), 0);
    assert_int_equal(tabard_anchors_num(anchors), 5);
    tabard_chain_check(&req, chain.certs, chain.num, decision);
    assert_int_equal(tabard_decision_reason(decision), TABARD_R_CHAIN_SOUND);
    obj_chain_clear(&chain);
    free(pem);
    tabard_decision_free(decision);
    tabard_anchors_free(anchors);
}

static void test_anchor_calls(void **state)
{
    struct tabard_anchors *anchors = tabard_anchors_new();
    size_t len;
    char *pem = obj_read("roots.pem", &len);

    (void)state;
    assert_int_equal(tabard_anchors_add_pem(anchors, pem, len, 0), TABARD_ERR_ARGUMENT);
    assert_int_equal(tabard_anchors_add_pem(anchors, pem, len, 8), TABARD_ERR_ARGUMENT);
    assert_int_equal(tabard_anchors_add_pem(anchors, "", 0, OBJ_BOTH), TABARD_ERR_FORMAT);
    assert_int_equal(tabard_anchors_add_pem(anchors, "junk\n", 5, OBJ_BOTH), TABARD_ERR_FORMAT);
    /* All or none: the last object is cut. */
    assert_int_equal(tabard_anchors_add_pem(anchors, pem, len - 40, OBJ_BOTH), TABARD_ERR_FORMAT);
    assert_int_equal(tabard_anchors_num(anchors), 0);
    assert_int_equal(tabard_anchors_add_pem(anchors, pem, len, OBJ_BOTH), 0);
    assert_int_equal(tabard_anchors_num(anchors), 4);
    free(pem);
    pem = obj_read("fresh.crl", &len);
    assert_int_equal(tabard_anchors_add_pem(anchors, pem, len, OBJ_BOTH), TABARD_ERR_FORMAT);
    free(pem);
    tabard_anchors_free(anchors);
}

/* Validity is the caller's time: one second on each side of both limits. */
static void test_time(void **state)
{
    static const struct {
        int64_t time;
        enum tabard_reason want;
    } rows[] = {
        {INT64_C(1767225599), TABARD_R_NOT_YET_VALID},
        {INT64_C(1767225600), TABARD_R_CHAIN_SOUND},
        {INT64_C(2398377599), TABARD_R_CHAIN_SOUND},
        {INT64_C(2398377600), TABARD_R_EXPIRED},
        {0, TABARD_R_NOT_YET_VALID},
        {INT64_MAX, TABARD_R_EXPIRED},
        {INT64_MIN, TABARD_R_NOT_YET_VALID},
    };
    struct tabard_anchors *anchors = obj_anchors();
    struct tabard_decision *decision = tabard_decision_new();
    struct obj_chain chain;

    (void)state;
    obj_chain_load(&chain, "eku-both.pem");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tabard_request req = obj_request(TABARD_ROLE_CLIENT, anchors);

        req.time = rows[i].time;
        tabard_chain_check(&req, chain.certs, chain.num, decision);
        assert_int_equal(tabard_decision_reason(decision), rows[i].want);
    }
    obj_chain_clear(&chain);
    tabard_decision_free(decision);
    tabard_anchors_free(anchors);
}

/* Whoever signed it: what is for something else, for anything, or for nothing in particular serves in no role. */
static void invariant_34_a_certificate_without_the_purpose_is_denied(void **state)
{
    static const struct {
        const char *file, *client, *server;
    } rows[] = {
        {"eku-none.pem", "eku-absent", "eku-absent"},   {"eku-any.pem", "eku-any", "eku-any"},
        {"eku-any-and-both.pem", "eku-any", "eku-any"}, {"eku-email.pem", "eku-email-only", "eku-email-only"},
        {"eku-codesign.pem", "eku-other", "eku-other"}, {"eku-server.pem", "eku-other", "chain-sound"},
        {"eku-client.pem", "chain-sound", "eku-other"},
    };
    struct tabard_anchors *anchors = obj_anchors();
    struct tabard_decision *decision = tabard_decision_new();

    (void)state;
    failures = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct obj_chain chain;

        obj_chain_load(&chain, rows[i].file);
        expect(rows[i].file, TABARD_ROLE_CLIENT, rows[i].client, &chain, anchors, decision);
        expect(rows[i].file, TABARD_ROLE_SERVER, rows[i].server, &chain, anchors, decision);
        obj_chain_clear(&chain);
    }
    assert_int_equal(failures, 0);
    tabard_decision_free(decision);
    tabard_anchors_free(anchors);
}

/* Texts are an interface: each number has its own. */
static void test_reasons(void **state)
{
    (void)state;
    for (int i = 0; i < TABARD_R__END; i++) {
        const char *text = tabard_reason_text((enum tabard_reason)i);

        if (strcmp(text, "unknown") == 0)
            continue;
        assert_true(tabard_reason_sentence((enum tabard_reason)i)[0] != '\0');
        for (int j = 0; j < i; j++)
            assert_string_not_equal(text, tabard_reason_text((enum tabard_reason)j));
    }
    assert_string_equal(tabard_reason_text(TABARD_R_PEER_FORWARD_MISMATCH), "peer-forward-mismatch");
    assert_string_equal(tabard_reason_text(TABARD_R__END), "unknown");
    assert_string_equal(tabard_reason_rfc(TABARD_R_EKU_ABSENT), "RFC 5280 section 4.2.1.12");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_corpus),       cmocka_unit_test(invariant_34_a_certificate_without_the_purpose_is_denied),
        cmocka_unit_test(test_truncated),    cmocka_unit_test(test_anchor_scope),
        cmocka_unit_test(test_anchor_calls), cmocka_unit_test(test_time),
        cmocka_unit_test(test_reasons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
