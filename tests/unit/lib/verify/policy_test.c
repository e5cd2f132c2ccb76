/* The policy file: what is no whole and sound policy denies everybody. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/lib/verify/objects.h"
#include "tests/unit/test.h"

#define HEAD "version: 1\nissuers:\n  a: sha256:" HEX "\nentries:\n"
#define HEX  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define GOOD                                                                                                           \
    "  - name: one\n    who:\n      dns: \"*.example.test\"\n      issuer: a\n      purpose: clientAuth\n"             \
    "    what: orders\n    until: 2028-01-01T00:00:00Z\n    as: partner\n"
#define END "...\n"

static int check(const char *text, struct tabard_problem *problem)
{
    return tabard_policy_check(text, strlen(text), NULL, problem);
}

static void test_good(void **state)
{
    static const char *const good[] = {
        HEAD GOOD END,
        "version: 1\nentries: []\n" END,
        HEAD GOOD "    mode: shadow\n" END,
        "version: 1\nissuers:\n  a: {keys: sha256:" HEX ", policy_arc: 1.3.6.1.4.1.32473}\nentries:\n" GOOD END,
        "version: 1\nissuers:\n  a: {keys: [sha256:" HEX "]}\nentries:\n" GOOD END,
        HEAD GOOD "    mode: enforce\n" END,
        HEAD
        "  - {name: n, who: {dns: [a.test, b.test], ip: 192.0.2.1, uri: \"x:y\", issuer: any, purpose: serverAuth, "
        "proofs: [dns-01]}, what: [a, b], until: never, as: x}\n" END,
    };

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        struct tabard_problem problem;

        if (check(good[i], &problem) != 0)
            fail_msg("%zu: line %u: %s", i, problem.line, problem.why);
    }
}

static void test_bad(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *why; /* a part of it */
    } bad[] = {
        {"", 0, "empty"},
        {HEAD GOOD, 0, "not whole"},
        {"...\n", 0, "not whole"},
        {"\n...\n", 2, ""},
        {"version: 2\nentries: []\n" END, 1, "expected 1"},
        {"entries: []\n" END, 1, "version"},
        {"version: 1\n" END, 1, "entries"},
        {"version: 1\nentries: {}\n" END, 2, "list"},
        {"version: 1\nentries: []\nallow: all\n" END, 3, "unknown key"},
        {HEAD GOOD GOOD END, 5, "stands twice"},
        {HEAD GOOD "    extra: x\n" END, 13, "unknown key"},
        {HEAD GOOD "    as: x\n" END, 13, "twice"},
        {HEAD GOOD "    mode: off\n" END, 13, "enforce or shadow"},
        {"version: 1\nissuers:\n  any: sha256:" HEX "\nentries: []\n" END, 3, "any"},
        {"version: 1\nissuers:\n  a: sha256:00\nentries: []\n" END, 3, "64 hex"},
        {"version: 1\nissuers:\n  a: []\nentries: []\n" END, 3, "1 to 16"},
        {"version: 1\nissuers:\n  a: {policy_arc: 1.3.6}\nentries: []\n" END, 3, "\"keys\" is missing"},
        {"version: 1\nissuers:\n  a: {keys: sha256:" HEX ", arc: 1.3.6}\nentries: []\n" END, 3, "unknown key"},
        {"version: 1\nissuers:\n  a: {keys: sha256:" HEX ", policy_arc: 2.25.2147483648}\nentries: []\n" END, 3,
         "below 2147483648"},
        {"version: 1\nissuers:\n  a: {keys: sha256:" HEX ", policy_arc: [1.3]}\nentries: []\n" END, 3, "policy_arc"},
        {HEAD "  - {name: n, who: {issuer: a, purpose: clientAuth}, what: x, until: never, as: x}\n" END, 5, "dns, ip"},
        {HEAD "  - {name: n, who: {dns: a.test, purpose: clientAuth}, what: x, until: never, as: x}\n" END, 5,
         "issuer"},
        {HEAD "  - {name: n, who: {dns: a.test, issuer: b, purpose: clientAuth}, what: x, until: never, as: x}\n" END,
         5, "not under"},
        {HEAD
         "  - {name: n, who: {dns: a.test, issuer: [any], purpose: clientAuth}, what: x, until: never, as: x}\n" END,
         5, "not under"},
        {HEAD "  - {name: n, who: {dns: a.test, issuer: [], purpose: clientAuth}, what: x, until: never, as: x}\n" END,
         5, "1 to 64"},
        {HEAD "  - {name: n, who: {dns: [], issuer: a, purpose: clientAuth}, what: x, until: never, as: x}\n" END, 5,
         "1 to 64"},
        {HEAD "  - {name: n, who: {dns: a.test, issuer: a, purpose: any}, what: x, until: never, as: x}\n" END, 5,
         "clientAuth or"},
        {HEAD "  - {name: n, who: {dns: a.test, issuer: a, purpose: clientAuth}, what: [], until: never, as: x}\n" END,
         5, "1 to 64"},
        {HEAD
         "  - {name: n, who: {dns: a.test, issuer: a, purpose: clientAuth}, what: \"\", until: never, as: x}\n" END,
         5, "1 to 1023"},
        {HEAD "  - {name: n, who: {dns: a.test, issuer: a, purpose: clientAuth}, what: x, until: 0, as: x}\n" END, 5,
         "until"},
        {HEAD
         "  - {name: n, who: {dns: a.test, issuer: a, purpose: clientAuth}, what: x, until: never, as: \"\"}\n" END,
         5, "as"},
        {HEAD
         "  - {name: n, who: {dns: a.test, issuer: a, purpose: clientAuth, proofs: [ping]}, what: x, until: never, "
         "as: x}\n" END,
         5, "validation method"},
        {HEAD
         "  - {name: n, who: {dns: \"*.test\", issuer: a, purpose: clientAuth}, what: x, until: never, as: x}\n" END,
         5, "san-wildcard"},
        {HEAD "  - {name: n, who: {dns: \"*\", issuer: a, purpose: clientAuth}, what: x, until: never, as: x}\n" END, 5,
         "san-wildcard"},
        {HEAD "  - {name: n, who: {dns: a.test., issuer: a, purpose: clientAuth}, what: x, until: never, as: x}\n" END,
         5, "trailing-dot"},
        {HEAD "  - {name: n, who: {dns: b\xc3\xbc.test, issuer: a, purpose: clientAuth}, what: x, until: never, as: "
              "x}\n" END,
         5, "not-ascii"},
        {HEAD "  - {name: n, who: {ip: 300.1.1.1, issuer: a, purpose: clientAuth}, what: x, until: never, as: x}\n" END,
         5, "malformed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct tabard_problem problem;

        if (check(bad[i].text, &problem) == 0)
            fail_msg("%zu was accepted", i);
        if (problem.line != bad[i].line || strstr(problem.why, bad[i].why) == NULL)
            fail_msg("%zu: line %u: %s", i, problem.line, problem.why);
    }
}

