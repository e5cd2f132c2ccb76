#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "ca/judge/revoked.h"

#define T0 INT64_C(1800000000)

static struct tb_revoke_rec rec_of(enum tb_issuer issuer, uint32_t n)
{
    struct tb_revoke_rec r = {.issuer = issuer,
                              .not_after = T0 + 1000,
                              .reason = TB_REASON_SUPERSEDED,
                              .who = TB_REVOKER_OPERATOR,
                              .issuance = n + 1};

    r.serial[0] = 1;
    memcpy(r.serial + 4, &n, sizeof(n));
    r.serial[TB_SERIAL_LEN - 1] = (uint8_t)(n * 7);
    return r;
}

static unsigned count(const struct tb_revoked *t, enum tb_issuer issuer, unsigned shard)
{
    const struct tb_revoked_entry *e = NULL;
    unsigned n = 0;
    uint64_t last = 0;

    while ((e = tb_revoked_next(t, issuer, shard, e)) != NULL) {
        assert_int_equal(e->issuer, issuer);
        assert_int_equal(tb_revoked_shard_of(e->serial), shard);
        assert_true(e->issuance > last);
        last = e->issuance;
        n++;
    }
    assert_int_equal(n, t->shard[issuer][shard].num);
    return n;
}

static void what_is_added_is_found_under_its_issuer_only(void **state)
{
    const struct tb_revoke_rec r = rec_of(TB_ISSUER_SERVER, 5);
    const struct tb_revoked_entry *e;
    struct tb_revoked t;

    (void)state;
    assert_ok(tb_revoked_init(&t, 64));
    assert_null(tb_revoked_find(&t, TB_ISSUER_SERVER, r.serial));
    assert_ok(tb_revoked_add(&t, &r, r.issuance, T0 + 3, T0));
    assert_non_null(e = tb_revoked_find(&t, TB_ISSUER_SERVER, r.serial));
    assert_null(tb_revoked_find(&t, TB_ISSUER_CLIENT, r.serial));
    assert_int_equal(e->revoked_at, T0 + 3);
    assert_int_equal(e->not_after, T0 + 1000);
    assert_int_equal(e->issuance, 6);
    assert_int_equal(e->reason, TB_REASON_SUPERSEDED);
    assert_int_equal(e->who, TB_REVOKER_OPERATOR);
    tb_revoked_clear(&t);
}

static void the_first_revocation_counts(void **state)
{
    struct tb_revoke_rec r = rec_of(TB_ISSUER_SERVER, 5);
    unsigned shard = tb_revoked_shard_of(r.serial);
    struct tb_revoked t;
    uint64_t generation;

    (void)state;
    assert_ok(tb_revoked_init(&t, 64));
    assert_ok(tb_revoked_add(&t, &r, r.issuance, T0, T0));
    generation = t.shard[TB_ISSUER_SERVER][shard].generation;
    assert_int_not_equal(generation, 0);
    r.reason = TB_REASON_CESSATION_OF_OPERATION;
    assert_int_equal(tb_revoked_add(&t, &r, r.issuance, T0 + 9, T0), TB_E_EXISTS);
    assert_int_equal(tb_revoked_find(&t, TB_ISSUER_SERVER, r.serial)->reason, TB_REASON_SUPERSEDED);
    assert_int_equal(tb_revoked_find(&t, TB_ISSUER_SERVER, r.serial)->revoked_at, T0);
    assert_int_equal(t.shard[TB_ISSUER_SERVER][shard].generation, generation);
    assert_int_equal(t.num, 1);
    tb_revoked_clear(&t);
}

