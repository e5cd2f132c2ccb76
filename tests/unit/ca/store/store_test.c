/* Functions under test: the store as a whole: what is written, kept, swept and refused. */
#include "tests/unit/ca/store/opened.h"

#include <stdio.h>
#include <unistd.h>

static void what_was_committed_is_there_after_reopening(void **state)
{
    struct fixture *f = *state;
    uint64_t id = tb_store_next_account(f->st);
    uint8_t key[TB_DIGEST_LEN];
    struct tb_account a;

    assert_ok(st_insert_account(f, id, 1));
    st_reopen(f);
    memset(key, 1, sizeof(key));
    assert_ok(tb_store_account_find_first(f->st, key, &a));
    assert_int_equal(a.id, id);
    assert_string_equal(a.jwk, "{\"kty\":\"EC\"}");
    assert_ok(tb_store_account_find_key(f->st, key, &a));
    memset(key, 2, sizeof(key));
    assert_int_equal(tb_store_account_find_key(f->st, key, &a), TB_E_NOTFOUND);
    assert_true(tb_store_next_account(f->st) > id);
}

/* The filter before the index: after a change, of an account among many, and read again at the next start. */
static void an_account_is_found_by_its_current_key(void **state)
{
    struct fixture *f = *state;
    struct tb_store_tx *tx = NULL;
    uint8_t key[TB_DIGEST_LEN];
    struct tb_account a;

    for (uint8_t id = 1; id <= 200; id++)
        assert_ok(st_insert_account(f, id, id));
    assert_ok(tb_store_account_get(f->st, 100, &a));
    memset(a.thumbprint, 250, sizeof(a.thumbprint));
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_account_update(tx, &a));
    assert_ok(st_commit(f, tx));
    for (int round = 0; round < 2; round++) {
        for (uint8_t id = 1; id <= 200; id++) {
            memset(key, id == 100 ? 250 : id, sizeof(key));
            assert_ok(tb_store_account_find_key(f->st, key, &a));
            assert_int_equal(a.id, id);
        }
        memset(key, 100, sizeof(key));
        assert_int_equal(tb_store_account_find_key(f->st, key, &a), TB_E_NOTFOUND);
        memset(key, 251, sizeof(key));
        assert_int_equal(tb_store_account_find_key(f->st, key, &a), TB_E_NOTFOUND);
        st_reopen(f);
    }
}

static void one_key_has_one_account_and_a_failure_takes_nobody_along(void **state)
{
    struct fixture *f = *state;
    struct tb_store_tx *tx[3];
    struct tb_account a;
    struct fixture seen[3] = {0};

    assert_ok(st_insert_account(f, 1, 1));
    for (int i = 0; i < 3; i++) {
        sample_account(&a, 10 + (uint64_t)i, i == 1 ? 1 : (uint8_t)(20 + i));
        assert_ok(tb_store_tx_new(f->st, &tx[i]));
        assert_ok(tb_store_tx_account_insert(tx[i], &a));
    }
    for (int i = 0; i < 3; i++)
        assert_ok(tb_store_tx_commit(tx[i], st_done, &seen[i]));
    while (seen[2].done == 0)
        event_base_loop(f->base, EVLOOP_ONCE);
    assert_int_equal(seen[0].err, 0);
    assert_int_equal(seen[1].err, TB_E_EXISTS);
    assert_int_equal(seen[2].err, 0);
    assert_ok(tb_store_account_get(f->st, 10, &a));
    assert_int_equal(tb_store_account_get(f->st, 11, &a), TB_E_NOTFOUND);
    assert_ok(tb_store_account_get(f->st, 12, &a));
}

static void reads_see_what_was_submitted(void **state)
{
    struct fixture *f = *state;
    struct tb_store_tx *tx;
    struct tb_order o;
    struct tb_order back;

    sample_order(&o, tb_store_next_order(f->st, 100), 7);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_insert(tx, &o));
    assert_ok(tb_store_tx_commit(tx, st_done, f));
    assert_ok(tb_store_order_get(f->st, o.no, &back));
    assert_int_equal(back.account_id, 7);
    tb_order_clear(&back);
    tb_order_clear(&o);
    while (f->done == 0)
        event_base_loop(f->base, EVLOOP_ONCE);
}

/* One more than has room without a block of its own, and one more than a transaction takes. */
static void a_transaction_takes_many_rows(void **state)
{
    static const uint64_t nums[] = {1, 8, 9, 512};
    struct fixture *f = *state;
    uint64_t id = 0;

    for (size_t i = 0; i < TB_ARRAY_LEN(nums); i++) {
        struct tb_store_tx *tx;
        struct tb_authz a;

        assert_ok(tb_store_tx_new(f->st, &tx));
        for (uint64_t n = 0; n < nums[i]; n++) {
            sample_authz(&a, ++id, 7, "a.example");
            assert_ok(tb_store_tx_authz_insert(tx, &a));
        }
        sample_authz(&a, id + 1, 7, "a.example");
        if (nums[i] == 512)
            assert_int_equal(tb_store_tx_authz_insert(tx, &a), TB_E_LIMIT);
        assert_ok(st_commit(f, tx));
    }
    st_reopen(f);
    for (; id > 0; id--) {
        struct tb_authz back;

        assert_ok(tb_store_authz_get(f->st, id, &back));
        tb_authz_clear(&back);
    }
}

