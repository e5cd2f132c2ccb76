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

static void each_name_needs_its_own_control_statement(void **state)
{
    struct world *w = *state;

    w_name(w, "DNS:b.example");
    w_caa(w, "b.example");
    w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_DNS_01);
    w_refused(w, "control-missing");
}

static void each_name_needs_its_own_caa_statement(void **state)
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

/* clientAuth. */

static void client_world(struct world *w)
{
    strcpy(w->ref.profile, "client");
    control_of(w)->purpose = TB_PURPOSE_CLIENT_AUTH;
}

static void client_auth_demands_use(void **state)
{
    struct world *w = *state;

    client_world(w);
    w_refused(w, "use-missing");
    w_use(w, "a.example");
    w_signed(w);
    assert_int_equal(w->s->proofs.num_evidence, 3);
}

/* Validator and responder of one perspective: neither may say what is the other's. */
static void each_key_of_a_perspective_says_only_its_own(void **state)
{
    struct world *w = *state;
    struct tb_statement_key *validator = &w->s->keys[0], *responder = &w->s->keys[1];

    client_world(w);
    w_use(w, "a.example");
    *responder = *validator;
    responder->key = w->foreign_key;
    responder->kinds = TB_PROOF_KIND_BIT(TB_PROOF_USE);
    validator->kinds = TB_PROOF_KIND_BIT(TB_PROOF_CONTROL) | TB_PROOF_KIND_BIT(TB_PROOF_CAA);
    w->s->num_keys = 2;
    w_refused(w, "statement-beyond-capability"); /* use under the validator's key */
    w->st[2].key = &w->foreign_key;
    w->st[0].key = &w->foreign_key;
    w_refused(w, "statement-beyond-capability"); /* control under the responder's */
    w->st[0].key = &w->key;
    w->st[1].key = &w->foreign_key;
    w_refused(w, "statement-beyond-capability"); /* CAA likewise */
    w->st[1].key = &w->key;
    w_signed(w);
    w->ref.order++;
    w->s->num_keys = 1;
    w_refused(w, "statement-forged");
}

static void caa_must_allow_the_use_method_too(void **state)
{
    struct world *w = *state;
    struct tb_caa_result *r = &caa_of(w)->caa;
    struct tb_caa_grant *g = &r->grants[0];

    client_world(w);
    w_use(w, "a.example");
    r->unrestricted = false;
    r->num_grants = 1;
    g->has_methods = true;
    g->methods = TB_METHOD_BIT(TB_METHOD_HTTP_01);
    w_refused(w, "caa-forbids");
    g->methods = TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01);
    w_refused(w, "caa-forbids");
    g->methods |= TB_METHOD_BIT(TB_METHOD_HTTP_01);
    w_signed(w);
    w->ref.order++;
    g->has_purposes = true;
    g->purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH);
    w_refused(w, "caa-forbids");
}

static void use_without_control_is_refused(void **state)
{
    struct world *w = *state;

    client_world(w);
    w_use(w, "a.example");
    w->st[0] = w->st[2];
    w->num_st = 2;
    w_refused(w, "control-missing");
}

static void control_made_for_server_auth_serves_no_client_auth(void **state)
{
    struct world *w = *state;

    client_world(w);
    control_of(w)->purpose = TB_PURPOSE_SERVER_AUTH;
    w_use(w, "a.example");
    w_refused(w, "statement-other-purpose");
}

static void use_with_another_key_is_refused(void **state)
{
    struct world *w = *state;

    client_world(w);
    w_use(w, "a.example");
    w->csr.key = w->other_subject;
    w_refused(w, "statement-other-subject-key");
}

static void use_of_another_name_or_account_is_refused(void **state)
{
    struct world *w = *state;
    struct tb_statement *use;

    client_world(w);
    use = w_use(w, "b.example");
    w_refused(w, "statement-other-name");
    strcpy(use->ident.value, "a.example");
    strcpy(use->account_url, w->other_account_url);
    w_refused(w, "statement-other-account");
}

static void old_use_is_refused_at_the_second(void **state)
{
    struct world *w = *state;
    struct tb_statement *use;

    client_world(w);
    use = w_use(w, "a.example");
    use->made_at = W_NOW - 86400 - 1;
    w_refused(w, "statement-expired");
    use->made_at = W_NOW - 86400;
    w_signed(w);
}

static void a_client_profile_that_demands_no_use_issues_nothing(void **state)
{
    struct world *w = *state;

    client_world(w);
    w->client->use_methods = 0;
    w_use(w, "a.example");
    w_refused(w, "use-not-demanded");
}

