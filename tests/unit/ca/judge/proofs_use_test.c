/* tb_proofs_judge for clientAuth, through tb_judge_decide: control and use, each for its own. */
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

static void invariant_16_use_with_another_key_is_refused(void **state)
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

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(client_auth_demands_use),
        T(each_key_of_a_perspective_says_only_its_own),
        T(caa_must_allow_the_use_method_too),
        T(use_without_control_is_refused),
        T(control_made_for_server_auth_serves_no_client_auth),
        T(invariant_16_use_with_another_key_is_refused),
        T(use_of_another_name_or_account_is_refused),
        T(old_use_is_refused_at_the_second),
        T(a_client_profile_that_demands_no_use_issues_nothing),
        T(profiles_without_purposes_or_with_unruled_ones_issue_nothing),
        T(two_purposes_need_control_for_each),
        T(every_profile_with_every_set_of_proofs),
        T(each_name_of_a_client_needs_both_proofs),
        T(use_by_another_method_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
