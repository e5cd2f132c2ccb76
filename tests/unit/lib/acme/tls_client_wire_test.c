#include "lib/acme/tls_client_wire.h"

#include <stdlib.h>
#include <string.h>

#include "lib/acme/tls_client.h"
#include "tests/unit/test.h"

static void one_host_name_is_read(void **state)
{
    static const uint8_t good[] = {0, 6, 0, 0, 3, 'a', '.', 'b'};
    struct tb_span name;

    (void)state;
    assert_ok(tb_tls_client_server_name(tb_span_of(good, sizeof(good)), &name));
    assert_span_equal(name, "a.b", 3);
    for (size_t n = 0; n < sizeof(good); n++)
        assert_int_equal(tb_tls_client_server_name(tb_span_of(good, n), &name), TB_E_FORMAT);
}

static void other_server_names_are_refused(void **state)
{
    static const struct {
        uint8_t b[16];
        size_t len;
    } bad[] = {
        {{0, 0}, 2},                              /* no entry */
        {{0, 6, 1, 0, 3, 'a', '.', 'b'}, 8},      /* another type */
        {{0, 3, 0, 0, 0}, 5},                     /* empty */
        {{0, 6, 0, 0, 3, 'a', '.', 'b', 0}, 9},   /* trailing */
        {{0, 8, 0, 0, 1, 'a', 0, 0, 1, 'b'}, 10}, /* two */
        {{0, 7, 0, 0, 3, 'a', '.', 'b', 'c'}, 9}, /* left over inside */
        {{0, 6, 0, 0, 4, 'a', '.', 'b'}, 8},      /* the length lies */
        {{0xff, 0xff, 0, 0, 3, 'a', '.', 'b'}, 8},
    };
    struct tb_span name;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        assert_int_equal(tb_tls_client_server_name(tb_span_of(bad[i].b, bad[i].len), &name), TB_E_FORMAT);
        assert_int_equal(name.len, 0);
    }
}

static void exactly_one_protocol_and_it_is_ours(void **state)
{
    static const char good[] = "\x00\x12\x11" TB_TLS_CLIENT_PROTOCOL;
    static const char two[] = "\x00\x15\x11" TB_TLS_CLIENT_PROTOCOL "\x02h2";
    static const char other[] = "\x00\x12\x11"
                                "acme-tls-client/2";
    static const char shorter[] = "\x00\x11\x10"
                                  "acme-tls-client/";

    (void)state;
    assert_true(tb_tls_client_alpn_is_ours(tb_span_of(good, sizeof(good) - 1)));
    for (size_t n = 0; n < sizeof(good) - 1; n++)
        assert_false(tb_tls_client_alpn_is_ours(tb_span_of(good, n)));
    assert_false(tb_tls_client_alpn_is_ours(tb_span_of(good, sizeof(good)))); /* trailing */
    assert_false(tb_tls_client_alpn_is_ours(tb_span_of(two, sizeof(two) - 1)));
    assert_false(tb_tls_client_alpn_is_ours(tb_span_of(other, sizeof(other) - 1)));
    assert_false(tb_tls_client_alpn_is_ours(tb_span_of(shorter, sizeof(shorter) - 1)));
}

/* A Certificate message of num entries of cert_len octets, each with an empty list of extensions. */
static struct tb_span message(size_t num, size_t cert_len)
{
    static uint8_t buf[65536];
    const size_t list = num * (3 + cert_len + 2);
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_wr_u8(&wr, 11);
    tb_wr_u8(&wr, (uint8_t)((list + 4) >> 16));
    tb_wr_u16(&wr, (uint16_t)(list + 4));
    tb_wr_u8(&wr, 0);
    tb_wr_u8(&wr, (uint8_t)(list >> 16));
    tb_wr_u16(&wr, (uint16_t)list);
    for (size_t i = 0; i < num; i++) {
        uint8_t *p;

        tb_wr_u8(&wr, (uint8_t)(cert_len >> 16));
        tb_wr_u16(&wr, (uint16_t)cert_len);
        if (cert_len > 0 && (p = tb_wr_reserve(&wr, cert_len)) != NULL)
            memset(p, 'c', cert_len);
        tb_wr_u16(&wr, 0);
    }
    assert_ok(tb_wr_err(&wr));
    return tb_wr_span(&wr);
}

static void the_one_certificate_is_taken_raw(void **state)
{
    struct tb_span m = message(1, TB_TLS_CLIENT_CERT_MAX), cert;

    (void)state;
    assert_ok(tb_tls_client_certificate(m, &cert));
    assert_int_equal(cert.len, TB_TLS_CLIENT_CERT_MAX);
    assert_ptr_equal(cert.p, m.p + 11);
    m = message(1, 3);
    for (size_t n = 0; n < m.len; n++)
        assert_int_equal(tb_tls_client_certificate(tb_span_of(m.p, n), &cert), TB_E_FORMAT);
    assert_int_equal(tb_tls_client_certificate(tb_span_of(m.p, m.len + 1), &cert), TB_E_FORMAT);
}

static void other_certificate_messages_have_their_error(void **state)
{
    static const struct {
        size_t num, len;
        int err;
    } rows[] = {
        {0, 0, TB_E_NOTFOUND}, {1, 0, TB_E_FORMAT}, {2, 3, TB_E_DUP}, {1, TB_TLS_CLIENT_CERT_MAX + 1, TB_E_LIMIT}};
    struct tb_span cert;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        assert_int_equal(tb_tls_client_certificate(message(rows[i].num, rows[i].len), &cert), rows[i].err);
        assert_int_equal(cert.len, 0);
    }
}

static void a_certificate_message_of_another_shape_is_none(void **state)
{
    static const size_t at[] = {0, 4, 7, 10}; /* type, context, length of the list, of the certificate */
    struct tb_span cert;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(at); i++) {
        struct tb_span m = message(1, 3);

        ((uint8_t *)(uintptr_t)m.p)[at[i]]++;
        assert_int_equal(tb_tls_client_certificate(m, &cert), TB_E_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_host_name_is_read),
        cmocka_unit_test(other_server_names_are_refused),
        cmocka_unit_test(exactly_one_protocol_and_it_is_ours),
        cmocka_unit_test(the_one_certificate_is_taken_raw),
        cmocka_unit_test(other_certificate_messages_have_their_error),
        cmocka_unit_test(a_certificate_message_of_another_shape_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