static void profiles_without_purposes_or_with_unruled_ones_issue_nothing(void **state)
{
    struct world *w = *state;

    w->server->purposes = 0;
    w_refused(w, "no-purposes");
    w->server->purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH) | TB_PURPOSE_BIT(TB_PURPOSE_CODE_SIGNING);
    w_refused(w, "purpose-without-rule");
}

static void two_purposes_need_control_for_each(void **state)
{
    struct world *w = *state;

    w->server->purposes |= TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH);
    w->server->use_methods = TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01);
    w->server->use_age_s = 86400;
    w_use(w, "a.example");
    w_refused(w, "control-missing");
    w_control(w, "a.example", TB_PURPOSE_CLIENT_AUTH, TB_METHOD_HTTP_01);
    w_signed(w);
}

/* Every profile with every set of proofs: what is missing decides, and nothing stands in for something else. */
enum { FOR_SERVER = 1, FOR_CLIENT = 2, USE = 4 };

static void every_profile_with_every_set_of_proofs(void **state)
{
    static const char other[] = "statement-other-purpose", control[] = "control-missing", use[] = "use-missing";
    static const struct {
        const char *profile;
        const char *reason[8]; /* by the set of proofs; NULL = signed */
    } rows[] = {
        {"server", {control, NULL, other, NULL, other, NULL, other, NULL}},
        {"client", {control, other, use, other, control, other, NULL, NULL}},
        {"client-preproved", {control, other, use, other, control, other, NULL, NULL}},
        {"peer", {control, control, control, use, control, control, control, NULL}},
    };
    struct world *w = *state;

    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        for (unsigned set = 0; set < 8; set++) {
            w->num_st = 0;
            w_caa(w, "a.example");
            if ((set & FOR_SERVER) != 0)
                w_control(w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01);
            if ((set & FOR_CLIENT) != 0)
                w_control(w, "a.example", TB_PURPOSE_CLIENT_AUTH, TB_METHOD_HTTP_01);
            if ((set & USE) != 0)
                w_use(w, "a.example");
            strcpy(w->ref.profile, rows[i].profile);
            w->ref.order++;
            if (rows[i].reason[set] != NULL)
                w_refused(w, rows[i].reason[set]);
            else
                w_signed(w);
        }
}

/* One name may not lend its proofs to another, whatever the methods are. */
static void each_name_of_a_client_needs_both_proofs(void **state)
{
    struct world *w = *state;

    client_world(w);
    w_use(w, "a.example");
    w_name(w, "DNS:b.example");
    w_caa(w, "b.example");
    w_refused(w, "control-missing");
    w_control(w, "b.example", TB_PURPOSE_CLIENT_AUTH, TB_METHOD_DNS_01);
    w_refused(w, "use-missing");
    w_use(w, "b.example");
    w_signed(w);
}

static void use_by_another_method_is_refused(void **state)
{
    struct world *w = *state;
    struct tb_statement *use;

    client_world(w);
    use = w_use(w, "a.example");
    use->method = TB_METHOD_TLS_ALPN_01;
    w_refused(w, "statement-method");
    use->method = TB_METHOD_TLS_CLIENT_01;
    use->purpose = TB_PURPOSE_SERVER_AUTH;
    w_refused(w, "statement-other-purpose");
    use->purpose = TB_PURPOSE_CLIENT_AUTH;
    w_signed(w);
}

/* What certificates tell of proofs. */

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
        T(each_name_needs_its_own_control_statement),
        T(each_name_needs_its_own_caa_statement),
        T(addresses_need_no_caa),
        T(caa_that_grants_nobody_refuses),
        T(caa_binds_account_method_and_purpose),
        T(the_newest_caa_result_counts),
        T(a_spoilt_statement_beside_a_good_one_does_no_harm),
        T(evidence_is_what_was_used),
        T(client_auth_demands_use),
        T(each_key_of_a_perspective_says_only_its_own),
        T(caa_must_allow_the_use_method_too),
        T(use_without_control_is_refused),
        T(control_made_for_server_auth_serves_no_client_auth),
        T(use_with_another_key_is_refused),
        T(use_of_another_name_or_account_is_refused),
        T(old_use_is_refused_at_the_second),
        T(a_client_profile_that_demands_no_use_issues_nothing),
        T(profiles_without_purposes_or_with_unruled_ones_issue_nothing),
        T(two_purposes_need_control_for_each),
        T(every_profile_with_every_set_of_proofs),
        T(each_name_of_a_client_needs_both_proofs),
        T(use_by_another_method_is_refused),
        T(a_strength_stands_only_when_it_holds_for_every_name_and_purpose),
        T(a_weakness_stands_when_it_holds_for_one),
        T(perspectives_are_counted_once_each),
        T(evidence_names_the_methods_that_were_cited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
