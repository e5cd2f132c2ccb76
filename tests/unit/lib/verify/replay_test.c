/* Public bugs of allowlists and verifiers, replayed: each is denied with its own reason. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/lib/verify/objects.h"
#include "tests/unit/test.h"

struct world {
    struct tabard_anchors *anchors;
    struct tabard_policy *policy;
    struct tabard_decision *decision;
    char issuing[72], root_b[72];
};

/* Partners a and b come from Root A's issuing CA, partner c from Root B. */
static const char *const entries =
    "  - {name: a, who: {dns: a.example.test, issuer: one, purpose: clientAuth}, what: orders, until: never, as: ann}\n"
    "  - {name: b, who: {dns: b.example.test, issuer: one, purpose: clientAuth}, what: bills, until: never, as: bob}\n"
    "  - {name: c, who: {dns: c.example.test, issuer: two, purpose: clientAuth}, what: orders, until: never, as: cat}\n"
    "  - {name: ip, who: {ip: 192.0.2.1, issuer: one, purpose: clientAuth}, what: orders, until: never, as: ipp}\n"
    "  - {name: uri, who: {uri: \"spiffe://example.test/orders\", issuer: one, purpose: clientAuth}, what: orders, "
    "until: never, as: uri}\n"
    "  - {name: srv, who: {dns: web.example.test, issuer: one, purpose: serverAuth}, what: web, until: never, as: "
    "web}\n";

static void load(struct world *w, const char *head, const char *text)
{
    char *policy = malloc(8192);
    struct tabard_problem problem = {0};

    snprintf(policy, 8192, "version: 1\nissuers:\n  one: %s\n  two: %s\nentries:\n%s%s...\n", w->issuing, w->root_b,
             head, text);
    if (tabard_policy_load(w->policy, policy, strlen(policy), &problem) != 0)
        fail_msg("line %u: %s", problem.line, problem.why);
    free(policy);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof(*w));

    w->anchors = obj_anchors();
    w->policy = tabard_policy_new();
    w->decision = tabard_decision_new();
    obj_key(w->issuing, "issuing.pem", 0);
    obj_key(w->root_b, "roots.pem", 1);
    load(w, "", entries);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    tabard_policy_free(w->policy);
    tabard_anchors_free(w->anchors);
    tabard_decision_free(w->decision);
    free(w);
    return 0;
}

static struct tabard_request request(struct world *w, enum tabard_role role, const char *resource)
{
    struct tabard_request req = obj_request(role, w->anchors);

    req.policy = w->policy;
    req.resource = resource;
    return req;
}

static enum tabard_reason ask(struct world *w, const struct tabard_request *req, const char *file)
{
    struct obj_chain chain;
    bool yes;

    obj_chain_load(&chain, file);
    yes = tabard_decide(req, chain.certs, chain.num, w->decision);
    assert_true(yes == tabard_decision_allowed(w->decision));
    assert_true(yes == tabard_decide(req, chain.certs, chain.num, NULL));
    assert_true(tabard_decision_strict(w->decision) == (tabard_decision_reason(w->decision) == TABARD_R_ALLOWED));
    assert_true(yes == (tabard_decision_account(w->decision)[0] != '\0'));
    obj_chain_clear(&chain);
    return tabard_decision_reason(w->decision);
}

static enum tabard_reason client(struct world *w, const char *file, const char *resource)
{
    struct tabard_request req = request(w, TABARD_ROLE_CLIENT, resource);

    return ask(w, &req, file);
}

static void test_allowed(void **state)
{
    struct world *w = *state;

    assert_int_equal(client(w, "eku-both.pem", "orders"), TABARD_R_ALLOWED);
    assert_string_equal(tabard_decision_account(w->decision), "ann");
    assert_string_equal(tabard_decision_entry(w->decision), "a");
    assert_string_equal(tabard_decision_name(w->decision), "a.example.test");
    assert_string_equal(tabard_decision_object(w->decision), "");
    assert_int_equal(client(w, "san-ip.pem", "orders"), TABARD_R_ALLOWED);
    assert_string_equal(tabard_decision_account(w->decision), "ipp");
    assert_int_equal(client(w, "san-uri.pem", "orders"), TABARD_R_ALLOWED);
    assert_string_equal(tabard_decision_account(w->decision), "uri");
    assert_int_equal(client(w, "san-upper-case.pem", "orders"), TABARD_R_ALLOWED);
}

