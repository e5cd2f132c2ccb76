/* The channel: frames, descriptors, limits, ends. */
#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/ipc/channel.h"
#include "lib/ipc/msg_parent.h"

struct seen {
    int messages;
    int closed;
    int err;
    struct tb_msg last;
    uint8_t body[64];
    int answer; /* what the handler returns */
    bool free_inside;
    struct event_base *base;
    struct tb_channel *ch;
};

static int on_message(struct tb_channel *ch, const struct tb_msg *m, void *arg)
{
    struct seen *s = arg;

    assert_ptr_equal(ch, s->ch);
    s->messages++;
    s->last = *m;
    memcpy(s->body, m->body.p, m->body.len < sizeof(s->body) ? m->body.len : sizeof(s->body));
    if (s->free_inside) {
        tb_channel_free(ch);
        s->ch = NULL;
        memset(s->body, m->body.p[0], 1); /* the body lives until the handler returns */
    }
    return s->answer;
}

static void on_closed(struct tb_channel *ch, int err, void *arg)
{
    struct seen *s = arg;

    s->closed++;
    s->err = err;
    tb_channel_free(ch);
    s->ch = NULL;
}

static const struct tb_channel_ops ops = {.message = on_message, .closed = on_closed};

/* A judge's end of an edge with the front; the test plays the front. */
static int raw;

static int set_up(void **state)
{
    struct seen *s = calloc(1, sizeof(*s));
    int fds[2];

    assert_ok(tb_channel_pair(fds));
    s->base = event_base_new();
    assert_ok(tb_channel_new(s->base, fds[0], TB_ROLE_JUDGE, TB_ROLE_FRONT, false, &ops, s, &s->ch));
    raw = fds[1];
    *state = s;
    return 0;
}

static int tear_down(void **state)
{
    struct seen *s = *state;

    tb_channel_free(s->ch);
    event_base_free(s->base);
    if (raw >= 0)
        close(raw);
    free(s);
    return 0;
}

static void turn(struct seen *s)
{
    for (int i = 0; i < 4; i++)
        event_base_loop(s->base, EVLOOP_NONBLOCK);
}

static void put(struct tb_wr *wr, enum tb_msg_type type, uint32_t id, size_t len)
{
    uint8_t *body = calloc(1, len + 1);

    memset(body, 'x', len);
    tb_frame_write(wr, type, id, tb_span_of(body, len));
    free(body);
}

static void give(const struct tb_wr *wr)
{
    assert_ok(tb_wr_err(wr));
    assert_int_equal(write(raw, wr->buf, wr->len), wr->len);
}

static void a_frame_arrives_byte_by_byte(void **state)
{
    struct seen *s = *state;
    struct tb_wr wr;

    tb_wr_init(&wr, 1024);
    put(&wr, TB_MSG_SYNC_REQ, 77, 8);
    for (size_t i = 0; i < wr.len; i++) {
        assert_int_equal(s->messages, 0);
        assert_int_equal(write(raw, wr.buf + i, 1), 1);
        turn(s);
    }
    assert_int_equal(s->messages, 1);
    assert_int_equal(s->last.type, TB_MSG_SYNC_REQ);
    assert_int_equal(s->last.id, 77);
    assert_int_equal(s->last.body.len, 8);
    assert_int_equal(s->last.fd, -1);
    tb_wr_clear(&wr);
}

static void frames_in_one_read_all_arrive(void **state)
{
    struct seen *s = *state;
    struct tb_wr wr;

    tb_wr_init(&wr, 1 << 16);
    for (uint32_t i = 0; i < 100; i++)
        put(&wr, TB_MSG_SYNC_REQ, i, 8);
    give(&wr);
    turn(s);
    assert_int_equal(s->messages, 100);
    assert_int_equal(s->last.id, 99);
    tb_wr_clear(&wr);
}

