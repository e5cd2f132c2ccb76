/* The real connection and stream; the handlers of requests and the listener are replaced by those below. */
#include "tests/unit/test.h"

#include "ca/front/connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/front/front.h"
#include "ca/front/server.h"
#include "tests/unit/ca/front/tls_client.h"

#define ROUNDS 200000

static struct tb_request held;

static struct {
    struct tb_front *front;
    struct tls_client client;
    struct tb_conn *holder; /* whose request a handler has */
    bool hold;              /* answer only when told */
    bool close_after;
    bool pipelined; /* targets count up */
    size_t answer_len;
    unsigned started, refused, orphaned, answered;
    int status;
    uint64_t body_sum;
    char target[64];
    uint8_t *got;
    size_t got_len;
    long end; /* of what the client receives */
} w;

#define GOT_MAX (8u << 20)

static void answer(struct tb_conn *c)
{
    uint8_t *p = malloc(w.answer_len);

    memset(p, 'a', w.answer_len);
    (void)snprintf((char *)p, w.answer_len, "%u", w.answered++);
    tb_conn_send(c, tb_span_of(p, w.answer_len), w.close_after, false);
    free(p);
}

static void answer_held(void)
{
    struct tb_conn *c = w.holder;

    w.holder = NULL;
    if (c != NULL)
        answer(c);
}

void tb_request_start(struct tb_front *f, struct tb_conn *conn, const struct tb_http_request *http)
{
    assert_ptr_equal(f, w.front);
    assert_null(w.holder); /* one at a time */
    w.started++;
    w.body_sum = 0;
    for (size_t i = 0; i < http->body.len; i++)
        w.body_sum = w.body_sum * 31 + http->body.p[i];
    (void)snprintf(w.target, sizeof(w.target), "%.*s", (int)http->target.len, (const char *)http->target.p);
    if (w.pipelined) {
        assert_int_equal(strtoul(w.target + 1, NULL, 10), w.started - 1);
        assert_int_equal(http->body.p[0], 'a' + (w.started - 1) % 26);
    }
    if (w.hold) {
        conn->rq = &held;
        w.holder = conn;
    } else {
        answer(conn);
    }
}

void tb_request_refuse(struct tb_front *f, struct tb_conn *conn, int http_status, const char *why)
{
    (void)f;
    (void)why;
    w.refused++;
    w.status = http_status;
    tb_conn_send(conn, tb_span_str("refused"), true, true);
}

void tb_request_orphan(struct tb_request *rq)
{
    assert_ptr_equal(rq, &held);
    w.orphaned++;
    w.holder = NULL;
}

void tb_server_room(struct tb_front *f)
{
    assert_ptr_equal(f, w.front);
}

static struct tb_conn *conn(void)
{
    return TAILQ_FIRST(&w.front->conns);
}

/* Everything that can happen without the client happens. */
static void settle(void)
{
    for (int i = 0; i < 50; i++)
        (void)event_base_loop(w.front->base, EVLOOP_NONBLOCK);
}

static void receive(void)
{
    long n = 1;

    while (w.end == 0 && n > 0) {
        n = tls_client_receive(&w.client, w.got + w.got_len, GOT_MAX - w.got_len);
        if (n > 0)
            w.got_len += (size_t)n;
        else if (n < 0)
            w.end = n;
    }
}

