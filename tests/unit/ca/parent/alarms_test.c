/*
 * What the parent says of processes that do not do as they must.  The program runs itself: with -R it is a child, and
 * what kind of one stands in the environment.  Faults of the system are put in by the linker (--wrap).
 */
#include "ca/parent/parent.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/said.h"
#include "tests/unit/test.h"

#define STRANGER 4242

static bool strange;                            /* who connects to the control socket is somebody else */
static enum tb_role full = TB_ROLE_NONE;        /* takes no edge */
static const char kind[] = "TABARD_TEST_CHILD"; /* "mad": sends nonsense; else it does nothing */

int __real_getsockopt(int, int, int, void *, socklen_t *);
int __wrap_getsockopt(int, int, int, void *, socklen_t *);
int __real_tb_channel_send_fd(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span, int);
int __wrap_tb_channel_send_fd(struct tb_channel *, enum tb_msg_type, uint32_t, struct tb_span, int);

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    int r = __real_getsockopt(fd, level, name, value, len);

    if (r == 0 && strange && name == SO_PEERCRED)
        ((struct ucred *)value)->uid = STRANGER;
    return r;
}

int __wrap_tb_channel_send_fd(struct tb_channel *ch, enum tb_msg_type type, uint32_t id, struct tb_span body, int fd)
{
    return tb_channel_peer(ch) == full ? TB_E_LIMIT : __real_tb_channel_send_fd(ch, type, id, body, fd);
}

static int be_child(void)
{
    static const char nonsense[64] = "nonsense";
    char c;

    if (getenv(kind) != NULL && write(3, nonsense, sizeof(nonsense)) > 0)
        for (;;)
            pause();
    while (read(3, &c, 1) > 0)
        ;
    return 0;
}

static struct tb_parent p;
static struct tb_config cfg;

static void nothing(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    (void)arg;
}

static int set_up(void **state)
{
    (void)state;
    strange = false;
    full = TB_ROLE_NONE;
    cfg = (struct tb_config){.responder.on = false};
    strcpy(cfg.dir, "/tmp/tabard-alarm-XXXXXX");
    assert_non_null(mkdtemp(cfg.dir));
    p = (struct tb_parent){.exe = "/proc/self/exe", .dir_fd = -1, .now.cfg = &cfg};
    for (size_t i = 0; i < TB_LISTEN__COUNT; i++)
        p.listen_fd[i] = p.next_fd[i] = -1;
    p.base = event_base_new();
    p.ev_ready = event_new(p.base, -1, 0, nothing, NULL);
    p.ev_drain = event_new(p.base, -1, 0, nothing, NULL);
    said_start();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    said_end();
    unsetenv(kind);
    tb_control_close(&p);
    for (size_t i = 0; i < TB_ROLE__COUNT; i++) {
        tb_channel_free(p.proc[i].ch);
        if (p.proc[i].pid > 0) {
            kill(p.proc[i].pid, SIGKILL);
            waitpid(p.proc[i].pid, NULL, 0);
        }
    }
    event_free(p.ev_ready);
    event_free(p.ev_drain);
    event_base_free(p.base);
    assert_ok(rmdir(cfg.dir));
    return 0;
}

static int killed_by(enum tb_role role)
{
    int wstatus;

    assert_int_equal(waitpid(p.proc[role].pid, &wstatus, 0), p.proc[role].pid);
    p.proc[role].pid = 0;
    return WIFSIGNALED(wstatus) ? WTERMSIG(wstatus) : 0;
}

static void loop_until_said(const char *word)
{
    for (int i = 0; i < 500 && !said(word); i++) {
        (void)event_base_loop(p.base, EVLOOP_NONBLOCK);
        usleep(10000);
    }
    assert_true(said(word));
}

static void a_process_that_is_not_ready_in_time_is_killed(void **state)
{
    (void)state;
    assert_ok(tb_parent_spawn(&p, TB_ROLE_JUDGE));
    tb_parent_not_ready(&p);
    assert_false(said("not-ready"));
    p.proc[TB_ROLE_JUDGE].started_ms -= TB_READY_DEADLINE_S * 1000;
    tb_parent_not_ready(&p);
    assert_true(said("not-ready"));
    assert_int_equal(killed_by(TB_ROLE_JUDGE), SIGKILL);
}

static void a_process_that_does_not_finish_its_work_is_killed(void **state)
{
    (void)state;
    assert_ok(tb_parent_spawn(&p, TB_ROLE_JUDGE));
    assert_ok(tb_parent_spawn(&p, TB_ROLE_FRONT));
    tb_parent_drain_next(&p); /* the front goes first */
    tb_parent_drain_overdue(&p);
    assert_true(said("drain-overdue"));
    assert_int_equal(killed_by(TB_ROLE_FRONT), SIGKILL);
    assert_ok(kill(p.proc[TB_ROLE_JUDGE].pid, 0));
}

static void a_process_that_sends_nonsense_is_killed(void **state)
{
    (void)state;
    setenv(kind, "mad", 1);
    assert_ok(tb_parent_spawn(&p, TB_ROLE_JUDGE));
    loop_until_said("bad-child");
    assert_int_equal(killed_by(TB_ROLE_JUDGE), SIGKILL);
}

static void a_process_that_cannot_take_its_new_edge(void **state)
{
    (void)state;
    assert_ok(tb_parent_spawn(&p, TB_ROLE_FRONT));
    full = TB_ROLE_FRONT;
    assert_ok(tb_parent_spawn(&p, TB_ROLE_JUDGE));
    assert_true(said("edge"));
}

static void a_process_that_cannot_be_given_what_it_needs(void **state)
{
    (void)state;
    assert_ok(tb_parent_spawn(&p, TB_ROLE_FRONT));
    full = TB_ROLE_JUDGE;
    assert_true(tb_parent_spawn(&p, TB_ROLE_JUDGE) < 0);
    assert_true(said("spawn"));
}

static void a_stranger_at_the_control_socket(void **state)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char c;

    (void)state;
    assert_ok(tb_control_open(&p));
    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/control.sock", cfg.dir);
    strange = true;
    assert_ok(connect(fd, (const struct sockaddr *)&sun, sizeof(sun)));
    loop_until_said("control-refused");
    assert_int_equal(read(fd, &c, 1), 0);
    close(fd);
}

static void a_control_socket_that_cannot_be_made(void **state)
{
    char kept[sizeof(cfg.dir)];

    (void)state;
    strcpy(kept, cfg.dir);
    strcat(cfg.dir, "/nowhere");
    assert_int_equal(tb_control_open(&p), TB_E_IO);
    strcpy(cfg.dir, kept);
    assert_true(said("control"));
}

#define ALARM(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        ALARM(a_process_that_is_not_ready_in_time_is_killed), ALARM(a_process_that_does_not_finish_its_work_is_killed),
        ALARM(a_process_that_sends_nonsense_is_killed),       ALARM(a_process_that_cannot_take_its_new_edge),
        ALARM(a_process_that_cannot_be_given_what_it_needs),  ALARM(a_stranger_at_the_control_socket),
        ALARM(a_control_socket_that_cannot_be_made),
    };

    if (argc == 3 && strcmp(argv[1], "-R") == 0)
        return be_child();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
