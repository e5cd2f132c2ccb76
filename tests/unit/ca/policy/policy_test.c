#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "ca/policy/policy.h"

static const struct tb_profile server = {.name = "server"}, client = {.name = "client"};

/* Two entries: all profiles may have corp.example, client also what is below partner.example. */
static struct tb_config *make_config(void)
{
    struct tb_config *cfg = calloc(1, sizeof(*cfg));

    assert_non_null(cfg);
    cfg->num_names = 2;
    cfg->names[0].num_ancestors = 2;
    strcpy(cfg->names[0].ancestors[0], "corp.example");
    strcpy(cfg->names[0].ancestors[1], "co.uk");
    strcpy(cfg->names[1].profile, "client");
    cfg->names[1].num_ancestors = 1;
    strcpy(cfg->names[1].ancestors[0], ".partner.example");
    return cfg;
}

static void a_rule_of_any_list_that_concerns_the_profile_is_enough(void **state)
{
    static const struct {
        const char *domain;
        int server, client;
        const char *reason;
    } rows[] = {
        {"corp.example", 0, 0, NULL},
        {"www.corp.example", TB_E_NOTFOUND, TB_E_NOTFOUND, "ancestor-not-allowed"},
        {"evilcorp.example", TB_E_NOTFOUND, TB_E_NOTFOUND, "ancestor-not-allowed"},
        {"partner.example", TB_E_NOTFOUND, TB_E_NOTFOUND, "ancestor-not-allowed"},
        {"a.partner.example", TB_E_NOTFOUND, 0, NULL},
        {"co.uk", TB_E_DENIED, TB_E_DENIED, "ancestor-public-suffix"},
        {"", TB_E_NOTFOUND, TB_E_NOTFOUND, "ancestor-not-allowed"},
    };
    struct tb_config *cfg = make_config();
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_policy_refusal refusal;
    struct tb_policy *p = NULL;

    (void)state;
    assert_ok(tb_policy_new(cfg, &p, why));
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        assert_int_equal(tb_policy_ancestor(p, &server, rows[i].domain, &refusal), rows[i].server);
        if (rows[i].reason != NULL)
            assert_string_equal(refusal.reason, rows[i].reason);
        assert_int_equal(tb_policy_ancestor(p, &client, rows[i].domain, &refusal), rows[i].client);
    }
    tb_policy_free(p);
    free(cfg);
}

static void without_rules_there_is_no_such_domain(void **state)
{
    struct tb_config *cfg = make_config();
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_policy_refusal refusal;
    struct tb_policy *p = NULL;

    (void)state;
    cfg->names[0].num_ancestors = 0;
    assert_ok(tb_policy_new(cfg, &p, why));
    assert_true(tb_policy_has_ancestors(p, &client));
    assert_false(tb_policy_has_ancestors(p, &server));
    tb_policy_free(p);
    cfg->num_names = 0;
    assert_ok(tb_policy_new(cfg, &p, why));
    assert_false(tb_policy_has_ancestors(p, &client));
    assert_int_equal(tb_policy_ancestor(p, &client, "corp.example", &refusal), TB_E_NOTFOUND);
    tb_policy_free(p);
    free(cfg);
}

static void rules_about_domains_demand_a_list_of_public_suffixes(void **state)
{
    struct tb_config *cfg = make_config();
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_policy *p = NULL;

    (void)state;
    strcpy(cfg->public_suffix_list, "/nonexistent/list");
    assert_int_equal(tb_policy_new(cfg, &p, why), TB_E_CONFIG);
    assert_non_null(strstr(why, "public_suffix_list: /nonexistent/list cannot be read"));
    free(cfg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rule_of_any_list_that_concerns_the_profile_is_enough),
        cmocka_unit_test(without_rules_there_is_no_such_domain),
        cmocka_unit_test(rules_about_domains_demand_a_list_of_public_suffixes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
