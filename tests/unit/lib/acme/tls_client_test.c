#include "lib/acme/tls_client.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "tests/unit/test.h"

/* doc/tls-client-01.md, section 10. */
#define TOKEN "AQ0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMN"
#define THUMB "t0LjTmuJjGDgLgE9tEcDglEoh6DB5RWOYeeyQpXQtVU"
#define TAG   "vhxo423wgjwbr2ly"
#define HOST  "ca.example"

static const char digest_hex[] = "50ede6dd6032864f0ff1ddb21fe53447788a47647093d86613d4c337edc8b4ed";

static void the_vectors_of_the_document_hold(void **state)
{
    uint8_t digest[TB_DIGEST_LEN];
    char tag[TB_TLS_CLIENT_TAG_LEN + 1], hex[2 * TB_DIGEST_LEN + 1];

    (void)state;
    tb_tls_client_tag(tag, tb_span_str(TOKEN));
    assert_string_equal(tag, TAG);
    tb_tls_client_digest(digest, tb_span_str(TOKEN "." THUMB));
    tb_hex_encode(hex, tb_span_of(digest, sizeof(digest)));
    assert_string_equal(hex, digest_hex);
}

static void the_digest_is_not_that_of_tls_alpn_01(void **state)
{
    uint8_t ours[TB_DIGEST_LEN], alpn[TB_DIGEST_LEN];

    (void)state;
    tb_tls_client_digest(ours, tb_span_str(TOKEN "." THUMB));
    tb_sha256(alpn, tb_span_str(TOKEN "." THUMB));
    assert_memory_not_equal(ours, alpn, sizeof(ours));
    /* Nor can a key authorization be chosen that makes them equal by moving the border. */
    tb_sha256(alpn, tb_span_str("tls-client-01" TOKEN "." THUMB));
    assert_memory_not_equal(ours, alpn, sizeof(ours));
}

static void a_server_name_gives_its_tag(void **state)
{
    char tag[TB_TLS_CLIENT_TAG_LEN + 1];

    (void)state;
    assert_ok(tb_tls_client_tag_of(tag, tb_span_str(TAG "." HOST), HOST));
    assert_string_equal(tag, TAG);
    assert_ok(tb_tls_client_tag_of(tag, tb_span_str("VHXO423WGJWBR2LY.Ca.Example"), HOST));
    assert_string_equal(tag, TAG);
}

static void other_server_names_have_none(void **state)
{
    static const char *const bad[] = {
        "",
        TAG,
        TAG ".",
        HOST,
        TAG "." HOST ".",
        TAG "." HOST "x",
        TAG ".x" HOST,
        "x." TAG "." HOST,
        "x" TAG "." HOST,
        "hxo423wgjwbr2ly." HOST,
        "vhxo423wgjwbr2l1." HOST,
        "vhxo423wgjwbr2l-." HOST,
        TAG "-" HOST,
    };
    char tag[TB_TLS_CLIENT_TAG_LEN + 1];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        strcpy(tag, "x");
        assert_int_equal(tb_tls_client_tag_of(tag, tb_span_str(bad[i]), HOST), TB_E_FORMAT);
        assert_string_equal(tag, "");
    }
    assert_int_equal(tb_tls_client_tag_of(tag, tb_span_of("vhxo423wgjwbr2l\0." HOST, 27), HOST), TB_E_FORMAT);
}

static void round_trip(const char *text)
{
    struct tb_tls_client_line line;
    char again[TB_TLS_CLIENT_LINE_MAX + 1] = "";
    struct tb_wr wr;

    assert_ok(tb_tls_client_line_read(tb_span_str(text), &line));
    tb_wr_fixed(&wr, again, sizeof(again) - 1);
    tb_tls_client_line_write(&wr, &line);
    assert_ok(tb_wr_err(&wr));
    assert_string_equal(again, text);
}

static void lines_round_trip(void **state)
{
    (void)state;
    round_trip("ok 2001:db8::1\n");
    round_trip("ok 192.0.2.1\n");
    round_trip("refused address 192.0.2.1\n");
    round_trip("refused somethingnew ::1\n");
    round_trip("refused abcdefghijklmnopqrstuvwxyzabcde ::1\n");
}

static void other_lines_are_refused(void **state)
{
    static const char *const bad[] = {
        "\n",
        "ok\n",
        "ok \n",
        "ok  ::1\n",
        "ok ::1 \n",
        "ok ::1\r\n",
        "OK ::1\n",
        "okay ::1\n",
        "ok address ::1\n",
        "refused ::1\n",
        "refused address\n",
        "refused  ::1\n",
        "refused Address ::1\n",
        "refused ad-dress ::1\n",
        "refused abcdefghijklmnopqrstuvwxyzabcdef ::1\n",
        "ok 192.0.2\n",
        "ok ::1\nok ::1\n",
        "ok fe80::1%eth0\n",
    };
    struct tb_tls_client_line line;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        line.ok = true;
        assert_int_equal(tb_tls_client_line_read(tb_span_str(bad[i]), &line), TB_E_FORMAT);
        assert_false(line.ok);
    }
    assert_int_equal(tb_tls_client_line_read(tb_span_of("ok ::1\0\n", 8), &line), TB_E_FORMAT);
    assert_int_equal(tb_tls_client_line_read(tb_span_str(""), &line), TB_E_TRUNC);
    assert_int_equal(tb_tls_client_line_read(tb_span_str("ok ::1"), &line), TB_E_TRUNC);
}

static void a_line_has_its_maximum(void **state)
{
    char text[TB_TLS_CLIENT_LINE_MAX + 2];
    struct tb_tls_client_line line;

    (void)state;
    memset(text, 'x', sizeof(text));
    text[TB_TLS_CLIENT_LINE_MAX - 1] = '\n';
    assert_int_equal(tb_tls_client_line_read(tb_span_of(text, TB_TLS_CLIENT_LINE_MAX), &line), TB_E_FORMAT);
    text[TB_TLS_CLIENT_LINE_MAX] = '\n';
    assert_int_equal(tb_tls_client_line_read(tb_span_of(text, TB_TLS_CLIENT_LINE_MAX + 1), &line), TB_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_document_hold),
        cmocka_unit_test(the_digest_is_not_that_of_tls_alpn_01),
        cmocka_unit_test(a_server_name_gives_its_tag),
        cmocka_unit_test(other_server_names_have_none),
        cmocka_unit_test(lines_round_trip),
        cmocka_unit_test(other_lines_are_refused),
        cmocka_unit_test(a_line_has_its_maximum),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
