#include "tests/unit/test.h"

#include "lib/base/problem.h"

#include <string.h>

static void every_type_has_a_name_and_a_status(void **state)
{
    (void)state;
    for (int t = TB_P_NONE + 1; t < TB_P__COUNT; t++) {
        struct tb_problem pb = {.type = (enum tb_problem_type)t};

        assert_non_null(tb_problem_type_name(pb.type));
        assert_in_range(tb_problem_http_status(&pb), 400, 500);
    }
    assert_null(tb_problem_type_name(TB_P_NONE));
    assert_null(tb_problem_type_name(TB_P__COUNT));
}

static void the_first_reason_wins_and_is_printable(void **state)
{
    struct tb_problem pb = {0};

    (void)state;
    assert_int_equal(tb_problem_set(&pb, TB_E_DENIED, TB_P_CAA, "a\nb%s", "\xff"), TB_E_DENIED);
    assert_int_equal(tb_problem_set(&pb, TB_E_FORMAT, TB_P_DNS, "later"), TB_E_FORMAT);
    assert_int_equal(pb.type, TB_P_CAA);
    assert_string_equal(pb.detail, "a?b?");
    assert_int_equal(tb_problem_set(NULL, TB_E_FORMAT, TB_P_DNS, "x"), TB_E_FORMAT);
    tb_problem_clear(&pb);
}

static void different_subproblems_make_a_compound(void **state)
{
    struct tb_problem pb = {0};

    (void)state;
    tb_problem_add(&pb, TB_P_DNS, NULL, "one");
    assert_int_equal(pb.type, TB_P_DNS);
    tb_problem_add(&pb, TB_P_CAA, NULL, "two");
    assert_int_equal(pb.type, TB_P_COMPOUND);
    for (int i = 0; i < TB_PROBLEM_SUB_MAX + 5; i++)
        tb_problem_add(&pb, TB_P_CAA, NULL, "more");
    assert_int_equal(pb.num_sub, TB_PROBLEM_SUB_MAX);
    tb_problem_clear(&pb);
    assert_null(pb.sub);
}

static void the_wire_form_survives_and_is_bounded(void **state)
{
    struct tb_problem pb = {0};
    struct tb_problem back;
    struct tb_ident id;
    struct tb_wr wr;
    struct tb_rd rd;

    (void)state;
    assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str("a.example"), &id, NULL));
    assert_int_equal(tb_problem_set(&pb, -1, TB_P_REJECTED_IDENTIFIER, "no"), -1);
    tb_problem_add(&pb, TB_P_REJECTED_IDENTIFIER, &id, "because");
    tb_wr_init(&wr, 10000);
    tb_problem_write(&wr, &pb);
    for (size_t n = 0; n < wr.len; n++) {
        rd = tb_rd_of(tb_span_of(wr.buf, n));
        assert_int_equal(tb_problem_read(&rd, &back), TB_E_TRUNC);
        assert_int_equal(rd.left, n);
        assert_null(back.sub);
    }
    rd = tb_rd_of(tb_wr_span(&wr));
    assert_ok(tb_problem_read(&rd, &back));
    assert_ok(tb_rd_end(&rd));
    assert_string_equal(back.detail, "no");
    assert_int_equal(back.num_sub, 1);
    assert_string_equal(back.sub[0].detail, "because");
    assert_true(tb_ident_eq(&back.sub[0].ident, &id));
    wr.buf[0] = TB_P__COUNT;
    rd = tb_rd_of(tb_wr_span(&wr));
    tb_problem_clear(&back);
    assert_int_equal(tb_problem_read(&rd, &back), TB_E_FORMAT);
    tb_problem_clear(&pb);
    tb_wr_clear(&wr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_has_a_name_and_a_status),
        cmocka_unit_test(the_first_reason_wins_and_is_printable),
        cmocka_unit_test(different_subproblems_make_a_compound),
        cmocka_unit_test(the_wire_form_survives_and_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
