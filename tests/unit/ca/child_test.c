/* The life of a child in a process of its own, with a role that does nothing; the test is its parent and its peer. */
#include "ca/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc/fd_pass.h"
#include "lib/ipc/frame.h"
#include "tests/unit/ca/config/fixture.h"
#include "tests/unit/said.h"
#include "tests/unit/test.h"

/* --- faults --- */

static enum { NOTHING, NO_SANDBOX, WEAK_SANDBOX, AS_ROOT } broken;

uid_t __real_geteuid(void);
uid_t __wrap_geteuid(void);
int __wrap_tb_sandbox_enter(const struct tb_sandbox_spec *, uint32_t *, const char **);

uid_t __wrap_geteuid(void)
{
    return broken == AS_ROOT ? 0 : __real_geteuid();
}

/* None is entered: the processes here have nothing to hide from. */
int __wrap_tb_sandbox_enter(const struct tb_sandbox_spec *spec TB_UNUSED, uint32_t *out, const char **why)
{
    *out = 0;
    *why = broken == NO_SANDBOX || broken == WEAK_SANDBOX ? "broken" : NULL;
    return broken == NO_SANDBOX ? TB_E_UNSUPPORTED : 0;
}

/* --- the child --- */

/* The edges and the drain, as the role hears of them, go back to the test as control answers. */
static void tell(struct tb_child *child, const char *what)
{
    if (child->parent != NULL && tb_channel_send(child->parent, TB_MSG_CONTROL_RSP, 0, tb_span_str(what)) < 0)
        tb_child_exit(child);
}

static void peer_up(struct tb_child *child, enum tb_role peer TB_UNUSED)
{
    tell(child, "up");
}

static void peer_down(struct tb_child *child, enum tb_role peer TB_UNUSED)
{
    tell(child, "down");
}

static int on_hello(struct tb_child *child, struct tb_channel *ch TB_UNUSED, const struct tb_msg *m)
{
    tell(child, m->body.len == 1 ? "hello" : "");
    return m->body.len == 1 ? 0 : TB_E_FORMAT;
}

static tb_msg_handler_fn *const handlers[TB_MSG__COUNT] = {[TB_MSG_JUDGE_HELLO] = on_hello};

static const struct tb_child_role role = {
    .role = TB_ROLE_FRONT, .peer_up = peer_up, .peer_down = peer_down, .handlers = handlers};

struct kid {
    pid_t pid;
    int fd; /* the parent's end */
};

static int set_up(void **state)
{
    static struct kid k;

    said_start();
    broken = NOTHING;
    k = (struct kid){.fd = -1};
    *state = &k;
    return 0;
}

static int tear_down(void **state)
{
    struct kid *k = *state;

    if (k->pid > 0) {
        kill(k->pid, SIGKILL);
        waitpid(k->pid, NULL, 0);
    }
    if (k->fd >= 0)
        close(k->fd);
    said_end();
    return 0;
}

static void start(struct kid *k)
{
    int fd[2];

    assert_ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd));
    k->pid = fork();
    if (k->pid == 0) {
        close(fd[0]);
        _exit(tb_child_run(&role, fd[1]));
    }
    close(fd[1]);
    k->fd = fd[0];
}

static void send_to(int fd, enum tb_msg_type type, struct tb_span body, int passed)
{
    uint8_t frame[TB_FRAME_HEADER_LEN + sizeof(good_config) + 256];

    assert_true(body.len <= sizeof(frame) - TB_FRAME_HEADER_LEN);
    tb_frame_header_write(frame, type, 0, body.len);
    memcpy(frame + TB_FRAME_HEADER_LEN, body.p, body.len);
    assert_int_equal(tb_fd_pass_send(fd, tb_span_of(frame, TB_FRAME_HEADER_LEN + body.len), passed),
                     TB_FRAME_HEADER_LEN + body.len);
}

