/* A policy that is reloaded under load: at no moment is more allowed than the old or the new one allows. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/lib/verify/objects.h"
#include "tests/unit/test.h"

#define RELOADS 100
#define THREADS 3

struct load {
    struct tabard_request req;
    struct obj_chain good, bad;
    atomic_bool stop;
    atomic_ulong good_allowed, good_denied, bad_allowed, wrong_account;
};

static void *worker(void *arg)
{
    struct load *load = arg;
    struct tabard_decision *decision = tabard_decision_new();

    while (!atomic_load(&load->stop)) {
        if (tabard_decide(&load->req, load->good.certs, load->good.num, decision)) {
            atomic_fetch_add(&load->good_allowed, 1);
            if (strcmp(tabard_decision_account(decision), "ann") != 0)
                atomic_fetch_add(&load->wrong_account, 1);
        } else {
            atomic_fetch_add(&load->good_denied, 1);
        }
        if (tabard_decide(&load->req, load->bad.certs, load->bad.num, decision))
            atomic_fetch_add(&load->bad_allowed, 1);
    }
    tabard_decision_free(decision);
    return NULL;
}

static void policies(char *with, char *without, size_t cap)
{
    char key[72];

    obj_key(key, "issuing.pem", 0);
    snprintf(
        with, cap,
        "version: 1\nissuers:\n  one: %s\nentries:\n"
        "  - {name: a, who: {dns: a.example.test, issuer: one, purpose: clientAuth}, what: orders, until: never, as: "
        "ann}\n...\n",
        key);
    snprintf(
        without, cap,
        "version: 1\nissuers:\n  one: %s\nentries:\n"
        "  - {name: z, who: {dns: z.example.test, issuer: one, purpose: clientAuth}, what: orders, until: never, as: "
        "zoe}\n...\n",
        key);
}

static void test_reload(void **state)
{
    struct tabard_anchors *anchors = obj_anchors();
    struct tabard_policy *policy = tabard_policy_new();
    struct load load = {.req = obj_request(TABARD_ROLE_CLIENT, anchors)};
    struct tabard_cert own;
    pthread_t threads[THREADS];
    char with[1024];
    char without[1024];

    (void)state;
    policies(with, without, sizeof(with));
    load.req.policy = policy;
    obj_chain_load(&load.good, "eku-both.pem");
    obj_chain_load(&load.bad, "san-two-accounts-2.pem");
    own = load.bad.certs[0];
    load.bad.certs[0] = load.good.certs[1]; /* the issuing CA as a leaf: never allowed */
    assert_int_equal(tabard_policy_load(policy, with, strlen(with), NULL), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, worker, &load), 0);
    for (int i = 0; i < RELOADS; i++) {
        struct tabard_decision *decision = tabard_decision_new();

        /* Whole, without the entry, broken, empty, half: after each load the new state holds at once. */
        assert_int_equal(tabard_policy_load(policy, without, strlen(without), NULL), 0);
        assert_false(tabard_decide(&load.req, load.good.certs, load.good.num, decision));
        assert_int_equal(tabard_decision_reason(decision), TABARD_R_NAME_NOT_LISTED);
        assert_int_not_equal(tabard_policy_load(policy, with, strlen(with) * (size_t)i / RELOADS, NULL), 0);
        assert_false(tabard_decide(&load.req, load.good.certs, load.good.num, decision));
        assert_int_equal(tabard_decision_reason(decision), TABARD_R_POLICY_BROKEN);
        assert_int_equal(tabard_policy_load(policy, with, strlen(with), NULL), 0);
        assert_true(tabard_decide(&load.req, load.good.certs, load.good.num, decision));
        tabard_decision_free(decision);
    }
    atomic_store(&load.stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(load.bad_allowed, 0);
    assert_int_equal(load.wrong_account, 0);
    assert_true(load.good_allowed > 0);
    assert_true(load.good_denied > 0);
    tabard_policy_free(policy);
    tabard_anchors_free(anchors);
    load.bad.certs[0] = own;
    obj_chain_clear(&load.bad);
    obj_chain_clear(&load.good);
}

/* Without the entry, nobody passes however often it is loaded: a window would show as one success. */
static void invariant_36_a_reload_never_widens(void **state)
{
    struct tabard_anchors *anchors = obj_anchors();
    struct tabard_policy *policy = tabard_policy_new();
    struct load load = {.req = obj_request(TABARD_ROLE_CLIENT, anchors)};
    pthread_t threads[THREADS];
    char with[1024];
    char without[1024];

    (void)state;
    policies(with, without, sizeof(with));
    load.req.policy = policy;
    obj_chain_load(&load.good, "eku-both.pem");
    obj_chain_load(&load.bad, "eku-any.pem");
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, worker, &load), 0);
    for (int i = 0; i < RELOADS; i++) {
        assert_int_equal(tabard_policy_load(policy, without, strlen(without), NULL), 0);
        assert_int_not_equal(tabard_policy_load(policy, with, strlen(with) - 1, NULL), 0);
        assert_int_equal(tabard_policy_load(policy, "version: 1\nentries: []\n...\n", 27, NULL), 0);
    }
    atomic_store(&load.stop, true);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(load.good_allowed, 0);
    assert_int_equal(load.bad_allowed, 0);
    tabard_policy_free(policy);
    tabard_anchors_free(anchors);
    obj_chain_clear(&load.bad);
    obj_chain_clear(&load.good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reload),
        cmocka_unit_test(invariant_36_a_reload_never_widens),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