/* Every case of tests/objects/chains that is denied by its chain alone is denied here, by the same reason. */
static void test_replays(void **state)
{
    static const struct {
        const char *file;
        const char *resource;
        enum tabard_reason want;
    } rows[] = {
        {"other-ca.pem", "orders", TABARD_R_ISSUER_OTHER_NAME},
        {"eku-under-none.pem", "orders", TABARD_R_ISSUER_NOT_LISTED},
        {"san-two-accounts-1.pem", "bills", TABARD_R_ALLOWED},
        {"eku-both.pem", "bills", TABARD_R_RESOURCE_NOT_GRANTED},
        {"eku-both.pem", "nothing", TABARD_R_RESOURCE_NOT_GRANTED},
        {"san-absent.pem", "orders", TABARD_R_CN_ONLY},
        {"eku-email.pem", "orders", TABARD_R_EKU_EMAIL_ONLY},
        {"eku-codesign.pem", "orders", TABARD_R_EKU_OTHER},
        {"eku-none.pem", "orders", TABARD_R_EKU_ABSENT},
        {"eku-any.pem", "orders", TABARD_R_EKU_ANY},
        {"eku-missing-in-intermediate.pem", "orders", TABARD_R_EKU_ISSUER},
        {"san-nul.pem", "orders", TABARD_R_SAN_NUL},
        {"san-good-and-nul.pem", "orders", TABARD_R_SAN_NUL},
        {"san-star.pem", "orders", TABARD_R_SAN_WILDCARD},
        {"san-star-com.pem", "orders", TABARD_R_SAN_WILDCARD},
        {"san-star-inside.pem", "orders", TABARD_R_SAN_WILDCARD},
        {"san-star-two.pem", "orders", TABARD_R_SAN_WILDCARD},
        {"san-star-good.pem", "orders", TABARD_R_NAME_WILDCARD_IDENTITY},
        {"san-trailing-dot.pem", "orders", TABARD_R_SAN_TRAILING_DOT},
        {"san-empty-label.pem", "orders", TABARD_R_SAN_EMPTY_LABEL},
        {"san-u-label.pem", "orders", TABARD_R_SAN_NOT_ASCII},
        {"san-homograph-raw.pem", "orders", TABARD_R_SAN_NOT_ASCII},
        {"san-homograph.pem", "orders", TABARD_R_NAME_IDN_NOT_LISTED},
        {"san-label-63.pem", "orders", TABARD_R_NAME_NOT_LISTED},
        {"untrusted-root.pem", "orders", TABARD_R_SELF_SIGNED},
        {"expired-leaf.pem", "orders", TABARD_R_EXPIRED},
        {"loop.pem", "orders", TABARD_R_PATH_LOOP},
        {"chain-17.pem", "orders", TABARD_R_CHAIN_TOO_LONG},
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum tabard_reason got = client(w, rows[i].file, rows[i].resource);

        if (got != rows[i].want)
            fail_msg("%s: expected %s, got %s", rows[i].file, tabard_reason_text(rows[i].want),
                     tabard_reason_text(got));
    }
}

static void test_crossed_partners(void **state)
{
    struct world *w = *state;

    /* Partner c's CA, which is trusted and listed, certifies partner a's name. */
    assert_int_equal(client(w, "other-ca.pem", "orders"), TABARD_R_ISSUER_OTHER_NAME);
    assert_string_equal(tabard_decision_entry(w->decision), "a");
    /* Partner a asks for what is b's, with its own certificate. */
    assert_int_equal(client(w, "eku-both.pem", "bills"), TABARD_R_RESOURCE_NOT_GRANTED);
    assert_string_equal(tabard_decision_seen(w->decision), "bills");
}