/* That the key is compromised is said once more, by who may say so, and the date stays. */
static void a_compromise_that_is_told_later_takes_the_place_of_the_reason(void **state)
{
    static const struct {
        enum tb_reason before;
        enum tb_revoker who;
        enum tb_reason reason;
        enum tb_revoker by;
        bool counts;
    } rows[] = {
        {TB_REASON_SUPERSEDED, TB_REVOKER_ACCOUNT, TB_REASON_KEY_COMPROMISE, TB_REVOKER_KEY, true},
        {TB_REASON_SUPERSEDED, TB_REVOKER_KEY, TB_REASON_KEY_COMPROMISE, TB_REVOKER_OPERATOR, true},
        {TB_REASON_KEY_COMPROMISE, TB_REVOKER_ACCOUNT, TB_REASON_KEY_COMPROMISE, TB_REVOKER_KEY, true},
        {TB_REASON_SUPERSEDED, TB_REVOKER_ACCOUNT, TB_REASON_KEY_COMPROMISE, TB_REVOKER_ACCOUNT, false},
        {TB_REASON_SUPERSEDED, TB_REVOKER_ACCOUNT, TB_REASON_KEY_COMPROMISE, TB_REVOKER_AUTHORIZATIONS, false},
        {TB_REASON_KEY_COMPROMISE, TB_REVOKER_KEY, TB_REASON_KEY_COMPROMISE, TB_REVOKER_OPERATOR, false},
        {TB_REASON_KEY_COMPROMISE, TB_REVOKER_OPERATOR, TB_REASON_UNSPECIFIED, TB_REVOKER_OPERATOR, false},
        {TB_REASON_UNSPECIFIED, TB_REVOKER_ACCOUNT, TB_REASON_SUPERSEDED, TB_REVOKER_OPERATOR, false},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_revoke_rec r = rec_of(TB_ISSUER_SERVER, 5), other = rec_of(TB_ISSUER_SERVER, 21);
        unsigned shard = tb_revoked_shard_of(r.serial);
        const struct tb_revoked_entry *e;
        struct tb_revoked t;

        assert_int_equal(shard, tb_revoked_shard_of(other.serial));
        r.reason = rows[i].before;
        r.who = rows[i].who;
        assert_ok(tb_revoked_init(&t, 4096));
        assert_ok(tb_revoked_add(&t, &r, 10, T0, T0));
        assert_ok(tb_revoked_add(&t, &other, 11, T0, T0));
        r.reason = rows[i].reason;
        r.who = rows[i].by;
        assert_int_equal(tb_revoked_add(&t, &r, 12, T0 + 9, T0 + 9), rows[i].counts ? 0 : TB_E_EXISTS);
        for (int again = 0; again < 2; again++) {
            assert_non_null(e = tb_revoked_find(&t, TB_ISSUER_SERVER, r.serial));
            assert_int_equal(e->reason, rows[i].counts ? TB_REASON_KEY_COMPROMISE : rows[i].before);
            assert_int_equal(e->revoked_at, T0);
            assert_int_equal(e->seq, rows[i].counts ? 12 : 10);
            assert_int_equal(t.shard[TB_ISSUER_SERVER][shard].num, 2);
            assert_int_equal(tb_revoked_after(&t, 0)->seq, rows[i].counts ? 11 : 10);
            e = tb_revoked_next(&t, TB_ISSUER_SERVER, shard, NULL);
            assert_int_equal(e->seq, rows[i].counts ? 11 : 10);
            e = tb_revoked_next(&t, TB_ISSUER_SERVER, shard, e);
            assert_int_equal(e->seq, rows[i].counts ? 12 : 11);
            assert_null(tb_revoked_next(&t, TB_ISSUER_SERVER, shard, e));
            for (uint32_t n = 100; n < 500 && again == 0; n++) { /* everything is linked anew */
                struct tb_revoke_rec more = rec_of(TB_ISSUER_CLIENT, n);

                assert_ok(tb_revoked_add(&t, &more, n, T0, T0));
            }
        }
        tb_revoked_clear(&t);
    }
}

static void the_only_entry_of_a_shard_is_superseded(void **state)
{
    struct tb_revoke_rec r = rec_of(TB_ISSUER_SERVER, 5);
    unsigned shard = tb_revoked_shard_of(r.serial);
    struct tb_revoked t;

    (void)state;
    assert_ok(tb_revoked_init(&t, 64));
    assert_ok(tb_revoked_add(&t, &r, 10, T0, T0));
    r.reason = TB_REASON_KEY_COMPROMISE;
    assert_ok(tb_revoked_add(&t, &r, 11, T0, T0));
    assert_int_equal(count(&t, TB_ISSUER_SERVER, shard), 1);
    tb_revoked_expire(&t, INT64_MAX);
    assert_int_equal(t.num, 0);
    assert_int_equal(count(&t, TB_ISSUER_SERVER, shard), 0);
    tb_revoked_clear(&t);
}

