#include "tests/unit/test.h"

#include "lib/pki/arc.h"

#include <openssl/objects.h>
#include <string.h>

static void what_is_read_is_what_openssl_reads(void **state)
{
    static const char *const texts[] = {"1.3.6.1.4.1.32473",
                                        "1.3.6.1.4.1.32473.1",
                                        "0.0",
                                        "0.39",
                                        "1.39",
                                        "2.0",
                                        "2.39",
                                        "2.40",
                                        "2.999.3",
                                        "2.2147483567",
                                        "1.3.2147483647",
                                        "1.2.127.128.16383.16384.2097151.2097152"};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(texts); i++) {
        ASN1_OBJECT *obj = OBJ_txt2obj(texts[i], 1);
        char text[TB_ARC_TEXT_MAX + 1];
        struct tb_arc arc;

        assert_non_null(obj);
        assert_ok(tb_arc_parse(texts[i], &arc));
        assert_int_equal(arc.len, OBJ_length(obj));
        assert_memory_equal(arc.der, OBJ_get0_data(obj), arc.len);
        assert_ok(tb_arc_text(tb_span_of(arc.der, arc.len), text));
        assert_string_equal(text, texts[i]);
        ASN1_OBJECT_free(obj);
    }
}

/* Go 1.19 refuses a certificate with a number of 2^31 in it, certtool the extension. */
static void what_verifiers_do_not_take_is_no_arc(void **state)
{
    static const char *const texts[] = {"",
                                        "1",
                                        ".",
                                        "1.",
                                        ".1",
                                        "1..3",
                                        "1.3.",
                                        "3.1",
                                        "1.40",
                                        "0.40",
                                        "01.3",
                                        "1.03",
                                        "1.00",
                                        "1.3 ",
                                        " 1.3",
                                        "1.-3",
                                        "1.+3",
                                        "1.3a",
                                        "1,3",
                                        "1.3.x",
                                        "2.",
                                        "1.3\n",
                                        "2.2147483568",
                                        "1.3.2147483648",
                                        "2.25.98765432109876543210987654321",
                                        "1.3.99999999999999999999"};
    struct tb_arc arc = {.len = 1};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(texts); i++) {
        if (tb_arc_parse(texts[i], &arc) >= 0)
            fail_msg("\"%s\"", texts[i]);
        assert_int_equal(arc.len, 0);
    }
}

static void an_arc_has_a_longest(void **state)
{
    char text[TB_ARC_TEXT_MAX + 2] = "1.3";
    struct tb_arc arc;

    (void)state;
    while (strlen(text) < 2 * TB_ARC_DER_MAX + 1)
        strcat(text, ".1");
    assert_ok(tb_arc_parse(text, &arc));
    assert_int_equal(arc.len, TB_ARC_DER_MAX);
    strcat(text, ".1");
    assert_int_equal(tb_arc_parse(text, &arc), TB_E_LIMIT);
    memset(text, '1', sizeof(text) - 1);
    text[1] = '.';
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(tb_arc_parse(text, &arc), TB_E_LIMIT);
}

static void octets_that_are_no_identifier_have_no_text(void **state)
{
    static const struct {
        uint8_t octets[8];
        size_t len;
    } rows[] = {{{0}, 0},
                {{0x80, 0x01}, 2},
                {{0x2b, 0x80, 0x01}, 3},
                {{0x2b, 0x86}, 2},
                {{0x2b, 0x88, 0x80, 0x80, 0x80, 0x00}, 6}};
    char text[TB_ARC_TEXT_MAX + 1];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        assert_true(tb_arc_text(tb_span_of(rows[i].octets, rows[i].len), text) < 0);
        assert_string_equal(text, "");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_what_openssl_reads),
        cmocka_unit_test(what_verifiers_do_not_take_is_no_arc),
        cmocka_unit_test(an_arc_has_a_longest),
        cmocka_unit_test(octets_that_are_no_identifier_have_no_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
