/* Functions under test: how the store finds authorizations. */
#include "tests/unit/ca/store/opened.h"

static void an_authorization_is_found_by_its_exact_claim(void **state)
{
    struct fixture *f = *state;
    struct tb_ident other = {.type = TB_IDENT_DNS, .value = "b.example"};
    struct tb_store_tx *tx;
    struct tb_authz a;
    struct tb_authz back;

    sample_authz(&a, 5, 7, "a.example");
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_insert(tx, &a));
    assert_ok(st_commit(f, tx));
    assert_ok(tb_store_authz_find(f->st, 7, &a.ident, a.purposes, a.kind, 999, &back));
    assert_int_equal(back.id, 5);
    tb_authz_clear(&back);
    assert_int_equal(tb_store_authz_find(f->st, 7, &a.ident, a.purposes, a.kind, 1000, &back), TB_E_NOTFOUND);
    assert_int_equal(tb_store_authz_find(f->st, 8, &a.ident, a.purposes, a.kind, 0, &back), TB_E_NOTFOUND);
    assert_int_equal(tb_store_authz_find(f->st, 7, &other, a.purposes, a.kind, 0, &back), TB_E_NOTFOUND);
    assert_int_equal(tb_store_authz_find(f->st, 7, &a.ident, 4, a.kind, 0, &back), TB_E_NOTFOUND);
    assert_int_equal(tb_store_authz_find_subtree(f->st, 7, &a.ident, a.purposes, 0, &back), TB_E_NOTFOUND);
    a.state = TB_AUTHZ_INVALID;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_update(tx, &a));
    assert_ok(st_commit(f, tx));
    assert_int_equal(tb_store_authz_find(f->st, 7, &a.ident, a.purposes, a.kind, 0, &back), TB_E_NOTFOUND);
}

static void one_of_a_subtree_is_found_as_such(void **state)
{
    struct fixture *f = *state;
    struct tb_store_tx *tx;
    struct tb_authz a;
    struct tb_authz back;

    sample_authz(&a, 5, 7, "a.example");
    a.subtree = true;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_insert(tx, &a));
    assert_ok(st_commit(f, tx));
    assert_ok(tb_store_authz_find_subtree(f->st, 7, &a.ident, a.purposes, 999, &back));
    assert_true(back.id == 5 && back.subtree);
    tb_authz_clear(&back);
    assert_int_equal(tb_store_authz_find(f->st, 7, &a.ident, a.purposes, a.kind, 0, &back), TB_E_NOTFOUND);
    assert_int_equal(tb_store_authz_find_subtree(f->st, 7, &a.ident, a.purposes, 1000, &back), TB_E_NOTFOUND);
    assert_int_equal(tb_store_authz_find_subtree(f->st, 8, &a.ident, a.purposes, 0, &back), TB_E_NOTFOUND);
    assert_int_equal(tb_store_authz_find_subtree(f->st, 7, &a.ident, 4, 0, &back), TB_E_NOTFOUND);
}

static void put_use(struct fixture *f, uint64_t id, uint64_t account, enum tb_authz_state state, tb_time_t expires)
{
    struct tb_store_tx *tx;
    struct tb_authz a;

    sample_authz(&a, id, account, "a.example");
    a.kind = TB_PROOF_USE;
    a.state = state;
    a.expires_at = expires;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_insert(tx, &a));
    assert_ok(st_commit(f, tx));
}