static void the_largest_body_arrives_and_one_more_ends_it(void **state)
{
    struct seen *s = *state;
    struct tb_wr wr;
    size_t max = tb_msg_info(TB_MSG_FINALIZE_REQ)->max;

    tb_wr_init(&wr, max + 1024);
    put(&wr, TB_MSG_FINALIZE_REQ, 1, max);
    for (size_t at = 0; at < wr.len;) {
        ssize_t n = send(raw, wr.buf + at, wr.len - at, MSG_DONTWAIT);

        at += n > 0 ? (size_t)n : 0;
        turn(s);
    }
    assert_int_equal(s->messages, 1);
    assert_int_equal(s->last.body.len, max);
    /* The header alone condemns it: no byte of the body is waited for. */
    tb_wr_reset(&wr);
    put(&wr, TB_MSG_FINALIZE_REQ, 1, max);
    wr.buf[3]++;
    assert_int_equal(write(raw, wr.buf, 10), 10);
    turn(s);
    assert_int_equal(s->closed, 1);
    assert_int_equal(s->err, TB_E_FORMAT);
    tb_wr_clear(&wr);
}

static void expect_nonsense(struct seen *s, const void *p, size_t len)
{
    assert_int_equal(write(raw, p, len), len);
    turn(s);
    assert_int_equal(s->messages, 0);
    assert_int_equal(s->closed, 1);
    assert_int_equal(s->err, TB_E_FORMAT);
}

static void a_short_length_ends_it(void **state)
{
    expect_nonsense(*state, "\0\0\0\5\0\22\0\0\0\1", 10);
}

static void an_unknown_type_ends_it(void **state)
{
    expect_nonsense(*state, "\0\0\0\6\377\377\0\0\0\1", 10);
}

static void type_none_ends_it(void **state)
{
    expect_nonsense(*state, "\0\0\0\6\0\0\0\0\0\1", 10);
}

static void a_type_of_another_direction_ends_it(void **state)
{
    struct tb_wr wr;

    tb_wr_init(&wr, 1024);
    put(&wr, TB_MSG_JUDGE_HELLO, 0, 20);
    expect_nonsense(*state, wr.buf, wr.len);
    tb_wr_clear(&wr);
}

static void a_refusing_handler_ends_it(void **state)
{
    struct seen *s = *state;
    struct tb_wr wr;

    tb_wr_init(&wr, 1024);
    put(&wr, TB_MSG_SYNC_REQ, 1, 8);
    put(&wr, TB_MSG_SYNC_REQ, 2, 8);
    s->answer = TB_E_TRUNC;
    give(&wr);
    turn(s);
    assert_int_equal(s->messages, 1);
    assert_int_equal(s->err, TB_E_FORMAT);
    tb_wr_clear(&wr);
}

static void a_handler_may_free_the_channel(void **state)
{
    struct seen *s = *state;
    struct tb_wr wr;

    tb_wr_init(&wr, 1024);
    put(&wr, TB_MSG_SYNC_REQ, 1, 8);
    put(&wr, TB_MSG_SYNC_REQ, 2, 8);
    s->free_inside = true;
    give(&wr);
    turn(s);
    assert_int_equal(s->messages, 1);
    assert_int_equal(s->closed, 0);
    assert_int_equal(s->body[0], 'x');
    tb_wr_clear(&wr);
}

static void the_end_of_the_peer_comes_after_its_last_words(void **state)
{
    struct seen *s = *state;
    struct tb_wr wr;

    tb_wr_init(&wr, 1024);
    put(&wr, TB_MSG_SYNC_REQ, 1, 8);
    give(&wr);
    close(raw);
    raw = -1;
    /* Sending finds the peer gone before reading does. */
    assert_ok(tb_channel_send(s->ch, TB_MSG_SYNC_RSP, 1, tb_span_of("\0\0", 2)));
    turn(s);
    assert_int_equal(s->messages, 1);
    assert_int_equal(s->closed, 1);
    assert_int_equal(s->err, TB_E_CLOSED);
    tb_wr_clear(&wr);
}

static void sends_of_one_turn_leave_together(void **state)
{
    struct seen *s = *state;
    uint8_t got[64];

    assert_true(tb_channel_flushed(s->ch));
    assert_ok(tb_channel_send(s->ch, TB_MSG_SYNC_RSP, 5, tb_span_of("ab", 2)));
    assert_ok(tb_channel_send(s->ch, TB_MSG_SYNC_RSP, 6, tb_span_of("cd", 2)));
    assert_false(tb_channel_flushed(s->ch));
    assert_int_equal(recv(raw, got, sizeof(got), MSG_DONTWAIT), -1);
    turn(s);
    assert_true(tb_channel_flushed(s->ch));
    assert_int_equal(recv(raw, got, sizeof(got), MSG_DONTWAIT), 24);
    assert_memory_equal(got, "\0\0\0\10\0\23\0\0\0\5ab\0\0\0\10\0\23\0\0\0\6cd", 24);
}

