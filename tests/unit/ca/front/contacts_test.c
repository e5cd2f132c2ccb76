#include "tests/unit/test.h"

#include <string.h>

#include <stdio.h>

#include "ca/front/contacts.h"

/* The outcome for a JSON list; pb is the caller's. */
static int parse(const char *json, char out[static TB_CONTACTS_TEXT_MAX], struct tb_problem *pb)
{
    json_t *arr = json_loads(json, JSON_DECODE_ANY, NULL);
    int r;

    assert_non_null(arr);
    r = tb_contacts_parse(arr, out, pb);
    json_decref(arr);
    return r;
}

static void expect(const char *json, enum tb_problem_type type)
{
    char out[TB_CONTACTS_TEXT_MAX];
    struct tb_problem pb = {0};
    int r = parse(json, out, &pb);

    assert_int_equal(pb.type, type);
    assert_int_equal(r < 0, type != TB_P_NONE);
    if (r < 0)
        assert_string_equal(out, "");
    tb_problem_clear(&pb);
}

static void takes_addresses(void **state)
{
    char out[TB_CONTACTS_TEXT_MAX];
    struct tb_problem pb = {0};

    (void)state;
    assert_ok(parse("[\"mailto:a@example.org\",\"MAILTO:b.c+d@sub.example.org\"]", out, &pb));
    assert_string_equal(out, "[\"mailto:a@example.org\",\"MAILTO:b.c+d@sub.example.org\"]");
    assert_ok(parse("[]", out, &pb));
    assert_string_equal(out, "[]");
    assert_ok(tb_contacts_parse(NULL, out, &pb));
    assert_string_equal(out, "[]");
}

static void refuses_header_fields_and_lists(void **state)
{
    (void)state;
    expect("[\"mailto:a@example.org?subject=x\"]", TB_P_INVALID_CONTACT);
    expect("[\"mailto:a@example.org,b@example.org\"]", TB_P_INVALID_CONTACT);
}

static void refuses_what_is_no_address(void **state)
{
    static const char *const bad[] = {"mailto:",
                                      "mailto:a",
                                      "mailto:@example.org",
                                      "mailto:a@",
                                      "mailto:a@b@c.org",
                                      "mailto:.a@example.org",
                                      "mailto:a..b@x.org",
                                      "mailto:a.@x.org",
                                      "mailto:a b@example.org",
                                      "mailto:a@*.x.org",
                                      "mailto:a@-x.org",
                                      "mailto:a@x_y.org",
                                      "mailto:a%40b.org",
                                      "mailto:\\u00e4@example.org"};
    char json[128];

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        (void)snprintf(json, sizeof(json), "[\"%s\"]", bad[i]);
        expect(json, TB_P_INVALID_CONTACT);
    }
}

static void refuses_other_schemes_and_types(void **state)
{
    (void)state;
    expect("[\"tel:+123\"]", TB_P_UNSUPPORTED_CONTACT);
    expect("[\"\"]", TB_P_UNSUPPORTED_CONTACT);
    expect("[1]", TB_P_MALFORMED);
    expect("\"mailto:a@example.org\"", TB_P_MALFORMED);
    expect("{}", TB_P_MALFORMED);
}

static void keeps_its_limits(void **state)
{
    char json[1024];
    char local[TB_CONTACT_URL_MAX + 2];

    (void)state;
    expect("[\"mailto:a@x.org\",\"mailto:a@x.org\",\"mailto:a@x.org\",\"mailto:a@x.org\",\"mailto:a@x.org\"]",
           TB_P_NONE);
    expect("[\"mailto:a@x.org\",\"mailto:a@x.org\",\"mailto:a@x.org\",\"mailto:a@x.org\",\"mailto:a@x.org\","
           "\"mailto:a@x.org\"]",
           TB_P_INVALID_CONTACT);
    memset(local, 'a', sizeof(local));
    (void)snprintf(json, sizeof(json), "[\"mailto:%.64s@example.org\"]", local);
    expect(json, TB_P_NONE);
    (void)snprintf(json, sizeof(json), "[\"mailto:%.65s@example.org\"]", local);
    expect(json, TB_P_INVALID_CONTACT);
    (void)snprintf(json, sizeof(json), "[\"mailto:%.*s\"]", TB_CONTACT_URL_MAX - 6, local);
    expect(json, TB_P_INVALID_CONTACT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_addresses),
        cmocka_unit_test(refuses_header_fields_and_lists),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(refuses_other_schemes_and_types),
        cmocka_unit_test(keeps_its_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
