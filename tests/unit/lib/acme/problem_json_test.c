#include "tests/unit/test.h"

#include "lib/acme/problem_json.h"

#include <stdlib.h>
#include <string.h>

static void expect(const struct tb_problem *pb, const char *want)
{
    uint8_t buf[2048];
    struct tb_wr wr;
    struct tb_jw jw;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    jw = tb_jw_of(&wr);
    tb_problem_json(&jw, pb);
    assert_ok(tb_wr_err(&wr));
    assert_span_equal(tb_wr_span(&wr), want, strlen(want));
}

static void a_plain_problem(void **state)
{
    struct tb_problem pb = {0};

    (void)state;
    tb_problem_set(&pb, 0, TB_P_MALFORMED, "a \"quoted\" word");
    expect(&pb, "{\"type\":\"urn:ietf:params:acme:error:malformed\",\"detail\":\"a \\\"quoted\\\" word\","
                "\"status\":400}");
    pb.http_status = 415;
    expect(&pb, "{\"type\":\"urn:ietf:params:acme:error:malformed\",\"detail\":\"a \\\"quoted\\\" word\","
                "\"status\":415}");
    tb_problem_clear(&pb);
}

static void subproblems_name_their_identifier(void **state)
{
    struct tb_ident id = {.type = TB_IDENT_DNS, .wildcard = true, .value = "a.example"};
    struct tb_problem pb = {0};

    (void)state;
    tb_problem_set(&pb, 0, TB_P_CAA, "two names");
    tb_problem_add(&pb, TB_P_CAA, &id, "no");
    tb_problem_add(&pb, TB_P_DNS, NULL, "late");
    expect(&pb, "{\"type\":\"urn:ietf:params:acme:error:compound\",\"detail\":\"two names\",\"status\":400,"
                "\"subproblems\":[{\"type\":\"urn:ietf:params:acme:error:caa\",\"detail\":\"no\","
                "\"identifier\":{\"type\":\"dns\",\"value\":\"*.a.example\"}},"
                "{\"type\":\"urn:ietf:params:acme:error:dns\",\"detail\":\"late\"}]}");
    tb_problem_clear(&pb);
}

static void bad_signature_algorithm_lists_ours(void **state)
{
    struct tb_problem pb = {0};

    (void)state;
    tb_problem_set(&pb, 0, TB_P_BAD_SIGNATURE_ALGORITHM, "no");
    expect(&pb, "{\"type\":\"urn:ietf:params:acme:error:badSignatureAlgorithm\",\"detail\":\"no\",\"status\":400,"
                "\"algorithms\":[\"ES256\",\"ES384\",\"EdDSA\",\"RS256\"]}");
}

static void row23_internal_errors_are_constant(void **state)
{
    static const char want[] = "{\"type\":\"urn:ietf:params:acme:error:serverInternal\","
                               "\"detail\":\"The server could not process the request.\",\"status\":500}";
    struct tb_problem pb = {0};

    (void)state;
    expect(&pb, want);
    tb_problem_set(&pb, 0, TB_P_SERVER_INTERNAL, "/var/lib/secret is gone");
    expect(&pb, want);
    tb_problem_add(&pb, TB_P_SERVER_INTERNAL, NULL, "secret");
    expect(&pb, want);
    tb_problem_clear(&pb);
}

/* Every type has a document that is JSON, and the largest problem fits into the stated maximum. */
static void every_type_and_the_largest(void **state)
{
    struct tb_ident id = {.type = TB_IDENT_DNS};
    char detail[TB_PROBLEM_DETAIL_MAX + 1];
    struct tb_problem pb = {0};
    struct tb_wr wr;
    struct tb_jw jw;

    (void)state;
    memset(detail, '"', sizeof(detail) - 1);
    detail[sizeof(detail) - 1] = '\0';
    memset(id.value, 'a', TB_IDENT_VALUE_MAX);
    for (int t = TB_P_NONE + 1; t < TB_P__COUNT; t++) {
        json_t *v;

        tb_wr_init(&wr, TB_PROBLEM_JSON_MAX);
        jw = tb_jw_of(&wr);
        tb_problem_set(&pb, 0, (enum tb_problem_type)t, "%s", detail);
        for (size_t i = 0; i < TB_PROBLEM_SUB_MAX; i++)
            tb_problem_add(&pb, (enum tb_problem_type)t, &id, "%s", detail);
        tb_problem_json(&jw, &pb);
        assert_ok(tb_wr_err(&wr));
        assert_ok(tb_json_parse(tb_wr_span(&wr), TB_PROBLEM_JSON_MAX, &v));
        assert_int_equal(json_integer_value(json_object_get(v, "status")), tb_problem_http_status(&pb));
        json_decref(v);
        tb_problem_clear(&pb);
        tb_wr_clear(&wr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plain_problem),
        cmocka_unit_test(subproblems_name_their_identifier),
        cmocka_unit_test(bad_signature_algorithm_lists_ours),
        cmocka_unit_test(row23_internal_errors_are_constant),
        cmocka_unit_test(every_type_and_the_largest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