static void many_sends_of_one_turn_leave_before_it_ends(void **state)
{
    struct seen *s = *state;
    uint8_t got[256];

    for (int i = 1; i < TB_CHANNEL_FLUSH_AT; i++)
        assert_ok(tb_channel_send(s->ch, TB_MSG_SYNC_RSP, 5, tb_span_of("ab", 2)));
    assert_int_equal(recv(raw, got, sizeof(got), MSG_DONTWAIT), -1);
    assert_ok(tb_channel_send(s->ch, TB_MSG_SYNC_RSP, 6, tb_span_of("cd", 2)));
    assert_true(tb_channel_flushed(s->ch));
    assert_int_equal(recv(raw, got, sizeof(got), MSG_DONTWAIT), TB_CHANNEL_FLUSH_AT * 12);
    assert_ok(tb_channel_send(s->ch, TB_MSG_SYNC_RSP, 7, tb_span_of("ef", 2)));
    assert_false(tb_channel_flushed(s->ch));
    turn(s);
    assert_int_equal(recv(raw, got, sizeof(got), MSG_DONTWAIT), 12);
    assert_memory_equal(got + 6, "\0\0\0\7ef", 6);
}

static void a_peer_that_has_gone_shows_at_the_end_of_the_turn(void **state)
{
    struct seen *s = *state;

    close(raw);
    raw = -1;
    for (int i = 0; i < 2 * TB_CHANNEL_FLUSH_AT; i++)
        assert_ok(tb_channel_send(s->ch, TB_MSG_SYNC_RSP, 5, tb_span_of("ab", 2)));
    assert_int_equal(s->closed, 0);
    turn(s);
    assert_int_equal(s->closed, 1);
    assert_int_equal(s->err, TB_E_CLOSED);
}

static void freeing_sends_what_was_queued(void **state)
{
    struct seen *s = *state;
    uint8_t got[64];

    assert_ok(tb_channel_send(s->ch, TB_MSG_SYNC_RSP, 5, tb_span_of("ab", 2)));
    tb_channel_free(s->ch);
    s->ch = NULL;
    assert_int_equal(recv(raw, got, sizeof(got), MSG_DONTWAIT), 12);
    assert_int_equal(recv(raw, got, sizeof(got), MSG_DONTWAIT), 0);
}

static void what_the_table_forbids_is_not_sent(void **state)
{
    struct seen *s = *state;
    uint8_t body[64] = {0};

    assert_int_equal(tb_channel_send(s->ch, TB_MSG_SYNC_REQ, 1, tb_span_of(body, 8)), TB_E_INVAL);
    assert_int_equal(tb_channel_send(s->ch, TB_MSG_NONE, 1, tb_span_of(body, 0)), TB_E_INVAL);
    assert_int_equal(tb_channel_send(s->ch, TB_MSG_JUDGE_HELLO, 1, tb_span_of(body, 21)), TB_E_INVAL);
    assert_ok(tb_channel_send(s->ch, TB_MSG_JUDGE_HELLO, 1, tb_span_of(body, 20)));
    assert_int_equal(tb_channel_send_fd(s->ch, TB_MSG_JUDGE_HELLO, 1, tb_span_of(body, 20), 0), TB_E_INVAL);
}

static void a_peer_that_does_not_read_meets_the_limit(void **state)
{
    struct seen *s = *state;
    size_t max = tb_msg_info(TB_MSG_SYNC_RSP)->max;
    uint8_t *body = calloc(1, max);
    uint8_t *sink = malloc(1 << 20);
    size_t frames = 0;
    size_t got = 0;
    int r;

    while ((r = tb_channel_send(s->ch, TB_MSG_SYNC_RSP, 1, tb_span_of(body, max))) == 0)
        frames++;
    assert_int_equal(r, TB_E_LIMIT);
    /* Besides what waits here, what the kernel took. */
    assert_in_range(frames, TB_CHANNEL_QUEUE_MAX / (max + 10), TB_CHANNEL_QUEUE_MAX / (max + 10) + TB_CHANNEL_FLUSH_AT);
    /* Everything that was taken arrives once the peer reads. */
    while (got < frames * (max + 10)) {
        ssize_t n;

        turn(s);
        while ((n = recv(raw, sink, 1 << 20, MSG_DONTWAIT)) > 0)
            got += (size_t)n;
    }
    turn(s);
    assert_int_equal(got, frames * (max + 10));
    assert_true(tb_channel_flushed(s->ch));
    free(sink);
    free(body);
}

