/* Functions under test: tb_standings_*, tb_account_rec_read and _write. */
#include "tests/unit/test.h"

#include <string.h>

#include "ca/judge/standing.h"

static const uint8_t *key_of(unsigned n)
{
    static uint8_t buf[8][TB_DIGEST_LEN];
    static unsigned next;
    uint8_t *b = buf[next++ % 8];

    memset(b, 0, TB_DIGEST_LEN);
    memcpy(b + 4, &n, sizeof(n));
    b[31] = 1;
    return b;
}

static struct tb_account_rec event(enum tb_account_event what, unsigned first, unsigned key)
{
    struct tb_account_rec rec = {.event = what};

    memcpy(rec.first, key_of(first), TB_DIGEST_LEN);
    memcpy(rec.thumbprint, key_of(key), TB_DIGEST_LEN);
    return rec;
}

static uint64_t seq;

static int change(struct tb_standings *st, unsigned first, unsigned key)
{
    struct tb_account_rec rec = event(TB_EVENT_KEY_CHANGED, first, key);

    return tb_standings_apply(st, &rec, ++seq, 5, 0);
}

static int deactivate(struct tb_standings *st, unsigned first, unsigned key)
{
    struct tb_account_rec rec = event(TB_EVENT_DEACTIVATED, first, key);

    return tb_standings_apply(st, &rec, ++seq, 5, 0);
}

static void a_retired_key_never_returns(void **state)
{
    struct tb_standings st;

    (void)state;
    assert_ok(tb_standings_init(&st, 100));
    assert_null(tb_standings_find(&st, key_of(1)));
    assert_ok(change(&st, 1, 2));
    assert_ok(change(&st, 1, 3));
    assert_int_equal(change(&st, 1, 1), TB_E_EXISTS);
    assert_int_equal(change(&st, 1, 2), TB_E_EXISTS);
    assert_int_equal(change(&st, 1, 3), TB_E_EXISTS);
    assert_int_equal(change(&st, 9, 2), TB_E_EXISTS); /* not for another account either */
    assert_int_equal(change(&st, 2, 9), TB_E_EXISTS); /* nor as an account of its own */
    assert_int_equal(deactivate(&st, 2, 2), TB_E_EXISTS);
    assert_int_equal(st.num, 1);
    assert_memory_equal(tb_standings_find(&st, key_of(1))->current, key_of(3), TB_DIGEST_LEN);
    assert_memory_equal(tb_standings_find(&st, key_of(1))->before, key_of(2), TB_DIGEST_LEN);
    assert_null(tb_standings_find(&st, key_of(2)));
    assert_ptr_equal(tb_standings_owner(&st, key_of(2)), tb_standings_find(&st, key_of(1)));
    tb_standings_clear(&st);
}

static void a_deactivated_account_stays_so(void **state)
{
    struct tb_standings st;

    (void)state;
    assert_ok(tb_standings_init(&st, 100));
    assert_int_equal(deactivate(&st, 1, 2), TB_E_STATE); /* not with a key that it has not */
    assert_ok(deactivate(&st, 1, 1));
    assert_int_equal(deactivate(&st, 1, 1), TB_E_STATE);
    assert_int_equal(change(&st, 1, 2), TB_E_STATE);
    assert_int_equal(change(&st, 3, 1), TB_E_EXISTS);
    assert_int_equal(tb_standings_find(&st, key_of(1))->standing, TB_STANDING_DEACTIVATED);
    tb_standings_clear(&st);
}

static void at_the_limit_there_is_still_room_to_deactivate(void **state)
{
    enum { MAX = 64, KEPT = MAX / 16 };
    struct tb_standings st;

    (void)state;
    assert_ok(tb_standings_init(&st, MAX));
    for (unsigned i = 0; i < MAX - KEPT; i++)
        assert_ok(change(&st, 1000 + i, 2000 + i));
    assert_int_equal(change(&st, 1, 2), TB_E_LIMIT);
    assert_ok(change(&st, 1000, 3000)); /* an account that is there needs no room */
    for (unsigned i = 0; i < KEPT; i++)
        assert_ok(deactivate(&st, 4000 + i, 4000 + i));
    assert_int_equal(deactivate(&st, 5000, 5000), TB_E_LIMIT);
    assert_ok(deactivate(&st, 1000, 3000));
    assert_int_equal(st.num, MAX);
    tb_standings_clear(&st);
    assert_int_equal(tb_standings_init(&st, 0), TB_E_INVAL);
    assert_int_equal(tb_standings_init(&st, TB_STANDINGS_MAX + 1), TB_E_INVAL);
}

