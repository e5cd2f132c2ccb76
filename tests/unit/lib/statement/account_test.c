#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "lib/statement/account.h"
#include "lib/statement/sealed.h"

static const struct tb_key key = {{1, 2, 3}}, other_key = {{3, 2, 1}};

static struct tb_ident name_of(const char *text)
{
    struct tb_ident id;

    assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str(text), &id, NULL));
    return id;
}

static struct tb_account_statement sample(void)
{
    struct tb_account_statement s = {.signer = 1, .standing = TB_STANDING_VALID, .seq = 7, .made_at = 1800000000};

    strcpy(s.url, "https://ca.example/acme/acct/x");
    strcpy(s.eab_kid, "kid");
    memset(s.thumbprint, 5, sizeof(s.thumbprint));
    s.limits.num_names = 2;
    s.limits.name[0].ident = name_of("a.example");
    s.limits.name[1] = (struct tb_limit_name){.below = true, .ident = name_of("b.example")};
    s.limits.num_profiles = 1;
    strcpy(s.limits.profile[0], "server");
    return s;
}

static size_t encode(const struct tb_account_statement *s, uint8_t buf[static TB_ACCOUNT_STATEMENT_MAX])
{
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, TB_ACCOUNT_STATEMENT_MAX);
    assert_ok(tb_account_statement_write(&wr, s, &key));
    return wr.len;
}

static int reread(const struct tb_account_statement *s)
{
    uint8_t buf[TB_ACCOUNT_STATEMENT_MAX];
    struct tb_account_statement got;
    size_t len = encode(s, buf);

    return tb_account_statement_read(tb_span_of(buf, len), &key, &got);
}

static void it_round_trips_and_no_octet_may_change(void **state)
{
    const struct tb_account_statement s = sample();
    uint8_t buf[TB_ACCOUNT_STATEMENT_MAX], again[TB_ACCOUNT_STATEMENT_MAX];
    struct tb_account_statement got;
    size_t len = encode(&s, buf);

    (void)state;
    assert_ok(tb_account_statement_read(tb_span_of(buf, len), &key, &got));
    assert_int_equal(encode(&got, again), len);
    assert_memory_equal(buf, again, len);
    assert_int_equal(tb_account_statement_read(tb_span_of(buf, len), &other_key, &got), TB_E_BADSIG);
    for (size_t i = 0; i < len; i++) {
        buf[i] ^= 1;
        assert_int_equal(tb_account_statement_read(tb_span_of(buf, len), &key, &got), TB_E_BADSIG);
        assert_int_equal(got.seq, 0);
        buf[i] ^= 1;
    }
    for (size_t cut = 0; cut < len; cut++)
        assert_true(tb_account_statement_read(tb_span_of(buf, cut), &key, &got) < 0);
}

static void fields_that_say_nothing_are_refused(void **state)
{
    struct tb_account_statement s = sample();

    (void)state;
    assert_ok(reread(&s));
    s.seq = 0;
    assert_int_equal(reread(&s), TB_E_FORMAT);
    s = sample();
    s.signer = 0;
    assert_int_equal(reread(&s), TB_E_FORMAT);
    s = sample();
    s.standing = TB_STANDING_NONE;
    assert_int_equal(reread(&s), TB_E_FORMAT);
    s = sample();
    s.url[0] = '\0';
    assert_int_equal(reread(&s), TB_E_FORMAT);
    s = sample();
    s.made_at = -1;
    assert_int_equal(reread(&s), TB_E_FORMAT);
    s.made_at = INT64_MAX;
    assert_ok(reread(&s));
    s = sample();
    s.standing = (enum tb_account_standing)(TB_STANDING_DEACTIVATED + 1);
    assert_int_equal(reread(&s), TB_E_FORMAT);
    s = sample();
    s.limits.any_name = true; /* beside names */
    assert_int_equal(reread(&s), TB_E_FORMAT);
    s = sample();
    s.limits.name[0] = s.limits.name[1]; /* twice */
    assert_int_equal(reread(&s), TB_E_FORMAT);
}

static void a_deactivated_account_comes_back_as_one(void **state)
{
    struct tb_account_statement s = sample(), got;
    uint8_t buf[TB_ACCOUNT_STATEMENT_MAX];
    size_t len;

    (void)state;
    s.standing = TB_STANDING_DEACTIVATED;
    len = encode(&s, buf);
    assert_ok(tb_account_statement_read(tb_span_of(buf, len), &key, &got));
    assert_int_equal(got.standing, TB_STANDING_DEACTIVATED);
    assert_ok(tb_account_statement_peek(tb_span_of(buf, len), &got));
    assert_int_equal(got.standing, TB_STANDING_DEACTIVATED);
}