static int set_up(void **state)
{
    static const struct timeval second = {.tv_sec = 1}, minute = {.tv_sec = 60};
    struct tb_front *f = calloc(1, sizeof(*f));

    (void)state;
    memset(&w, 0, sizeof(w));
    assert_non_null(f);
    w.front = f;
    w.answer_len = 100;
    w.got = malloc(GOT_MAX);
    f->base = event_base_new();
    f->ssl = test_server_ctx();
    f->tv_handshake = f->tv_idle = f->tv_request = &minute;
    f->tv_second = &second;
    TAILQ_INIT(&f->conns);
    TAILQ_INIT(&f->idle);
    tb_conn_accept(f, tls_client_open(&w.client), TB_CONN_ACME);
    for (int i = 0; i < 100 && conn() != NULL && conn()->state == TB_CONN_HANDSHAKE; i++) {
        (void)tls_client_greet(&w.client);
        (void)event_base_loop(f->base, EVLOOP_NONBLOCK);
    }
    assert_int_equal(conn()->state, TB_CONN_IDLE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    while (conn() != NULL)
        tb_conn_free(conn());
    assert_true(TAILQ_EMPTY(&w.front->idle));
    assert_int_equal(w.front->num_conns, 0);
    tls_client_close(&w.client);
    SSL_CTX_free(w.front->ssl);
    event_base_free(w.front->base);
    free(w.front);
    free(w.got);
    return 0;
}

/* A POST with a body of len octets whose target is number; its length. */
static size_t request(char *out, size_t size, unsigned number, size_t len)
{
    int head = snprintf(out, size, "POST /%u HTTP/1.1\r\nHost: c4n4ry\r\nContent-Length: %zu\r\n\r\n", number, len);

    assert_true((size_t)head + len < size);
    for (size_t i = 0; i < len; i++)
        out[(size_t)head + i] = (char)('a' + (i + number) % 26);
    return (size_t)head + len;
}

static uint64_t body_sum(const char *p, size_t all, size_t len)
{
    uint64_t sum = 0;

    for (size_t i = all - len; i < all; i++)
        sum = sum * 31 + (uint8_t)p[i];
    return sum;
}

/* Answers carry their number in front: they must have come whole and in order. */
static void check_answers(unsigned num)
{
    assert_int_equal(w.got_len, num * w.answer_len);
    for (unsigned i = 0; i < num; i++) {
        char number[16];

        (void)snprintf(number, sizeof(number), "%u", i);
        assert_string_equal((const char *)w.got + i * w.answer_len, number);
        assert_int_equal(w.got[(i + 1) * w.answer_len - 1], 'a');
    }
}

static void a_whole_request_needs_no_input_buffer(void **state)
{
    char rq[2000];
    size_t len = request(rq, sizeof(rq), 7, 1000);

    (void)state;
    assert_int_equal(tls_client_send(&w.client, rq, len), len);
    settle();
    receive();
    assert_int_equal(w.started, 1);
    assert_string_equal(w.target, "/7");
    assert_int_equal(w.body_sum, body_sum(rq, len, 1000));
    check_answers(1);
    assert_int_equal(conn()->state, TB_CONN_IDLE);
    assert_null(conn()->in);
    assert_ptr_equal(TAILQ_FIRST(&w.front->idle), conn());
}

static void a_request_with_the_end_behind_it_is_served(void **state)
{
    char rq[2000];
    size_t len = request(rq, sizeof(rq), 7, 1000);

    (void)state;
    w.hold = true;
    assert_int_equal(tls_client_send(&w.client, rq, len), len);
    (void)SSL_shutdown(w.client.ssl);
    settle();
    assert_int_equal(w.started, 1);
    assert_int_equal(w.body_sum, body_sum(rq, len, 1000));
    assert_int_equal(w.orphaned, 1);
    assert_null(conn());
}

static void an_end_within_a_request_is_none(void **state)
{
    char rq[2000];
    size_t len = request(rq, sizeof(rq), 7, 1000);

    (void)state;
    assert_int_equal(tls_client_send(&w.client, rq, len - 1), len - 1);
    (void)SSL_shutdown(w.client.ssl);
    settle();
    assert_int_equal(w.started + w.refused, 0);
    assert_null(conn());
}

/* One octet a record: the input grows, the time does not begin again. */
static void a_dripping_request_is_copied_a_few_times(void **state)
{
    static char rq[TB_HTTP_BODY_MAX + 200];
    size_t body = 20000;
    size_t len = request(rq, sizeof(rq), 7, body);
    struct timeval first, last;
    size_t cap = 0;
    unsigned grown = 0;

    (void)state;
    for (size_t i = 0; i < len; i++) {
        assert_int_equal(w.started, 0);
        assert_int_equal(tls_client_send(&w.client, rq + i, 1), 1);
        (void)event_base_loop(w.front->base, EVLOOP_NONBLOCK);
        if (i + 1 < len) {
            assert_int_equal(conn()->in_len, i + 1);
            assert_int_equal(conn()->state, TB_CONN_READING);
            assert_true(event_pending(conn()->timer, EV_TIMEOUT, i == 0 ? &first : &last));
        }
        grown += conn()->in_cap != cap;
        cap = conn()->in_cap;
        assert_true(cap <= TB_CONN_INPUT_MAX);
    }
    assert_true(grown <= 18);
    assert_memory_equal(&first, &last, sizeof(first));
    assert_int_equal(w.started, 1);
    assert_int_equal(w.body_sum, body_sum(rq, len, body));
    assert_null(conn()->in);
}

/* Requests 0..num, one behind the other, as fast as the server takes them; the client reads when it may. */
static void pipeline(unsigned num, size_t body, bool reads)
{
    size_t size = num * (body + 100);
    char *all = malloc(size);
    size_t len = 0;
    size_t sent = 0;

    w.pipelined = true;
    for (unsigned i = 0; i < num; i++)
        len += request(all + len, size - len, i, body);
    for (int i = 0; i < ROUNDS && (sent < len || (reads && w.got_len < num * w.answer_len)); i++) {
        size_t n = sent < len ? tls_client_send(&w.client, all + sent, len - sent) : 0;

        sent += n;
        if (n == 0)
            settle();
        (void)event_base_loop(w.front->base, EVLOOP_NONBLOCK);
        if (reads)
            receive();
        else if (n == 0 && conn() != NULL && conn()->full)
            break;
    }
    if (reads)
        assert_int_equal(sent, len);
    /* What is left the client owes; it begins again where it stopped. */
    memmove(all, all + sent, len - sent);
    for (int i = 0; i < ROUNDS && !reads && w.got_len < num * w.answer_len; i++) {
        size_t n = len > sent ? tls_client_send(&w.client, all, len - sent) : 0;

        sent += n;
        memmove(all, all + n, len - sent);
        answer_held();
        (void)event_base_loop(w.front->base, EVLOOP_NONBLOCK);
        receive();
    }
    assert_int_equal(sent, len);
    free(all);
}

static void pipelined_requests_wait_their_turn(void **state)
{
    (void)state;
    pipeline(300, 900, true);
    assert_int_equal(w.started, 300);
    assert_string_equal(w.target, "/299");
    check_answers(300);
    assert_null(conn()->in);
}

/* The handler is slow: the input fills to its maximum, the socket is left alone, and all of it is served later. */
static void a_full_input_is_drained_later(void **state)
{
    (void)state;
    w.hold = true;
    pipeline(300, 900, false);
    assert_int_equal(w.started, 300);
    check_answers(300);
    assert_null(conn()->in);
    assert_false(conn()->full);
    assert_true(event_pending(conn()->ev_read, EV_READ, NULL));
}

static void input_is_bounded_while_a_request_is_served(void **state)
{
    static char rq[2000];
    size_t len = request(rq, sizeof(rq), 7, 1000);
    size_t sent = 0;

    (void)state;
    w.hold = true;
    for (int i = 0; i < ROUNDS && !conn()->full; i++) {
        sent = (sent + tls_client_send(&w.client, rq + sent, len - sent)) % len;
        (void)event_base_loop(w.front->base, EVLOOP_NONBLOCK);
    }
    assert_true(conn()->full);
    assert_int_equal(conn()->in_len, TB_CONN_INPUT_MAX);
    assert_int_equal(conn()->in_cap, TB_CONN_INPUT_MAX);
    assert_false(event_pending(conn()->ev_read, EV_READ, NULL));
    assert_int_equal(w.started, 1);
}

/* The client writes and does not read: the answer waits for the socket while the input is full. */
static void a_slow_reader_gets_every_answer(void **state)
{
    (void)state;
    w.answer_len = 10000;
    pipeline(300, 900, false);
    assert_int_equal(w.started, 300);
    check_answers(300);
    assert_false(event_pending(conn()->ev_write, EV_WRITE, NULL));
    assert_true(event_pending(conn()->ev_read, EV_READ, NULL));
    assert_null(conn()->stream.out);
    assert_null(conn()->in);
    assert_int_equal(conn()->state, TB_CONN_IDLE);
}

static void a_last_answer_arrives_whole_before_the_end(void **state)
{
    char rq[200];
    size_t len = request(rq, sizeof(rq), 7, 10);

    (void)state;
    w.answer_len = 500000;
    w.close_after = true;
    assert_int_equal(tls_client_send(&w.client, rq, len), len);
    settle();
    assert_int_equal(conn()->state, TB_CONN_WRITING);
    for (int i = 0; i < ROUNDS && w.end == 0; i++) {
        receive();
        (void)event_base_loop(w.front->base, EVLOOP_NONBLOCK);
    }
    assert_int_equal(w.end, -1);
    check_answers(1);
    assert_null(conn());
}

static void a_client_that_goes_while_it_is_answered_frees_the_connection(void **state)
{
    char rq[200];
    size_t len = request(rq, sizeof(rq), 7, 10);

    (void)state;
    w.answer_len = 500000;
    assert_int_equal(tls_client_send(&w.client, rq, len), len);
    settle();
    assert_int_equal(conn()->state, TB_CONN_WRITING);
    tls_client_close(&w.client);
    settle();
    assert_null(conn());
}

static void a_refused_client_may_finish_sending(void **state)
{
    static char junk[20000];
    size_t sent = 0;

    (void)state;
    memset(junk, 'x', sizeof(junk));
    for (int i = 0; i < ROUNDS && sent < sizeof(junk); i++) {
        sent += tls_client_send(&w.client, junk + sent, sizeof(junk) - sent);
        settle();
    }
    receive();
    assert_int_equal(sent, sizeof(junk));
    assert_int_equal(w.refused, 1);
    assert_int_equal(w.status, 414);
    assert_int_equal(w.got_len, 7);
    assert_int_equal(w.end, -1);
    assert_int_equal(conn()->state, TB_CONN_LINGER);
    assert_null(conn()->in);
    (void)SSL_shutdown(w.client.ssl);
    settle();
    assert_null(conn());
}

static void expect_is_answered_once(void **state)
{
    static const char head[] = "POST /7 HTTP/1.1\r\nHost: c4n4ry\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    size_t len = sizeof(text) - 1;

    (void)state;
    assert_int_equal(tls_client_send(&w.client, head, sizeof(head) - 1), sizeof(head) - 1);
    settle();
    assert_int_equal(tls_client_send(&w.client, "a", 1), 1);
    settle();
    receive();
    assert_int_equal(w.got_len, len);
    assert_memory_equal(w.got, text, len);
    assert_int_equal(tls_client_send(&w.client, "bc", 2), 2);
    settle();
    receive();
    assert_int_equal(w.started, 1);
    assert_int_equal(w.got_len, len + w.answer_len);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_whole_request_needs_no_input_buffer),
        TEST(a_request_with_the_end_behind_it_is_served),
        TEST(an_end_within_a_request_is_none),
        TEST(a_dripping_request_is_copied_a_few_times),
        TEST(pipelined_requests_wait_their_turn),
        TEST(a_full_input_is_drained_later),
        TEST(input_is_bounded_while_a_request_is_served),
        TEST(a_slow_reader_gets_every_answer),
        TEST(a_last_answer_arrives_whole_before_the_end),
        TEST(a_client_that_goes_while_it_is_answered_frees_the_connection),
        TEST(a_refused_client_may_finish_sending),
        TEST(expect_is_answered_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
