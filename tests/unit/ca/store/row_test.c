#include "tests/unit/test.h"

#include "ca/store/row.h"
#include "objects.h"

static void an_authorization_survives(void **state)
{
    struct tb_authz a;
    struct tb_authz back;
    struct tb_row *row;

    (void)state;
    sample_authz(&a, 5, 7, "a.example");
    a.statement[0].p = malloc(4);
    memcpy(a.statement[0].p, "blob", 4);
    memset(a.thumbprint, 8, TB_DIGEST_LEN);
    a.subtree = true;
    a.statement[0].len = 4;
    a.num_statements = 1;
    a.challenge[0].state = TB_CHALLENGE_PROCESSING;
    tb_problem_add(&a.problem, TB_P_DNS, &a.ident, "why");
    assert_ok(tb_row_of_authz(&a, &row));
    assert_true(row->busy);
    assert_ok(tb_row_authz(row, &back));
    assert_int_equal(back.account_id, 7);
    assert_true(tb_ident_eq(&back.ident, &a.ident));
    assert_int_equal(back.num_statements, 1);
    assert_memory_equal(back.statement[0].p, "blob", 4);
    assert_memory_equal(back.thumbprint, a.thumbprint, TB_DIGEST_LEN);
    assert_true(back.subtree);
    assert_string_equal(back.challenge[0].token, "tok");
    assert_int_equal(back.problem.num_sub, 1);
    tb_authz_clear(&back);
    /* A row of the version before says nothing of a scope. */
    row->body.buf[0] = 7;
    row->body.len--;
    assert_ok(tb_row_authz(row, &back));
    assert_false(back.subtree);
    assert_memory_equal(back.thumbprint, a.thumbprint, TB_DIGEST_LEN);
    tb_authz_clear(&back);
    tb_row_unref(row);
    assert_ok(tb_row_of_authz(&a, &row));
    row->body.buf[row->body.len - 1] = 2;
    assert_int_equal(tb_row_authz(row, &back), TB_E_FORMAT);
    tb_authz_clear(&a);
    tb_row_unref(row);
}

static void an_issued_order_survives(void **state)
{
    struct tb_order o;
    struct tb_order back;
    struct tb_row *row;

    (void)state;
    sample_order(&o, 11, 7);
    sample_issue(&o, 3, 0x42);
    o.validity = (struct tb_validity){21, 22};
    o.revoked_seq = 8;
    o.revoked_at = 4000;
    o.revoked_for = TB_REASON_SUPERSEDED;
    assert_ok(tb_row_of_order(&o, &row));
    assert_ok(tb_row_order(row, &back));
    assert_int_equal(back.no, 11);
    assert_int_equal(back.seq, 3);
    assert_int_equal(back.issuer, TB_ISSUER_SERVER);
    assert_int_equal(back.authz_id[0], 99);
    assert_string_equal(back.ident[0].value, "a.example");
    assert_int_equal(back.cert_len, 3);
    assert_int_equal(back.not_after, 5000);
    assert_true(back.validity.not_before == 21 && back.validity.not_after == 22);
    assert_int_equal(back.revoked_seq, 8);
    assert_int_equal(back.revoked_at, 4000);
    assert_int_equal(back.revoked_for, TB_REASON_SUPERSEDED);
    tb_order_clear(&back);
    row->body.buf[row->body.len - 1 - 16] = 6; /* certificateHold: nothing that a certificate stays revoked for */
    assert_int_equal(tb_row_order(row, &back), TB_E_FORMAT);
    row->body.buf[0] = 5; /* before there were revocations, and validities */
    row->body.len -= 8 + 1 + 8 + 8;
    assert_ok(tb_row_order(row, &back));
    assert_int_equal(back.revoked_at, 0);
    tb_order_clear(&o);
    tb_order_clear(&back);
    tb_row_unref(row);
}

static void order_with(size_t num_authz, struct tb_row **out)
{
    struct tb_order o;

    sample_order(&o, 3, 4);
    free(o.authz_id);
    o.authz_id = calloc(num_authz, sizeof(*o.authz_id));
    o.num_authz = num_authz;
    for (size_t i = 0; i < num_authz; i++)
        o.authz_id[i] = i + 1;
    assert_ok(tb_row_of_order(&o, out));
    tb_order_clear(&o);
}

static void an_order_has_two_authorizations_for_each_name_and_not_one_more(void **state)
{
    struct tb_order back;
    struct tb_row *row;

    (void)state;
    order_with(TB_ORDER_AUTHZ_MAX, &row);
    assert_ok(tb_row_order(row, &back));
    assert_int_equal(back.num_authz, 2 * TB_IDENT_NUM_MAX);
    assert_int_equal(back.authz_id[TB_ORDER_AUTHZ_MAX - 1], TB_ORDER_AUTHZ_MAX);
    tb_order_clear(&back);
    tb_row_unref(row);
    order_with(TB_ORDER_AUTHZ_MAX + 1, &row);
    assert_int_equal(tb_row_order(row, &back), TB_E_FORMAT);
    tb_row_unref(row);
}

