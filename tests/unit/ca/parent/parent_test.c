/*
 * The parent with processes that do nothing: start, edges, restart, limit, reload, stop, control socket.  The program
 * runs itself: with -R it is a child, in a forked process the parent, otherwise the tests.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/child.h"
#include "ca/parent/parent.h"
#include "lib/base/log.h"
#include "lib/ipc/msg_stats.h"
#include "tests/unit/ca/config/fixture.h"

#define WAIT_MS 20000
#define SLOW    "TABARD_TEST_SLOW" /* the role that does nothing after it was executed */

/* --- the children --- */

static unsigned int answers[TB_ROLE__COUNT]; /* in the front: from each peer */

static void fake_sandbox(const struct tb_child *child, struct tb_sandbox_spec *spec)
{
    spec->network = child->role == TB_ROLE_FRONT || child->role == TB_ROLE_VALIDATOR;
}

static int fake_setup(struct tb_child *child)
{
    tb_log(TB_LOG_INFO, "inside"); /* whoever has logged nothing before can do so in the sandbox, too */
    /* What only the front is given. */
    return (child->listen_fd[TB_LISTEN_ACME] >= 0) == (child->role == TB_ROLE_FRONT) ? 0 : TB_E_STATE;
}

static void fake_peer_up(struct tb_child *child, enum tb_role peer)
{
    if (child->role == TB_ROLE_FRONT &&
        tb_channel_send(child->peer[peer], TB_MSG_STATS_REQ, 1, tb_span_of(NULL, 0)) < 0)
        tb_child_exit(child);
}

static int fake_stats_req(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    (void)child;
    return tb_channel_send(ch, TB_MSG_STATS_RSP, m->id, tb_span_of("\0\0", 2));
}

static int fake_stats_rsp(struct tb_child *child, struct tb_channel *ch, const struct tb_msg *m)
{
    (void)child;
    (void)m;
    answers[tb_channel_peer(ch)]++;
    return 0;
}

static void fake_control(struct tb_child *child, uint32_t id, struct tb_span json)
{
    char text[256];
    int n = snprintf(text, sizeof(text), "{\"validator\":%u,\"judge\":%u,\"asked\":%zu,\"lifetime\":%u}",
                     answers[TB_ROLE_VALIDATOR], answers[TB_ROLE_JUDGE], json.len, child->cfg->limits.order_lifetime_s);

    if (tb_channel_send(child->parent, TB_MSG_CONTROL_RSP, id, tb_span_of(text, (size_t)n)) < 0)
        tb_child_exit(child);
}

/* The judge says whom it takes itself for. */
static void fake_judge_control(struct tb_child *child, uint32_t id, struct tb_span json)
{
    const char *text = tb_span_eq_str(json, "{\"cmd\":\"judge\"}") ? "{\"who\":\"judge\"}" : "{\"error\":\"misled\"}";

    if (tb_channel_send(child->parent, TB_MSG_CONTROL_RSP, id, tb_span_str(text)) < 0)
        tb_child_exit(child);
}

static tb_msg_handler_fn *const fake_handlers[TB_MSG__COUNT] = {
    [TB_MSG_STATS_REQ] = fake_stats_req,
    [TB_MSG_STATS_RSP] = fake_stats_rsp,
};

static int be_child(const char *name)
{
    struct tb_child_role role = {.role = tb_role_find(name),
                                 .sandbox = fake_sandbox,
                                 .setup = fake_setup,
                                 .peer_up = fake_peer_up,
                                 .handlers = fake_handlers};

    if (getenv(SLOW) != NULL && strcmp(name, getenv(SLOW)) == 0) {
        (void)!write(STDOUT_FILENO, "begun\n", 6);
        sleep(2 * WAIT_MS / 1000); /* longer than anybody looks */
        return 0;
    }
    if (role.role == TB_ROLE_FRONT)
        role.control = fake_control;
    if (role.role == TB_ROLE_JUDGE)
        role.control = fake_judge_control;
    return tb_child_run(&role, 3);
}

/* --- the tests' end --- */

struct ca {
    char dir[64];
    char config[128];
    pid_t pid;
    int out; /* what the parent prints */
    char listen[32];
};

