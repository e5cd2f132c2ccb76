#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "ca/front/use.h"
#include "lib/statement/statement.h"

static const struct tb_key KEY = {.b = {1}};

static struct tb_statement statement(enum tb_proof_kind kind, uint8_t key)
{
    struct tb_statement s = {.audience = {.directory = "https://ca.example"},
                             .perspective = 1,
                             .kind = kind,
                             .method = kind == TB_PROOF_USE ? TB_METHOD_TLS_CLIENT_01 : TB_METHOD_HTTP_01,
                             .purpose = TB_PURPOSE_CLIENT_AUTH,
                             .ident = {.type = TB_IDENT_DNS, .value = "a.example"},
                             .account_url = "https://ca.example/acme/acct/x",
                             .egress_kind = kind == TB_PROOF_USE ? TB_EGRESS_PUBLISHED : TB_EGRESS_NONE,
                             .made_at = 1000};

    memset(s.thumbprint, 1, sizeof(s.thumbprint));
    memset(s.token_digest, 2, sizeof(s.token_digest));
    memset(s.peer_addr, 3, sizeof(s.peer_addr));
    if (kind == TB_PROOF_USE)
        memset(s.spki_digest, key, sizeof(s.spki_digest));
    return s;
}

static void add(struct tb_authz *a, enum tb_proof_kind kind, uint8_t key)
{
    const struct tb_statement s = statement(kind, key);
    struct tb_wr wr;

    tb_wr_init(&wr, TB_STATEMENT_MAX);
    assert_ok(tb_statement_write(&wr, &s, &KEY));
    a->statement[a->num_statements].p = tb_wr_take(&wr, &a->statement[a->num_statements].len);
    assert_non_null(a->statement[a->num_statements].p);
    a->num_statements++;
}

static void the_statement_of_use_with_a_key_is_found_among_others(void **state)
{
    struct tb_authz a = {.kind = TB_PROOF_USE};
    uint8_t wanted[TB_DIGEST_LEN];
    struct tb_span s;

    (void)state;
    add(&a, TB_PROOF_CONTROL, 0);
    add(&a, TB_PROOF_USE, 8);
    add(&a, TB_PROOF_USE, 9);
    memset(wanted, 9, sizeof(wanted));
    s = tb_use_statement(&a, wanted);
    assert_ptr_equal(s.p, a.statement[2].p);
    assert_int_equal(s.len, a.statement[2].len);
    memset(wanted, 7, sizeof(wanted));
    assert_int_equal(tb_use_statement(&a, wanted).len, 0);
    memset(wanted, 0, sizeof(wanted)); /* what a statement of control has in that place */
    assert_int_equal(tb_use_statement(&a, wanted).len, 0);
    memset(wanted, 9, sizeof(wanted));
    a.statement[2].len--; /* one that is damaged is none */
    assert_int_equal(tb_use_statement(&a, wanted).len, 0);
    tb_authz_clear(&a);
}

static void the_newest_proof_with_a_key_comes_first(void **state)
{
    struct tb_use_proofs ps = {.num = 3, .proof = {{.authz_id = 3}, {.authz_id = 2}, {.authz_id = 1}}};
    uint8_t key[TB_DIGEST_LEN] = {5};

    (void)state;
    ps.proof[1].spki_digest[0] = ps.proof[2].spki_digest[0] = 5;
    assert_int_equal(tb_use_proofs_with(&ps, key)->authz_id, 2);
    key[0] = 6;
    assert_null(tb_use_proofs_with(&ps, key));
    ps.num = 0;
    assert_null(tb_use_proofs_with(&ps, key));
}

static void a_proof_stands_for_the_shortest_age_that_is_offered(void **state)
{
    static struct tb_config cfg;
    struct tb_profile *p = cfg.profiles;

    (void)state;
    cfg.limits.authz_valid_s = 1000;
    cfg.num_profiles = 3;
    p[0] = (struct tb_profile){.offered = true, .use_age_s = 1};  /* demands none */
    p[1] = (struct tb_profile){.use_methods = 1, .use_age_s = 2}; /* is not offered */
    p[2] = (struct tb_profile){.offered = true, .use_methods = 1, .use_age_s = 500};
    assert_int_equal(tb_use_valid_s(&cfg), 500);
    p[2].use_age_s = 1001;
    assert_int_equal(tb_use_valid_s(&cfg), 1000);
    cfg.num_profiles = 0;
    assert_int_equal(tb_use_valid_s(&cfg), 1000);
}

static void the_longest_command_fits(void **state)
{
    static struct tb_config cfg;
    struct tb_profile p = {0};
    struct tb_ident ident = {.type = TB_IDENT_DNS};
    char command[TB_USE_COMMAND_MAX + 1];

    (void)state;
    memset(cfg.base_url, 'u', TB_BASE_URL_MAX);
    memset(p.name, 'p', TB_PROFILE_NAME_MAX);
    memset(ident.value, 'i', TB_IDENT_VALUE_MAX);
    tb_use_command(command, &cfg, &p, &ident);
    assert_non_null(strstr(command, "pp/directory"));
    assert_string_equal(command + strlen(command) - strlen("/directory"), "/directory");
}

static void an_order_has_use_where_it_is_demanded_and_not_made_before(void **state)
{
    struct tb_profile p = {.purposes = TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)};

    (void)state;
    assert_false(tb_use_in_order(&p));
    p.use_methods = TB_METHOD_BIT(TB_METHOD_TLS_CLIENT_01);
    assert_true(tb_use_in_order(&p));
    p.preproved = true;
    assert_false(tb_use_in_order(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_statement_of_use_with_a_key_is_found_among_others),
        cmocka_unit_test(the_newest_proof_with_a_key_comes_first),
        cmocka_unit_test(a_proof_stands_for_the_shortest_age_that_is_offered),
        cmocka_unit_test(the_longest_command_fits),
        cmocka_unit_test(an_order_has_use_where_it_is_demanded_and_not_made_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
