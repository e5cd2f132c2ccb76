/* Functions under test: those of ca/judge/crls.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/config/value.h"
#include "ca/judge/crls.h"
#include "tests/unit/ca/judge/world.h"

#define MANY 100000

struct fix {
    struct world *w;
    struct tb_revoked revoked;
    struct tb_crls crls;
    struct tb_crl_source src;
};

static int setup(void **state)
{
    struct fix *f = calloc(1, sizeof(*f));

    f->w = w_new();
    assert_int_equal(tb_value_listen("127.0.0.1:8080", &f->w->cfg->http), 0);
    f->w->cfg->http.on = true;
    assert_int_equal(tb_revoked_init(&f->revoked, TB_REVOKED_MAX), 0);
    tb_crls_init(&f->crls);
    f->src = (struct tb_crl_source){.cfg = f->w->cfg,
                                    .ca = &f->w->s->ca[TB_ISSUER_SERVER],
                                    .revoked = &f->revoked,
                                    .now = W_NOW,
                                    .now_us = (uint64_t)W_NOW * TB_CRL_NUMBER_PER_S,
                                    .floor = W_NOW};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = *state;

    tb_crls_clear(&f->crls);
    tb_revoked_clear(&f->revoked);
    w_free(f->w);
    free(f);
    return 0;
}

static void revoke(struct fix *f, uint32_t n, tb_time_t not_after)
{
    struct tb_revoke_rec rec = {.issuer = TB_ISSUER_SERVER, .reason = TB_REASON_SUPERSEDED, .not_after = not_after};
    uint32_t mixed = n * UINT32_C(2654435761); /* so that the order of the log is not that of the serials */

    rec.serial[0] = 0x11;
    memcpy(rec.serial + 4, &mixed, sizeof(mixed));
    memcpy(rec.serial + 12, &n, sizeof(n));
    rec.serial[15] = (uint8_t)n;
    assert_int_equal(tb_revoked_add(&f->revoked, &rec, n + 1, W_NOW - 5, W_NOW), 0);
}

static struct tb_crl_slot *slot(struct fix *f, unsigned shard)
{
    return &f->crls.slot[TB_ISSUER_SERVER][shard];
}

/* As the keyholder would; the signature itself is not looked at here. */
static void make(struct fix *f, unsigned shard, struct tb_crl *out)
{
    static const uint8_t sig[] = {0x30, 0x03, 0x02, 0x01, 0x01};
    struct tb_crl_slot *s = slot(f, shard);

    assert_int_equal(tb_crls_prepare(&f->crls, s, &f->src), 0);
    assert_ptr_equal(tb_crls_find_id(&f->crls, s->sign_id), s);
    assert_false(tb_crls_is_due(s, &f->src));
    assert_int_equal(tb_crl_tbs_read(tb_wr_span(&s->tbs), out), 0);
    assert_int_equal(tb_crls_complete(s, f->src.ca->sig_alg, tb_span_of(sig, sizeof(sig)), f->src.now), 0);
    assert_null(tb_crls_find_id(&f->crls, s->sign_id));
}

static void every_revoked_certificate_is_on_the_crl_of_its_shard(void **state)
{
    struct fix *f = *state;
    size_t seen = 0;

    for (uint32_t n = 0; n < 1000; n++)
        revoke(f, n, W_NOW + 86400);
    for (unsigned k = 0; k < TB_CRL_SHARDS; k++) {
        struct tb_crl_entry e;
        struct tb_crl crl;
        struct tb_rd rd;

        make(f, k, &crl);
        rd = tb_rd_of(crl.entries);
        for (size_t i = 0; i < crl.num_entries; i++, seen++) {
            assert_int_equal(tb_crl_entry_read(&rd, &e), 0);
            assert_int_equal(tb_crl_shard_of(e.serial), k);
            assert_non_null(tb_revoked_find(&f->revoked, TB_ISSUER_SERVER, e.serial));
            assert_int_equal(e.reason, TB_REASON_SUPERSEDED);
        }
    }
    assert_int_equal(seen, 1000);
}

/* Row 30: whatever is tidied away, who is revoked and has not expired stays. */
static void expiry_takes_nobody_off_before_a_crl_after_it(void **state)
{
    struct fix *f = *state;
    struct tb_crl crl;

    revoke(f, 1, W_NOW + 10);
    revoke(f, 17, W_NOW + 86400 * 90);
    for (tb_time_t t = W_NOW; t <= W_NOW + 10 + TB_CRL_LIFETIME_S; t += 3600) {
        f->src.now = t;
        tb_revoked_expire(&f->revoked, t);
        make(f, 1, &crl);
        assert_int_equal(crl.num_entries, 2);
    }
    f->src.now = W_NOW + 10 + TB_REVOKED_KEEP_S;
    tb_revoked_expire(&f->revoked, f->src.now);
    assert_true(tb_crls_is_due(slot(f, 1), &f->src));
    make(f, 1, &crl);
    assert_int_equal(crl.num_entries, 1);
}

static void one_revocation_makes_one_shard_due(void **state)
{
    struct fix *f = *state;
    struct tb_crl crl;

    for (unsigned k = 0; k < TB_CRL_SHARDS; k++) {
        assert_true(tb_crls_is_due(slot(f, k), &f->src));
        make(f, k, &crl);
        assert_false(tb_crls_is_due(slot(f, k), &f->src));
    }
    revoke(f, 5, W_NOW + 86400);
    for (unsigned k = 0; k < TB_CRL_SHARDS; k++)
        assert_int_equal(tb_crls_is_due(slot(f, k), &f->src), k == 5);
}

