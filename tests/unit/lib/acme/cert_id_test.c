#include "tests/unit/test.h"

#include <string.h>

#include "lib/acme/cert_id.h"

/* RFC 9773 section 4.1. */
static const char vector[] = "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE";
static const uint8_t keyid[] = {0x69, 0x88, 0x5b, 0x6b, 0x87, 0x46, 0x40, 0x41, 0xe1, 0xb3,
                                0x7b, 0x84, 0x7b, 0xa0, 0xae, 0x2c, 0xde, 0x01, 0xc8, 0xd4};
static const uint8_t serial[] = {0x00, 0x87, 0x65, 0x43, 0x21};

static void reads_and_writes_the_vector_of_the_rfc(void **state)
{
    char text[TB_CERT_ID_TEXT_MAX + 1];
    struct tb_cert_id id;

    (void)state;
    assert_ok(tb_cert_id_parse(tb_span_str(vector), &id));
    assert_int_equal(id.keyid_len, sizeof(keyid));
    assert_memory_equal(id.keyid, keyid, sizeof(keyid));
    assert_int_equal(id.serial_len, sizeof(serial));
    assert_memory_equal(id.serial, serial, sizeof(serial));
    tb_cert_id_text(text, tb_span_of(keyid, sizeof(keyid)), tb_span_of(serial, sizeof(serial)));
    assert_string_equal(text, vector);
}

static void other_forms_are_refused(void **state)
{
    static const char *const bad[] = {
        "",        ".",        "aYhb",       "aYhb.",   ".AIdlQyE", "aYhb.AIdlQyE=", "aYhb.AIdlQyE.",
        "aYhb.AA", "aYhb.AAE", "aYhb.gA",    "a+hb.AQ", "aYhb .AQ", "aYhb.AQ\n",     "aYhb=.AQ",
        "aYhb.A",  "aYhb..AQ", "aYhb.AQ/AQ",
    };
    struct tb_cert_id id;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        memset(&id, 1, sizeof(id));
        assert_true(tb_cert_id_parse(tb_span_str(bad[i]), &id) < 0);
        assert_int_equal(id.keyid_len, 0);
        assert_int_equal(id.serial_len, 0);
    }
}

static void parts_have_a_maximum(void **state)
{
    uint8_t most[TB_KEYID_MAX + 1];
    char text[2 * TB_CERT_ID_TEXT_MAX];
    struct tb_cert_id id;

    (void)state;
    memset(most, 0x11, sizeof(most));
    tb_cert_id_text(text, tb_span_of(most, TB_KEYID_MAX), tb_span_of(most, TB_CERT_ID_SERIAL_MAX));
    assert_ok(tb_cert_id_parse(tb_span_str(text), &id));
    tb_b64u_encode(text, tb_span_of(most, TB_KEYID_MAX + 1));
    strcat(text, ".AQ");
    assert_int_equal(tb_cert_id_parse(tb_span_str(text), &id), TB_E_LIMIT);
    strcpy(text, "aYhb.");
    tb_b64u_encode(text + 5, tb_span_of(most, TB_CERT_ID_SERIAL_MAX + 1));
    assert_int_equal(tb_cert_id_parse(tb_span_str(text), &id), TB_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_the_vector_of_the_rfc),
        cmocka_unit_test(other_forms_are_refused),
        cmocka_unit_test(parts_have_a_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
