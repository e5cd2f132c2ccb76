#include "lib/statement/account_limits.h"

#include <string.h>

#include "tests/unit/test.h"

static struct tb_ident ident(enum tb_ident_type type, const char *text)
{
    struct tb_ident id;

    assert_ok(tb_ident_parse(type, tb_span_str(text), &id, NULL));
    return id;
}

static void names_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        int r;
        enum tb_ident_type type;
        bool below, wildcard;
        const char *value;
    } rows[] = {
        {"a.example", 0, TB_IDENT_DNS, false, false, "a.example"},
        {"A.Example", 0, TB_IDENT_DNS, false, false, "a.example"},
        {"*.a.example", 0, TB_IDENT_DNS, false, true, "a.example"},
        {".a.example", 0, TB_IDENT_DNS, true, false, "a.example"},
        {"192.0.2.1", 0, TB_IDENT_IP, false, false, "192.0.2.1"},
        {"2001:db8::1", 0, TB_IDENT_IP, false, false, "2001:db8::1"},
        {".192.0.2.1", TB_E_FORMAT, 0, false, false, ""}, /* nothing lies below an address */
        {".2001:db8::1", TB_E_FORMAT, 0, false, false, ""},
        {".*.a.example", TB_E_FORMAT, 0, false, false, ""},
        {"..a.example", TB_E_FORMAT, 0, false, false, ""},
        {".", TB_E_FORMAT, 0, false, false, ""},
        {"", TB_E_FORMAT, 0, false, false, ""},
        {"a b", TB_E_FORMAT, 0, false, false, ""},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_limit_name n;

        assert_int_equal(tb_limit_name_parse(tb_span_str(rows[i].text), &n), rows[i].r);
        assert_int_equal(n.below, rows[i].below);
        assert_int_equal(n.ident.wildcard, rows[i].wildcard);
        assert_string_equal(n.ident.value, rows[i].value);
        if (rows[i].r == 0)
            assert_int_equal(n.ident.type, rows[i].type);
    }
}

static void an_address_lies_below_no_name(void **state)
{
    /* As text it would: the labels of an address are no labels of a name. */
    const struct tb_limit_name n = {.below = true, .ident = {.type = TB_IDENT_DNS, .value = "2.1"}};
    const struct tb_ident ip = ident(TB_IDENT_IP, "192.0.2.1");

    (void)state;
    assert_false(tb_limit_name_covers(&n, &ip));
}

static void any_allows_all(void **state)
{
    const struct tb_account_limits l = {.any_name = true, .any_profile = true}, none = {0};
    const struct tb_ident names[] = {ident(TB_IDENT_DNS, "a.example"), ident(TB_IDENT_IP, "192.0.2.1")};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++) {
        assert_true(tb_account_limits_allow_name(&l, &names[i]));
        assert_false(tb_account_limits_allow_name(&none, &names[i]));
    }
    assert_true(tb_account_limits_allow_profile(&l, "server"));
    assert_false(tb_account_limits_allow_profile(&none, "server"));
}

static int reread(const struct tb_account_limits *l, struct tb_account_limits *out)
{
    uint8_t buf[4096];
    struct tb_wr wr;
    struct tb_rd rd;
    int r;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_account_limits_write(&wr, l);
    tb_wr_u8(&wr, 99); /* what stands behind is left */
    assert_ok(tb_wr_err(&wr));
    rd = tb_rd_of(tb_wr_span(&wr));
    r = tb_account_limits_read(&rd, out);
    assert_int_equal(rd.left, r == 0 ? 1 : wr.len);
    return r;
}

static void any_or_none_come_back(void **state)
{
    const struct tb_account_limits sets[] = {
        {0}, {.any_name = true}, {.any_profile = true}, {.any_name = true, .any_profile = true}};
    struct tb_account_limits got;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(sets); i++) {
        assert_ok(reread(&sets[i], &got));
        assert_int_equal(got.any_name, sets[i].any_name);
        assert_int_equal(got.any_profile, sets[i].any_profile);
        assert_int_equal(got.num_names + got.num_profiles, 0);
    }
}

static void lists_are_in_order_without_repetition(void **state)
{
    struct tb_account_limits l = {.num_names = 2, .num_profiles = 2, .profile = {"client", "server"}}, got;

    (void)state;
    l.name[0].ident = ident(TB_IDENT_DNS, "a.example");
    l.name[1].ident = ident(TB_IDENT_DNS, "b.example");
    assert_ok(reread(&l, &got));
    strcpy(l.profile[0], "server"); /* twice */
    assert_int_equal(reread(&l, &got), TB_E_FORMAT);
    strcpy(l.profile[1], "client");
    assert_int_equal(reread(&l, &got), TB_E_FORMAT);
    strcpy(l.profile[0], ""); /* no name */
    assert_int_equal(reread(&l, &got), TB_E_FORMAT);
    strcpy(l.profile[0], "a");
    assert_ok(reread(&l, &got));
    l.name[1].ident = ident(TB_IDENT_DNS, "a.example");
    assert_int_equal(reread(&l, &got), TB_E_FORMAT);
    l.name[1].below = true; /* is another name */
    assert_ok(reread(&l, &got));
    l.name[1].ident = ident(TB_IDENT_DNS, "*.a.example");
    assert_int_equal(reread(&l, &got), TB_E_FORMAT);
    l.name[1].ident = ident(TB_IDENT_IP, "192.0.2.1");
    assert_int_equal(reread(&l, &got), TB_E_FORMAT);
    l.name[1].below = false;
    assert_ok(reread(&l, &got));
    l.any_profile = true; /* beside profiles */
    assert_int_equal(reread(&l, &got), TB_E_FORMAT);
}

static void a_flag_is_0_or_1(void **state)
{
    static const uint8_t flags[][5] = {{2, 0, 0, 0}, {0, 0, 2, 0}, {0xff, 0, 0, 0}};
    struct tb_account_limits got;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(flags); i++) {
        struct tb_rd rd = tb_rd_of(tb_span_of(flags[i], 4));

        assert_int_equal(tb_account_limits_read(&rd, &got), TB_E_FORMAT);
        assert_false(got.any_name || got.any_profile);
    }
}

static void profiles_have_a_maximum(void **state)
{
    static const uint8_t above[] = {0, 0, 0, TB_LIMIT_PROFILES_MAX + 1};
    struct tb_account_limits l = {.num_profiles = TB_LIMIT_PROFILES_MAX}, got;
    struct tb_rd rd = tb_rd_of(tb_span_of(above, sizeof(above)));

    (void)state;
    for (unsigned i = 0; i < TB_LIMIT_PROFILES_MAX; i++)
        l.profile[i][0] = (char)('a' + i);
    assert_ok(reread(&l, &got));
    assert_int_equal(tb_account_limits_read(&rd, &got), TB_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_as_people_write_them),
        cmocka_unit_test(an_address_lies_below_no_name),
        cmocka_unit_test(any_allows_all),
        cmocka_unit_test(any_or_none_come_back),
        cmocka_unit_test(lists_are_in_order_without_repetition),
        cmocka_unit_test(a_flag_is_0_or_1),
        cmocka_unit_test(profiles_have_a_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