static void send_config(const struct kid *k, const char *text)
{
    struct tb_msg_config m = {.version = TB_IPC_VERSION, .path = "/tmp/tabard.yaml", .text = tb_span_str(text)};
    struct tb_wr wr;

    tb_wr_init(&wr, sizeof(good_config) + 256);
    tb_msg_config_write(&wr, &m);
    send_to(k->fd, TB_MSG_CONFIG, tb_wr_span(&wr), -1);
    tb_wr_clear(&wr);
}

/* The judge's end of a new edge. */
static int send_edge(const struct kid *k)
{
    const uint8_t judge = TB_ROLE_JUDGE;
    int fd[2];

    assert_ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd));
    send_to(k->fd, TB_MSG_PEER, tb_span_of(&judge, 1), fd[1]);
    close(fd[1]);
    return fd[0];
}

static void read_all(int fd, void *p, size_t len)
{
    assert_int_equal(recv(fd, p, len, MSG_WAITALL), len);
}

static void expect(const struct kid *k, enum tb_msg_type type, const char *text)
{
    uint8_t header[TB_FRAME_HEADER_LEN], body[256];
    struct tb_msg m = {0};
    size_t len;

    read_all(k->fd, header, sizeof(header));
    assert_ok(tb_frame_header_read(header, &m, &len));
    assert_true(m.type == type && len <= sizeof(body));
    if (len > 0)
        read_all(k->fd, body, len);
    if (text != NULL)
        assert_true(tb_span_eq_str(tb_span_of(body, len), text));
}

static void run(struct kid *k)
{
    start(k);
    send_config(k, good_config);
    send_to(k->fd, TB_MSG_START, tb_span_of("", 0), -1);
    expect(k, TB_MSG_READY, NULL);
}

static int end_of(struct kid *k)
{
    int wstatus;

    assert_int_equal(waitpid(k->pid, &wstatus, 0), k->pid);
    k->pid = 0;
    return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : -1;
}

/* --- start --- */

static void a_configuration_that_is_wrong(void **state)
{
    start(*state);
    send_config(*state, "nome: x\n");
    assert_int_equal(end_of(*state), EXIT_FAILURE);
    assert_true(said("config"));
    assert_true(said("start"));
}

static void a_start_without_configuration(void **state)
{
    struct kid *k = *state;

    start(k);
    send_to(k->fd, TB_MSG_START, tb_span_of("", 0), -1);
    assert_int_equal(end_of(k), EXIT_FAILURE);
    assert_true(said("start"));
    assert_false(said("config"));
}

static void a_user_that_does_not_exist(void **state)
{
    char text[sizeof(good_config) + 32];
    const char *at = strstr(good_config, "user: \"\"");
    struct kid *k = *state;

    broken = AS_ROOT;
    snprintf(text, sizeof(text), "%.*suser: nobody-of-this-name%s", (int)(at - good_config), good_config,
             at + strlen("user: \"\""));
    start(k);
    send_config(k, text);
    send_to(k->fd, TB_MSG_START, tb_span_of("", 0), -1);
    assert_int_equal(end_of(k), EXIT_FAILURE);
    assert_true(said("user"));
}

static void a_sandbox_that_cannot_be_entered(void **state)
{
    struct kid *k = *state;

    broken = NO_SANDBOX;
    start(k);
    send_config(k, good_config);
    send_to(k->fd, TB_MSG_START, tb_span_of("", 0), -1);
    assert_int_equal(end_of(k), EXIT_FAILURE);
    assert_true(said("sandbox"));
    assert_false(said("sandbox-weak"));
}

static void a_sandbox_that_lacks_a_part(void **state)
{
    struct kid *k = *state;

    broken = WEAK_SANDBOX;
    run(k);
    assert_true(said("sandbox-weak"));
    assert_false(said("sandbox"));
}

/* --- life --- */

static void a_drain_without_a_handler_ends_it_cleanly(void **state)
{
    struct kid *k = *state;

    run(k);
    send_to(k->fd, TB_MSG_DRAIN, tb_span_of("", 0), -1);
    assert_int_equal(end_of(k), EXIT_SUCCESS);
}