static void every_entry_is_in_one_shard_in_the_order_of_the_log(void **state)
{
    unsigned sum[TB_ISSUER__COUNT] = {0};
    struct tb_revoked t;

    (void)state;
    assert_ok(tb_revoked_init(&t, 4096));
    for (uint32_t i = 0; i < 2000; i++) {
        const struct tb_revoke_rec r = rec_of(i % 2 == 0 ? TB_ISSUER_SERVER : TB_ISSUER_CLIENT, i);

        assert_ok(tb_revoked_add(&t, &r, r.issuance, T0, T0));
    }
    for (unsigned issuer = 0; issuer < TB_ISSUER__COUNT; issuer++)
        for (unsigned s = 0; s < TB_REVOKED_SHARDS; s++)
            sum[issuer] += count(&t, (enum tb_issuer)issuer, s);
    assert_int_equal(sum[TB_ISSUER_SERVER], 1000);
    assert_int_equal(sum[TB_ISSUER_CLIENT], 1000);
    assert_int_equal(sum[TB_ISSUER_NONE] + sum[TB_ISSUER_PEER], 0);
    assert_null(tb_revoked_next(&t, TB_ISSUER_SERVER, TB_REVOKED_SHARDS, NULL));
    tb_revoked_clear(&t);
}

static void an_entry_leaves_only_long_after_expiry_and_its_shard_tells(void **state)
{
    struct tb_revoke_rec a = rec_of(TB_ISSUER_SERVER, 1), b = rec_of(TB_ISSUER_SERVER, 17);
    unsigned shard = tb_revoked_shard_of(a.serial);
    struct tb_revoked t;
    uint64_t generation;

    (void)state;
    assert_int_equal(shard, tb_revoked_shard_of(b.serial));
    b.not_after += 50;
    assert_ok(tb_revoked_init(&t, 64));
    assert_ok(tb_revoked_add(&t, &a, a.issuance, T0, T0));
    assert_ok(tb_revoked_add(&t, &b, b.issuance, T0, T0));
    generation = t.shard[TB_ISSUER_SERVER][shard].generation;
    tb_revoked_expire(&t, T0 + 1000 + TB_REVOKED_KEEP_S - 1);
    assert_int_equal(count(&t, TB_ISSUER_SERVER, shard), 2);
    assert_int_equal(t.shard[TB_ISSUER_SERVER][shard].generation, generation);
    tb_revoked_expire(&t, T0 + 1000 + TB_REVOKED_KEEP_S);
    assert_int_equal(count(&t, TB_ISSUER_SERVER, shard), 1);
    assert_true(t.shard[TB_ISSUER_SERVER][shard].generation > generation);
    assert_null(tb_revoked_find(&t, TB_ISSUER_SERVER, a.serial));
    assert_non_null(tb_revoked_find(&t, TB_ISSUER_SERVER, b.serial));
    tb_revoked_expire(&t, INT64_MAX);
    assert_int_equal(count(&t, TB_ISSUER_SERVER, shard), 0);
    tb_revoked_clear(&t);
}

static void at_the_maximum_new_ones_are_refused_until_old_ones_expire(void **state)
{
    struct tb_revoke_rec r = rec_of(TB_ISSUER_SERVER, 99);
    struct tb_revoked t;

    (void)state;
    assert_int_equal(tb_revoked_init(&t, 0), TB_E_INVAL);
    assert_int_equal(tb_revoked_init(&t, (size_t)TB_REVOKED_MAX + 1), TB_E_INVAL);
    assert_ok(tb_revoked_init(&t, 9));
    for (uint32_t i = 0; i < 9; i++) {
        const struct tb_revoke_rec one = rec_of(TB_ISSUER_SERVER, i);

        assert_int_equal(tb_revoked_reserve(&t, 10 - i, T0), TB_E_LIMIT);
        assert_ok(tb_revoked_add(&t, &one, one.issuance, T0, T0));
    }
    assert_int_equal(tb_revoked_add(&t, &r, r.issuance, T0, T0 + 1000 + TB_REVOKED_KEEP_S - 1), TB_E_LIMIT);
    for (uint32_t i = 0; i < 9; i++) {
        const struct tb_revoke_rec one = rec_of(TB_ISSUER_SERVER, i);

        assert_non_null(tb_revoked_find(&t, TB_ISSUER_SERVER, one.serial));
    }
    assert_null(tb_revoked_find(&t, TB_ISSUER_SERVER, r.serial));
    assert_ok(tb_revoked_add(&t, &r, r.issuance, T0, T0 + 1000 + TB_REVOKED_KEEP_S));
    assert_int_equal(t.num, 1);
    tb_revoked_clear(&t);
}