static void a_damaged_body_is_refused_at_every_length(void **state)
{
    struct tb_authz a;
    struct tb_order o;
    struct tb_row *rows[2];

    (void)state;
    sample_authz(&a, 5, 7, "a.example");
    sample_order(&o, 11, 7);
    assert_ok(tb_row_of_authz(&a, &rows[0]));
    assert_ok(tb_row_of_order(&o, &rows[1]));
    for (int i = 0; i < 2; i++) {
        size_t whole = rows[i]->body.len;

        for (size_t n = 0; n <= whole + 1; n++) {
            struct tb_authz back_a;
            struct tb_order back_o;
            int r;

            if (n == whole)
                continue;
            if (n > whole)
                tb_wr_u8(&rows[i]->body, 0);
            rows[i]->body.len = n;
            r = i == 0 ? tb_row_authz(rows[i], &back_a) : tb_row_order(rows[i], &back_o);
            assert_int_equal(r, TB_E_FORMAT);
        }
    }
    tb_authz_clear(&a);
    tb_order_clear(&o);
    tb_row_unref(rows[0]);
    tb_row_unref(rows[1]);
}

/* Member by member: what lies between them has no value. */
static void assert_same_account(const struct tb_account *a, const struct tb_account *b)
{
    assert_int_equal(a->id, b->id);
    assert_int_equal(a->rev, b->rev);
    assert_int_equal(a->state, b->state);
    assert_memory_equal(a->first_thumbprint, b->first_thumbprint, TB_DIGEST_LEN);
    assert_memory_equal(a->thumbprint, b->thumbprint, TB_DIGEST_LEN);
    assert_string_equal(a->jwk, b->jwk);
    assert_string_equal(a->contacts, b->contacts);
    assert_int_equal(a->terms_agreed, b->terms_agreed);
    assert_memory_equal(a->terms_digest, b->terms_digest, TB_DIGEST_LEN);
    assert_int_equal(a->created_at, b->created_at);
    assert_int_equal(a->statement_len, b->statement_len);
    assert_memory_equal(a->statement, b->statement, a->statement_len);
}

static void an_account_survives_and_those_of_earlier_versions_too(void **state)
{
    struct tb_account a;
    struct tb_account back;
    struct tb_row *row = NULL;

    (void)state;
    sample_account(&a, 3, 9);
    a.terms_agreed = true;
    memset(a.terms_digest, 5, TB_DIGEST_LEN);
    a.statement_len = TB_ACCOUNT_KEPT_MAX;
    memset(a.statement, 6, a.statement_len);
    assert_ok(tb_row_of_account(&a, &row));
    assert_ok(tb_row_account(row, &back));
    assert_same_account(&a, &back);
    row->body.buf[0] = 3;
    assert_int_equal(tb_row_account(row, &back), TB_E_FORMAT);
    row->body.len -= 2 + a.statement_len;
    assert_ok(tb_row_account(row, &back));
    a.statement_len = 0;
    memset(a.statement, 0, sizeof(a.statement));
    assert_same_account(&a, &back);
    row->body.buf[0] = 1;
    assert_int_equal(tb_row_account(row, &back), TB_E_FORMAT);
    row->body.len -= TB_DIGEST_LEN;
    assert_ok(tb_row_account(row, &back));
    assert_true(back.terms_agreed);
    memset(a.terms_digest, 0, TB_DIGEST_LEN);
    assert_same_account(&a, &back);
    row->body.buf[0] = 8;
    assert_int_equal(tb_row_account(row, &back), TB_E_FORMAT);
    tb_row_unref(row);
}

static void claims_differ_in_each_part(void **state)
{
    struct tb_ident a = {.type = TB_IDENT_DNS, .value = "a.example"};
    struct tb_ident w = {.type = TB_IDENT_DNS, .value = "a.example", .wildcard = true};
    uint64_t k = tb_row_claim_key(1, &a, 2, TB_PROOF_CONTROL, false);

    (void)state;
    assert_true(k == tb_row_claim_key(1, &a, 2, TB_PROOF_CONTROL, false));
    assert_true(k != tb_row_claim_key(2, &a, 2, TB_PROOF_CONTROL, false));
    assert_true(k != tb_row_claim_key(1, &w, 2, TB_PROOF_CONTROL, false));
    assert_true(k != tb_row_claim_key(1, &a, 4, TB_PROOF_CONTROL, false));
    assert_true(k != tb_row_claim_key(1, &a, 2, TB_PROOF_USE, false));
    assert_true(k != tb_row_claim_key(1, &a, 2, TB_PROOF_CONTROL, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_authorization_survives),
        cmocka_unit_test(an_account_survives_and_those_of_earlier_versions_too),
        cmocka_unit_test(an_issued_order_survives),
        cmocka_unit_test(an_order_has_two_authorizations_for_each_name_and_not_one_more),
        cmocka_unit_test(a_damaged_body_is_refused_at_every_length),
        cmocka_unit_test(claims_differ_in_each_part),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