static void a_descriptor_nobody_allowed_is_not_kept(void **state)
{
    struct seen *s = *state;
    char ctl[CMSG_SPACE(sizeof(int))] = {0};
    char frame[18] = "\0\0\0\16\0\22\0\0\0\1";
    struct iovec iov = {.iov_base = frame, .iov_len = sizeof(frame)};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = ctl, .msg_controllen = sizeof(ctl)};
    struct cmsghdr *c = CMSG_FIRSTHDR(&mh);
    int pipe_fds[2];
    char byte;

    assert_ok(pipe2(pipe_fds, O_NONBLOCK));
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &pipe_fds[1], sizeof(int));
    assert_int_equal(sendmsg(raw, &mh, 0), sizeof(frame));
    turn(s);
    assert_int_equal(s->messages, 1);
    assert_int_equal(s->closed, 0);
    /* The reader of the pipe sees its end: no copy of the writing end is left. */
    close(pipe_fds[1]);
    assert_int_equal(read(pipe_fds[0], &byte, 1), 0);
    close(pipe_fds[0]);
}

struct edge {
    struct event_base *base;
    struct tb_channel *parent;
    int child; /* of the front */
};

static int edge_up(void **state)
{
    struct edge *e = calloc(1, sizeof(*e));
    static struct seen ignored;
    int fds[2];

    assert_ok(tb_channel_pair(fds));
    e->base = event_base_new();
    assert_ok(tb_channel_new(e->base, fds[0], TB_ROLE_PARENT, TB_ROLE_FRONT, true, &ops, &ignored, &e->parent));
    e->child = fds[1];
    *state = e;
    return 0;
}

static int edge_down(void **state)
{
    struct edge *e = *state;

    tb_channel_free(e->parent);
    event_base_free(e->base);
    close(e->child);
    free(e);
    return 0;
}

/* Is fd the reading end that belongs to the writing end w? */
static bool is_reader_of(int fd, int w)
{
    char c = 0;

    return write(w, "z", 1) == 1 && read(fd, &c, 1) == 1 && c == 'z';
}

static void descriptors_arrive_with_their_frames(void **state)
{
    struct edge *e = *state;
    int a[2];
    int b[2];
    struct tb_msg m;
    uint8_t *body;

    assert_ok(pipe(a));
    assert_ok(pipe(b));
    assert_ok(tb_channel_send(e->parent, TB_MSG_CONFIG, 1, tb_span_of("conf", 4)));
    assert_ok(tb_channel_send_fd(e->parent, TB_MSG_FD, 2, tb_span_of("\1", 1), a[0]));
    assert_ok(tb_channel_send_fd(e->parent, TB_MSG_PEER, 3, tb_span_of("\5", 1), b[0]));
    assert_ok(tb_channel_send(e->parent, TB_MSG_START, 4, tb_span_of(NULL, 0)));
    event_base_loop(e->base, EVLOOP_NONBLOCK);
    assert_ok(tb_channel_recv_blocking(e->child, &m, &body));
    assert_int_equal(m.type, TB_MSG_CONFIG);
    assert_span_equal(m.body, "conf", 4);
    assert_int_equal(m.fd, -1);
    free(body);
    assert_ok(tb_channel_recv_blocking(e->child, &m, &body));
    assert_int_equal(m.type, TB_MSG_FD);
    assert_true(is_reader_of(m.fd, a[1]));
    close(m.fd);
    free(body);
    assert_ok(tb_channel_recv_blocking(e->child, &m, &body));
    assert_int_equal(m.id, 3);
    assert_true(is_reader_of(m.fd, b[1]));
    close(m.fd);
    free(body);
    assert_ok(tb_channel_recv_blocking(e->child, &m, &body));
    assert_int_equal(m.type, TB_MSG_START);
    free(body);
    close(a[1]);
    close(b[1]);
}