static void what_came_after_a_number_is_found_in_the_order_of_the_log(void **state)
{
    const struct tb_revoked_entry *e;
    struct tb_revoked t;

    (void)state;
    assert_ok(tb_revoked_init(&t, 64));
    assert_null(tb_revoked_after(&t, 0));
    for (uint32_t i = 0; i < 20; i++) {
        const struct tb_revoke_rec r = rec_of(TB_ISSUER_SERVER, i);

        assert_ok(tb_revoked_add(&t, &r, 10 * (uint64_t)i + 10, T0, T0));
    }
    for (uint64_t after = 0; after < 200; after++) {
        assert_non_null(e = tb_revoked_after(&t, after));
        assert_int_equal(e->seq, after / 10 * 10 + 10);
    }
    assert_null(tb_revoked_after(&t, 200));
    tb_revoked_clear(&t);
}

/* What a model says that must be there, whatever was added, told anew or dropped before, and however the clock goes. */

#define MODEL_NUM 400

struct model {
    struct tb_revoke_rec rec[MODEL_NUM];
    bool there[MODEL_NUM];
    tb_time_t latest; /* that anybody was told */
};

static unsigned listed(const struct tb_revoked *t, const struct tb_revoke_rec *rec)
{
    const struct tb_revoked_entry *e = NULL;
    unsigned shard = tb_revoked_shard_of(rec->serial);
    unsigned n = 0, all = 0;

    for (; (e = tb_revoked_next(t, rec->issuer, shard, e)) != NULL; all++)
        if (memcmp(e->serial, rec->serial, TB_SERIAL_LEN) == 0 && e->reason == rec->reason)
            n++;
    assert_int_equal(all, t->shard[rec->issuer][shard].num);
    return n;
}

static void compare(const struct tb_revoked *t, const struct model *m)
{
    for (size_t i = 0; i < MODEL_NUM; i++) {
        if (!m->there[i] || m->rec[i].not_after + TB_REVOKED_KEEP_S <= m->latest)
            continue;
        assert_non_null(tb_revoked_find(t, m->rec[i].issuer, m->rec[i].serial));
        assert_int_equal(listed(t, &m->rec[i]), 1);
    }
}

static void invariant_30_the_unexpired_are_listed_under_any_order_of_maintenance(void **state)
{
    static struct model m;
    struct tb_revoked t;
    tb_time_t now = T0;
    uint64_t seq = 0;
    int r;

    (void)state;
    srandom(30);
    m = (struct model){.latest = T0};
    assert_ok(tb_revoked_init(&t, 1000));
    for (unsigned step = 0; step < 20000; step++) {
        size_t i = (size_t)random() % MODEL_NUM;
        struct tb_revoke_rec *rec = &m.rec[i];

        now += random() % 3 == 0 ? -(random() % 900) : random() % 1000;
        if (random() % 20 == 0) {
            tb_revoked_expire(&t, now);
        } else if (!m.there[i] || rec->not_after + TB_REVOKED_KEEP_S <= m.latest) {
            *rec = rec_of(random() % 2 == 0 ? TB_ISSUER_SERVER : TB_ISSUER_CLIENT, step);
            rec->not_after = now + random() % 20000;
            assert_ok(tb_revoked_add(&t, rec, ++seq, now, now));
            m.there[i] = true;
        } else {
            r = rec->reason == TB_REASON_KEY_COMPROMISE ? TB_E_EXISTS : 0;
            rec->reason = TB_REASON_KEY_COMPROMISE;
            assert_int_equal(tb_revoked_add(&t, rec, ++seq, now, now), r);
        }
        m.latest = now > m.latest ? now : m.latest;
        if (step % 16 == 0)
            compare(&t, &m);
    }
    tb_revoked_clear(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_added_is_found_under_its_issuer_only),
        cmocka_unit_test(the_first_revocation_counts),
        cmocka_unit_test(a_compromise_that_is_told_later_takes_the_place_of_the_reason),
        cmocka_unit_test(the_only_entry_of_a_shard_is_superseded),
        cmocka_unit_test(every_entry_is_in_one_shard_in_the_order_of_the_log),
        cmocka_unit_test(an_entry_leaves_only_long_after_expiry_and_its_shard_tells),
        cmocka_unit_test(what_came_after_a_number_is_found_in_the_order_of_the_log),
        cmocka_unit_test(invariant_30_the_unexpired_are_listed_under_any_order_of_maintenance),
        cmocka_unit_test(at_the_maximum_new_ones_are_refused_until_old_ones_expire),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