static void test_san_order(void **state)
{
    struct world *w = *state;
    char first[64];

    assert_int_equal(client(w, "san-order-1.pem", "bills"), TABARD_R_ALLOWED);
    assert_string_equal(tabard_decision_account(w->decision), "bob");
    assert_int_equal(client(w, "san-order-2.pem", "bills"), TABARD_R_ALLOWED);
    assert_string_equal(tabard_decision_account(w->decision), "bob");
    assert_int_equal(client(w, "san-order-1.pem", "orders"), TABARD_R_RESOURCE_NOT_GRANTED);
    snprintf(first, sizeof(first), "%s", tabard_decision_name(w->decision));
    assert_int_equal(client(w, "san-order-2.pem", "orders"), TABARD_R_RESOURCE_NOT_GRANTED);
    assert_string_equal(tabard_decision_name(w->decision), first);
    load(w, entries,
         "  - {name: b2, who: {dns: b.example.test, issuer: one, purpose: clientAuth}, what: orders, until: never, as: "
         "bob}\n");
    assert_int_equal(client(w, "san-two-accounts-1.pem", "orders"), TABARD_R_ACCOUNT_AMBIGUOUS);
    assert_int_equal(client(w, "san-two-accounts-2.pem", "orders"), TABARD_R_ACCOUNT_AMBIGUOUS);
}

static void test_role(void **state)
{
    struct world *w = *state;
    struct tabard_request req = request(w, TABARD_ROLE_SERVER, "web");

    /* A server's wildcard covers a listed name; an entry of the other role grants nothing. */
    assert_int_equal(ask(w, &req, "san-star-good.pem"), TABARD_R_ALLOWED);
    assert_string_equal(tabard_decision_account(w->decision), "web");
    req.resource = "orders";
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_PURPOSE_NOT_GRANTED);
    assert_int_equal(ask(w, &req, "san-star-good.pem"), TABARD_R_NAME_NOT_LISTED);
    load(w, "",
         "  - {name: wild, who: {dns: \"*.example.test\", issuer: one, purpose: clientAuth}, what: orders, until: "
         "never, "
         "as: w}\n");
    assert_int_equal(client(w, "eku-both.pem", "orders"), TABARD_R_ALLOWED);
    assert_int_equal(client(w, "san-star-good.pem", "orders"), TABARD_R_ALLOWED);
    assert_int_equal(client(w, "san-ip.pem", "orders"), TABARD_R_NAME_NOT_LISTED);
    load(w, "",
         "  - {name: wild, who: {dns: \"*.b.example.test\", issuer: any, purpose: clientAuth}, what: orders, until: "
         "never, "
         "as: w}\n");
    assert_int_equal(client(w, "eku-both.pem", "orders"), TABARD_R_NAME_NOT_LISTED);
}

static void test_until(void **state)
{
    struct world *w = *state;

    load(w, "",
         "  - {name: a, who: {dns: a.example.test, issuer: one, purpose: clientAuth}, what: orders, until: "
         "2027-01-01T00:00:00Z, as: ann}\n");
    assert_int_equal(client(w, "eku-both.pem", "orders"), TABARD_R_ENTRY_ENDED);
    load(w, "",
         "  - {name: a, who: {dns: a.example.test, issuer: one, purpose: clientAuth}, what: orders, until: "
         "2027-01-01T00:00:01Z, as: ann}\n");
    assert_int_equal(client(w, "eku-both.pem", "orders"), TABARD_R_ALLOWED);
}

static void test_proofs(void **state)
{
    struct world *w = *state;

    load(w, "",
         "  - {name: a, who: {dns: a.example.test, issuer: one, purpose: clientAuth, proofs: tls-client-01}, what: "
         "orders, "
         "until: never, as: ann}\n");
    assert_int_equal(client(w, "eku-both.pem", "orders"), TABARD_R_PROOF_METHOD_UNKNOWN);
}