static void write_config(const struct ca *ca, const char *old, const char *new_text)
{
    char text[sizeof(good_config) + 256];
    const char *at;
    char *http;
    FILE *f = fopen(ca->config, "w");

    at = strstr(good_config, "listen: 127.0.0.1:14000");
    snprintf(text, sizeof(text), "%.*slisten: %s%s", (int)(at - good_config), good_config, ca->listen,
             at + strlen("listen: 127.0.0.1:14000"));
    http = strstr(text, "http: 127.0.0.1:14001\n");
    assert_non_null(http);
    memcpy(http, "http: off            \n", strlen("http: 127.0.0.1:14001\n"));
    if (old != NULL) {
        char *p = strstr(text, old);
        char rest[sizeof(text)];

        assert_non_null(p);
        snprintf(rest, sizeof(rest), "%s", p + strlen(old));
        snprintf(p, sizeof(text) - (size_t)(p - text), "%s%s", new_text, rest);
    }
    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_ok(fclose(f));
}

static void launch(struct ca *ca, char *extra)
{
    char program[] = "run";
    char option[] = "--config";
    char *argv[] = {program, option, ca->config, extra, NULL};
    int fds[2];

    assert_ok(pipe2(fds, O_CLOEXEC));
    ca->pid = fork();
    if (ca->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(fds[1], STDOUT_FILENO);
        _exit(tb_cmd_run(extra != NULL ? 4 : 3, argv));
    }
    close(fds[1]);
    ca->out = fds[0];
}

static void make_state(struct ca *ca)
{
    static const char *const dirs[] = {"", "/store", "/log", "/keys"};
    static int port = 10000; /* below those that the kernel gives to connections (32768) */
    char path[128];

    strcpy(ca->dir, "/tmp/tabard-parent-XXXXXX");
    assert_non_null(mkdtemp(ca->dir));
    /* An address of this process's own, and a port for each case: none meets a twin of this program, nor the last
     * one's remains. */
    snprintf(ca->listen, sizeof(ca->listen), "127.%d.%d.%d:%d", 64 + (getpid() >> 16 & 63), getpid() >> 8 & 255,
             getpid() & 255, port++);
    snprintf(ca->config, sizeof(ca->config), "%s/tabard.yaml", ca->dir);
    for (size_t i = 1; i < TB_ARRAY_LEN(dirs); i++) {
        snprintf(path, sizeof(path), "%s%s", ca->dir, dirs[i]);
        assert_ok(mkdir(path, 0700));
    }
    write_config(ca, NULL, NULL);
}

static void read_line(int fd, char *line, size_t cap)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    size_t n = 0;

    while (n < cap - 1 && poll(&p, 1, WAIT_MS) == 1 && read(fd, line + n, 1) == 1 && line[n] != '\n')
        n++;
    line[n] = '\0';
}

static void expect_ready(struct ca *ca)
{
    char line[256];

    read_line(ca->out, line, sizeof(line));
    assert_string_equal(line, "tabardd: ready: https://ca.example:14000/directory");
}

static int ask_fd(const struct ca *ca)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/control.sock", ca->dir);
    if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* The answer, or NULL when there is none. */
static json_t *ask(const struct ca *ca, const char *request)
{
    static char text[65536];
    struct pollfd p = {.fd = ask_fd(ca), .events = POLLIN};
    size_t n = 0;
    ssize_t r;

    if (p.fd < 0)
        return NULL;
    (void)!send(p.fd, request, strlen(request), MSG_NOSIGNAL);
    shutdown(p.fd, SHUT_WR);
    while (poll(&p, 1, WAIT_MS) == 1 && (r = read(p.fd, text + n, sizeof(text) - n)) > 0)
        n += (size_t)r;
    close(p.fd);
    return json_loadb(text, n, 0, NULL);
}

static json_t *process(json_t *status, const char *role)
{
    json_t *p;
    size_t i;

    json_array_foreach(json_object_get(status, "processes"), i, p)
    {
        if (strcmp(json_string_value(json_object_get(p, "role")), role) == 0)
            return p;
    }
    return NULL;
}

static long number(json_t *obj, const char *name)
{
    return (long)json_integer_value(json_object_get(obj, name));
}

static pid_t pid_of(const struct ca *ca, const char *role)
{
    json_t *status = ask(ca, "{\"cmd\":\"status\"}");
    pid_t pid = (pid_t)number(process(status, role), "pid");

    json_decref(status);
    return pid;
}