static void what_is_revoked_while_a_crl_is_signed_makes_it_due_again(void **state)
{
    static const uint8_t sig[] = {0x30, 0x03, 0x02, 0x01, 0x01};
    struct fix *f = *state;

    assert_int_equal(tb_crls_prepare(&f->crls, slot(f, 5), &f->src), 0);
    revoke(f, 5, W_NOW + 86400);
    assert_false(tb_crls_is_due(slot(f, 5), &f->src));
    assert_int_equal(tb_crls_complete(slot(f, 5), f->src.ca->sig_alg, tb_span_of(sig, sizeof(sig)), W_NOW), 0);
    assert_true(tb_crls_is_due(slot(f, 5), &f->src));
}

static void crls_are_refreshed_long_before_they_end(void **state)
{
    struct fix *f = *state;
    struct tb_crl crl;

    make(f, 0, &crl);
    assert_true(crl.this_update == W_NOW - TB_CRL_BACKDATE_S);
    assert_true(crl.next_update - crl.this_update == TB_CRL_LIFETIME_S);
    f->src.now = W_NOW + TB_CRL_REFRESH_S - TB_CRL_JITTER_S - 1;
    assert_false(tb_crls_is_due(slot(f, 0), &f->src));
    f->src.now = W_NOW + TB_CRL_REFRESH_S;
    assert_true(tb_crls_is_due(slot(f, 0), &f->src));
    f->src.now = W_NOW - 86400; /* the clock was set back */
    assert_true(tb_crls_is_due(slot(f, 0), &f->src));
}

static void a_refusal_waits_and_keeps_the_old_one(void **state)
{
    struct fix *f = *state;
    struct tb_crl crl;
    size_t len;

    make(f, 3, &crl);
    len = slot(f, 3)->der.len;
    revoke(f, 3, W_NOW + 86400);
    assert_int_equal(tb_crls_prepare(&f->crls, slot(f, 3), &f->src), 0);
    tb_crls_fail(slot(f, 3), W_NOW);
    assert_int_equal(slot(f, 3)->der.len, len);
    assert_false(tb_crls_is_due(slot(f, 3), &f->src));
    f->src.now += TB_CRL_RETRY_S;
    assert_true(tb_crls_is_due(slot(f, 3), &f->src));
}

static void the_keyholder_that_went_away_is_asked_again(void **state)
{
    struct fix *f = *state;
    uint32_t id;

    assert_int_equal(tb_crls_prepare(&f->crls, slot(f, 3), &f->src), 0);
    id = slot(f, 3)->sign_id;
    tb_crls_forget_signing(&f->crls);
    assert_null(tb_crls_find_id(&f->crls, id));
    assert_true(tb_crls_is_due(slot(f, 3), &f->src));
}

static void numbers_grow_across_restarts_and_clock_steps(void **state)
{
    struct fix *f = *state;
    struct tb_crl crl;
    uint64_t last = 0;

    for (unsigned i = 0; i < 40; i++) {
        make(f, i % TB_CRL_SHARDS, &crl);
        assert_true(crl.number > last);
        last = crl.number;
    }
    f->src.now_us -= UINT64_C(3600) * TB_CRL_NUMBER_PER_S; /* the floor stays */
    make(f, 0, &crl);
    assert_true(crl.number > last);
    last = crl.number;
    tb_crls_clear(&f->crls); /* a restart a millisecond later */
    tb_crls_init(&f->crls);
    f->src.now_us = (uint64_t)W_NOW * TB_CRL_NUMBER_PER_S + 1000;
    make(f, 0, &crl);
    assert_true(crl.number > last);
}

static void without_a_listener_there_is_none(void **state)
{
    struct fix *f = *state;

    f->w->cfg->http.on = false;
    assert_int_equal(tb_crls_prepare(&f->crls, slot(f, 0), &f->src), TB_E_NOTFOUND);
    assert_false(slot(f, 0)->signing);
}

/* The cost of one revocation is that of its shard, not of all. */
static void a_hundred_thousand_revoked(void **state)
{
    struct fix *f = *state;
    struct tb_crl crl;
    uint64_t start;

    for (uint32_t n = 0; n < MANY; n++)
        revoke(f, n, W_NOW + 86400);
    for (unsigned k = 0; k < TB_CRL_SHARDS; k++)
        make(f, k, &crl);
    revoke(f, MANY, W_NOW + 86400);
    start = tb_clock_mono_ms();
    make(f, MANY % TB_CRL_SHARDS, &crl);
    assert_int_equal(crl.num_entries, MANY / TB_CRL_SHARDS + 1);
    printf("one shard of %d revoked: %zu entries, %zu octets, %llu ms\n", MANY, crl.num_entries, slot(f, 0)->der.len,
           (unsigned long long)(tb_clock_mono_ms() - start));
    for (unsigned k = 0; k < TB_CRL_SHARDS; k++)
        assert_false(tb_crls_is_due(slot(f, k), &f->src));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_revoked_certificate_is_on_the_crl_of_its_shard, setup, teardown),
        cmocka_unit_test_setup_teardown(expiry_takes_nobody_off_before_a_crl_after_it, setup, teardown),
        cmocka_unit_test_setup_teardown(one_revocation_makes_one_shard_due, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_revoked_while_a_crl_is_signed_makes_it_due_again, setup, teardown),
        cmocka_unit_test_setup_teardown(crls_are_refreshed_long_before_they_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_refusal_waits_and_keeps_the_old_one, setup, teardown),
        cmocka_unit_test_setup_teardown(the_keyholder_that_went_away_is_asked_again, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_grow_across_restarts_and_clock_steps, setup, teardown),
        cmocka_unit_test_setup_teardown(without_a_listener_there_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hundred_thousand_revoked, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
