/* What tb_proofs_judge finds for the certificate to tell of proofs, through tb_judge_decide. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/ca/judge/world.h"

static int setup(void **state)
{
    *state = w_new();
    return 0;
}

static int teardown(void **state)
{
    w_free(*state);
    return 0;
}

#define BIT(p) TB_POLICY_BIT(TB_POLICY_##p)

static tb_proof_policies_t told(struct world *w, const struct tb_profile *profile)
{
    strcpy(w->ref.profile, profile->name);
    w->ref.order++;
    w_signed(w);
    return tb_proofs_policies(&w->s->proofs, w->csr.num_names, profile->purposes);
}

static void a_strength_stands_only_when_it_holds_for_every_name_and_purpose(void **state)
{
    struct world *w = *state;
    struct tb_statement *a, *b, *use;

    w->num_st = 0;
    w_caa(w, "a.example");
    a = w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_DNS_01);
    assert_int_equal(told(w, w->server), BIT(CONTROL_DNS) | BIT(QUORUM_1));
    a->method = TB_METHOD_HTTP_01;
    assert_int_equal(told(w, w->server), BIT(QUORUM_1));
    a->method = TB_METHOD_DNS_01;

    w_name(w, "DNS:b.example");
    w_caa(w, "b.example");
    b = w_control(w, "b.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01);
    assert_int_equal(told(w, w->server), BIT(QUORUM_1)); /* one of two names */
    b->method = TB_METHOD_DNS_01;
    assert_int_equal(told(w, w->server), BIT(CONTROL_DNS) | BIT(QUORUM_1));

    /* One of two purposes. */
    w_control(w, "a.example", TB_PURPOSE_CLIENT_AUTH, TB_METHOD_DNS_01);
    b = w_control(w, "b.example", TB_PURPOSE_CLIENT_AUTH, TB_METHOD_HTTP_01);
    w_use(w, "a.example");
    use = w_use(w, "b.example");
    assert_int_equal(told(w, w->peer), BIT(USE_PUBLISHED) | BIT(QUORUM_1));
    assert_int_equal(tb_proofs_policies(&w->s->proofs, 2, TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)),
                     BIT(CONTROL_DNS) | BIT(QUORUM_1)); /* a CSR narrowed it */
    b->method = TB_METHOD_DNS_01;
    assert_int_equal(told(w, w->peer), BIT(CONTROL_DNS) | BIT(USE_PUBLISHED) | BIT(QUORUM_1));
    use->egress_kind = TB_EGRESS_DECLARED;
    use->egress_prefix = 28;
    assert_int_equal(told(w, w->peer), BIT(CONTROL_DNS) | BIT(EGRESS_DECLARED) | BIT(QUORUM_1));
}

static void a_weakness_stands_when_it_holds_for_one(void **state)
{
    struct world *w = *state;

    w->num_st = 0;
    w_name(w, "DNS:b.example");
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? "a.example" : "b.example";

        w_caa(w, name)->dnssec = TB_DNSSEC_SECURE;
        w_control(w, name, TB_PURPOSE_CLIENT_AUTH, TB_METHOD_DNS_01)->dnssec = TB_DNSSEC_SECURE;
        w_use(w, name)->dnssec = TB_DNSSEC_SECURE;
    }
    assert_int_equal(told(w, w->client), BIT(CONTROL_DNS) | BIT(USE_PUBLISHED) | BIT(QUORUM_1));
    for (size_t i = 0; i < w->num_st; i++) {
        w->st[i].s.dnssec = TB_DNSSEC_INSECURE;
        assert_int_equal(told(w, w->client), BIT(CONTROL_DNS) | BIT(USE_PUBLISHED) | BIT(QUORUM_1) | BIT(DNS_INSECURE));
        w->st[i].s.dnssec = TB_DNSSEC_SECURE;
    }
}

/* As many as stated the proof that fewest stated; one that says it twice is one. */
static void perspectives_are_counted_once_each(void **state)
{
    struct world *w = *state;
    const tb_proof_policies_t quorum[] = {BIT(QUORUM_1),
                                          BIT(QUORUM_1),
                                          BIT(QUORUM_2),
                                          BIT(QUORUM_2) | BIT(QUORUM_3),
                                          BIT(QUORUM_2) | BIT(QUORUM_3) | BIT(QUORUM_4),
                                          BIT(QUORUM_2) | BIT(QUORUM_3) | BIT(QUORUM_4)};

    for (uint16_t p = 2; p <= 5; p++) {
        w->s->keys[w->s->num_keys] = w->s->keys[0];
        w->s->keys[w->s->num_keys++].perspective = p;
    }
    w->num_st = 0;
    w_caa(w, "a.example");
    w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01);
    assert_int_equal(told(w, w->server), quorum[0]);
    w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01)->made_at++;
    assert_int_equal(told(w, w->server), quorum[1]);
    for (uint16_t p = 2; p <= 5; p++) {
        w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01)->perspective = p;
        assert_int_equal(told(w, w->server), quorum[p]);
    }
    w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_DNS_01)->made_at = W_NOW; /* the newest is cited */
    assert_int_equal(told(w, w->server), BIT(CONTROL_DNS) | BIT(QUORUM_1));
}

static void evidence_names_the_methods_that_were_cited(void **state)
{
    struct world *w = *state;
    const struct tb_name_proofs *m = w->s->proofs.methods;

    w->num_st = 0;
    w_caa(w, "a.example");
    w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01);
    w_control(w, "a.example", TB_PURPOSE_CLIENT_AUTH, TB_METHOD_DNS_01);
    w_use(w, "a.example");
    (void)told(w, w->peer);
    assert_int_equal(m->control[TB_PURPOSE_SERVER_AUTH], TB_METHOD_HTTP_01);
    assert_int_equal(m->control[TB_PURPOSE_CLIENT_AUTH], TB_METHOD_DNS_01);
    assert_int_equal(m->use[TB_PURPOSE_CLIENT_AUTH], TB_METHOD_TLS_CLIENT_01);
    assert_int_equal(m->use[TB_PURPOSE_SERVER_AUTH], TB_METHOD_NONE);
    (void)told(w, w->server);
    assert_int_equal(m->control[TB_PURPOSE_CLIENT_AUTH], TB_METHOD_NONE); /* nothing of the last decision is left */
    assert_int_equal(m->use[TB_PURPOSE_CLIENT_AUTH], TB_METHOD_NONE);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_strength_stands_only_when_it_holds_for_every_name_and_purpose),
        T(a_weakness_stands_when_it_holds_for_one),
        T(perspectives_are_counted_once_each),
        T(evidence_names_the_methods_that_were_cited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
