#include "tests/unit/test.h"

#include "lib/base/b64u.h"

#include <string.h>

static void vectors_of_rfc_4648(void **state)
{
    static const struct {
        const char *plain;
        const char *coded;
    } rows[] = {{"", ""},           {"f", "Zg"},          {"fo", "Zm8"},         {"foo", "Zm9v"},
                {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        char text[32];
        uint8_t back[32];
        size_t n;

        tb_b64u_encode(text, tb_span_str(rows[i].plain));
        assert_string_equal(text, rows[i].coded);
        assert_int_equal(strlen(text), TB_B64U_LEN(strlen(rows[i].plain)));
        assert_ok(tb_b64u_decode(back, sizeof(back), &n, tb_span_str(text)));
        assert_int_equal(n, strlen(rows[i].plain));
        assert_memory_equal(back, rows[i].plain, n);
    }
}

static void every_byte_survives(void **state)
{
    uint8_t all[256];
    uint8_t back[256];
    char text[TB_B64U_LEN(256) + 1];
    size_t n;

    (void)state;
    for (size_t i = 0; i < sizeof(all); i++)
        all[i] = (uint8_t)(i * 37);
    for (size_t len = 0; len <= sizeof(all); len++) {
        tb_b64u_encode(text, tb_span_of(all, len));
        assert_ok(tb_b64u_decode(back, sizeof(back), &n, tb_span_str(text)));
        assert_int_equal(n, len);
        assert_memory_equal(back, all, len);
    }
}

/* Row 22: padding and foreign characters are refused. */
static void padding_and_foreign_characters_are_refused(void **state)
{
    static const char *const bad[] = {"Zg==", "Zm8=", "Z",  "Zm9vY", "Zm 9",   "Zm9v\n",
                                      "Zm+v", "Zm/v", "Zh", "Zm9",   "\x80mmm"};
    uint8_t out[16];
    size_t n;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_int_equal(tb_b64u_decode(out, sizeof(out), &n, tb_span_str(bad[i])), TB_E_FORMAT);
    assert_int_equal(tb_b64u_decode(out, sizeof(out), &n, tb_span_of("Zg\0A", 4)), TB_E_FORMAT);
}

static void the_output_is_bounded(void **state)
{
    uint8_t out[3];
    size_t n;

    (void)state;
    assert_int_equal(tb_b64u_decode(out, 2, &n, tb_span_str("Zm9v")), TB_E_LIMIT);
    assert_ok(tb_b64u_decode(out, 3, &n, tb_span_str("Zm9v")));
}

static void hex_is_exact(void **state)
{
    uint8_t out[2];
    char text[5];

    (void)state;
    assert_ok(tb_hex_decode(out, 2, tb_span_str("aBf0")));
    tb_hex_encode(text, tb_span_of(out, 2));
    assert_string_equal(text, "abf0");
    assert_int_equal(tb_hex_decode(out, 2, tb_span_str("abf")), TB_E_FORMAT);
    assert_int_equal(tb_hex_decode(out, 2, tb_span_str("abf00")), TB_E_FORMAT);
    assert_int_equal(tb_hex_decode(out, 2, tb_span_str("abg0")), TB_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_rfc_4648),
        cmocka_unit_test(every_byte_survives),
        cmocka_unit_test(padding_and_foreign_characters_are_refused),
        cmocka_unit_test(the_output_is_bounded),
        cmocka_unit_test(hex_is_exact),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