static void a_request_that_no_role_takes_is_answered(void **state)
{
    struct kid *k = *state;

    run(k);
    send_to(k->fd, TB_MSG_CONTROL_REQ, tb_span_str("{}"), -1);
    expect(k, TB_MSG_CONTROL_RSP, "{\"error\":\"this process takes no requests\"}");
}

static void a_parent_that_goes_ends_it(void **state)
{
    struct kid *k = *state;

    run(k);
    close(k->fd);
    k->fd = -1;
    assert_int_equal(end_of(k), EXIT_FAILURE);
    assert_true(said("parent-gone"));
}

static void an_edge_that_comes_back_keeps_it_alive(void **state)
{
    struct kid *k = *state;
    int edge;

    run(k);
    edge = send_edge(k);
    expect(k, TB_MSG_CONTROL_RSP, "up");
    close(edge);
    expect(k, TB_MSG_CONTROL_RSP, "down");
    edge = send_edge(k);
    expect(k, TB_MSG_CONTROL_RSP, "up");
    send_to(edge, TB_MSG_JUDGE_HELLO, tb_span_of("x", 1), -1);
    expect(k, TB_MSG_CONTROL_RSP, "hello");
    close(edge);
    assert_false(said("edge-closed"));
    assert_false(said("bad-message"));
}

/* The peer is the more trusted one: who was cut off for nonsense is restarted, so the one that stays away ends us. */
static void an_edge_with_nonsense_is_closed_and_when_none_comes_it_ends(void **state)
{
    struct kid *k = *state;
    int edge;

    run(k);
    edge = send_edge(k);
    expect(k, TB_MSG_CONTROL_RSP, "up");
    send_to(edge, TB_MSG_JUDGE_HELLO, tb_span_of("xx", 2), -1);
    expect(k, TB_MSG_CONTROL_RSP, "");
    expect(k, TB_MSG_CONTROL_RSP, "down");
    assert_true(said("bad-message"));
    assert_true(said("edge-closed"));
    assert_false(said("edge-lost"));
    assert_int_equal(end_of(k), EXIT_FAILURE);
    assert_true(said("edge-lost"));
    close(edge);
}

/* --- files --- */

static void put(const char *path, const void *p, size_t len)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, len, f), len);
    assert_ok(fclose(f));
}

static void a_file_is_read_whole_or_its_name_is_logged(void **state)
{
    char path[] = "/tmp/tb-child-XXXXXX";
    struct tb_key key;
    uint8_t *p;
    size_t len;

    (void)state;
    close(mkstemp(path));
    put(path, "12345", 5);
    assert_ok(tb_child_read_file(path, 5, &p, &len));
    assert_int_equal(len, 5);
    assert_string_equal((const char *)p, "12345");
    free(p);
    assert_false(said("file"));
    assert_int_equal(tb_child_read_file(path, 4, &p, &len), TB_E_LIMIT);
    assert_null(p);
    assert_true(said("file"));
    assert_int_equal(tb_child_read_file("/tmp", 100, &p, &len), TB_E_LIMIT);
    assert_int_equal(tb_child_read_key(path, &key), TB_E_FORMAT);
    put(path, "0123456789abcdef0123456789abcdef", TB_KEY_LEN);
    assert_ok(tb_child_read_key(path, &key));
    assert_memory_equal(key.b, "0123456789abcdef0123456789abcdef", TB_KEY_LEN);
    assert_ok(unlink(path));
    assert_int_equal(tb_child_read_file(path, 100, &p, &len), TB_E_NOTFOUND);
}

#define KID(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        KID(a_configuration_that_is_wrong),
        KID(a_start_without_configuration),
        KID(a_user_that_does_not_exist),
        KID(a_sandbox_that_cannot_be_entered),
        KID(a_sandbox_that_lacks_a_part),
        KID(a_drain_without_a_handler_ends_it_cleanly),
        KID(a_request_that_no_role_takes_is_answered),
        KID(a_parent_that_goes_ends_it),
        KID(an_edge_that_comes_back_keeps_it_alive),
        KID(an_edge_with_nonsense_is_closed_and_when_none_comes_it_ends),
        KID(a_file_is_read_whole_or_its_name_is_logged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
