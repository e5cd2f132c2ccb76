#include "ca/resolver/near.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/clock.h"
#include "tests/unit/test.h"

#define NAME     "a.example.test"
#define QUESTION "\1a\7example\4test\0\0\1\0\1"
#define ASKS_MAX (TB_NEAR_ASKS_MAX + 1)

static struct event_base *base;
static struct tb_near *near;
static struct tb_near_ask ask[ASKS_MAX];
static struct sockaddr_storage addr;
static int server;
static int calls;
static size_t got; /* length of the packet; 0: handed on */

static void done(struct tb_near_ask *a, struct tb_span packet)
{
    (void)a;
    calls++;
    got = packet.p != NULL ? packet.len : 0;
}

static int setup(void **state)
{
    struct sockaddr_in *sin = (struct sockaddr_in *)&addr;
    socklen_t len = sizeof(*sin);

    (void)state;
    calls = 0;
    got = 0;
    addr = (struct sockaddr_storage){0};
    sin->sin_family = AF_INET;
    sin->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_ok(bind(server, (struct sockaddr *)sin, len));
    assert_ok(getsockname(server, (struct sockaddr *)sin, &len));
    base = event_base_new();
    assert_ok(tb_near_new(base, &addr, &near));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    tb_near_free(near);
    event_base_free(base);
    if (server >= 0)
        close(server);
    return 0;
}

static void run(int ms)
{
    for (int i = 0; i < ms && calls == 0; i++) {
        const struct timeval tv = {.tv_usec = 1000};

        event_base_loopexit(base, &tv);
        event_base_dispatch(base);
    }
}

/* Asks; the question as the server sees it, and who sent it. */
static size_t question(uint8_t out[static 512], struct sockaddr_in *from)
{
    socklen_t len = sizeof(*from);
    ssize_t n;

    calls = 0;
    assert_ok(tb_near_ask(near, &ask[0], NAME, 1, done));
    assert_int_equal(calls, 0);
    n = recvfrom(server, out, 512, 0, (struct sockaddr *)from, &len);
    assert_true(n > 12);
    return (size_t)n;
}

static void reply(int fd, const uint8_t *p, size_t n, const struct sockaddr_in *to)
{
    assert_int_equal(sendto(fd, p, n, 0, (const struct sockaddr *)to, sizeof(*to)), (ssize_t)n);
}

static void a_question_is_asked_and_its_answer_taken(void **state)
{
    static const uint8_t opt[] = {0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0};
    struct sockaddr_in from;
    uint8_t p[512];
    size_t n = question(p, &from);

    (void)state;
    assert_int_equal(n, 12 + sizeof(QUESTION) - 1 + sizeof(opt));
    assert_memory_equal(p + 2, "\1\0\0\1\0\0\0\0\0\1", 10);
    assert_memory_equal(p + 12, QUESTION, sizeof(QUESTION) - 1);
    assert_memory_equal(p + n - sizeof(opt), opt, sizeof(opt));
    p[2] |= 0x80;
    reply(server, p, n, &from);
    run(2000);
    assert_int_equal(calls, 1);
    assert_int_equal(got, n);
}

/* Each of them leaves the question open: the right answer behind it is taken. */
static void what_is_no_answer_to_the_question_is_not_taken(void **state)
{
    static const struct {
        size_t at;
        uint8_t flip;
    } wrong[] = {{0, 1}, {1, 1}, {2, 0x80}, {2, 0x08}, {4, 1}, {5, 1}, {12, 1}, {13, 0x20}, {29, 1}, {31, 1}};
    struct sockaddr_in from;
    uint8_t p[512];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(wrong) + 2; i++) {
        size_t n = question(p, &from);

        p[2] |= 0x80;
        if (i < TB_ARRAY_LEN(wrong)) {
            p[wrong[i].at] ^= wrong[i].flip;
            reply(server, p, n, &from);
            p[wrong[i].at] ^= wrong[i].flip;
        } else
            reply(server, p, i == TB_ARRAY_LEN(wrong) ? 11 : 12 + sizeof(QUESTION) - 2, &from);
        run(20);
        if (calls != 0)
            fail_msg("packet %zu was taken", i);
        reply(server, p, n, &from);
        run(2000);
        assert_int_equal(calls, 1);
        assert_int_equal(got, n);
    }
}

/* The socket is connected. */
static void answers_from_another_port_are_not_seen(void **state)
{
    int stranger = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in from;
    uint8_t p[512];
    size_t n = question(p, &from);

    (void)state;
    p[2] |= 0x80;
    reply(stranger, p, n, &from);
    close(stranger);
    run(20);
    assert_int_equal(calls, 0);
}

