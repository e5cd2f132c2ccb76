#include "tests/unit/test.h"

#include "ca/front/stream.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/ca/front/tls_client.h"

#define BIG (300 * 1024) /* far more than the socket takes */

struct pair {
    SSL_CTX *ctx;
    struct tls_client client;
    struct tb_stream s;
    uint8_t *sent, *got;
};

static int set_up(void **state)
{
    struct pair *p = calloc(1, sizeof(*p));
    int done = 0;

    assert_non_null(p);
    p->ctx = test_server_ctx();
    assert_ok(tb_stream_open(&p->s, tls_client_open(&p->client), p->ctx));
    for (int i = 0; i < 100 && done != 3; i++) {
        int r;

        if ((done & 1) == 0 && tls_client_greet(&p->client))
            done |= 1;
        if ((done & 2) != 0)
            continue;
        r = tb_stream_accept(&p->s);
        assert_true(r == 0 || r == TB_E_AGAIN);
        done |= r == 0 ? 2 : 0;
    }
    assert_int_equal(done, 3);
    p->sent = malloc(BIG);
    p->got = malloc(BIG);
    for (size_t i = 0; i < BIG; i++)
        p->sent[i] = (uint8_t)(i * 7 + i / 251);
    *state = p;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *p = *state;

    tb_stream_close(&p->s, true);
    tls_client_close(&p->client);
    SSL_CTX_free(p->ctx);
    free(p->sent);
    free(p->got);
    free(p);
    return 0;
}

static bool socket_has(int fd)
{
    struct pollfd pfd = {.fd = fd, .events = POLLIN};

    return poll(&pfd, 1, 0) == 1;
}

/* Reads len octets at the client while the stream flushes; the last result of the flush. */
static int collect(struct pair *p, size_t len)
{
    size_t have = 0;
    int r = TB_E_AGAIN;

    for (int i = 0; i < 100000 && have < len; i++) {
        long n = tls_client_receive(&p->client, p->got + have, len - have);

        assert_true(n >= 0);
        have += (size_t)n;
        if (r == TB_E_AGAIN)
            r = tb_stream_flush(&p->s);
        assert_true(r == 0 || r == TB_E_AGAIN);
    }
    assert_int_equal(have, len);
    return r;
}

static void what_the_socket_does_not_take_is_kept_in_order(void **state)
{
    struct pair *p = *state;

    assert_int_equal(tb_stream_write(&p->s, p->sent, 100), 0);
    assert_null(p->s.out);
    assert_int_equal(tb_stream_write(&p->s, p->sent + 100, BIG - 200), TB_E_AGAIN);
    assert_non_null(p->s.out);
    assert_int_equal(tb_stream_write(&p->s, p->sent + BIG - 100, 99), TB_E_AGAIN);
    assert_int_equal(tb_stream_flush(&p->s), TB_E_AGAIN);
    /* Also after a part of it has left. */
    assert_true(tls_client_receive(&p->client, p->got, 1) == 1);
    assert_int_equal(p->got[0], p->sent[0]);
    memmove(p->sent, p->sent + 1, BIG - 1);
    assert_int_equal(tb_stream_write(&p->s, p->sent + BIG - 2, 1), TB_E_AGAIN);
    assert_int_equal(collect(p, BIG - 1), 0);
    assert_memory_equal(p->got, p->sent, BIG - 1);
    assert_null(p->s.out);
    assert_int_equal(tb_stream_flush(&p->s), 0);
}

static void a_flush_to_nobody_fails_and_keeps_nothing(void **state)
{
    struct pair *p = *state;
    uint8_t octet;

    assert_int_equal(tb_stream_write(&p->s, p->sent, BIG), TB_E_AGAIN);
    tls_client_close(&p->client);
    assert_int_equal(tb_stream_flush(&p->s), TB_E_IO);
    assert_null(p->s.out);
    assert_true(tb_stream_read(&p->s, &octet, 1) < 0);
    assert_int_equal(tb_stream_write(&p->s, p->sent, 1), TB_E_IO);
}

static void tells_what_lies_in_openssl(void **state)
{
    struct pair *p = *state;
    size_t have = 0;

    for (size_t i = 0; i < 3; i++)
        assert_int_equal(tls_client_send(&p->client, p->sent + 50 * i, 50), 50);
    assert_int_equal(tb_stream_read(&p->s, p->got, 10), 10);
    have = 10;
    /* All three records came with the first read: the socket says nothing any more. */
    assert_false(socket_has(p->s.fd));
    while (tb_stream_pending(&p->s)) {
        ssize_t n = tb_stream_read(&p->s, p->got + have, 30);

        assert_true(n > 0);
        have += (size_t)n;
    }
    assert_int_equal(have, 150);
    assert_memory_equal(p->got, p->sent, 150);
    assert_int_equal(tb_stream_read(&p->s, p->got, 10), TB_E_AGAIN);
    assert_false(p->s.wants_write);
}

