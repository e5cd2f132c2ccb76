#include "tests/unit/test.h"

#include "lib/json/json.h"

#include <stdlib.h>
#include <string.h>

static void nesting_and_commas(void **state)
{
    static const char want[] = "{\"a\":\"b\",\"n\":-9223372036854775808,\"l\":[],\"m\":[{},{\"x\":true},false,[1,2]],"
                               "\"r\":{\"raw\":1},\"z\":\"\"}";
    uint8_t buf[256];
    struct tb_wr wr;
    struct tb_jw jw;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    jw = tb_jw_of(&wr);
    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "a", "b");
    tb_jw_key(&jw, "n");
    tb_jw_int(&jw, INT64_MIN);
    tb_jw_key(&jw, "l");
    tb_jw_arr(&jw);
    tb_jw_end_arr(&jw);
    tb_jw_key(&jw, "m");
    tb_jw_arr(&jw);
    tb_jw_obj(&jw);
    tb_jw_end_obj(&jw);
    tb_jw_obj(&jw);
    tb_jw_key(&jw, "x");
    tb_jw_bool(&jw, true);
    tb_jw_end_obj(&jw);
    tb_jw_bool(&jw, false);
    tb_jw_arr(&jw);
    tb_jw_int(&jw, 1);
    tb_jw_int(&jw, 2);
    tb_jw_end_arr(&jw);
    tb_jw_end_arr(&jw);
    tb_jw_key(&jw, "r");
    tb_jw_raw(&jw, tb_span_str("{\"raw\":1}"));
    tb_jw_kv(&jw, "z", "");
    tb_jw_end_obj(&jw);
    assert_ok(tb_wr_err(&wr));
    assert_span_equal(tb_wr_span(&wr), want, sizeof(want) - 1);
}

static void strings_are_escaped(void **state)
{
    static const struct {
        const char *in;
        const char *out;
    } rows[] = {
        {"", "\"\""},
        {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
        {"\n\x01\x1f\x7f", "\"\\u000a\\u0001\\u001f\x7f\""},
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"a\xff"
         "b",
         "\"a\xef\xbf\xbd"
         "b\""},
        {"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xc3", "\"\xef\xbf\xbd\""},
        {"\xc3\"", "\"\xef\xbf\xbd\\\"\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xe0\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xf0\x8f\xbf\xbf", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        uint8_t buf[128];
        struct tb_wr wr;
        struct tb_jw jw;

        tb_wr_fixed(&wr, buf, sizeof(buf));
        jw = tb_jw_of(&wr);
        tb_jw_str(&jw, rows[i].in);
        assert_ok(tb_wr_err(&wr));
        assert_span_equal(tb_wr_span(&wr), rows[i].out, strlen(rows[i].out));
    }
}

/* Whatever two bytes are given, what is written is read back as one string. */
static void every_pair_of_bytes_gives_json(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 65536; pair += 7) {
        uint8_t in[2] = {(uint8_t)(pair >> 8), (uint8_t)pair};
        uint8_t buf[64];
        struct tb_wr wr;
        struct tb_jw jw;
        json_t *v = NULL;
        bool nul = in[0] == 0 || in[1] == 0; /* written correctly, and refused by our own reader */

        tb_wr_fixed(&wr, buf, sizeof(buf));
        jw = tb_jw_of(&wr);
        tb_jw_obj(&jw);
        tb_jw_key(&jw, "a");
        tb_jw_span(&jw, tb_span_of(in, 2));
        tb_jw_end_obj(&jw);
        assert_ok(tb_wr_err(&wr));
        assert_int_equal(tb_json_parse(tb_wr_span(&wr), sizeof(buf), &v), nul ? TB_E_FORMAT : 0);
        if (in[0] < 0x80 && in[1] < 0x80 && !nul)
            assert_memory_equal(json_string_value(json_object_get(v, "a")), in, 2);
        json_decref(v);
    }
}

static void the_first_error_sticks(void **state)
{
    uint8_t buf[8];
    struct tb_wr wr;
    struct tb_jw jw;

    (void)state;
    tb_wr_fixed(&wr, buf, 7);
    jw = tb_jw_of(&wr);
    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "a", "");
    tb_jw_end_obj(&jw);
    assert_int_equal(tb_wr_err(&wr), TB_E_LIMIT);
    tb_wr_fixed(&wr, buf, 8);
    jw = tb_jw_of(&wr);
    tb_jw_obj(&jw);
    tb_jw_kv(&jw, "a", "");
    tb_jw_end_obj(&jw);
    assert_ok(tb_wr_err(&wr));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_and_commas),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(every_pair_of_bytes_gives_json),
        cmocka_unit_test(the_first_error_sticks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