static void descriptors_arrive_on_a_loop_too(void **state)
{
    struct edge *e = *state;
    struct seen s = {0};
    int a[2];

    assert_ok(pipe(a));
    assert_ok(tb_channel_new(e->base, dup(e->child), TB_ROLE_FRONT, TB_ROLE_PARENT, true, &ops, &s, &s.ch));
    assert_ok(tb_channel_send(e->parent, TB_MSG_DRAIN, 1, tb_span_of(NULL, 0)));
    assert_ok(tb_channel_send_fd(e->parent, TB_MSG_PEER, 3, tb_span_of("\5", 1), a[0]));
    for (int i = 0; i < 4; i++)
        event_base_loop(e->base, EVLOOP_NONBLOCK);
    assert_int_equal(s.messages, 2);
    assert_int_equal(s.last.type, TB_MSG_PEER);
    assert_true(is_reader_of(s.last.fd, a[1]));
    close(s.last.fd);
    close(a[1]);
    tb_channel_free(s.ch);
}

static void a_frame_that_lacks_its_descriptor_is_refused(void **state)
{
    struct edge *e = *state;
    int fds[2];
    struct tb_msg m;
    uint8_t *body;

    (void)e;
    assert_ok(tb_channel_pair(fds));
    assert_int_equal(write(fds[1], "\0\0\0\7\0\2\0\0\0\1\1", 11), 11);
    assert_int_equal(tb_channel_recv_blocking(fds[0], &m, &body), TB_E_FORMAT);
    assert_null(body);
    assert_int_equal(m.fd, -1);
    close(fds[0]);
    close(fds[1]);
}

static void only_the_parent_speaks_at_start(void **state)
{
    int fds[2];
    struct tb_msg m;
    uint8_t *body;

    (void)state;
    assert_ok(tb_channel_pair(fds));
    assert_int_equal(write(fds[1], "\0\0\0\12\0\7\0\0\0\1\0\0\0\0", 14), 14); /* ready */
    assert_int_equal(tb_channel_recv_blocking(fds[0], &m, &body), TB_E_FORMAT);
    close(fds[0]);
    close(fds[1]);
}

static void a_parent_that_ends_within_a_frame_is_gone(void **state)
{
    int fds[2];
    struct tb_msg m;
    uint8_t *body;

    (void)state;
    assert_ok(tb_channel_pair(fds));
    assert_int_equal(write(fds[1], "\0\0\0\12\0\1\0\0\0\1\0", 11), 11);
    close(fds[1]);
    assert_int_equal(tb_channel_recv_blocking(fds[0], &m, &body), TB_E_CLOSED);
    assert_null(body);
    close(fds[0]);
}

#define ON_EDGE(f)   cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define ON_PARENT(f) cmocka_unit_test_setup_teardown(f, edge_up, edge_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_EDGE(a_frame_arrives_byte_by_byte),
        ON_EDGE(frames_in_one_read_all_arrive),
        ON_EDGE(the_largest_body_arrives_and_one_more_ends_it),
        ON_EDGE(a_short_length_ends_it),
        ON_EDGE(an_unknown_type_ends_it),
        ON_EDGE(type_none_ends_it),
        ON_EDGE(a_type_of_another_direction_ends_it),
        ON_EDGE(a_refusing_handler_ends_it),
        ON_EDGE(a_handler_may_free_the_channel),
        ON_EDGE(the_end_of_the_peer_comes_after_its_last_words),
        ON_EDGE(sends_of_one_turn_leave_together),
        ON_EDGE(many_sends_of_one_turn_leave_before_it_ends),
        ON_EDGE(a_peer_that_has_gone_shows_at_the_end_of_the_turn),
        ON_EDGE(freeing_sends_what_was_queued),
        ON_EDGE(what_the_table_forbids_is_not_sent),
        ON_EDGE(a_peer_that_does_not_read_meets_the_limit),
        ON_EDGE(a_descriptor_nobody_allowed_is_not_kept),
        ON_PARENT(descriptors_arrive_with_their_frames),
        ON_PARENT(descriptors_arrive_on_a_loop_too),
        ON_PARENT(a_frame_that_lacks_its_descriptor_is_refused),
        cmocka_unit_test(only_the_parent_speaks_at_start),
        cmocka_unit_test(a_parent_that_ends_within_a_frame_is_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
