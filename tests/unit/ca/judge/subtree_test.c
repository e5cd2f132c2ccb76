/*
 * Functions under test: tb_proofs_judge with statements of a whole subtree (RFC 9444), through tb_judge_decide.  Each
 * test is named after the attack or the rule.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "tests/unit/ca/judge/world.h"

static void set_ancestor(struct world *w, const char *rule)
{
    struct tb_names *n = &w->cfg->names[0];

    w->cfg->num_names = 1;
    n->num_allow = 2;
    strcpy(n->allow[0], ".");
    strcpy(n->allow[1], "0.0.0.0/0");
    n->num_ancestors = rule != NULL;
    if (rule != NULL)
        strcpy(n->ancestors[0], rule);
    w_policy(w);
}

static void set_name(struct world *w, const char *san)
{
    w->csr.num_names = 0;
    w_name(w, san);
    strcpy(w->st[1].s.ident.value, san[4] == '*' ? san + 6 : san + 4);
    w->st[1].s.ident.wildcard = san[4] == '*';
}

static struct tb_statement *control_of(struct world *w)
{
    return &w->st[0].s;
}

/* An order for www.corp.example, and control of corp.example with its subtree. */
static int setup(void **state)
{
    struct world *w = w_new();

    *state = w;
    set_ancestor(w, "corp.example");
    w->num_st = 0;
    w_control(w, "corp.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_DNS_01)->subtree = true;
    w_caa(w, "www.corp.example");
    set_name(w, "DNS:www.corp.example");
    return 0;
}

static int teardown(void **state)
{
    w_free(*state);
    return 0;
}

static void it_serves_the_domain_and_what_is_below(void **state)
{
    const char *const names[] = {"DNS:www.corp.example", "DNS:corp.example", "DNS:a.b.c.corp.example",
                                 "DNS:*.corp.example", "DNS:*.a.corp.example"};
    struct world *w = *state;

    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++) {
        set_name(w, names[i]);
        w_signed(w);
        assert_int_equal(w->s->proofs.num_evidence, 2);
        w->ref.order++;
    }
}

static void it_serves_several_names_at_once(void **state)
{
    struct world *w = *state;

    w_name(w, "DNS:corp.example");
    w_name(w, "DNS:x.y.corp.example");
    w_caa(w, "corp.example");
    w_refused(w, "caa-missing"); /* CAA is of each name by itself */
    w_caa(w, "x.y.corp.example");
    w_signed(w);
    assert_int_equal(w->s->proofs.num_evidence, 6);
}

static void siblings_and_parents_are_not_below(void **state)
{
    const char *const names[] = {"DNS:evilcorp.example", "DNS:www.evilcorp.example", "DNS:corp.example.evil.example",
                                 "DNS:orp.example", "DNS:example.corp"};
    struct world *w = *state;

    set_ancestor(w, ".");
    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++) {
        set_name(w, names[i]);
        w_refused(w, "statement-other-name");
    }
    set_name(w, "DNS:www.corp.example");
    w_signed(w);
}

static void without_the_scope_a_domain_stands_for_itself_alone(void **state)
{
    struct world *w = *state;

    control_of(w)->subtree = false;
    w_refused(w, "statement-other-name");
    set_name(w, "DNS:*.corp.example");
    w_refused(w, "statement-other-name");
    control_of(w)->ident.wildcard = true; /* a wildcard is no subtree */
    set_name(w, "DNS:www.corp.example");
    w_refused(w, "statement-other-name");
}

static void the_operator_says_which_domains_may(void **state)
{
    struct world *w = *state;
    struct tb_names *n = &w->cfg->names[0];

    set_ancestor(w, NULL);
    w_refused(w, "statement-subtree");
    set_ancestor(w, "www.corp.example");
    w_refused(w, "statement-subtree");
    set_ancestor(w, "other.example");
    w_refused(w, "statement-subtree");
    set_ancestor(w, ".corp.example"); /* below it, not itself */
    w_refused(w, "statement-subtree");
    strcpy(n->profile, "client"); /* which is not this order's */
    set_ancestor(w, "corp.example");
    w_refused(w, "statement-subtree");
    strcpy(n->profile, "server");
    w_policy(w);
    w_signed(w);
    w->ref.order++;
    w->cfg->num_names = 0; /* no list at all: nobody may */
    w_policy(w);
    w_refused(w, "statement-subtree");
}

static void a_public_suffix_never_may(void **state)
{
    struct world *w = *state;

    set_ancestor(w, ".");
    strcpy(control_of(w)->ident.value, "example"); /* a single label */
    w_refused(w, "statement-subtree");
    strcpy(control_of(w)->ident.value, "co.uk");
    set_name(w, "DNS:corp.co.uk");
    w_refused(w, "statement-subtree");
    strcpy(control_of(w)->ident.value, "corp.co.uk");
    w_signed(w);
}

static void dns_methods_alone_show_it(void **state)
{
    struct world *w = *state;

    w->server->control_methods |= TB_METHOD_BIT(TB_METHOD_TLS_ALPN_01);
    w->s->keys[0].methods |= TB_METHOD_BIT(TB_METHOD_TLS_ALPN_01) | TB_METHOD_BIT(TB_METHOD_DNS_ACCOUNT_01);
    control_of(w)->method = TB_METHOD_HTTP_01;
    w_refused(w, "statement-method");
    control_of(w)->method = TB_METHOD_TLS_ALPN_01;
    w_refused(w, "statement-method");
    control_of(w)->method = TB_METHOD_DNS_ACCOUNT_01; /* not one of the profile */
    w_refused(w, "statement-method");
    w->server->control_methods |= TB_METHOD_BIT(TB_METHOD_DNS_ACCOUNT_01);
    w_signed(w);
}