/* Until all are ready, `role` with this many restarts, and the front has its answers. */
static void wait_restarted(const struct ca *ca, const char *role, long restarts)
{
    bool good = false;

    for (int i = 0; i < 200 && !good; i++) {
        json_t *status = ask(ca, "{\"cmd\":\"status\"}");
        json_t *p;
        size_t k;

        good = number(process(status, role), "restarts") == restarts;
        json_array_foreach(json_object_get(status, "processes"), k, p)
        {
            good = good && json_is_true(json_object_get(p, "ready"));
        }
        good = good && number(json_object_get(status, "front"), "judge") > 0 &&
               number(json_object_get(status, "front"), "validator") > 0;
        json_decref(status);
        if (!good)
            usleep(50000);
    }
    assert_true(good);
}

/* The parent's output ends when nobody is left who was started with it; a zombie holds nothing. */
static bool nobody_prints(const struct ca *ca)
{
    struct pollfd p = {.fd = ca->out, .events = POLLIN};
    ssize_t n = 1;
    char c;

    while (n > 0 && poll(&p, 1, WAIT_MS) == 1)
        n = read(ca->out, &c, 1);
    return n == 0;
}

static int end_of(struct ca *ca)
{
    int wstatus = -1;

    for (int i = 0; i < WAIT_MS / 20; i++) {
        if (waitpid(ca->pid, &wstatus, WNOHANG) == ca->pid) {
            close(ca->out);
            ca->pid = -1;
            return WIFEXITED(wstatus) ? WEXITSTATUS(wstatus) : -WTERMSIG(wstatus);
        }
        usleep(20000);
    }
    kill(ca->pid, SIGKILL);
    return -1000;
}

static void remove_state(const struct ca *ca)
{
    static const char *const paths[] = {"tabard.yaml", "store", "log", "keys", ""};
    char path[128];

    for (size_t i = 0; i < TB_ARRAY_LEN(paths); i++) {
        snprintf(path, sizeof(path), "%s/%s", ca->dir, paths[i]);
        remove(path);
    }
}

static int set_up(void **state)
{
    static struct ca ca; /* of the case that runs; a start that fails leaves nothing to free */

    make_state(&ca);
    launch(&ca, NULL);
    expect_ready(&ca);
    *state = &ca;
    return 0;
}

static int tear_down(void **state)
{
    struct ca *ca = *state;

    if (ca->pid > 0) {
        kill(ca->pid, SIGTERM);
        (void)end_of(ca);
    }
    remove_state(ca);
    return 0;
}

