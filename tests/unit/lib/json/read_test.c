#include "tests/unit/test.h"

#include "lib/json/json.h"

#include <stdlib.h>
#include <string.h>

#define MAX 4096

static int parse(const char *text, size_t len, size_t max)
{
    json_t *v = (json_t *)(uintptr_t)1;
    uint8_t *exact = malloc(len + (len == 0)); /* an overrun must be visible to the sanitizers */
    int r;

    memcpy(exact, text, len);
    r = tb_json_parse(tb_span_of(exact, len), max, &v);
    if (r < 0)
        assert_null(v);
    else
        json_decref(v);
    free(exact);
    return r;
}

static int parse_str(const char *text)
{
    return parse(text, strlen(text), MAX);
}

static void objects_are_read(void **state)
{
    static const char *const good[] = {"{}",
                                       " \t\r\n{} \n",
                                       "{\"a\":1}",
                                       "{\"a\":[],\"b\":{}}",
                                       "{\"a\":\"\\\\\"}",
                                       "{\"a\":\"\\\"}{[\"}",
                                       "{\"\":null,\"t\":true,\"f\":-1.5e3}",
                                       "{\"a\":\"\\u00e9\xc3\xa9\"}",
                                       "{\"a\":\"\\ud83d\\ude00\"}"};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++)
        assert_ok(parse_str(good[i]));
}

/* Row 20: every text may lie. */
static void row20_bad_texts_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      " ",
                                      "[]",
                                      "null",
                                      "1",
                                      "\"a\"",
                                      "{",
                                      "}",
                                      "}{",
                                      "{\"a\"}",
                                      "{\"a\":}",
                                      "{\"a\":1,}",
                                      "{a:1}",
                                      "{'a':1}",
                                      "{\"a\":1}{",
                                      "{\"a\":1} x",
                                      "{\"a\":01}",
                                      "{\"a\":+1}",
                                      "{\"a\":NaN}",
                                      "{\"a\":\"\n\"}",
                                      "{\"a\":\"\\x\"}",
                                      "{\"a\":\"\\",
                                      "{\"a\":\"\\\"",
                                      "{\"a\":\"\xff\"}",
                                      "{\"a\":\"\xc0\xaf\"}",
                                      "{\"a\":\"\xed\xa0\x80\"}",
                                      "{\"a\":\"\\ud800\"}",
                                      "{\"a\":\"\\u0000\"}",
                                      "{\"\\u0000\":1}",
                                      "\xef\xbb\xbf{}",
                                      "{\"a\":1e999}",
                                      "{\"a\":99999999999999999999}",
                                      "{\"a\":[1,2}",
                                      "{\"a\":[}]}",
                                      "{/**/}"};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_int_equal(parse_str(bad[i]), TB_E_FORMAT);
    assert_int_equal(parse("{\"a\":\"\0\"}", 9, MAX), TB_E_FORMAT);
    assert_int_equal(parse("{}\0", 3, MAX), TB_E_FORMAT);
}

static void row20_truncation_is_refused(void **state)
{
    static const char text[] = "{\"a\":[1,{\"b\":\"\\\"c\"}],\"d\":\"\\u00e9\"}";

    (void)state;
    for (size_t n = 0; n < sizeof(text) - 1; n++)
        assert_int_equal(parse(text, n, MAX), TB_E_FORMAT);
    assert_ok(parse(text, sizeof(text) - 1, MAX));
}

static void row21_duplicate_members_are_refused(void **state)
{
    (void)state;
    assert_int_equal(parse_str("{\"a\":1,\"a\":1}"), TB_E_FORMAT);
    assert_int_equal(parse_str("{\"a\":1,\"\\u0061\":2}"), TB_E_FORMAT);
    assert_int_equal(parse_str("{\"x\":[{\"a\":1,\"b\":2,\"a\":3}]}"), TB_E_FORMAT);
    assert_ok(parse_str("{\"a\":1,\"A\":1,\"x\":{\"a\":1}}"));
}

static void row21_size_limit(void **state)
{
    (void)state;
    assert_ok(parse("{\"a\":1}", 7, 7));
    assert_int_equal(parse("{\"a\":1}", 7, 6), TB_E_LIMIT);
    /* Row 24: zero never means unlimited. */
    assert_int_equal(parse("{}", 2, 0), TB_E_LIMIT);
}