static void one_account_changes_so_often_and_no_more(void **state)
{
    struct tb_standings st;

    (void)state;
    assert_ok(tb_standings_init(&st, 10));
    for (unsigned i = 0; i < TB_STANDING_CHANGES_MAX; i++)
        assert_ok(change(&st, 1, 10 + i));
    assert_int_equal(change(&st, 1, 5), TB_E_LIMIT);
    assert_ok(deactivate(&st, 1, 10 + TB_STANDING_CHANGES_MAX - 1));
    tb_standings_clear(&st);
}

static void many_accounts_are_found_again(void **state)
{
    struct tb_standings st;

    (void)state;
    assert_ok(tb_standings_init(&st, 4096));
    for (unsigned i = 1; i <= 3000; i++)
        assert_ok(change(&st, i, 10000 + i));
    for (unsigned i = 1; i <= 3000; i++) {
        assert_memory_equal(tb_standings_find(&st, key_of(i))->current, key_of(10000 + i), TB_DIGEST_LEN);
        assert_ptr_equal(tb_standings_owner(&st, key_of(10000 + i)), tb_standings_find(&st, key_of(i)));
    }
    tb_standings_clear(&st);
}

static void records_round_trip_and_are_refused_when_cut_or_changed(void **state)
{
    struct tb_account_rec rec = event(TB_EVENT_KEY_CHANGED, 1, 2), back;
    uint8_t buf[4096], again[4096];
    struct tb_wr wr, twice;

    (void)state;
    for (enum tb_account_event e = TB_EVENT_KEY_CHANGED; e < TB_EVENT__COUNT; e++) {
        rec.event = e;
        if (e == TB_EVENT_BOUND) {
            strcpy(rec.eab_kid, "kid");
            memcpy(rec.thumbprint, rec.first, TB_DIGEST_LEN);
        }
        rec.jwk = e == TB_EVENT_KEY_CHANGED ? tb_span_str("{\"kty\":\"EC\"}") : (struct tb_span){0};
        if (e == TB_EVENT_KEY_CHANGED)
            tb_sha256(rec.thumbprint, rec.jwk);
        tb_wr_fixed(&wr, buf, sizeof(buf));
        tb_account_rec_write(&wr, &rec);
        assert_ok(tb_account_rec_read(tb_wr_span(&wr), &back));
        tb_wr_fixed(&twice, again, sizeof(again));
        tb_account_rec_write(&twice, &back);
        assert_int_equal(wr.len, twice.len);
        assert_memory_equal(buf, again, wr.len);
        for (size_t len = 0; len < wr.len; len++)
            assert_int_equal(tb_account_rec_read(tb_span_of(buf, len), &back), TB_E_TRUNC);
        assert_int_equal(tb_account_rec_read(tb_span_of(buf, wr.len + 1), &back), TB_E_TRAIL);
        buf[0] = TB_EVENT__COUNT;
        assert_int_equal(tb_account_rec_read(tb_wr_span(&wr), &back), TB_E_FORMAT);
    }
    rec = event(TB_EVENT_KEY_CHANGED, 1, 2);
    rec.jwk = tb_span_str("{\"kty\":\"EC\"}"); /* of which that is not the thumbprint */
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_account_rec_write(&wr, &rec);
    assert_int_equal(tb_account_rec_read(tb_wr_span(&wr), &back), TB_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retired_key_never_returns),
        cmocka_unit_test(a_deactivated_account_stays_so),
        cmocka_unit_test(at_the_limit_there_is_still_room_to_deactivate),
        cmocka_unit_test(one_account_changes_so_often_and_no_more),
        cmocka_unit_test(many_accounts_are_found_again),
        cmocka_unit_test(records_round_trip_and_are_refused_when_cut_or_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