static void stops_clean_and_leaves_nobody(void **state)
{
    static const char *const roles[] = {"front", "validator", "judge", "keyholder"};
    struct ca *ca = *state;
    pid_t pids[TB_ARRAY_LEN(roles)];
    char path[128];

    for (size_t i = 0; i < TB_ARRAY_LEN(roles); i++) {
        pids[i] = pid_of(ca, roles[i]);
        assert_true(pids[i] > 0);
    }
    kill(ca->pid, SIGTERM);
    assert_int_equal(end_of(ca), TB_EXIT_OK);
    for (size_t i = 0; i < TB_ARRAY_LEN(roles); i++)
        assert_int_equal(kill(pids[i], 0), -1);
    snprintf(path, sizeof(path), "%s/control.sock", ca->dir);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_request_goes_to_the_process_that_answers_it(void **state)
{
    struct ca *ca = *state;
    json_t *judge, *validator;

    judge = ask(ca, "{\"cmd\":\"judge\"}");
    assert_string_equal(json_string_value(json_object_get(judge, "who")), "judge");
    validator = ask(ca, "{\"cmd\":\"validator\"}");
    assert_string_equal(json_string_value(json_object_get(validator, "error")), "this process takes no requests");
    json_decref(judge);
    json_decref(validator);
}

static void children_end_with_a_killed_parent(void **state)
{
    struct ca *ca = *state;

    kill(ca->pid, SIGKILL);
    assert_true(nobody_prints(ca));
    assert_true(ask_fd(ca) < 0);
    assert_int_equal(end_of(ca), -SIGKILL);
}

static void a_child_that_has_not_begun_ends_with_a_killed_parent(void **state)
{
    struct ca *ca = *state;
    char line[16];

    kill(ca->pid, SIGTERM);
    assert_int_equal(end_of(ca), 0);
    assert_ok(setenv(SLOW, "front", 1));
    launch(ca, NULL);
    assert_ok(unsetenv(SLOW));
    read_line(ca->out, line, sizeof(line));
    assert_string_equal(line, "begun");
    kill(ca->pid, SIGKILL);
    assert_true(nobody_prints(ca));
    assert_int_equal(end_of(ca), -SIGKILL);
}

static void each_process_is_restarted_with_its_edges(void **state)
{
    static const char *const roles[] = {"keyholder", "judge", "validator", "front"};
    struct ca *ca = *state;

    for (size_t i = 0; i < TB_ARRAY_LEN(roles); i++) {
        pid_t was = pid_of(ca, roles[i]);

        kill(was, SIGKILL);
        wait_restarted(ca, roles[i], 1);
        assert_true(pid_of(ca, roles[i]) != was);
    }
}

static void too_many_restarts_stop_everything(void **state)
{
    struct ca *ca = *state;

    for (long i = 1; i <= TB_RESTARTS_MAX; i++) {
        kill(pid_of(ca, "judge"), SIGKILL);
        wait_restarted(ca, "judge", i);
    }
    kill(pid_of(ca, "judge"), SIGKILL);
    assert_int_equal(end_of(ca), TB_EXIT_FAILURE);
}

static void status_shows_the_sandbox(void **state)
{
    json_t *status = ask(*state, "{\"cmd\":\"status\"}");

    assert_int_equal(json_array_size(json_object_get(status, "processes")), 4);
#ifndef TB_SANITIZE
    assert_true(json_is_false(json_object_get(process(status, "front"), "weak")));
#else
    assert_true(json_is_true(json_object_get(process(status, "front"), "weak")));
#endif
    assert_true(json_array_size(json_object_get(process(status, "judge"), "sandbox")) >= 2);
    json_decref(status);
}

static void requests_of_the_front_are_relayed(void **state)
{
    static const char request[] = "{\"cmd\":\"show\",\"serial\":\"01\"}";
    json_t *answer = ask(*state, request);

    assert_int_equal(number(answer, "asked"), sizeof(request) - 1);
    json_decref(answer);
}

static void other_requests_are_refused(void **state)
{
    static const char *const requests[] = {"{\"cmd\":\"stop\"}",  "{\"cmd\":1}", "{}", "[]", "status",
                                           "{\"cmd\":\"list\"} x"};

    for (size_t i = 0; i < TB_ARRAY_LEN(requests); i++) {
        json_t *answer = ask(*state, requests[i]);

        assert_non_null(json_object_get(answer, "error"));
        json_decref(answer);
    }
}

static void the_length_of_a_request_is_limited(void **state)
{
    char request[TB_CONTROL_REQ_MAX + 2];
    json_t *answer;

    memset(request, ' ', sizeof(request));
    memcpy(request, "{\"cmd\":\"list\"}", 14);
    request[TB_CONTROL_REQ_MAX] = '\0';
    answer = ask(*state, request);
    assert_int_equal(number(answer, "asked"), TB_CONTROL_REQ_MAX);
    json_decref(answer);
    request[TB_CONTROL_REQ_MAX] = ' ';
    request[TB_CONTROL_REQ_MAX + 1] = '\0';
    answer = ask(*state, request);
    assert_int_equal(number(answer, "asked"), 0);
    json_decref(answer);
}

static void the_number_of_clients_is_limited(void **state)
{
    int fds[TB_CONTROL_CLIENTS_MAX];
    json_t *answer;

    for (size_t i = 0; i < TB_ARRAY_LEN(fds); i++)
        fds[i] = ask_fd(*state);
    assert_null(ask(*state, "{\"cmd\":\"list\"}"));
    close(fds[0]);
    for (int i = 0; i < WAIT_MS / 20 && (answer = ask(*state, "{\"cmd\":\"list\"}")) == NULL; i++)
        usleep(20000);
    assert_non_null(answer);
    json_decref(answer);
    for (size_t i = 1; i < TB_ARRAY_LEN(fds); i++)
        close(fds[i]);
}

static void hangup_starts_a_new_set(void **state)
{
    struct ca *ca = *state;
    pid_t judge = pid_of(ca, "judge");
    pid_t now = 0;
    long lifetime = 0;

    write_config(ca, "order_lifetime: 24h", "order_lifetime: 23h");
    kill(ca->pid, SIGHUP);
    for (int i = 0; i < WAIT_MS / 20 && (now == 0 || now == judge); i++) {
        usleep(20000);
        now = pid_of(ca, "judge");
    }
    assert_true(now != 0 && now != judge);
    wait_restarted(ca, "judge", 0);
    for (int i = 0; i < WAIT_MS / 20 && lifetime != 23 * 3600; i++) {
        json_t *status = ask(ca, "{\"cmd\":\"status\"}");

        lifetime = number(json_object_get(status, "front"), "lifetime");
        json_decref(status);
        if (lifetime != 23 * 3600)
            usleep(20000);
    }
    assert_int_equal(lifetime, 23 * 3600);
}

static void refuse_reload(struct ca *ca, const char *old, const char *new_text)
{
    pid_t judge = pid_of(ca, "judge");

    write_config(ca, old, new_text);
    kill(ca->pid, SIGHUP);
    usleep(300000);
    assert_int_equal(pid_of(ca, "judge"), judge);
}

static void a_bad_configuration_changes_nothing(void **state)
{
    refuse_reload(*state, "name: ca.example", "nome: ca.example");
    refuse_reload(*state, "\"000102030405060708090a0b0c0d0e0f\"", "\"ff0102030405060708090a0b0c0d0e0f\"");
    refuse_reload(*state, "lifetime: 45d", "lifetime: 46d"); /* another body under the same name@version */
}

static void a_second_run_on_the_state_is_refused(void **state)
{
    struct ca second = *(struct ca *)*state;

    launch(&second, NULL);
    assert_int_equal(end_of(&second), TB_EXIT_FAILURE);
    assert_true(pid_of(*state, "front") > 0);
}

static void a_wrong_configuration_is_status_3(void **state)
{
    struct ca ca;

    (void)state;
    make_state(&ca);
    write_config(&ca, "name: ca.example", "nome: ca.example");
    launch(&ca, NULL);
    assert_int_equal(end_of(&ca), TB_EXIT_CONFIG);
    remove_state(&ca);
}

static void a_wrong_option_is_status_2(void **state)
{
    char option[] = "--nonsense";
    struct ca ca;

    (void)state;
    make_state(&ca);
    launch(&ca, option);
    assert_int_equal(end_of(&ca), TB_EXIT_USAGE);
    remove_state(&ca);
}

static void restarts_are_counted_in_a_window(void **state)
{
    struct tb_proc proc = {0};
    uint64_t t = 1000000;

    (void)state;
    for (int i = 0; i < TB_RESTARTS_MAX; i++)
        assert_true(tb_parent_restart_allowed(&proc, t + (uint64_t)i));
    assert_false(tb_parent_restart_allowed(&proc, t + TB_RESTART_WINDOW_S * 1000 - 1));
    assert_true(tb_parent_restart_allowed(&proc, t + TB_RESTART_WINDOW_S * 1000));
    assert_false(tb_parent_restart_allowed(&proc, t + TB_RESTART_WINDOW_S * 1000));
    assert_int_equal(proc.restarts, TB_RESTARTS_MAX + 1);
}

#define WITH_CA(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(restarts_are_counted_in_a_window),
        cmocka_unit_test(a_wrong_configuration_is_status_3),
        cmocka_unit_test(a_wrong_option_is_status_2),
        WITH_CA(stops_clean_and_leaves_nobody),
        WITH_CA(children_end_with_a_killed_parent),
        WITH_CA(a_child_that_has_not_begun_ends_with_a_killed_parent),
        WITH_CA(each_process_is_restarted_with_its_edges),
        WITH_CA(too_many_restarts_stop_everything),
        WITH_CA(status_shows_the_sandbox),
        WITH_CA(requests_of_the_front_are_relayed),
        WITH_CA(a_request_goes_to_the_process_that_answers_it),
        WITH_CA(other_requests_are_refused),
        WITH_CA(the_length_of_a_request_is_limited),
        WITH_CA(the_number_of_clients_is_limited),
        WITH_CA(hangup_starts_a_new_set),
        WITH_CA(a_bad_configuration_changes_nothing),
        WITH_CA(a_second_run_on_the_state_is_refused),
    };

    if (argc == 3 && strcmp(argv[1], "-R") == 0)
        return be_child(argv[2]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