static void it_is_of_one_account_key_and_purpose(void **state)
{
    struct world *w = *state;

    strcpy(control_of(w)->account_url, w->other_account_url);
    w_refused(w, "statement-other-account");
    strcpy(control_of(w)->account_url, w->account_url);
    memcpy(control_of(w)->thumbprint, w->other_thumbprint, TB_DIGEST_LEN); /* as after a key change */
    w_refused(w, "statement-other-account-key");
    memcpy(control_of(w)->thumbprint, w->thumbprint, TB_DIGEST_LEN);
    control_of(w)->purpose = TB_PURPOSE_CLIENT_AUTH;
    w_refused(w, "statement-other-purpose");
    control_of(w)->purpose = TB_PURPOSE_SERVER_AUTH;
    control_of(w)->made_at = W_NOW - 7 * 86400 - 1;
    w_refused(w, "statement-expired");
    control_of(w)->made_at = W_NOW - 7 * 86400;
    w_signed(w);
}

static void a_key_bounded_to_a_zone_says_nothing_of_what_is_above(void **state)
{
    struct world *w = *state;

    w->s->keys[0].zones[0] = "www.corp.example";
    w_refused(w, "statement-beyond-capability");
    w->s->keys[0].zones[0] = "corp.example";
    w_signed(w);
}

static void caa_of_the_ancestor_serves_no_name_below(void **state)
{
    struct world *w = *state;

    strcpy(w->st[1].s.ident.value, "corp.example");
    w_refused(w, "statement-other-name");
    w->st[1].s.subtree = true; /* such a statement does not exist */
    w_refused(w, "statement-malformed");
}

static void caa_of_the_name_decides_about_the_method(void **state)
{
    struct world *w = *state;
    struct tb_caa_result *r = &w->st[1].s.caa;

    *r = (struct tb_caa_result){.num_grants = 1};
    r->grants[0].has_methods = true;
    r->grants[0].methods = TB_METHOD_BIT(TB_METHOD_HTTP_01);
    w_refused(w, "caa-forbids");
    r->grants[0].methods = TB_METHOD_BIT(TB_METHOD_DNS_01);
    w_signed(w);
}

static void use_is_of_one_name(void **state)
{
    struct world *w = *state;
    struct tb_statement *use;

    strcpy(w->ref.profile, "client");
    control_of(w)->purpose = TB_PURPOSE_CLIENT_AUTH;
    w_refused(w, "use-missing");
    use = w_use(w, "corp.example");
    w_refused(w, "statement-other-name");
    use->subtree = true;
    w_refused(w, "statement-malformed");
    use->subtree = false;
    strcpy(use->ident.value, "www.corp.example");
    w_signed(w);
}

/* A certificate says when control was shown above a name; of the domain itself it was shown where it is. */
static void above_is_what_is_not_the_name_itself(void **state)
{
    static const struct {
        const char *name;
        bool above;
    } rows[] = {{"DNS:www.corp.example", true}, {"DNS:corp.example", false}, {"DNS:*.corp.example", true}};
    struct world *w = *state;
    tb_proof_policies_t told;

    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        set_name(w, rows[i].name);
        w_signed(w);
        told = tb_proofs_policies(&w->s->proofs, 1, w->server->purposes);
        assert_int_equal((told & TB_POLICY_BIT(TB_POLICY_CONTROL_ABOVE)) != 0, rows[i].above);
        assert_int_equal((told & TB_POLICY_BIT(TB_POLICY_CONTROL_DNS)) != 0, !rows[i].above);
        w->ref.order++;
    }
}

static void the_names_are_certified_or_not_all_the_same(void **state)
{
    struct world *w = *state;
    struct tb_names *n = &w->cfg->names[0];

    n->num_deny = 1;
    strcpy(n->deny[0], "www.corp.example");
    w_policy(w);
    w_refused(w, "name-denied");
    set_name(w, "DNS:api.corp.example");
    w_signed(w);
}

static void addresses_are_below_nothing(void **state)
{
    struct world *w = *state;

    w->csr.num_names = 0;
    w_name(w, "IP:192.0.2.1");
    w_refused(w, "statement-other-name");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(it_serves_the_domain_and_what_is_below),
        T(it_serves_several_names_at_once),
        T(siblings_and_parents_are_not_below),
        T(without_the_scope_a_domain_stands_for_itself_alone),
        T(the_operator_says_which_domains_may),
        T(a_public_suffix_never_may),
        T(dns_methods_alone_show_it),
        T(it_is_of_one_account_key_and_purpose),
        T(a_key_bounded_to_a_zone_says_nothing_of_what_is_above),
        T(caa_of_the_ancestor_serves_no_name_below),
        T(caa_of_the_name_decides_about_the_method),
        T(use_is_of_one_name),
        T(above_is_what_is_not_the_name_itself),
        T(the_names_are_certified_or_not_all_the_same),
        T(addresses_are_below_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
