/* Functions under test: tb_proofs_judge, through tb_judge_decide.  Each test is named after the attack or the rule. */
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

static struct tb_statement *control_of(struct world *w)
{
    return &w->st[0].s;
}

static struct tb_statement *caa_of(struct world *w)
{
    return &w->st[1].s;
}

static void no_statement_at_all_is_refused(void **state)
{
    struct world *w = *state;

    w->num_st = 0;
    w_refused(w, "no-proofs");
}

static void forged_statements_are_refused(void **state)
{
    struct world *w = *state;

    w->st[0].key = &w->foreign_key;
    w_refused(w, "statement-forged");
    w->st[0].key = &w->key;
    w->st[1].key = &w->foreign_key;
    w_refused(w, "statement-forged");
}

static void statements_of_an_unknown_perspective_are_refused(void **state)
{
    struct world *w = *state;

    control_of(w)->perspective = 2;
    w_refused(w, "statement-unknown-perspective");
}

/* A sibling with the same statement key by mistake is still another CA. */
static void statements_of_a_sibling_ca_are_refused(void **state)
{
    struct world *w = *state;

    control_of(w)->audience.ca_id[0] ^= 1;
    w_refused(w, "statement-other-audience");
}

static void cross_directory_statements_are_refused(void **state)
{
    struct world *w = *state;

    strcpy(control_of(w)->audience.directory, "https://ca.example");
    w_refused(w, "statement-other-audience");
}

static void statements_under_another_validation_policy_are_refused(void **state)
{
    struct world *w = *state;

    caa_of(w)->audience.policy_digest[31] ^= 1;
    w_refused(w, "statement-other-audience");
}

static void expired_statements_are_refused_at_the_second(void **state)
{
    struct world *w = *state;

    control_of(w)->made_at = W_NOW - 7 * 86400 - 1;
    w_refused(w, "statement-expired");
    control_of(w)->made_at = W_NOW - 7 * 86400;
    caa_of(w)->made_at = W_NOW - 8 * 3600 - 1;
    w_refused(w, "statement-expired");
    caa_of(w)->made_at = W_NOW - 8 * 3600;
    w_signed(w);
}

static void an_age_limit_of_zero_is_not_unlimited(void **state)
{
    struct world *w = *state;

    w->server->control_age_s = 0;
    w_refused(w, "statement-expired");
}

static void future_statements_are_refused_at_the_second(void **state)
{
    struct world *w = *state;

    control_of(w)->made_at = W_NOW + TB_CLOCK_SKEW_S + 1;
    w_refused(w, "statement-future");
    control_of(w)->made_at = W_NOW + TB_CLOCK_SKEW_S;
    w_signed(w);
}

static void cross_account_statements_are_refused(void **state)
{
    struct world *w = *state;

    strcpy(control_of(w)->account_url, w->other_account_url);
    w_refused(w, "statement-other-account");
    strcpy(control_of(w)->account_url, w->account_url);
    memcpy(control_of(w)->thumbprint, w->other_thumbprint, TB_DIGEST_LEN);
    w_refused(w, "statement-other-account-key");
}

static void cross_purpose_statements_are_refused(void **state)
{
    struct world *w = *state;

    control_of(w)->purpose = TB_PURPOSE_CLIENT_AUTH;
    w_refused(w, "statement-other-purpose");
}

static void cross_name_statements_are_refused(void **state)
{
    struct world *w = *state;
    const char *const names[] = {"b.example", "example", "x.a.example", "aa.example"};

    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++) {
        strcpy(control_of(w)->ident.value, names[i]);
        w_refused(w, "statement-other-name");
    }
}

static void a_wildcard_is_not_its_base_name(void **state)
{
    struct world *w = *state;

    control_of(w)->method = TB_METHOD_DNS_01;
    control_of(w)->ident.wildcard = true;
    w_refused(w, "statement-other-name");
    w->csr.num_names = 0;
    w_name(w, "DNS:*.a.example");
    w_refused(w, "statement-other-name"); /* the CAA statement is for the base name */
    caa_of(w)->ident.wildcard = true;
    w_signed(w);
    w->ref.order++;
    control_of(w)->ident.wildcard = false;
    w_refused(w, "statement-other-name");
}

