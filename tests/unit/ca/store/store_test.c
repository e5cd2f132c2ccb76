#include "tests/unit/test.h"

#include <stdio.h>
#include <unistd.h>

#include "ca/store/store.h"
#include "objects.h"

struct fixture {
    char dir[64];
    struct event_base *base;
    struct tb_store *st;
    int done;
    int err;
};

static void open_store(struct fixture *f)
{
    char why[TB_STORE_WHY_MAX + 1];
    int r = tb_store_open(f->dir, f->base, &f->st, why);

    if (r != 0)
        fail_msg("%s", why);
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    strcpy(f->dir, "/tmp/tabard-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->base = event_base_new();
    open_store(f);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"tabard.db", "tabard.db-wal", "tabard.db-shm"};
    struct fixture *f = *state;
    char path[128];

    tb_store_close(f->st);
    event_base_free(f->base);
    for (size_t i = 0; i < TB_ARRAY_LEN(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, files[i]);
        unlink(path);
    }
    rmdir(f->dir);
    free(f);
    return 0;
}

static void reopen(struct fixture *f)
{
    tb_store_close(f->st);
    f->st = NULL;
    open_store(f);
}

static void on_done(int err, void *arg)
{
    struct fixture *f = arg;

    f->done++;
    f->err = err;
}

/* Submit and wait until the writer answered. */
static int commit(struct fixture *f, struct tb_store_tx *tx)
{
    int before = f->done;

    assert_ok(tb_store_tx_commit(tx, on_done, f));
    while (f->done == before)
        event_base_loop(f->base, EVLOOP_ONCE);
    return f->err;
}

static int insert_account(struct fixture *f, uint64_t id, uint8_t key)
{
    struct tb_store_tx *tx;
    struct tb_account a;

    sample_account(&a, id, key);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_account_insert(tx, &a));
    return commit(f, tx);
}

static void what_was_committed_is_there_after_reopening(void **state)
{
    struct fixture *f = *state;
    uint64_t id = tb_store_next_account(f->st);
    uint8_t key[TB_DIGEST_LEN];
    struct tb_account a;

    assert_ok(insert_account(f, id, 1));
    reopen(f);
    memset(key, 1, sizeof(key));
    assert_ok(tb_store_account_find_first(f->st, key, &a));
    assert_int_equal(a.id, id);
    assert_string_equal(a.jwk, "{\"kty\":\"EC\"}");
    assert_ok(tb_store_account_find_key(f->st, key, &a));
    memset(key, 2, sizeof(key));
    assert_int_equal(tb_store_account_find_key(f->st, key, &a), TB_E_NOTFOUND);
    assert_true(tb_store_next_account(f->st) > id);
}

static void one_key_has_one_account_and_a_failure_takes_nobody_along(void **state)
{
    struct fixture *f = *state;
    struct tb_store_tx *tx[3];
    struct tb_account a;
    struct fixture seen[3] = {0};

    assert_ok(insert_account(f, 1, 1));
    for (int i = 0; i < 3; i++) {
        sample_account(&a, 10 + (uint64_t)i, i == 1 ? 1 : (uint8_t)(20 + i));
        assert_ok(tb_store_tx_new(f->st, &tx[i]));
        assert_ok(tb_store_tx_account_insert(tx[i], &a));
    }
    for (int i = 0; i < 3; i++)
        assert_ok(tb_store_tx_commit(tx[i], on_done, &seen[i]));
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
    assert_ok(tb_store_tx_commit(tx, on_done, f));
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
        assert_ok(commit(f, tx));
    }
    reopen(f);
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
        assert_ok(commit(f, tx));
    }
    reopen(f);
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
    assert_ok(commit(f, tx));
    old = a;
    a.state = TB_AUTHZ_VALID;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_update(tx, &a));
    assert_ok(commit(f, tx));
    old.state = TB_AUTHZ_INVALID;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_update(tx, &old));
    assert_int_equal(commit(f, tx), TB_E_STATE);
    assert_ok(tb_store_authz_get(f->st, 5, &back));
    assert_int_equal(back.state, TB_AUTHZ_VALID);
    assert_int_equal(back.rev, 1);
}

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
    assert_ok(commit(f, tx));
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
    assert_ok(commit(f, tx));
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
    assert_ok(commit(f, tx));
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
    assert_ok(commit(f, tx));
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
    assert_ok(tb_store_tx_commit(tx, on_done, f));
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
    assert_ok(commit(f, tx));
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

static void issue(struct fixture *f, struct tb_order *o, uint64_t seq, uint8_t serial)
{
    struct tb_store_tx *tx;

    sample_order(o, tb_store_next_order(f->st, 100), 7);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_insert(tx, o));
    assert_ok(commit(f, tx));
    sample_issue(o, seq, serial);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_update(tx, o));
    assert_ok(commit(f, tx));
}

