#include "tests/unit/test.h"

#include <string.h>

#include "ca/config/edit.h"

/* What becomes of the text, or the error. */
static int value(const char *text, unsigned line, const char *key, const char *expect)
{
    struct tb_wr wr;
    int r;

    tb_wr_init(&wr, 4096);
    r = tb_edit_value(&wr, tb_span_str(text), line, key, "NEW");
    if (r == 0)
        assert_span_equal(tb_wr_span(&wr), expect, strlen(expect));
    tb_wr_clear(&wr);
    return r;
}

static void one_word_becomes_another(void **state)
{
    static const struct {
        const char *text;
        unsigned line;
        const char *expect;
    } rows[] = {
        {"k: old\n", 1, "k: NEW\n"},
        {"k: old", 1, "k: NEW"},
        {"a: 1\nk: old\nb: 2\n", 2, "a: 1\nk: NEW\nb: 2\n"},
        {"a: 1\r\nk: old\r\nb: 2\r\n", 2, "a: 1\r\nk: NEW\r\nb: 2\r\n"},
        {"k:   old   # why\n", 1, "k:   NEW   # why\n"},
        {"  - k: old\n", 1, "  - k: NEW\n"},
        {"    k: old\n", 1, "    k: NEW\n"},
        {"k: \"a # b\" # c\n", 1, "k: NEW # c\n"},
        {"k: 'a b'\n", 1, "k: NEW\n"},
        {"k: \"\"\n", 1, "k: NEW\n"},
        {"k: a#b\n", 1, "k: NEW\n"},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        assert_ok(value(rows[i].text, rows[i].line, "k", rows[i].expect));
}

static void what_is_written_otherwise_is_left(void **state)
{
    static const char *const texts[] = {
        "kk: old\n",     "a: k: old\n",    "k:old\n",         "k:\n",       "k: \n",       "k: [old]\n",
        "k: {a: old}\n", "k: two words\n", "k: |\n",          "k: >\n",     "k: &a old\n", "k: *a\n",
        "k: !!str a\n",  "k: \"open\n",    "k: \"a\\\"b\"\n", "k: 'a' b\n", "{k: old}\n",  "# k: old\n",
        "k: \"a\"#b\n",  "-k: old\n",      "k : old\n",       "",           "k",           "- - k: old\n"};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(texts); i++)
        if (value(texts[i], 1, "k", "") != TB_E_UNSUPPORTED)
            fail_msg("%s", texts[i]);
    assert_int_equal(value("k: old\n", 2, "k", ""), TB_E_UNSUPPORTED);
}

static void an_absent_key_is_added_at_the_end(void **state)
{
    (void)state;
    assert_ok(value("a: 1\n", 0, "k", "a: 1\n\nk: NEW\n"));
    assert_ok(value("a: 1", 0, "k", "a: 1\n\nk: NEW\n"));
    assert_ok(value("", 0, "k", "\nk: NEW\n"));
}

static int insert(const char *text, unsigned line, const char *expect)
{
    struct tb_wr wr;
    int r;

    tb_wr_init(&wr, 4096);
    r = tb_edit_insert(&wr, tb_span_str(text), line, tb_span_str("MORE\n"));
    if (r == 0)
        assert_span_equal(tb_wr_span(&wr), expect, strlen(expect));
    tb_wr_clear(&wr);
    return r;
}

static void lines_come_behind_a_line(void **state)
{
    (void)state;
    assert_ok(insert("a\nb\n", 1, "a\nMORE\nb\n"));
    assert_ok(insert("a\nb\n", 2, "a\nb\nMORE\n"));
    assert_ok(insert("a\nb", 2, "a\nb\nMORE\n"));
    assert_int_equal(insert("a\nb\n", 3, ""), TB_E_NOTFOUND);
    assert_int_equal(insert("a\nb\n", 0, ""), TB_E_NOTFOUND);
    assert_int_equal(insert("", 1, ""), TB_E_NOTFOUND);
}

static void no_room_is_an_error(void **state)
{
    struct tb_wr wr;

    (void)state;
    for (size_t max = 0; max < strlen("k: NEW\n"); max++) {
        tb_wr_init(&wr, max);
        assert_int_equal(tb_edit_value(&wr, tb_span_str("k: old\n"), 1, "k", "NEW"), TB_E_LIMIT);
        tb_wr_clear(&wr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_word_becomes_another),
        cmocka_unit_test(what_is_written_otherwise_is_left),
        cmocka_unit_test(an_absent_key_is_added_at_the_end),
        cmocka_unit_test(lines_come_behind_a_line),
        cmocka_unit_test(no_room_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