static void http_01_proves_no_wildcard(void **state)
{
    struct world *w = *state;

    w->csr.num_names = 0;
    w_name(w, "DNS:*.a.example");
    control_of(w)->ident.wildcard = caa_of(w)->ident.wildcard = true;
    w_refused(w, "statement-method");
}

static void methods_that_the_profile_does_not_allow_are_refused(void **state)
{
    struct world *w = *state;

    control_of(w)->method = TB_METHOD_TLS_ALPN_01;
    w_refused(w, "statement-method");
    control_of(w)->method = TB_METHOD_TLS_CLIENT_01; /* proves use, never control */
    w_refused(w, "statement-method");
}

static void a_key_is_good_for_its_capabilities_only(void **state)
{
    struct world *w = *state;
    struct tb_statement_key *k = &w->s->keys[0];
    const struct tb_statement_key whole = *k;

    k->kinds = TB_PROOF_KIND_BIT(TB_PROOF_CAA);
    w_refused(w, "statement-beyond-capability");
    *k = whole;
    k->kinds = TB_PROOF_KIND_BIT(TB_PROOF_CONTROL);
    w_refused(w, "statement-beyond-capability");
    *k = whole;
    k->methods = TB_METHOD_BIT(TB_METHOD_DNS_01);
    w_refused(w, "statement-beyond-capability");
    *k = whole;
    k->zones[0] = "b.example";
    w_refused(w, "statement-beyond-capability");
    k->zones[0] = ".example"; /* no label of ours */
    w_refused(w, "statement-beyond-capability");
    k->num_zones = 0;
    w_refused(w, "statement-beyond-capability");
    *k = whole;
    k->zones[0] = "example";
    w_signed(w);
}

/* CAA is no method: a key that may look for it may, whatever its methods are. */
static void the_methods_of_a_key_are_those_of_proofs(void **state)
{
    struct world *w = *state;

    w->s->keys[0].methods = TB_METHOD_BIT(TB_METHOD_HTTP_01);
    w_signed(w);
}

/* As text "192.0.2.1" lies under "1": an address belongs to every zone or to none. */
static void a_key_of_a_zone_says_nothing_of_addresses(void **state)
{
    struct world *w = *state;

    w->num_st = 0;
    w->csr.num_names = 0;
    w_name(w, "IP:192.0.2.1");
    w_control(w, "192.0.2.1", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01);
    w_signed(w);
    w->ref.order++;
    w->s->keys[0].zones[0] = "1";
    w_refused(w, "statement-beyond-capability");
}

static void each_name_needs_its_own_control_statement(void **state)
{
    struct world *w = *state;

    w_name(w, "DNS:b.example");
    w_caa(w, "b.example");
    w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_DNS_01);
    w_refused(w, "control-missing");
}

static void invariant_01_each_name_needs_its_own_caa_statement(void **state)
{
    struct world *w = *state;

    w_name(w, "DNS:b.example");
    w_control(w, "b.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01);
    w_caa(w, "a.example");
    w_refused(w, "caa-missing");
}

static void addresses_need_no_caa(void **state)
{
    struct world *w = *state;

    w->csr.num_names = 0;
    w_name(w, "IP:192.0.2.1");
    w->num_st = 0;
    w_control(w, "192.0.2.1", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01);
    w_signed(w);
}

static void caa_that_grants_nobody_refuses(void **state)
{
    struct world *w = *state;

    caa_of(w)->caa.unrestricted = false;
    w_refused(w, "caa-forbids");
}

static void caa_binds_account_method_and_purpose(void **state)
{
    struct world *w = *state;
    struct tb_caa_result *r = &caa_of(w)->caa;
    struct tb_caa_grant *g = &r->grants[0];

    r->unrestricted = false;
    r->num_grants = 1;
    w_signed(w);
    w->ref.order++;
    g->has_account = true;
    strcpy(g->account_url, w->other_account_url);
    w_refused(w, "caa-forbids");
    strcpy(g->account_url, w->account_url);
    g->has_methods = true;
    g->methods = TB_METHOD_BIT(TB_METHOD_DNS_01);
    w_refused(w, "caa-forbids");
    g->has_purposes = true;
    g->purposes = TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH);
    w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_DNS_01);
    w_refused(w, "caa-forbids");
    g->purposes |= TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH);
    w_signed(w); /* the dns-01 statement is chosen, because CAA allows it */
    assert_int_equal(w->s->proofs.evidence[1].method, TB_METHOD_DNS_01);
}

