/* DNS messages of dynamic updates. TSIG of a real server is tested end to end. */
#include "client/dns_message.h"
#include "tests/unit/test.h"

#include <string.h>

#include "client/dns_name.h"
#include "lib/base/b64u.h"

static int key_of(const char *text, struct tb_tsig_key *key)
{
    return tb_tsig_key_parse(tb_span_str(text), key);
}

static void key_files_of_both_forms_are_read(void **state)
{
    static const char *const good[] = {"key \"k.example.\" {\n\talgorithm hmac-sha256;\n\tsecret \"Zm9v\";\n};\n",
                                       "key k.example { secret Zm9v; algorithm hmac-sha256; };", "k.example:Zm9v",
                                       "hmac-sha256:K.example.:Zm9v\n"};
    struct tb_tsig_key key;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++) {
        assert_ok(key_of(good[i], &key));
        assert_string_equal(key.name, "k.example");
        assert_string_equal(key.algorithm, "hmac-sha256");
        assert_int_equal(key.secret_len, 3);
        assert_memory_equal(key.secret, "foo", 3);
    }
}

static void what_is_no_key_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "k",
                                      ":Zm9v",
                                      "k:",
                                      "k:Zm9",
                                      "k:####",
                                      "hmac-md5:k:Zm9v",
                                      "hmac-sha256:k:Zm9v:x",
                                      "a..b:Zm9v",
                                      "key k { algorithm hmac-sha256; };",
                                      "key k { secret Zm9v; };",
                                      "key k { algorithm hmac-sha1; secret Zm9v; };",
                                      "key k { algorithm hmac-sha256; secret Zm9v; owner me; };",
                                      "key"};
    char longest[4 * (TB_TSIG_SECRET_MAX + 3)] = "k:";
    struct tb_tsig_key key;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_true(key_of(bad[i], &key) < 0);
    memset(longest + 2, 'A', (TB_TSIG_SECRET_MAX / 3 + 1) * 4);
    assert_int_equal(key_of(longest, &key), TB_E_LIMIT);
}

static void requests_are_what_the_rfcs_say(void **state)
{
    static const char want[] = "12342800000100000001000004746573740000060001"
                               "01610474657374000010000100"
                               "00003c000403"
                               "616263";
    char hex[256];
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, TB_DNS_MESSAGE_MAX);
    assert_ok(tb_dns_update_write(&wr, 0x1234, "test", "a.test", "abc", true));
    tb_hex_encode(hex, tb_wr_span(&wr));
    assert_string_equal(hex, want);
    tb_wr_reset(&wr);
    assert_ok(tb_dns_query_write(&wr, 1, "A.test", TB_DNS_TYPE_SOA));
    tb_hex_encode(hex, tb_wr_span(&wr));
    assert_string_equal(hex, "000101000001000000000000"
                             "0161047465737400"
                             "00060001");
    tb_wr_clear(&wr);
}

/* An answer to "a.test SOA": NODATA, with the zone in the authority section. */
static const char soa_answer[] = "000184000001000000010000"
                                 "016104746573740000060001"
                                 "c00e000600010000000100100161c00e0162c00e"
                                 "00000001"
                                 "00000002";

static size_t unhex(const char *hex, uint8_t out[static 512])
{
    assert_ok(tb_hex_decode(out, strlen(hex) / 2, tb_span_str(hex)));
    return strlen(hex) / 2;
}

static void the_zone_stands_in_the_authority_section(void **state)
{
    uint8_t msg[512];
    size_t len = unhex(soa_answer, msg);
    struct tb_dns_answer a;

    (void)state;
    assert_ok(tb_dns_answer_read(tb_span_of(msg, len), 1, TB_DNS_OPCODE_QUERY, "a.test", NULL, &a));
    assert_string_equal(a.zone, "test");
    assert_string_equal(a.alias, "a.test");
    assert_int_equal(tb_dns_answer_read(tb_span_of(msg, len), 2, TB_DNS_OPCODE_QUERY, "a.test", NULL, &a), TB_E_FORMAT);
    assert_int_equal(tb_dns_answer_read(tb_span_of(msg, len), 1, TB_DNS_OPCODE_QUERY, "b.test", NULL, &a), TB_E_FORMAT);
    assert_int_equal(tb_dns_answer_read(tb_span_of(msg, len), 1, TB_DNS_OPCODE_UPDATE, "a.test", NULL, &a),
                     TB_E_FORMAT);
    for (size_t n = 0; n < len; n++)
        assert_true(tb_dns_answer_read(tb_span_of(msg, n), 1, TB_DNS_OPCODE_QUERY, "a.test", NULL, &a) < 0);
}

static void a_pointer_that_leads_nowhere_or_forwards_ends(void **state)
{
    static const char *const names[] = {"c000", "c00c", "c0ff", "0161c00c", "40", "3f61"};
    uint8_t msg[512] = {0};
    char text[TB_DNS_NAME_MAX + 1];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++) {
        size_t len = strlen(names[i]) / 2;
        struct tb_rd rd;

        assert_ok(tb_hex_decode(msg + 12, len, tb_span_str(names[i])));
        msg[0] = 0xc0; /* at 0 a pointer to itself */
        msg[1] = 0;
        rd = tb_rd_of(tb_span_of(msg + 12, len));
        assert_true(tb_dns_name_read(tb_span_of(msg, 12 + len), &rd, text) < 0);
    }
}

static void what_is_signed_verifies_and_nothing_else(void **state)
{
    struct tb_tsig_mac mac;
    struct tb_tsig_mac none = {.len = 0};
    struct tb_tsig_key key;
    struct tb_tsig_key other;
    struct tb_wr wr;

    (void)state;
    assert_ok(key_of("hmac-sha512:k.example:Zm9vYmFy", &key));
    assert_ok(key_of("hmac-sha512:k.example:Zm9vYmFa", &other));
    tb_wr_init(&wr, TB_DNS_MESSAGE_MAX);
    assert_ok(tb_dns_update_write(&wr, 7, "test", "a.test", "abc", false));
    assert_int_equal(tb_tsig_verify(tb_wr_span(&wr), &key, 1000, &none), TB_E_BADSIG);
    assert_ok(tb_tsig_sign(&wr, &key, 1000, &mac));
    assert_int_equal(mac.len, 64);
    /* A request's MAC is over no other, an answer's over the request's: neither passes for the other. */
    assert_int_equal(tb_tsig_verify(tb_wr_span(&wr), &key, 1000, &none), TB_E_BADSIG);
    assert_int_equal(tb_tsig_verify(tb_wr_span(&wr), &other, 1000, &mac), TB_E_BADSIG);
    tb_wr_clear(&wr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_files_of_both_forms_are_read),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(requests_are_what_the_rfcs_say),
        cmocka_unit_test(the_zone_stands_in_the_authority_section),
        cmocka_unit_test(a_pointer_that_leads_nowhere_or_forwards_ends),
        cmocka_unit_test(what_is_signed_verifies_and_nothing_else),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