static void what_is_not_final_is_handed_on(void **state)
{
    static const struct {
        uint8_t flags, rcode;
        bool taken;
    } cases[] = {{0x80, 0, true},  {0x80, 3, true},  {0x82, 0, false}, {0x80, 1, false},
                 {0x80, 2, false}, {0x80, 5, false}, {0x80, 9, false}};
    struct sockaddr_in from;
    uint8_t p[512];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(cases); i++) {
        size_t n = question(p, &from);

        p[2] |= cases[i].flags;
        p[3] |= cases[i].rcode;
        reply(server, p, n, &from);
        run(2000);
        assert_int_equal(calls, 1);
        assert_int_equal(got, cases[i].taken ? n : 0);
    }
}

static void a_packet_has_a_maximum(void **state)
{
    uint8_t p[TB_NEAR_PACKET_MAX + 1] = {0};
    struct sockaddr_in from;

    (void)state;
    (void)question(p, &from);
    p[2] |= 0x80;
    reply(server, p, TB_NEAR_PACKET_MAX + 1, &from);
    run(20);
    assert_int_equal(calls, 0);
    reply(server, p, TB_NEAR_PACKET_MAX, &from);
    run(2000);
    assert_int_equal(got, TB_NEAR_PACKET_MAX);
}

static void silence_is_handed_on(void **state)
{
    struct sockaddr_in from;
    uint8_t p[512];
    uint64_t begun = tb_clock_mono_ms();
    size_t n = question(p, &from);

    (void)state;
    run(5000);
    assert_int_equal(calls, 1);
    assert_int_equal(got, 0);
    assert_true(tb_clock_mono_ms() - begun >= TB_NEAR_TIMEOUT_MS - 1);
    calls = 0;
    p[2] |= 0x80;
    reply(server, p, n, &from);
    run(20);
    assert_int_equal(calls, 0);
}

static void where_nobody_listens_all_is_handed_on_and_nothing_asked(void **state)
{
    (void)state;
    close(server);
    server = -1;
    assert_ok(tb_near_ask(near, &ask[0], NAME, 1, done));
    run(500);
    assert_int_equal(calls, 1);
    assert_int_equal(got, 0);
    assert_int_equal(tb_near_ask(near, &ask[0], NAME, 1, done), TB_E_LIMIT);
}

static void questions_have_a_maximum_and_ids_of_their_own(void **state)
{
    static bool seen[UINT16_MAX + 1];

    (void)state;
    memset(seen, 0, sizeof(seen));
    for (size_t i = 0; i < TB_NEAR_ASKS_MAX; i++) {
        assert_ok(tb_near_ask(near, &ask[i], NAME, 1, done));
        assert_false(seen[ask[i].id]);
        seen[ask[i].id] = true;
    }
    assert_int_equal(tb_near_ask(near, &ask[TB_NEAR_ASKS_MAX], NAME, 1, done), TB_E_LIMIT);
}

static void names_without_wire_form_are_refused(void **state)
{
    char name[300];

    (void)state;
    assert_int_equal(tb_near_ask(near, &ask[0], "a..b", 1, done), TB_E_INVAL);
    memset(name, 'a', 64);
    name[64] = '\0';
    assert_int_equal(tb_near_ask(near, &ask[0], name, 1, done), TB_E_INVAL);
    name[63] = '\0';
    assert_ok(tb_near_ask(near, &ask[0], name, 1, done));
    for (int i = 0; i < 127; i++)
        memcpy(name + 2 * i, "a.", 2);
    name[253] = '\0'; /* 127 labels: 255 octets */
    assert_ok(tb_near_ask(near, &ask[1], name, 1, done));
    memcpy(name + 252, "aa", 3);
    assert_int_equal(tb_near_ask(near, &ask[2], name, 1, done), TB_E_INVAL);
}

static void only_loopback_is_near(void **state)
{
    struct sockaddr_storage sa = {0};
    struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)&sa;
    struct sockaddr_in *sin = (struct sockaddr_in *)&sa;
    struct tb_near *n;

    (void)state;
    sin->sin_family = AF_INET;
    sin->sin_addr.s_addr = htonl(0x7fffffff);
    assert_true(tb_near_is_loopback(&sa));
    sin->sin_addr.s_addr = htonl(0x80000001);
    assert_int_equal(tb_near_new(base, &sa, &n), TB_E_INVAL);
    sa = (struct sockaddr_storage){.ss_family = AF_INET6};
    sin6->sin6_addr = in6addr_loopback;
    assert_true(tb_near_is_loopback(&sa));
    sin6->sin6_addr.s6_addr[15] = 2;
    assert_int_equal(tb_near_new(base, &sa, &n), TB_E_INVAL);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_question_is_asked_and_its_answer_taken),
        T(what_is_no_answer_to_the_question_is_not_taken),
        T(answers_from_another_port_are_not_seen),
        T(what_is_not_final_is_handed_on),
        T(a_packet_has_a_maximum),
        T(silence_is_handed_on),
        T(where_nobody_listens_all_is_handed_on_and_nothing_asked),
        T(questions_have_a_maximum_and_ids_of_their_own),
        T(names_without_wire_form_are_refused),
        T(only_loopback_is_near),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
