#include "tests/unit/test.h"

#include <string.h>

#include "lib/profile/purpose.h"

static void every_purpose_is_found_by_label_and_oid(void **state)
{
    unsigned num = 0;

    (void)state;
    for (unsigned p = 0; p < 40; p++) {
        const struct tb_purpose_info *info = tb_purpose_info((enum tb_purpose)p);

        if (info == NULL)
            continue;
        num++;
        assert_int_equal(tb_purpose_find(tb_span_str(info->label)), p);
        assert_int_equal(tb_purpose_find_oid(tb_span_of(info->oid, info->oid_len)), p);
        assert_int_equal(tb_purpose_find_oid(tb_span_of(info->oid, info->oid_len - 1)), TB_PURPOSE_NONE);
        /* The last arc of id-kp is the wire value. */
        assert_int_equal(info->oid[info->oid_len - 1], p);
        assert_memory_equal(info->oid, "\x2b\x06\x01\x05\x05\x07\x03", 7);
    }
    assert_int_equal(num, 5);
}

static void what_is_no_purpose_is_none(void **state)
{
    static const char *const labels[] = {"", "serverauth", "serverAuth ", "serverAut", "any", "anyExtendedKeyUsage"};
    static const uint8_t any[] = {0x55, 0x1d, 0x25, 0x00};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(labels); i++)
        assert_int_equal(tb_purpose_find(tb_span_str(labels[i])), TB_PURPOSE_NONE);
    assert_int_equal(tb_purpose_find_oid(tb_span_of(any, sizeof(any))), TB_PURPOSE_NONE);
    assert_int_equal(tb_purpose_find_oid(tb_span_of(NULL, 0)), TB_PURPOSE_NONE);
    assert_null(tb_purpose_info(TB_PURPOSE_NONE));
    assert_null(tb_purpose_info((enum tb_purpose)5));
    assert_null(tb_purpose_info(TB_PURPOSE__COUNT));
    assert_null(tb_purpose_info((enum tb_purpose) - 1));
}

static void a_set_is_known_bit_by_bit(void **state)
{
    (void)state;
    assert_true(tb_purposes_known(0));
    for (unsigned p = 0; p < 32; p++)
        assert_int_equal(tb_purposes_known(TB_PURPOSE_BIT(p)), tb_purpose_info((enum tb_purpose)p) != NULL);
    assert_false(tb_purposes_known(TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH) | TB_PURPOSE_BIT(31)));
}

static void text_is_cut_at_a_label(void **state)
{
    const tb_purposes_t both = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH) | TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH);
    char out[64];

    (void)state;
    tb_purposes_text(out, sizeof(out), both);
    assert_string_equal(out, "serverAuth, clientAuth");
    tb_purposes_text(out, 23, both);
    assert_string_equal(out, "serverAuth, clientAuth");
    tb_purposes_text(out, 22, both);
    assert_string_equal(out, "serverAuth");
    tb_purposes_text(out, 10, both);
    assert_string_equal(out, "");
    tb_purposes_text(out, 1, both);
    assert_string_equal(out, "");
    tb_purposes_text(out, sizeof(out), 0);
    assert_string_equal(out, "");
    memset(out, 'x', sizeof(out));
    tb_purposes_text(out, 0, both);
    assert_int_equal(out[0], 'x');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_purpose_is_found_by_label_and_oid),
        cmocka_unit_test(what_is_no_purpose_is_none),
        cmocka_unit_test(a_set_is_known_bit_by_bit),
        cmocka_unit_test(text_is_cut_at_a_label),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
