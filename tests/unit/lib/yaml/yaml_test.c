#include "tests/unit/test.h"

#include "lib/yaml/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse(const char *text, struct tb_yaml **out, unsigned *line, char *why)
{
    return tb_yaml_parse(tb_span_str(text), out, line, why);
}

static void tree_has_kinds_lines_and_order(void **state)
{
    struct tb_yaml *root = NULL;
    const struct tb_yaml *b, *list;
    char why[TB_YAML_WHY_MAX + 1];
    unsigned line;

    (void)state;
    assert_int_equal(parse("# c\na: 1\nb:\n  c: \"x\"\n  list: [p, q]\n", &root, &line, why), 0);
    assert_int_equal(root->kind, TB_YAML_MAP);
    assert_int_equal(root->num, 2);
    assert_string_equal(tb_yaml_get(root, "a")->text, "1");
    assert_false(tb_yaml_get(root, "a")->quoted);
    b = tb_yaml_get(root, "b");
    assert_int_equal(b->key_line, 3);
    assert_true(tb_yaml_get(b, "c")->quoted);
    assert_int_equal(tb_yaml_get(b, "c")->line, 4);
    list = tb_yaml_get(b, "list");
    assert_int_equal(list->kind, TB_YAML_SEQ);
    assert_int_equal(list->num, 2);
    assert_string_equal(list->child->next->text, "q");
    assert_null(list->child->key);
    assert_null(list->child->next->next);
    assert_null(tb_yaml_get(root, "z"));
    assert_null(tb_yaml_get(list, "p"));
    assert_null(tb_yaml_get(NULL, "p"));
    tb_yaml_free(root);
}

static void what_is_not_in_the_subset_is_refused_with_its_line(void **state)
{
    static const struct {
        const char *text;
        int err;
        unsigned line;
        const char *why;
    } rows[] = {
        {"", TB_E_FORMAT, 1, "empty"},
        {"# only a comment\n", TB_E_FORMAT, 2, "empty"},
        {"a: 1\nb: 2\na: 3\n", TB_E_DUP, 3, "\"a\" stands twice"},
        {"a: {x: 1, x: 1}\n", TB_E_DUP, 1, "\"x\" stands twice"},
        {"a: &n 1\n", TB_E_UNSUPPORTED, 1, "anchors"},
        {"a: &n [1]\n", TB_E_UNSUPPORTED, 1, "anchors"},
        {"a: 1\nb: *n\n", TB_E_UNSUPPORTED, 2, "aliases"},
        {"a: !!str 1\n", TB_E_UNSUPPORTED, 1, "tags"},
        {"a: !!map {}\n", TB_E_UNSUPPORTED, 1, "tags"},
        {"%YAML 1.1\n---\na: 1\n", TB_E_UNSUPPORTED, 1, "directives"},
        {"a: 1\n---\nb: 2\n", TB_E_TRAIL, 2, "second document"},
        {"a: \"x\\0y\"\n", TB_E_FORMAT, 1, "NUL"},
        {"\"\": 1\n", TB_E_FORMAT, 1, "a key is empty"},
        {"[a, b]: 1\n", TB_E_FORMAT, 1, "plain text"},
        {"a: 1\n b: 2\n", TB_E_FORMAT, 2, ""},
        {"a: [1, 2\n", TB_E_FORMAT, 2, ""},
        {"a: \"\xff\"\n", TB_E_FORMAT, 1, ""},
        {"a: \x01\n", TB_E_FORMAT, 1, ""},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_yaml *root = (void *)1;
        char why[TB_YAML_WHY_MAX + 1];
        unsigned line = 0;

        assert_int_equal(parse(rows[i].text, &root, &line, why), rows[i].err);
        assert_null(root);
        assert_non_null(strstr(why, rows[i].why));
        assert_true(why[0] != '\0');
        assert_int_equal(line, rows[i].line);
    }
}

static void fill(char *out, const char *piece, size_t n, const char *tail)
{
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        out += sprintf(out, "%s", piece);
    strcpy(out, tail);
}

static int parse_repeated(const char *head, const char *piece, size_t n, const char *tail)
{
    char *text = malloc(strlen(head) + n * strlen(piece) + strlen(tail) + 1);
    struct tb_yaml *root = NULL;
    char why[TB_YAML_WHY_MAX + 1];
    unsigned line;
    int err;

    strcpy(text, head);
    fill(text + strlen(head), piece, n, tail);
    err = parse(text, &root, &line, why);
    tb_yaml_free(root);
    free(text);
    return err;
}

static void every_limit_holds_at_its_maximum_and_not_beyond(void **state)
{
    char members[2][4096];

    (void)state;
    assert_int_equal(parse_repeated("", "- ", TB_YAML_DEPTH_MAX, "x\n"), 0);
    assert_int_equal(parse_repeated("", "- ", TB_YAML_DEPTH_MAX + 1, "x\n"), TB_E_LIMIT);
    assert_int_equal(parse_repeated("[x", ",x", TB_YAML_NODES_MAX - 2, "]"), 0);
    assert_int_equal(parse_repeated("[x", ",x", TB_YAML_NODES_MAX - 1, "]"), TB_E_LIMIT);
    assert_int_equal(parse_repeated("", "k", TB_YAML_KEY_MAX, ": 1"), 0);
    assert_int_equal(parse_repeated("", "k", TB_YAML_KEY_MAX + 1, ": 1"), TB_E_LIMIT);
    for (size_t k = 0; k < 2; k++) {
        char *p = members[k];

        for (size_t i = 0; i < TB_YAML_MEMBERS_MAX + k; i++)
            p += sprintf(p, "k%zu: 1\n", i);
        assert_int_equal(parse_repeated(members[k], "", 0, ""), k == 0 ? 0 : TB_E_LIMIT);
    }
}

static void a_text_cut_anywhere_leaks_nothing(void **state)
{
    static const char text[] = "a: {b: [1, \"two\", {c: 'd'}]}\ne:\n  - f: g\n    h: |\n      i\n";

    (void)state;
    for (size_t n = 0; n < sizeof(text); n++) {
        struct tb_yaml *root = NULL;
        char why[TB_YAML_WHY_MAX + 1];
        unsigned line = 0;
        int err = tb_yaml_parse(tb_span_of(text, n), &root, &line, why);

        assert_true((err == 0) == (root != NULL));
        tb_yaml_free(root);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tree_has_kinds_lines_and_order),
        cmocka_unit_test(what_is_not_in_the_subset_is_refused_with_its_line),
        cmocka_unit_test(every_limit_holds_at_its_maximum_and_not_beyond),
        cmocka_unit_test(a_text_cut_anywhere_leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