/* Cut anywhere, the file is refused: no prefix of a policy is a policy. */
static void test_every_prefix(void **state)
{
    static const char text[] = HEAD GOOD "    mode: shadow\n" END;

    (void)state;
    for (size_t n = 0; n < sizeof(text) - 1; n++)
        assert_int_not_equal(tabard_policy_check(text, n, NULL, NULL), 0);
    assert_int_equal(tabard_policy_check(text, sizeof(text) - 1, NULL, NULL), 0);
}

static char *many(size_t num)
{
    char *text = malloc(num * 200 + 1000);
    size_t n = (size_t)sprintf(text, HEAD);

    for (size_t i = 0; i < num; i++)
        n += (size_t)sprintf(text + n,
                             "  - {name: n%zu, who: {dns: n%zu.test, issuer: a, purpose: clientAuth}, what: x, until: "
                             "never, as: x}\n",
                             i, i);
    strcpy(text + n, num == 0 ? "  []\n" END : END);
    return text;
}

static void test_maximum(void **state)
{
    struct tabard_problem problem;
    size_t entries = 0;
    char *text = many(TABARD_ENTRIES_MAX);

    (void)state;
    assert_int_equal(tabard_policy_check(text, strlen(text), &entries, &problem), 0);
    assert_int_equal(entries, TABARD_ENTRIES_MAX);
    free(text);
    text = many(TABARD_ENTRIES_MAX + 1);
    assert_int_equal(tabard_policy_check(text, strlen(text), &entries, &problem), TABARD_ERR_FORMAT);
    assert_int_equal(entries, 0);
    assert_non_null(strstr(problem.why, "16384"));
    free(text);
    text = calloc(1, TABARD_POLICY_MAX + 1);
    memset(text, '\n', TABARD_POLICY_MAX + 1);
    memcpy(text + TABARD_POLICY_MAX - 3, "...\n", 4);
    assert_int_equal(tabard_policy_check(text, TABARD_POLICY_MAX + 1, NULL, &problem), TABARD_ERR_LIMIT);
    free(text);
}

static void test_files(void **state)
{
    struct tabard_policy *policy = tabard_policy_new();
    struct tabard_problem problem;
    struct tabard_counters counters;

    (void)state;
    assert_int_equal(tabard_policy_load(policy, HEAD GOOD END, strlen(HEAD GOOD END), NULL), 0);
    assert_true(tabard_policy_counters(policy, 0, &counters));
    assert_string_equal(counters.name, "one");
    assert_false(tabard_policy_counters(policy, 1, &counters));
    assert_int_equal(tabard_policy_load_file(policy, "/nonexistent/policy", &problem), TABARD_ERR_IO);
    assert_true(problem.why[0] != '\0');
    /* What could not be read has taken the old policy away. */
    assert_false(tabard_policy_counters(policy, 0, &counters));
    assert_int_equal(tabard_policy_load_file(policy, "/dev/null", &problem), TABARD_ERR_FORMAT);
    assert_int_equal(tabard_policy_load_file(policy, "/", &problem), TABARD_ERR_FORMAT);
    tabard_policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),    cmocka_unit_test(test_bad),   cmocka_unit_test(test_every_prefix),
        cmocka_unit_test(test_maximum), cmocka_unit_test(test_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