static void issued_orders_are_found_listed_and_counted(void **state)
{
    struct fixture *f = *state;
    struct tb_order o[3];
    struct tb_order list[4];
    struct tb_order back;
    struct tb_store_tx *tx;
    uint32_t open;
    size_t num;

    for (uint8_t i = 0; i < 3; i++)
        issue(f, &o[i], 1u + i, (uint8_t)(0x10 + i));
    assert_int_equal(tb_store_last_seq(f->st), 3);
    assert_ok(tb_store_order_find_serial(f->st, o[1].serial, &back));
    assert_true(back.no == o[1].no);
    tb_order_clear(&back);
    assert_ok(tb_store_order_list_issued(f->st, 0, 2, list, &num));
    assert_int_equal(num, 2);
    assert_true(list[0].no == o[2].no && list[1].no == o[1].no);
    tb_order_clear(&list[0]);
    tb_order_clear(&list[1]);
    assert_ok(tb_store_order_list_issued(f->st, o[1].no, 4, list, &num));
    assert_int_equal(num, 1);
    tb_order_clear(&list[0]);
    assert_ok(tb_store_order_count_open(f->st, 7, 0, 10, &open));
    assert_int_equal(open, 0);
    sample_order(&back, tb_store_next_order(f->st, 100), 7);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_insert(tx, &back));
    assert_ok(commit(f, tx));
    assert_ok(tb_store_order_count_open(f->st, 7, 0, 10, &open));
    assert_int_equal(open, 1);
    tb_order_clear(&back);
    reopen(f);
    assert_int_equal(tb_store_last_seq(f->st), 3);
    for (int i = 0; i < 3; i++)
        tb_order_clear(&o[i]);
}

static void revocations_stay_and_the_newest_is_known_after_a_restart(void **state)
{
    struct fixture *f = *state;
    struct tb_order o[2], back;
    struct tb_store_tx *tx;

    for (uint8_t i = 0; i < 2; i++)
        issue(f, &o[i], 1u + i, (uint8_t)(0x10 + i));
    assert_int_equal(tb_store_last_revoked(f->st), 0);
    assert_ok(tb_store_order_find_serial(f->st, o[0].serial, &back));
    back.revoked_seq = 9;
    back.revoked_at = 77;
    back.revoked_for = TB_REASON_KEY_COMPROMISE;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_update(tx, &back));
    assert_ok(commit(f, tx));
    tb_order_clear(&back);
    for (int restarted = 0; restarted < 2; restarted++) {
        assert_int_equal(tb_store_last_revoked(f->st), 9);
        assert_int_equal(tb_store_last_seq(f->st), 2);
        for (int i = 0; i < 2; i++) {
            assert_ok(tb_store_order_find_serial(f->st, o[i].serial, &back));
            assert_int_equal(back.revoked_seq, i == 0 ? 9 : 0);
            assert_int_equal(back.revoked_at, i == 0 ? 77 : 0);
            tb_order_clear(&back);
        }
        reopen(f);
    }
    for (int i = 0; i < 2; i++)
        tb_order_clear(&o[i]);
}

static void orders_of_an_account_are_listed_in_bounded_pages(void **state)
{
    struct fixture *f = *state;
    tb_order_no_t all[6];
    tb_order_no_t got[3];
    tb_order_no_t next = 0;
    size_t num = 9;

    assert_ok(tb_store_order_list_account(f->st, 7, 0, 0, 3, got, &num, &next));
    assert_int_equal(num, 0);
    assert_true(next == 0);
    for (int i = 0; i < 6; i++) {
        struct tb_store_tx *tx = NULL;
        struct tb_order o;

        sample_order(&o, tb_store_next_order(f->st, 100 + i), i == 4 ? 8 : 7);
        o.state = i == 3 ? TB_ORDER_INVALID : TB_ORDER_PENDING;
        all[i] = o.no;
        assert_ok(tb_store_tx_new(f->st, &tx));
        assert_ok(tb_store_tx_order_insert(tx, &o));
        assert_ok(commit(f, tx));
        tb_order_clear(&o);
    }
    /* Not 4 (another account's), not 3 (invalid). */
    assert_ok(tb_store_order_list_account(f->st, 7, 0, 0, 3, got, &num, &next));
    assert_int_equal(num, 3);
    assert_true(got[0] == all[5] && got[1] == all[2] && got[2] == all[1] && next == all[1]);
    assert_ok(tb_store_order_list_account(f->st, 7, next, 0, 3, got, &num, &next));
    assert_int_equal(num, 1);
    assert_true(got[0] == all[0]);
    assert_true(next == all[0]);
    assert_ok(tb_store_order_list_account(f->st, 7, next, 0, 3, got, &num, &next));
    assert_int_equal(num, 0);
    assert_true(next == 0);
    /* What is older than the account is not looked at. */
    assert_ok(tb_store_order_list_account(f->st, 7, 0, all[0], 3, got, &num, &next));
    assert_true(num == 3 && next == all[1]);
    assert_ok(tb_store_order_list_account(f->st, 7, next, all[0], 3, got, &num, &next));
    assert_true(num == 1 && next == 0);
}