/* Reverse DNS is no argument of this library: a name counts when its own addresses hold the peer's. */
static void test_peer(void **state)
{
    static const struct tabard_address real = {.octets = {192, 0, 2, 7}, .len = 4};
    static const struct tabard_address mapped = {.octets = {[10] = 255, [11] = 255, 192, 0, 2, 7}, .len = 16};
    static const struct tabard_address spoofed = {.octets = {198, 51, 100, 7}, .len = 4};
    static const struct tabard_address listed = {.octets = {192, 0, 2, 1}, .len = 4};
    struct tabard_forward forward = {.name = "A.example.test", .addresses = &real, .num = 1};
    struct world *w = *state;
    struct tabard_request req = request(w, TABARD_ROLE_CLIENT, "orders");

    req.peer_checks = TABARD_PEER_FORWARD;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_PEER_ADDRESS_ABSENT);
    req.peer = spoofed;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_PEER_FORWARD_ABSENT);
    req.forward = &forward;
    req.num_forward = 1;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_PEER_FORWARD_MISMATCH);
    assert_string_equal(tabard_decision_seen(w->decision), "198.51.100.7");
    req.peer = real;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_ALLOWED);
    req.peer = mapped;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_ALLOWED);
    forward.name = "b.example.test";
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_PEER_FORWARD_ABSENT);
    req.peer_checks = TABARD_PEER_IN_SAN;
    assert_int_equal(ask(w, &req, "san-ip.pem"), TABARD_R_PEER_NOT_IN_SAN);
    req.peer = listed;
    assert_int_equal(ask(w, &req, "san-ip.pem"), TABARD_R_ALLOWED);
    /* Never alone: the address is right, the purpose is not. */
    assert_int_equal(ask(w, &req, "eku-server.pem"), TABARD_R_EKU_OTHER);
}

/* Strictly decided, loosely enforced, counted; forgiven is the purpose, nothing else. */
static void test_shadow(void **state)
{
    static const char *const shadow = "  - {name: a, who: {dns: a.example.test, issuer: one, purpose: clientAuth}, "
                                      "what: orders, until: never, as: ann, "
                                      "mode: shadow}\n";
    struct world *w = *state;
    struct tabard_counters counters;
    struct tabard_request req = request(w, TABARD_ROLE_CLIENT, "orders");
    struct obj_chain chain;

    load(w, "", shadow);
    obj_chain_load(&chain, "eku-server.pem");
    assert_true(tabard_decide(&req, chain.certs, chain.num, w->decision));
    assert_false(tabard_decision_strict(w->decision));
    assert_int_equal(tabard_decision_reason(w->decision), TABARD_R_EKU_OTHER);
    assert_string_equal(tabard_decision_account(w->decision), "ann");
    obj_chain_clear(&chain);
    obj_chain_load(&chain, "eku-none.pem");
    assert_true(tabard_decide(&req, chain.certs, chain.num, NULL));
    obj_chain_clear(&chain);
    assert_int_equal(client(w, "eku-both.pem", "orders"), TABARD_R_ALLOWED);
    /* The same policy again keeps counting. */
    load(w, "", shadow);
    assert_int_equal(client(w, "eku-both.pem", "bills"), TABARD_R_RESOURCE_NOT_GRANTED);
    assert_int_equal(client(w, "other-ca.pem", "orders"), TABARD_R_ISSUER_NOT_LISTED);
    assert_int_equal(client(w, "expired-leaf.pem", "orders"), TABARD_R_EXPIRED);
    assert_int_equal(client(w, "signature-forged.pem", "orders"), TABARD_R_SIGNATURE);
    assert_true(tabard_policy_counters(w->policy, 0, &counters));
    assert_true(counters.shadow);
    assert_int_equal(counters.shadow_allowed, 2);
    assert_int_equal(counters.allowed, 2); /* each ask decides twice */
    assert_int_equal(counters.denied, 4);
    load(w, "",
         "  - {name: a, who: {dns: a.example.test, issuer: one, purpose: clientAuth}, what: orders, until: never, as: "
         "ann, "
         "mode: enforce}\n");
    assert_int_equal(client(w, "eku-server.pem", "orders"), TABARD_R_EKU_OTHER);
}

