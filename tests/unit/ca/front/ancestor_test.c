/* Function under test: tb_ancestors_parse; the rest needs a store, and is tested by tests/e2e/test_subdomains.py. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "ca/front/ancestor.h"

static int parse(const char *json, const struct tb_ident *ident, size_t num, const char **out)
{
    json_t *arr = json_loads(json, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    struct tb_problem pb = {0};
    int r;

    assert_non_null(arr);
    r = tb_ancestors_parse(arr, ident, num, out, &pb);
    assert_int_equal(pb.type, r == 0 ? TB_P_NONE : TB_P_MALFORMED);
    tb_problem_clear(&pb);
    json_decref(arr);
    return r;
}

#define DNS(v, more) "{\"type\":\"dns\",\"value\":\"" v "\"" more "}"
#define OF(a)        ",\"ancestorDomain\":\"" a "\""

static void it_is_the_end_of_the_name(void **state)
{
    const struct tb_ident ident[] = {{.type = TB_IDENT_DNS, .value = "a.b.corp.example"},
                                     {.type = TB_IDENT_DNS, .wildcard = true, .value = "corp.example"},
                                     {.type = TB_IDENT_DNS, .value = "www.example"}};
    const char *out[3];

    (void)state;
    /* In any order, in any case, with one of them twice. */
    assert_ok(parse("[" DNS("WWW.example", "") "," DNS("*.corp.example", OF("corp.example")) "," DNS(
                        "a.B.corp.example", OF("CORP.example")) "," DNS("a.b.corp.example", OF("corp.example")) "]",
                    ident, 3, out));
    assert_ptr_equal(out[0], ident[0].value + strlen("a.b."));
    assert_ptr_equal(out[1], ident[1].value);
    assert_null(out[2]);
    /* Said once is said. */
    assert_ok(parse("[" DNS("www.example", OF("example")) "," DNS("www.example", "") "]", ident, 3, out));
    assert_ptr_equal(out[2], ident[2].value + strlen("www."));
    assert_null(out[0]);
}

static void what_is_none_is_refused(void **state)
{
    static const char *const rows[] = {
        DNS("a.corp.example", OF("evilcorp.example")),
        DNS("a.corp.example", OF("orp.example")),
        DNS("a.corp.example", OF("a.corp.example")),
        DNS("a.corp.example", OF("x.a.corp.example")),
        DNS("a.corp.example", OF("")),
        DNS("a.corp.example", OF(".")),
        DNS("a.corp.example", OF(".corp.example")),
        DNS("a.corp.example", OF("corp.example.")),
        DNS("a.corp.example", OF("*.corp.example")),
        DNS("a.corp.example", OF("corp.example\\u0000")),
        DNS("a.corp.example", ",\"ancestorDomain\":1"),
        DNS("a.corp.example", ",\"ancestorDomain\":null"),
        DNS("a.corp.example", OF("corp.example")) "," DNS("a.corp.example", OF("example")),
    };
    const struct tb_ident ident = {.type = TB_IDENT_DNS, .value = "a.corp.example"};
    const char *out;
    char json[512];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        (void)snprintf(json, sizeof(json), "[%s]", rows[i]);
        if (parse(json, &ident, 1, &out) != TB_E_FORMAT)
            fail_msg("taken: %s", rows[i]);
    }
}

static void addresses_have_none(void **state)
{
    const struct tb_ident ident = {.type = TB_IDENT_IP, .value = "192.0.2.1"};
    const char *out;

    (void)state;
    assert_int_equal(parse("[{\"type\":\"ip\",\"value\":\"192.0.2.1\"" OF("2.1") "}]", &ident, 1, &out), TB_E_FORMAT);
    assert_ok(parse("[{\"type\":\"ip\",\"value\":\"192.0.2.1\"}]", &ident, 1, &out));
    assert_null(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_end_of_the_name),
        cmocka_unit_test(what_is_none_is_refused),
        cmocka_unit_test(addresses_have_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