/* doc/formats.md: limits stand in it only behind the name of a key that bound the account. */
static void without_a_binding_there_are_no_limits(void **state)
{
    struct tb_account_statement s = sample(), got;
    uint8_t buf[TB_ACCOUNT_STATEMENT_MAX];
    size_t len;

    (void)state;
    s.eab_kid[0] = '\0';
    len = encode(&s, buf);
    assert_int_equal(len, 1 + TB_CA_ID_LEN + 4 + 2 + strlen(s.url) + TB_DIGEST_LEN + 1 + 2 + 8 + 8 + TB_DIGEST_LEN);
    assert_ok(tb_account_statement_read(tb_span_of(buf, len), &key, &got));
    assert_int_equal(got.limits.num_names, 0);
    assert_int_equal(got.seq, s.seq);
}

static void another_version_is_not_understood(void **state)
{
    static const struct tb_seal seal = TB_SEAL_OF(TB_ACCOUNT_STATEMENT_DOMAIN, TB_ACCOUNT_STATEMENT_MAX);
    const struct tb_account_statement s = sample();
    uint8_t buf[TB_ACCOUNT_STATEMENT_MAX], again[TB_ACCOUNT_STATEMENT_MAX];
    struct tb_account_statement got;
    struct tb_wr wr;
    size_t len = encode(&s, buf) - TB_SEAL_LEN;

    (void)state;
    for (uint8_t version = 0; version <= TB_ACCOUNT_STATEMENT_VERSION + 1; version++) {
        buf[0] = version;
        tb_wr_fixed(&wr, again, sizeof(again));
        assert_ok(tb_seal_write(&wr, &seal, &key, tb_span_of(buf, len)));
        assert_int_equal(tb_account_statement_read(tb_wr_span(&wr), &key, &got),
                         version == TB_ACCOUNT_STATEMENT_VERSION ? 0 : TB_E_UNSUPPORTED);
    }
}

static void lists_have_limits(void **state)
{
    struct tb_account_statement s = sample();
    char text[32];

    (void)state;
    for (size_t i = 0; i < TB_LIMIT_NAMES_MAX; i++) {
        snprintf(text, sizeof(text), "n%02zu.example", i);
        s.limits.name[i] = (struct tb_limit_name){.ident = name_of(text)};
    }
    s.limits.num_names = TB_LIMIT_NAMES_MAX;
    assert_ok(reread(&s));
    static const uint8_t one_above[] = {0, TB_LIMIT_NAMES_MAX + 1};
    struct tb_rd rd = tb_rd_of(tb_span_of(one_above, sizeof(one_above)));
    struct tb_account_limits l;
    assert_int_equal(tb_account_limits_read(&rd, &l), TB_E_LIMIT);
}

static void names_are_matched_label_by_label_and_nothing_allows_nothing(void **state)
{
    const struct tb_account_statement s = sample();
    const struct tb_account_limits none = {0};
    static const struct {
        const char *name;
        bool allowed;
    } cases[] = {{"a.example", true},     {"*.a.example", false}, {"x.a.example", false},
                 {"b.example", false},    {"x.b.example", true},  {"*.b.example", true},
                 {"y.x.b.example", true}, {"xb.example", false},  {"b.example.evil", false}};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(cases); i++) {
        struct tb_ident id = name_of(cases[i].name);

        assert_int_equal(tb_account_limits_allow_name(&s.limits, &id), cases[i].allowed);
        assert_false(tb_account_limits_allow_name(&none, &id));
    }
    assert_true(tb_account_limits_allow_profile(&s.limits, "server"));
    assert_false(tb_account_limits_allow_profile(&s.limits, "serve"));
    assert_false(tb_account_limits_allow_profile(&none, "server"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_round_trips_and_no_octet_may_change),
        cmocka_unit_test(fields_that_say_nothing_are_refused),
        cmocka_unit_test(a_deactivated_account_comes_back_as_one),
        cmocka_unit_test(without_a_binding_there_are_no_limits),
        cmocka_unit_test(another_version_is_not_understood),
        cmocka_unit_test(lists_have_limits),
        cmocka_unit_test(names_are_matched_label_by_label_and_nothing_allows_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