static int parse_nested(size_t depth, const char *open, const char *shut)
{
    char text[1024] = "{\"a\":";

    for (size_t i = 1; i < depth; i++)
        strcat(text, open);
    strcat(text, "1");
    for (size_t i = 1; i < depth; i++)
        strcat(text, shut);
    strcat(text, "}");
    return parse_str(text);
}

static void row21_depth_limit(void **state)
{
    (void)state;
    assert_ok(parse_nested(TB_JSON_DEPTH_MAX, "[", "]"));
    assert_int_equal(parse_nested(TB_JSON_DEPTH_MAX + 1, "[", "]"), TB_E_LIMIT);
    assert_ok(parse_nested(TB_JSON_DEPTH_MAX, "{\"b\":", "}"));
    assert_int_equal(parse_nested(TB_JSON_DEPTH_MAX + 1, "{\"b\":", "}"), TB_E_LIMIT);
    /* Brackets in a string are text, also behind an escaped quote. */
    assert_ok(parse_str("{\"a\":\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[\"}"));
    /* Siblings do not add up. */
    assert_ok(parse_str("{\"a\":[[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[],[]]}"));
}

/* n values in all: the object, the array and its elements. */
static int parse_values(size_t n, const char *element)
{
    struct tb_wr wr;
    int r;

    tb_wr_init(&wr, 65536);
    tb_wr_str(&wr, "{\"a\":[");
    for (size_t i = 2; i < n; i++) {
        tb_wr_str(&wr, i == 2 ? "" : ",");
        tb_wr_str(&wr, element);
    }
    tb_wr_str(&wr, "]}");
    assert_ok(tb_wr_err(&wr));
    r = parse((const char *)wr.buf, wr.len, 65536);
    tb_wr_clear(&wr);
    return r;
}

static void row21_number_of_values_limit(void **state)
{
    static const char *const elements[] = {"1", "\"\"", "[]", "{}", " [ ] "};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(elements); i++) {
        assert_ok(parse_values(TB_JSON_MEMBERS_MAX, elements[i]));
        assert_int_equal(parse_values(TB_JSON_MEMBERS_MAX + 1, elements[i]), TB_E_LIMIT);
    }
    /* Each element counts twice here. */
    assert_ok(parse_values(TB_JSON_MEMBERS_MAX / 2 + 1, "[1]"));
    assert_int_equal(parse_values(TB_JSON_MEMBERS_MAX / 2 + 2, "{\"b\":1}"), TB_E_LIMIT);
}

static void row21_string_limit(void **state)
{
    size_t len = TB_JSON_STRING_MAX + 8;
    char *text = malloc(len);

    (void)state;
    memset(text, 'x', len);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + 6 + TB_JSON_STRING_MAX, "\"}", 2);
    assert_ok(parse(text, len, len));
    free(text);
    text = malloc(len + 1);
    memset(text, 'x', len + 1);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + 7 + TB_JSON_STRING_MAX, "\"}", 2);
    assert_int_equal(parse(text, len + 1, len + 1), TB_E_LIMIT);
    free(text);
}

static void string_members(void **state)
{
    static const char text[] = "{\"s\":\"abc\",\"e\":\"\",\"n\":1,\"z\":null}";
    struct tb_span s;
    json_t *v;

    (void)state;
    assert_ok(tb_json_parse(tb_span_str(text), MAX, &v));
    assert_ok(tb_json_str(v, "s", 3, &s));
    assert_span_equal(s, "abc", 3);
    assert_ok(tb_json_str(v, "e", 0, &s));
    assert_int_equal(s.len, 0);
    s = tb_span_str("old");
    assert_int_equal(tb_json_str(v, "s", 2, &s), TB_E_LIMIT);
    assert_int_equal(s.len, 0);
    assert_int_equal(tb_json_str(v, "s", 0, &s), TB_E_LIMIT);
    assert_int_equal(tb_json_str(v, "n", 9, &s), TB_E_FORMAT);
    assert_int_equal(tb_json_str(v, "z", 9, &s), TB_E_FORMAT);
    assert_int_equal(tb_json_str(v, "S", 9, &s), TB_E_NOTFOUND);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_read),
        cmocka_unit_test(row20_bad_texts_are_refused),
        cmocka_unit_test(row20_truncation_is_refused),
        cmocka_unit_test(row21_duplicate_members_are_refused),
        cmocka_unit_test(row21_size_limit),
        cmocka_unit_test(row21_depth_limit),
        cmocka_unit_test(row21_number_of_values_limit),
        cmocka_unit_test(row21_string_limit),
        cmocka_unit_test(string_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