static void the_newest_caa_result_counts(void **state)
{
    struct world *w = *state;
    struct tb_statement *newer = w_caa(w, "a.example");

    newer->made_at = W_NOW;
    newer->caa.unrestricted = false;
    w_refused(w, "caa-forbids");
    newer->made_at = W_NOW - 120;
    w_signed(w);
}

static void a_spoilt_statement_beside_a_good_one_does_no_harm(void **state)
{
    struct world *w = *state;

    w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01)->made_at = W_NOW - 30 * 86400;
    w_control(w, "z.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01);
    w->st[w->num_st - 1].key = &w->foreign_key;
    w_signed(w);
}

static void evidence_is_what_was_used(void **state)
{
    struct world *w = *state;
    struct tb_proofs *p = &w->s->proofs;
    uint8_t digest[TB_DIGEST_LEN];
    struct tb_wr blob;

    w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_DNS_01)->made_at = W_NOW - 1;
    w_signed(w);
    assert_int_equal(p->num_evidence, 2);
    assert_int_equal(p->evidence[0].kind, TB_PROOF_CAA);
    assert_int_equal(p->evidence[0].purpose, TB_PURPOSE_NONE);
    assert_int_equal(p->evidence[1].kind, TB_PROOF_CONTROL);
    assert_int_equal(p->evidence[1].method, TB_METHOD_DNS_01); /* the newest */
    assert_int_equal(p->evidence[1].purpose, TB_PURPOSE_SERVER_AUTH);
    assert_int_equal(p->evidence[1].made_at, W_NOW - 1);
    assert_int_equal(p->evidence[1].perspective, 1);
    tb_wr_init(&blob, TB_STATEMENT_MAX);
    assert_int_equal(tb_statement_write(&blob, &w->st[2].s, &w->key), 0);
    tb_sha256(digest, tb_wr_span(&blob));
    assert_memory_equal(p->evidence[1].digest, digest, TB_DIGEST_LEN);
    tb_wr_clear(&blob);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(no_statement_at_all_is_refused),
        T(forged_statements_are_refused),
        T(statements_of_an_unknown_perspective_are_refused),
        T(statements_of_a_sibling_ca_are_refused),
        T(cross_directory_statements_are_refused),
        T(statements_under_another_validation_policy_are_refused),
        T(expired_statements_are_refused_at_the_second),
        T(an_age_limit_of_zero_is_not_unlimited),
        T(future_statements_are_refused_at_the_second),
        T(cross_account_statements_are_refused),
        T(cross_purpose_statements_are_refused),
        T(cross_name_statements_are_refused),
        T(a_wildcard_is_not_its_base_name),
        T(http_01_proves_no_wildcard),
        T(methods_that_the_profile_does_not_allow_are_refused),
        T(a_key_is_good_for_its_capabilities_only),
        T(the_methods_of_a_key_are_those_of_proofs),
        T(a_key_of_a_zone_says_nothing_of_addresses),
        T(each_name_needs_its_own_control_statement),
        T(invariant_01_each_name_needs_its_own_caa_statement),
        T(addresses_need_no_caa),
        T(caa_that_grants_nobody_refuses),
        T(caa_binds_account_method_and_purpose),
        T(the_newest_caa_result_counts),
        T(a_spoilt_statement_beside_a_good_one_does_no_harm),
        T(evidence_is_what_was_used),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