static void a_part_of_a_record_is_nothing_yet(void **state)
{
    struct pair *p = *state;
    BIO *bio = BIO_new(BIO_s_mem());
    char *wire = NULL;
    long len;

    SSL_set0_wbio(p->client.ssl, bio);
    assert_int_equal(tls_client_send(&p->client, p->sent, 50), 50);
    len = BIO_get_mem_data(bio, &wire);
    for (long i = 0; i + 1 < len; i++) {
        assert_int_equal(write(p->client.fd, wire + i, 1), 1);
        assert_int_equal(tb_stream_read(&p->s, p->got, 100), TB_E_AGAIN);
    }
    assert_int_equal(write(p->client.fd, wire + len - 1, 1), 1);
    assert_int_equal(tb_stream_read(&p->s, p->got, 100), 50);
    assert_memory_equal(p->got, p->sent, 50);
}

static void the_end_comes_after_the_data(void **state)
{
    struct pair *p = *state;

    assert_int_equal(tls_client_send(&p->client, p->sent, 50), 50);
    (void)SSL_shutdown(p->client.ssl);
    assert_int_equal(tb_stream_read(&p->s, p->got, 100), 50);
    assert_true(tb_stream_pending(&p->s));
    assert_int_equal(tb_stream_read(&p->s, p->got, 100), TB_E_CLOSED);
    /* Our side may still speak. */
    assert_int_equal(tb_stream_write(&p->s, p->sent, 50), 0);
    assert_int_equal(tls_client_receive(&p->client, p->got, 100), 50);
}

static void an_end_without_close_notify_is_an_error(void **state)
{
    struct pair *p = *state;

    close(p->client.fd);
    p->client.fd = -1;
    assert_int_equal(tb_stream_read(&p->s, p->got, 100), TB_E_IO);
}

static void finish_ends_our_side(void **state)
{
    struct pair *p = *state;

    tb_stream_finish(&p->s);
    assert_int_equal(tls_client_receive(&p->client, p->got, 10), -1);
    assert_int_equal(tls_client_send(&p->client, p->sent, 50), 50);
    assert_int_equal(tb_stream_read(&p->s, p->got, 100), 50);
}

static void close_says_so_once(void **state)
{
    struct pair *p = *state;

    tb_stream_close(&p->s, true);
    assert_int_equal(tls_client_receive(&p->client, p->got, 10), -1);
    assert_int_equal(recv(p->client.fd, p->got, 10, 0), 0);
    tb_stream_close(&p->s, true); /* of a closed one: nothing */
}

static void what_is_no_hello_is_refused(void **state)
{
    struct pair *p = *state;

    tb_stream_close(&p->s, true);
    tls_client_close(&p->client);
    assert_ok(tb_stream_open(&p->s, tls_client_open(&p->client), p->ctx));
    assert_int_equal(tb_stream_accept(&p->s), TB_E_AGAIN);
    assert_false(p->s.wants_write);
    assert_int_equal(write(p->client.fd, "GET / HTTP/1.1\r\n\r\n", 18), 18);
    assert_int_equal(tb_stream_accept(&p->s), TB_E_IO);
}

static void plain_streams_keep_their_order_too(void **state)
{
    struct pair *p = *state;
    size_t have = 0;
    ssize_t n;
    int r = TB_E_AGAIN;

    tb_stream_close(&p->s, true);
    tls_client_close(&p->client);
    assert_ok(tb_stream_open(&p->s, tls_client_open(&p->client), NULL));
    assert_int_equal(tb_stream_read(&p->s, p->got, 10), TB_E_AGAIN);
    assert_int_equal(tb_stream_write(&p->s, p->sent, BIG - 5), TB_E_AGAIN);
    assert_int_equal(tb_stream_write(&p->s, p->sent + BIG - 5, 5), TB_E_AGAIN);
    while (have < BIG && (n = recv(p->client.fd, p->got + have, BIG - have, 0)) > 0) {
        have += (size_t)n;
        if (r == TB_E_AGAIN)
            r = tb_stream_flush(&p->s);
    }
    assert_int_equal(have, BIG);
    assert_ok(r);
    assert_memory_equal(p->got, p->sent, BIG);
    assert_int_equal(write(p->client.fd, "abc", 3), 3);
    assert_int_equal(tb_stream_read(&p->s, p->got, 2), 2);
    assert_false(tb_stream_pending(&p->s)); /* the socket tells of the rest */
    assert_int_equal(tb_stream_read(&p->s, p->got, 2), 1);
    tls_client_close(&p->client);
    assert_int_equal(tb_stream_read(&p->s, p->got, 2), TB_E_CLOSED);
    assert_int_equal(tb_stream_write(&p->s, p->sent, 2), TB_E_IO);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_the_socket_does_not_take_is_kept_in_order),
        TEST(a_flush_to_nobody_fails_and_keeps_nothing),
        TEST(tells_what_lies_in_openssl),
        TEST(a_part_of_a_record_is_nothing_yet),
        TEST(the_end_comes_after_the_data),
        TEST(an_end_without_close_notify_is_an_error),
        TEST(finish_ends_our_side),
        TEST(close_says_so_once),
        TEST(what_is_no_hello_is_refused),
        TEST(plain_streams_keep_their_order_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
