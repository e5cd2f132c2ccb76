#include "tests/unit/test.h"

#include <string.h>

#include "lib/dns/txt.h"

static void character_strings_are_joined(void **state)
{
    static const struct {
        const char *rdata;
        size_t len;
        const char *text;
    } rows[] = {
        {"\0", 1, ""}, {"\1a", 2, "a"}, {"\2ab\0\1c", 6, "abc"}, {"\0\0\0", 3, ""}, {"\1\"\1;", 4, "\";"},
    };
    uint8_t out[TB_TXT_MAX];
    size_t len;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        assert_ok(tb_txt_join(tb_span_of(rows[i].rdata, rows[i].len), out, &len));
        assert_span_equal(tb_span_of(out, len), rows[i].text, strlen(rows[i].text));
    }
}

static void a_cut_string_is_refused(void **state)
{
    static const uint8_t rdata[] = "\3abc\2de";
    uint8_t out[TB_TXT_MAX];
    size_t len = 7;

    (void)state;
    for (size_t cut = 0; cut < sizeof(rdata) - 1; cut++) {
        int r = tb_txt_join(tb_span_of(rdata, cut), out, &len);

        assert_int_equal(r, cut == 4 ? 0 : TB_E_TRUNC);
        assert_int_equal(len, cut == 4 ? 3 : 0);
    }
    assert_ok(tb_txt_join(tb_span_of(rdata, sizeof(rdata) - 1), out, &len));
    assert_int_equal(len, 5);
}

static void the_joined_text_has_a_limit(void **state)
{
    uint8_t rdata[5 * 256];
    uint8_t out[TB_TXT_MAX + 1] = {[TB_TXT_MAX] = 0xee};
    size_t at = 0, len;

    (void)state;
    memset(rdata, 'x', sizeof(rdata));
    for (unsigned i = 0; i < 4; i++, at += 256)
        rdata[at] = 255;
    rdata[at] = TB_TXT_MAX - 4 * 255;
    assert_ok(tb_txt_join(tb_span_of(rdata, at + 1 + rdata[at]), out, &len));
    assert_int_equal(len, TB_TXT_MAX);
    rdata[at]++;
    assert_int_equal(tb_txt_join(tb_span_of(rdata, at + 1 + rdata[at]), out, &len), TB_E_LIMIT);
    assert_int_equal(len, 0);
    assert_int_equal(out[TB_TXT_MAX], 0xee);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(character_strings_are_joined),
        cmocka_unit_test(a_cut_string_is_refused),
        cmocka_unit_test(the_joined_text_has_a_limit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
