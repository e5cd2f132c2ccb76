#include "tests/unit/test.h"

#include <stdlib.h>

#include "ca/front/identifiers.h"

#define HTTP TB_METHOD_BIT(TB_METHOD_HTTP_01)
#define DNS  TB_METHOD_BIT(TB_METHOD_DNS_01)

static struct tb_profile profile(void)
{
    return (struct tb_profile){
        .name = "server", .control_methods = HTTP | DNS, .ident_dns = true, .ident_wildcard = true, .names_max = 3};
}

struct outcome {
    int r;
    struct tb_ident *ids;
    size_t num;
    struct tb_problem pb;
};

static struct outcome parse(const char *json, const struct tb_profile *p, tb_methods_t enabled)
{
    json_t *arr = json_loads(json, JSON_DECODE_ANY, NULL);
    static const struct tb_config cfg;
    char why[TB_CONFIG_WHY_MAX + 1];
    struct tb_policy *policy = NULL;
    struct outcome o = {0};

    assert_non_null(arr);
    assert_int_equal(tb_policy_new(&cfg, &policy, why), 0);
    o.r = tb_identifiers_parse(arr, policy, p, enabled, &o.ids, &o.num, &o.pb);
    tb_policy_free(policy);
    json_decref(arr);
    if (o.r < 0) {
        assert_null(o.ids);
        assert_int_equal(o.num, 0);
        assert_int_not_equal(o.pb.type, TB_P_NONE);
    }
    return o;
}

static void clear(struct outcome *o)
{
    free(o->ids);
    tb_problem_clear(&o->pb);
}

static void sorts_and_removes_doubles(void **state)
{
    struct tb_profile p = profile();
    struct outcome o = parse("[{\"type\":\"dns\",\"value\":\"b.example\"},{\"type\":\"dns\",\"value\":\"A.example\"},"
                             "{\"type\":\"dns\",\"value\":\"B.EXAMPLE\"}]",
                             &p, HTTP | DNS);

    (void)state;
    assert_ok(o.r);
    assert_int_equal(o.num, 2);
    assert_string_equal(o.ids[0].value, "a.example");
    assert_string_equal(o.ids[1].value, "b.example");
    clear(&o);
}

static void a_wildcard_is_not_its_base(void **state)
{
    struct tb_profile p = profile();
    struct outcome o = parse(
        "[{\"type\":\"dns\",\"value\":\"*.a.example\"},{\"type\":\"dns\",\"value\":\"a.example\"}]", &p, HTTP | DNS);

    (void)state;
    assert_ok(o.r);
    assert_int_equal(o.num, 2);
    clear(&o);
}

static void names_every_bad_one(void **state)
{
    struct tb_profile p = profile();
    struct outcome o = parse("[{\"type\":\"dns\",\"value\":\"-\"},{\"type\":\"dns\",\"value\":\"a.example\"},"
                             "{\"type\":\"ip\",\"value\":\"192.0.2.1\"}]",
                             &p, HTTP | DNS);

    (void)state;
    assert_int_equal(o.r, TB_E_DENIED);
    assert_int_equal(o.pb.type, TB_P_REJECTED_IDENTIFIER);
    assert_int_equal(o.pb.num_sub, 2);
    assert_int_equal(o.pb.sub[1].ident.type, TB_IDENT_IP);
    clear(&o);
}

static void an_unknown_type_is_unsupported(void **state)
{
    struct tb_profile p = profile();
    struct outcome o = parse("[{\"type\":\"tn\",\"value\":\"1\"}]", &p, HTTP);

    (void)state;
    assert_int_equal(o.pb.type, TB_P_UNSUPPORTED_IDENTIFIER);
    clear(&o);
}

static void a_name_that_no_enabled_method_serves_is_refused(void **state)
{
    struct tb_profile p = profile();
    struct outcome o = parse("[{\"type\":\"dns\",\"value\":\"*.a.example\"}]", &p, HTTP);

    (void)state;
    assert_int_equal(o.pb.type, TB_P_REJECTED_IDENTIFIER);
    clear(&o);
    o = parse("[{\"type\":\"dns\",\"value\":\"*.a.example\"}]", &p, DNS);
    assert_ok(o.r);
    clear(&o);
}

static void over_nothing_the_answer_is_no(void **state)
{
    static const char *const bad[] = {"[]",   "{}",  "\"a.example\"",        "null",
                                      "[{}]", "[1]", "[{\"type\":\"dns\"}]", "[{\"type\":\"dns\",\"value\":1}]"};
    struct tb_profile p = profile();

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct outcome o = parse(bad[i], &p, HTTP | DNS);

        assert_true(o.r < 0);
        assert_int_equal(o.pb.type, TB_P_MALFORMED);
        clear(&o);
    }
}

static void the_profile_limits_the_number(void **state)
{
    static const char three[] = "[{\"type\":\"dns\",\"value\":\"a.x\"},{\"type\":\"dns\",\"value\":\"b.x\"},"
                                "{\"type\":\"dns\",\"value\":\"c.x\"}]";
    struct tb_profile p = profile();
    struct outcome o = parse(three, &p, HTTP);

    (void)state;
    assert_ok(o.r);
    clear(&o);
    p.names_max = 2;
    o = parse(three, &p, HTTP);
    assert_int_equal(o.r, TB_E_LIMIT);
    clear(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_and_removes_doubles),
        cmocka_unit_test(a_wildcard_is_not_its_base),
        cmocka_unit_test(names_every_bad_one),
        cmocka_unit_test(an_unknown_type_is_unsupported),
        cmocka_unit_test(a_name_that_no_enabled_method_serves_is_refused),
        cmocka_unit_test(over_nothing_the_answer_is_no),
        cmocka_unit_test(the_profile_limits_the_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