static void order_numbers_carry_their_time_and_only_grow(void **state)
{
    struct fixture *f = *state;
    tb_order_no_t a = tb_store_next_order(f->st, 100);
    tb_order_no_t b = tb_store_next_order(f->st, 100);
    tb_order_no_t c = tb_store_next_order(f->st, 50);
    tb_order_no_t d = tb_store_next_order(f->st, 200);

    assert_true(tb_order_no_time(a) == 100);
    assert_true(b == a + 1 && c == b + 1);
    assert_true(tb_order_no_time(d) == 200);
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
    assert_ok(commit(f, tx));
    assert_ok(tb_store_authz_list_processing(f->st, 4, ids, &num));
    assert_int_equal(num, 1);
    assert_int_equal(ids[0], 5);
    a.challenge[0].state = TB_CHALLENGE_VALID;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_authz_update(tx, &a));
    assert_ok(commit(f, tx));
    assert_ok(tb_store_authz_list_processing(f->st, 4, ids, &num));
    assert_int_equal(num, 0);
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

    issue(f, &issued, 1, 0x11);
    sample_order(&open, tb_store_next_order(f->st, 100), 7);
    sample_authz(&a, 5, 7, "a.example");
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_insert(tx, &open));
    assert_ok(tb_store_tx_authz_insert(tx, &a));
    assert_ok(commit(f, tx));
    for (int i = 0; i < 4; i++) {
        assert_ok(tb_store_collect(f->st, 1000 + 86400 + 1, 100000));
        assert_ok(insert_account(f, 50 + (uint64_t)i, (uint8_t)(50 + i)));
    }
    reopen(f);
    assert_int_equal(tb_store_order_get(f->st, open.no, &back), TB_E_NOTFOUND);
    assert_int_equal(tb_store_authz_get(f->st, 5, &a), TB_E_NOTFOUND);
    assert_ok(tb_store_order_get(f->st, issued.no, &back));
    tb_order_clear(&back);
    for (int i = 0; i < 2; i++) {
        assert_ok(tb_store_collect(f->st, 5000 + 100000 + 1, 100000));
        assert_ok(insert_account(f, 60 + (uint64_t)i, (uint8_t)(60 + i)));
    }
    reopen(f);
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

/* The count is kept in memory; what the database says must be the same after every kind of change. */
static void open_orders_are_counted_through_their_life(void **state)
{
    struct fixture *f = *state;
    struct tb_order o[3];
    struct tb_store_tx *tx;
    uint32_t open;

    assert_ok(tb_store_order_count_open(f->st, 7, 0, 10, &open));
    assert_int_equal(open, 0);
    for (int i = 0; i < 3; i++) {
        sample_order(&o[i], tb_store_next_order(f->st, 100), 7);
        assert_ok(tb_store_tx_new(f->st, &tx));
        assert_ok(tb_store_tx_order_insert(tx, &o[i]));
        assert_ok(commit(f, tx));
    }
    assert_ok(tb_store_order_count_open(f->st, 7, 0, 10, &open));
    assert_int_equal(open, 3);
    assert_ok(tb_store_order_count_open(f->st, 7, 0, 2, &open));
    assert_int_equal(open, 2);
    o[0].state = TB_ORDER_INVALID;
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_update(tx, &o[0]));
    assert_ok(commit(f, tx));
    sample_issue(&o[1], 1, 0x33);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_update(tx, &o[1]));
    assert_ok(commit(f, tx));
    reopen(f);
    assert_ok(tb_store_order_count_open(f->st, 7, 0, 10, &open));
    assert_int_equal(open, 1);
    /* Expired ones are no longer open once the count matters. */
    assert_ok(tb_store_order_count_open(f->st, 7, 1000, 1, &open));
    assert_int_equal(open, 0);
    for (int i = 0; i < 3; i++)
        tb_order_clear(&o[i]);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_was_committed_is_there_after_reopening),
        T(one_key_has_one_account_and_a_failure_takes_nobody_along),
        T(reads_see_what_was_submitted),
        T(a_transaction_takes_many_rows),
        T(every_claim_is_found_after_reopening),
        T(an_outdated_object_is_not_written),
        T(an_authorization_is_found_by_its_exact_claim),
        T(one_of_a_subtree_is_found_as_such),
        T(valid_authorizations_are_listed_newest_first_and_no_others),
        T(only_the_newest_of_a_claim_are_looked_at),
        T(issued_orders_are_found_listed_and_counted),
        T(revocations_stay_and_the_newest_is_known_after_a_restart),
        T(orders_of_an_account_are_listed_in_bounded_pages),
        T(open_orders_are_counted_through_their_life),
        T(order_numbers_carry_their_time_and_only_grow),
        T(processing_authorizations_are_listed),
        T(invariant_28_garbage_collection_removes_what_expired),
        T(a_foreign_database_is_refused_with_its_path),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