static void invariant_35_without_policy_everybody_is_denied(void **state)
{
    static const char *const bad[] = {"", "version: 1\nentries:\n", "version: 1\nentries: []\n", "no policy\n...\n"};
    struct world *w = *state;
    struct tabard_policy *fresh = tabard_policy_new();
    struct tabard_request req = request(w, TABARD_ROLE_CLIENT, "orders");

    req.policy = fresh;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_POLICY_ABSENT);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        load(w, "", entries);
        assert_int_not_equal(tabard_policy_load(w->policy, bad[i], strlen(bad[i]), NULL), 0);
        assert_int_equal(client(w, "eku-both.pem", "orders"), TABARD_R_POLICY_BROKEN);
    }
    assert_int_equal(tabard_policy_load(w->policy, "version: 1\nentries: []\n...\n", 27, NULL), 0);
    assert_int_equal(client(w, "eku-both.pem", "orders"), TABARD_R_POLICY_EMPTY);
    tabard_policy_free(fresh);
}

static void test_request(void **state)
{
    struct world *w = *state;
    const struct tabard_request good = request(w, TABARD_ROLE_CLIENT, "orders");
    struct tabard_request req;
    struct {
        struct tabard_request req;
        uint64_t newer; /* as wide as its place: padding would not be zero */
    } large = {.req = good};
    char resource[TABARD_RESOURCE_MAX + 2];

    memset(resource, 'r', sizeof(resource));
    resource[sizeof(resource) - 1] = '\0';
#define BAD(member, value)                                                                                             \
    req = good;                                                                                                        \
    req.member = (value);                                                                                              \
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_ARGUMENT)
    BAD(size, 0);
    BAD(size, sizeof(req) - 1);
    BAD(role, (enum tabard_role)0);
    BAD(role, (enum tabard_role)3);
    BAD(resource, NULL);
    BAD(resource, "");
    BAD(resource, resource);
    BAD(policy, NULL);
    BAD(revocation, (enum tabard_revocation)0);
    BAD(revocation, (enum tabard_revocation)4);
    BAD(peer_checks, 4);
    BAD(num_forward, 1);
#undef BAD
    req = good;
    req.anchors = NULL;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_NO_ANCHOR_FOR_ROLE);
    resource[TABARD_RESOURCE_MAX] = '\0';
    assert_int_equal(client(w, "eku-both.pem", resource), TABARD_R_RESOURCE_NOT_GRANTED);
    large.req.size = sizeof(large);
    assert_int_equal(ask(w, &large.req, "eku-both.pem"), TABARD_R_ALLOWED);
    large.newer = 1;
    assert_int_equal(ask(w, &large.req, "eku-both.pem"), TABARD_R_ARGUMENT);
    assert_false(tabard_decide(NULL, NULL, 0, w->decision));
}

/* Names and addresses that a caller looked up are bounded like everything else: at the maximum, and one above. */
static void test_forward_bounds(void **state)
{
    static const struct tabard_address addresses[TABARD_FORWARD_ADDRS_MAX + 1];
    struct tabard_forward forward[TABARD_FORWARD_MAX + 1];
    struct world *w = *state;
    struct tabard_request req = request(w, TABARD_ROLE_CLIENT, "orders");

    for (size_t i = 0; i < TB_ARRAY_LEN(forward); i++)
        forward[i] = (struct tabard_forward){.name = "b.example.test"};
    req.forward = forward;
    req.num_forward = TABARD_FORWARD_MAX;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_ALLOWED);
    req.num_forward++;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_ARGUMENT);
    req.num_forward = 2;
    forward[1].num = 1; /* and no addresses */
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_ARGUMENT);
    forward[1].addresses = addresses;
    forward[1].num = TABARD_FORWARD_ADDRS_MAX;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_ALLOWED);
    forward[1].num++;
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_ARGUMENT);
    forward[1] = (struct tabard_forward){.name = NULL};
    assert_int_equal(ask(w, &req, "eku-both.pem"), TABARD_R_ARGUMENT);
}

#define UNIT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_allowed),
        UNIT(test_replays),
        UNIT(test_crossed_partners),
        UNIT(test_san_order),
        UNIT(test_role),
        UNIT(test_until),
        UNIT(test_proofs),
        UNIT(test_peer),
        UNIT(test_shadow),
        UNIT(invariant_35_without_policy_everybody_is_denied),
        UNIT(test_request),
        UNIT(test_forward_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
