#include "ca/responder/proxy_header.h"

#include <string.h>

#include "tests/unit/test.h"

#define SIGNATURE "\x0d\x0a\x0d\x0a\x00\x0d\x0a\x51\x55\x49\x54\x0a"
#define V4                                                                                                             \
    SIGNATURE "\x21\x11\x00\x0c"                                                                                       \
              "\xc0\x00\x02\x07"                                                                                       \
              "\xc6\x33\x64\x01"                                                                                       \
              "\x03\xe8\x36\xb2"
#define V6                                                                                                             \
    SIGNATURE "\x21\x21\x00\x24"                                                                                       \
              "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x07"                                                             \
              "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01"                                                             \
              "\x03\xe9\x36\xb2"

static size_t want;
static struct tb_address peer;
static uint16_t port;

static int read_header(const char *b, size_t len)
{
    return tb_proxy_header_read(tb_span_of(b, len), &want, &peer, &port);
}

static void is_from(const char *text, uint16_t from_port)
{
    char seen[TB_ADDRESS_TEXT_MAX];

    tb_address_text(seen, &peer);
    assert_string_equal(seen, text);
    assert_int_equal(port, from_port);
}

static void both_families_are_read(void **state)
{
    (void)state;
    assert_ok(read_header(V4, sizeof(V4) - 1));
    is_from("192.0.2.7", 1000);
    assert_true(peer.v4);
    assert_ok(read_header(V6, sizeof(V6) - 1));
    is_from("2001:db8::7", 1001);
    assert_false(peer.v4);
}

/* Never more than the header: what follows it is TLS. */
static void it_asks_for_no_octet_too_many(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(V4) - 1; n++) {
        assert_int_equal(read_header(V4, n), TB_E_AGAIN);
        assert_int_equal(want, n < 16 ? 16 - n : sizeof(V4) - 1 - n);
    }
    assert_int_equal(read_header(V4 "\x16", sizeof(V4)), TB_E_TRAIL);
}

static void what_a_proxy_adds_is_passed_over(void **state)
{
    char b[TB_PROXY_HEADER_MAX + 1] = V4;

    (void)state;
    b[14] = (char)((TB_PROXY_HEADER_MAX - 16) >> 8);
    b[15] = (char)((TB_PROXY_HEADER_MAX - 16) & 0xff);
    assert_ok(read_header(b, TB_PROXY_HEADER_MAX));
    is_from("192.0.2.7", 1000);
    b[15]++;
    assert_int_equal(read_header(b, 16), TB_E_LIMIT);
}

static void a_proxy_may_speak_for_itself(void **state)
{
    (void)state;
    assert_int_equal(read_header(SIGNATURE "\x20\x00\x00\x00", 16), TB_E_CLOSED);
}

static void everything_else_is_refused(void **state)
{
    static const struct {
        size_t at;
        char byte;
    } rows[] = {
        {0, 'P'},   /* version 1, TLS, anything */
        {11, 0},    /* the last octet of the signature */
        {12, 0x11}, /* version 1 in the form of 2 */
        {12, 0x22}, /* an unknown command */
        {13, 0x12}, /* UDP over IPv4 */
        {13, 0x31}, /* AF_UNIX */
        {13, 0x00}, /* unspecified */
        {13, 0x21}, /* IPv6 in the room of IPv4 */
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        char b[sizeof(V4)] = V4;

        b[rows[i].at] = rows[i].byte;
        assert_int_equal(read_header(b, sizeof(V4) - 1), TB_E_FORMAT);
        assert_int_equal(port, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_families_are_read),           cmocka_unit_test(it_asks_for_no_octet_too_many),
        cmocka_unit_test(what_a_proxy_adds_is_passed_over), cmocka_unit_test(a_proxy_may_speak_for_itself),
        cmocka_unit_test(everything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