static void valid_authorizations_are_listed_newest_first_and_no_others(void **state)
{
    struct fixture *f = *state;
    struct tb_authz like;
    struct tb_store_tx *tx;
    struct tb_authz gone;
    uint64_t id[8];
    size_t num;

    sample_authz(&like, 1, 7, "a.example");
    put_use(f, 10, 7, TB_AUTHZ_VALID, 1000);
    put_use(f, 12, 7, TB_AUTHZ_VALID, 1000);
    put_use(f, 11, 7, TB_AUTHZ_VALID, 900);
    put_use(f, 13, 7, TB_AUTHZ_PENDING, 1000);
    put_use(f, 14, 7, TB_AUTHZ_INVALID, 1000);
    put_use(f, 15, 8, TB_AUTHZ_VALID, 1000);
    assert_ok(tb_store_authz_list_valid(f->st, 7, &like.ident, like.purposes, TB_PROOF_USE, 899, 8, id, &num));
    assert_int_equal(num, 3);
    assert_true(id[0] == 12 && id[1] == 11 && id[2] == 10);
    assert_ok(tb_store_authz_list_valid(f->st, 7, &like.ident, like.purposes, TB_PROOF_USE, 900, 8, id, &num));
    assert_int_equal(num, 2);
    assert_ok(tb_store_authz_list_valid(f->st, 7, &like.ident, like.purposes, TB_PROOF_USE, 0, 1, id, &num));
    assert_true(num == 1 && id[0] == 12);
    assert_ok(tb_store_authz_list_valid(f->st, 7, &like.ident, like.purposes, TB_PROOF_CONTROL, 0, 8, id, &num));
    assert_int_equal(num, 0);
    /* One that was given up a moment ago is not, though the disk still has it as valid. */
    assert_ok(tb_store_authz_get(f->st, 12, &gone));
    gone.state = TB_AUTHZ_DEACTIVATED;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_update(tx, &gone));
    assert_ok(tb_store_tx_commit(tx, st_done, f));
    assert_ok(tb_store_authz_list_valid(f->st, 7, &like.ident, like.purposes, TB_PROOF_USE, 0, 8, id, &num));
    assert_true(num == 2 && id[0] == 11 && id[1] == 10);
}

static void put_pending_uses(struct fixture *f, uint64_t first, uint64_t num)
{
    struct tb_store_tx *tx;
    struct tb_authz a;

    assert_ok(tb_store_tx_new(f->st, &tx));
    for (uint64_t i = 0; i < num; i++) {
        sample_authz(&a, first + i, 7, "a.example");
        a.kind = TB_PROOF_USE;
        assert_ok(tb_store_tx_authz_insert(tx, &a));
    }
    assert_ok(st_commit(f, tx));
}

static void only_the_newest_of_a_claim_are_looked_at(void **state)
{
    struct fixture *f = *state;
    struct tb_authz like;
    uint64_t id[2];
    size_t num;

    sample_authz(&like, 1, 7, "a.example");
    put_use(f, 1, 7, TB_AUTHZ_VALID, 1000);
    put_pending_uses(f, 2, TB_STORE_CLAIM_ROWS - 1);
    assert_ok(tb_store_authz_list_valid(f->st, 7, &like.ident, like.purposes, TB_PROOF_USE, 0, 2, id, &num));
    assert_true(num == 1 && id[0] == 1);
    put_pending_uses(f, 2 + TB_STORE_CLAIM_ROWS, 1);
    assert_ok(tb_store_authz_list_valid(f->st, 7, &like.ident, like.purposes, TB_PROOF_USE, 0, 2, id, &num));
    assert_int_equal(num, 0);
}

static void processing_authorizations_are_listed(void **state)
{
    struct fixture *f = *state;
    struct tb_store_tx *tx;
    struct tb_authz a;
    uint64_t ids[4];
    size_t num;

    sample_authz(&a, 5, 7, "a.example");
    a.challenge[0].state = TB_CHALLENGE_PROCESSING;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_insert(tx, &a));
    assert_ok(st_commit(f, tx));
    assert_ok(tb_store_authz_list_processing(f->st, 4, ids, &num));
    assert_int_equal(num, 1);
    assert_int_equal(ids[0], 5);
    a.challenge[0].state = TB_CHALLENGE_VALID;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_update(tx, &a));
    assert_ok(st_commit(f, tx));
    assert_ok(tb_store_authz_list_processing(f->st, 4, ids, &num));
    assert_int_equal(num, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, st_setup, st_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_authorization_is_found_by_its_exact_claim),
        T(one_of_a_subtree_is_found_as_such),
        T(valid_authorizations_are_listed_newest_first_and_no_others),
        T(only_the_newest_of_a_claim_are_looked_at),
        T(processing_authorizations_are_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