/* More than one page of the look that the store takes when it is opened. */
static void every_claim_is_found_after_reopening(void **state)
{
    struct fixture *f = *state;
    char name[32];
    struct tb_authz a;

    for (uint64_t id = 1; id <= 4500;) {
        struct tb_store_tx *tx;

        assert_ok(tb_store_tx_new(f->st, &tx));
        for (int n = 0; n < 500; n++, id++) {
            snprintf(name, sizeof(name), "n%llu.example", (unsigned long long)id);
            sample_authz(&a, id, 7, name);
            assert_ok(tb_store_tx_authz_insert(tx, &a));
        }
        assert_ok(st_commit(f, tx));
    }
    st_reopen(f);
    for (uint64_t id = 1; id <= 4501; id++) {
        struct tb_authz back;

        snprintf(name, sizeof(name), "n%llu.example", (unsigned long long)id);
        sample_authz(&a, id, 7, name);
        assert_int_equal(tb_store_authz_find(f->st, 7, &a.ident, a.purposes, a.kind, 0, &back),
                         id <= 4500 ? 0 : TB_E_NOTFOUND);
        tb_authz_clear(&back);
    }
}

static void an_outdated_object_is_not_written(void **state)
{
    struct fixture *f = *state;
    struct tb_store_tx *tx;
    struct tb_authz a;
    struct tb_authz old;
    struct tb_authz back;

    sample_authz(&a, 5, 7, "a.example");
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_insert(tx, &a));
    assert_ok(st_commit(f, tx));
    old = a;
    a.state = TB_AUTHZ_VALID;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_update(tx, &a));
    assert_ok(st_commit(f, tx));
    old.state = TB_AUTHZ_INVALID;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_update(tx, &old));
    assert_int_equal(st_commit(f, tx), TB_E_STATE);
    assert_ok(tb_store_authz_get(f->st, 5, &back));
    assert_int_equal(back.state, TB_AUTHZ_VALID);
    assert_int_equal(back.rev, 1);
}

/* Row 28: table sizes converge. */
static void invariant_28_garbage_collection_removes_what_expired(void **state)
{
    struct fixture *f = *state;
    struct tb_order issued;
    struct tb_order open;
    struct tb_order back;
    struct tb_authz a;
    struct tb_store_tx *tx;

    st_issue(f, &issued, 1, 0x11);
    sample_order(&open, tb_store_next_order(f->st, 100), 7);
    sample_authz(&a, 5, 7, "a.example");
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_insert(tx, &open));
    assert_ok(tb_store_tx_authz_insert(tx, &a));
    assert_ok(st_commit(f, tx));
    for (int i = 0; i < 4; i++) {
        assert_ok(tb_store_collect(f->st, 1000 + 86400 + 1, 100000, NULL, NULL));
        assert_ok(st_insert_account(f, 50 + (uint64_t)i, (uint8_t)(50 + i)));
    }
    st_reopen(f);
    assert_int_equal(tb_store_order_get(f->st, open.no, &back), TB_E_NOTFOUND);
    assert_int_equal(tb_store_authz_get(f->st, 5, &a), TB_E_NOTFOUND);
    assert_ok(tb_store_order_get(f->st, issued.no, &back));
    tb_order_clear(&back);
    for (int i = 0; i < 2; i++) {
        assert_ok(tb_store_collect(f->st, 5000 + 100000 + 1, 100000, NULL, NULL));
        assert_ok(st_insert_account(f, 60 + (uint64_t)i, (uint8_t)(60 + i)));
    }
    st_reopen(f);
    assert_int_equal(tb_store_order_get(f->st, issued.no, &back), TB_E_NOTFOUND);
    tb_order_clear(&open);
    tb_order_clear(&issued);
}

static void a_foreign_database_is_refused_with_its_path(void **state)
{
    struct fixture *f = *state;
    char path[128];
    char why[TB_STORE_WHY_MAX + 1];
    struct tb_store *st;
    FILE *file;

    tb_store_close(f->st);
    f->st = NULL;
    snprintf(path, sizeof(path), "%s/tabard.db", f->dir);
    file = fopen(path, "wb");
    assert_non_null(file);
    for (int i = 0; i < 4096; i++)
        fputc('x', file);
    fclose(file);
    assert_true(tb_store_open(f->dir, f->base, &st, why) < 0);
    assert_non_null(strstr(why, path));
}

#define T(f) cmocka_unit_test_setup_teardown(f, st_setup, st_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_was_committed_is_there_after_reopening),
        T(an_account_is_found_by_its_current_key),
        T(one_key_has_one_account_and_a_failure_takes_nobody_along),
        T(reads_see_what_was_submitted),
        T(a_transaction_takes_many_rows),
        T(every_claim_is_found_after_reopening),
        T(an_outdated_object_is_not_written),
        T(invariant_28_garbage_collection_removes_what_expired),
        T(a_foreign_database_is_refused_with_its_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
