/* What a leaf tells of proofs: written, looked at by the lint, read with and without its arc. */
#include "tests/unit/test.h"

#include "lib/pki/tbs.h"
#include "tests/unit/lib/pki/made.h"

#define CHANGE(name, stmt)                                                                                             \
    static void change_##name(struct tb_leaf *l)                                                                       \
    {                                                                                                                  \
        stmt;                                                                                                          \
    }

/* The made leaf, with an arc and what stands under it. */
static struct tb_arc test_arc, other_arc;
static struct tb_name_proofs test_proofs[4], other_proofs[4];

static void made_with_proofs(struct made *m)
{
    made_init(m, FIX_P256, TB_KEY_P256);
    assert_ok(tb_arc_parse("1.3.6.1.4.1.32473", &test_arc));
    assert_ok(tb_arc_parse("1.3.6.1.4.1.32474", &other_arc));
    for (size_t i = 0; i < 4; i++) {
        test_proofs[i] = (struct tb_name_proofs){0};
        test_proofs[i].control[TB_PURPOSE_SERVER_AUTH] = i < 2 ? TB_METHOD_DNS_01 : TB_METHOD_HTTP_01;
    }
    m->leaf.arc = &test_arc;
    m->leaf.proofs = test_proofs;
    m->leaf.policies = TB_POLICY_BIT(TB_POLICY_QUORUM_1) | TB_POLICY_BIT(TB_POLICY_DNS_INSECURE);
}

CHANGE(other_arc, l->arc = &other_arc)
CHANGE(no_arc, l->arc = NULL)
CHANGE(policy_less, l->policies = TB_POLICY_BIT(TB_POLICY_QUORUM_1))
CHANGE(policy_more, l->policies |= TB_POLICY_BIT(TB_POLICY_CONTROL_ABOVE))
CHANGE(first_proof, other_proofs[0].control[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_HTTP_01; l->proofs = other_proofs)
CHANGE(last_proof, other_proofs[3].control[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_TLS_ALPN_01; l->proofs = other_proofs)

static void lint_catches_what_is_told_of_proofs(void **state)
{
    static void (*const changes[])(struct tb_leaf *) = {change_other_arc,   change_no_arc,      change_policy_less,
                                                        change_policy_more, change_first_proof, change_last_proof};
    struct made m;
    const char *why;
    X509 *x;

    (void)state;
    made_with_proofs(&m);
    x = made_certify(&m);
    assert_int_equal(made_chain_verify(x, X509_PURPOSE_SSL_SERVER), X509_V_OK); /* RFC 5280 section 6.1.2 included */
    assert_int_equal(X509_get_extension_flags(x) & (EXFLAG_INVALID | EXFLAG_CRITICAL | EXFLAG_INVALID_POLICY), 0);
    X509_free(x);
    assert_ok(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why));
    for (size_t i = 0; i < TB_ARRAY_LEN(changes); i++) {
        struct tb_leaf want = m.leaf;

        memcpy(other_proofs, test_proofs, sizeof(other_proofs));
        changes[i](&want);
        if (tb_tbs_lint(tb_wr_span(&m.tbs), &want, &why) != TB_E_DENIED || why == NULL)
            fail_msg("change %zu was not seen", i);
    }
    for (size_t i = 0; i < m.tbs.len * 8; i++) {
        m.tbs.buf[i / 8] ^= (uint8_t)(1U << (i % 8));
        if (tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why) != TB_E_DENIED)
            fail_msg("bit %zu", i);
        m.tbs.buf[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    tb_wr_clear(&m.tbs);
}

CHANGE(no_proofs, l->proofs = NULL)
CHANGE(no_policy, l->policies = 0)
CHANGE(contradiction, l->policies |= TB_POLICY_BIT(TB_POLICY_CONTROL_DNS))
CHANGE(no_method, other_proofs[1].control[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_NONE; l->proofs = other_proofs)
CHANGE(use_as_control, other_proofs[1].control[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_TLS_CLIENT_01;
       l->proofs = other_proofs)

static void nothing_false_is_told_of_proofs(void **state)
{
    static void (*const changes[])(struct tb_leaf *) = {change_no_proofs, change_no_policy, change_contradiction,
                                                        change_no_method, change_use_as_control};
    struct made m;

    (void)state;
    made_with_proofs(&m);
    for (size_t i = 0; i < TB_ARRAY_LEN(changes); i++) {
        struct tb_leaf want = m.leaf;

        memcpy(other_proofs, test_proofs, sizeof(other_proofs));
        changes[i](&want);
        if (tb_tbs_write(&m.tbs, &want) != TB_E_INVAL || m.tbs.len != 0)
            fail_msg("change %zu was taken", i);
    }
    tb_wr_clear(&m.tbs);
}

/* What the writer refuses to write, the lint refuses to find, whoever wants it. */
static void lint_finds_no_contradiction_good(void **state)
{
    static const uint8_t quorum_1[] = {0x81, 0xfd, 0x59, 2, 2};
    struct made m;
    const char *why;
    uint8_t *at;

    (void)state;
    made_with_proofs(&m);
    assert_ok(tb_tbs_write(&m.tbs, &m.leaf));
    at = memmem(m.tbs.buf, m.tbs.len, quorum_1, sizeof(quorum_1));
    assert_non_null(at);
    at[4] = 1;
    m.leaf.policies = TB_POLICY_BIT(TB_POLICY_EGRESS_DECLARED) | TB_POLICY_BIT(TB_POLICY_DNS_INSECURE);
    assert_int_equal(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why), TB_E_DENIED);
    assert_string_equal(why, "the policies contradict each other or the evidence");
    tb_wr_clear(&m.tbs);
}

/* Whoever knows no arc takes neither extension for one that he knows. */
static void without_the_arc_both_extensions_are_unknown(void **state)
{
    struct made m;
    struct tb_tbs t;

    (void)state;
    made_with_proofs(&m);
    assert_ok(tb_tbs_write(&m.tbs, &m.leaf));
    assert_ok(tb_tbs_read(tb_wr_span(&m.tbs), &t));
    assert_true(t.unknown_extension && !t.has_policies && t.proofs == NULL);
    tb_tbs_clear(&t);
    assert_ok(tb_tbs_read_under(tb_wr_span(&m.tbs), &other_arc, &t));
    assert_true(t.unknown_extension && t.has_policies && t.policy_unknown && t.proofs == NULL);
    tb_tbs_clear(&t);
    assert_ok(tb_tbs_read_under(tb_wr_span(&m.tbs), &test_arc, &t));
    assert_true(!t.unknown_extension && t.has_policies && !t.policy_unknown && t.num_proofs == 4);
    assert_memory_equal(t.proofs, test_proofs, sizeof(test_proofs));
    tb_tbs_clear(&t);
    tb_wr_clear(&m.tbs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lint_catches_what_is_told_of_proofs),
        cmocka_unit_test(nothing_false_is_told_of_proofs),
        cmocka_unit_test(lint_finds_no_contradiction_good),
        cmocka_unit_test(without_the_arc_both_extensions_are_unknown),
    };

    return cmocka_run_group_tests(tests, made_setup, made_teardown);
}
