/* Functions under test: tb_eab_keys_*, tb_eab_rec_read and _write, tb_eab_mac_key. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "ca/judge/eab_keys.h"

static struct tb_eab_rec added(const char *kid)
{
    struct tb_eab_rec rec = {.event = TB_EAB_ADDED, .label = "l", .accounts_max = 2, .expires_at = 100};

    snprintf(rec.kid, sizeof(rec.kid), "%s", kid);
    rec.limits.any_name = rec.limits.any_profile = true;
    return rec;
}

static void records_round_trip_and_are_refused_when_cut(void **state)
{
    struct tb_eab_rec rec = added("kid"), back;
    uint8_t buf[4096];
    struct tb_wr wr;

    (void)state;
    for (int i = 0; i < 2; i++) {
        rec.event = i == 0 ? TB_EAB_ADDED : TB_EAB_REVOKED;
        tb_wr_fixed(&wr, buf, sizeof(buf));
        tb_eab_rec_write(&wr, &rec);
        assert_ok(tb_eab_rec_read(tb_wr_span(&wr), &back));
        assert_string_equal(back.kid, "kid");
        assert_int_equal(back.accounts_max, i == 0 ? 2 : 0);
        for (size_t len = 0; len < wr.len; len++)
            assert_int_equal(tb_eab_rec_read(tb_span_of(buf, len), &back), TB_E_TRUNC);
        assert_int_equal(tb_eab_rec_read(tb_span_of(buf, wr.len + 1), &back), TB_E_TRAIL);
    }
    for (uint32_t n = TB_EAB_ACCOUNTS_MAX; n <= TB_EAB_ACCOUNTS_MAX + 1; n++) {
        rec = added("kid");
        rec.accounts_max = n;
        tb_wr_fixed(&wr, buf, sizeof(buf));
        tb_eab_rec_write(&wr, &rec);
        assert_int_equal(tb_eab_rec_read(tb_wr_span(&wr), &back), n <= TB_EAB_ACCOUNTS_MAX ? 0 : TB_E_FORMAT);
    }
    rec = added("kid");
    rec.accounts_max = 0;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_eab_rec_write(&wr, &rec);
    assert_int_equal(tb_eab_rec_read(tb_wr_span(&wr), &back), TB_E_FORMAT);
}

static void keys_are_added_and_revoked_once(void **state)
{
    struct tb_eab_rec rec = added("a"), revoked = {.event = TB_EAB_REVOKED, .kid = "a"};
    struct tb_eab_keys keys = {0};
    size_t i;

    (void)state;
    assert_int_equal(tb_eab_keys_apply(&keys, &revoked), TB_E_NOTFOUND);
    assert_ok(tb_eab_keys_apply(&keys, &rec));
    assert_int_equal(tb_eab_keys_apply(&keys, &rec), TB_E_EXISTS);
    assert_ok(tb_eab_keys_find(&keys, "a", &i));
    assert_null(tb_eab_key_word(keys.key[i], 99));
    assert_string_equal(tb_eab_key_word(keys.key[i], 100), "eab-key-expired");
    keys.key[i]->accounts = 1;
    assert_null(tb_eab_key_word(keys.key[i], 99));
    keys.key[i]->accounts = 2;
    assert_string_equal(tb_eab_key_word(keys.key[i], 99), "eab-key-used-up");
    assert_ok(tb_eab_keys_apply(&keys, &revoked));
    assert_string_equal(tb_eab_key_word(keys.key[i], 99), "eab-key-revoked");
    assert_int_equal(tb_eab_keys_apply(&keys, &revoked), TB_E_STATE);
    tb_eab_keys_clear(&keys);
}

static void there_are_so_many_and_no_more(void **state)
{
    struct tb_eab_keys keys = {0};
    struct tb_eab_rec rec;
    char kid[16];

    (void)state;
    for (unsigned i = 0; i <= TB_EAB_KEYS_MAX; i++) {
        snprintf(kid, sizeof(kid), "k%u", i);
        rec = added(kid);
        assert_int_equal(tb_eab_keys_apply(&keys, &rec), i < TB_EAB_KEYS_MAX ? 0 : TB_E_LIMIT);
    }
    tb_eab_keys_clear(&keys);
}

static void each_id_has_its_own_key(void **state)
{
    const struct tb_key one = {{1}}, two = {{2}};
    struct tb_key a, b;

    (void)state;
    tb_eab_mac_key(&one, "a", &a);
    tb_eab_mac_key(&one, "a", &b);
    assert_memory_equal(&a, &b, sizeof(a));
    tb_eab_mac_key(&one, "b", &b);
    assert_memory_not_equal(&a, &b, sizeof(a));
    tb_eab_mac_key(&two, "a", &b);
    assert_memory_not_equal(&a, &b, sizeof(a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_round_trip_and_are_refused_when_cut),
        cmocka_unit_test(keys_are_added_and_revoked_once),
        cmocka_unit_test(there_are_so_many_and_no_more),
        cmocka_unit_test(each_id_has_its_own_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
