/*
 * What a role may do inside its sandbox and what ends it.  Every case runs in a process of its own; the case's answer
 * is its exit status, or the signal that ended it.
 */
#include "tests/unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/ipc/msg_parent.h"
#include "lib/sandbox/sandbox.h"

static char dir[64] = "/tmp/tabard-sandbox-XXXXXX";
static char inside[128];

#define NOT_ENTERED 99

static int in_sandbox(const struct tb_sandbox_spec *spec, int (*what)(void))
{
    int wstatus;
    pid_t pid = fork();

    if (pid == 0) {
        const char *why;
        uint32_t parts;

        _exit(tb_sandbox_enter(spec, &parts, &why) < 0 ? NOT_ENTERED : what());
    }
    assert_int_equal(waitpid(pid, &wstatus, 0), pid);
    return WIFSIGNALED(wstatus) ? -WTERMSIG(wstatus) : WEXITSTATUS(wstatus);
}

static int do_nothing(void)
{
    return 0;
}

#ifndef TB_SANITIZE
static int as(enum tb_role role, int (*what)(void))
{
    struct tb_sandbox_spec spec = {.role = role,
                                   .network = role == TB_ROLE_FRONT || role == TB_ROLE_VALIDATOR,
                                   .paths = {{.path = dir, .write = true}},
                                   .num_paths = role == TB_ROLE_KEYHOLDER ? 0 : 1};

    return in_sandbox(&spec, what);
}

static int do_memory_and_random(void)
{
    char *p = malloc(8 << 20);

    memset(p, 1, 8 << 20);
    free(p);
    return getrandom(&(int){0}, sizeof(int), 0) == sizeof(int) ? 0 : 1;
}

static int do_file(void)
{
    int fd = open(inside, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    char c = 0;

    if (fd < 0 || write(fd, "x", 1) != 1 || fsync(fd) < 0 || pread(fd, &c, 1, 0) != 1)
        return 1;
    return close(fd) == 0 && unlink(inside) == 0 ? 0 : 2;
}

static int do_foreign_file(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES ? 0 : 1;
}

static void *thread(void *arg)
{
    return arg;
}

static int do_thread(void)
{
    pthread_t t;

    return pthread_create(&t, NULL, thread, NULL) == 0 && pthread_join(t, NULL) == 0 ? 0 : 1;
}

static int do_exec(void)
{
    execl("/bin/true", "true", NULL);
    return 1;
}

static int do_fork(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return 1;
}

static int do_socket(void)
{
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0 ? 0 : 1;
}

static int do_odd_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EAFNOSUPPORT ? 0 : 1;
}

static int do_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int do_signal_another(void)
{
    return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int do_signal_self(void)
{
    return (int)syscall(SYS_tgkill, getpid(), getpid(), 0);
}

static void roles_do_their_work(void **state)
{
    (void)state;
    for (enum tb_role r = TB_ROLE_FRONT; r < TB_ROLE__COUNT; r++)
        assert_int_equal(as(r, do_memory_and_random), 0);
    assert_int_equal(as(TB_ROLE_FRONT, do_file), 0);
    assert_int_equal(as(TB_ROLE_FRONT, do_thread), 0);
    assert_int_equal(as(TB_ROLE_JUDGE, do_file), 0);
    assert_int_equal(as(TB_ROLE_VALIDATOR, do_socket), 0);
    assert_int_equal(as(TB_ROLE_VALIDATOR, do_odd_socket), 0);
}

static void files_outside_the_state_are_closed(void **state)
{
    (void)state;
    assert_int_equal(as(TB_ROLE_FRONT, do_foreign_file), 0);
    assert_int_equal(as(TB_ROLE_JUDGE, do_foreign_file), 0);
    assert_int_equal(as(TB_ROLE_VALIDATOR, do_foreign_file), 0);
}

static void other_calls_end_the_process(void **state)
{
    (void)state;
    for (enum tb_role r = TB_ROLE_FRONT; r < TB_ROLE__COUNT; r++) {
        assert_int_equal(as(r, do_exec), -SIGSYS);
        assert_int_equal(as(r, do_fork), -SIGSYS);
        assert_int_equal(as(r, do_code), -SIGSYS);
        assert_int_equal(as(r, do_signal_another), -SIGSYS);
        assert_int_equal(as(r, do_signal_self), 0);
    }
    assert_int_equal(as(TB_ROLE_KEYHOLDER, do_foreign_file), -SIGSYS);
    assert_int_equal(as(TB_ROLE_KEYHOLDER, do_thread), -SIGSYS);
    assert_int_equal(as(TB_ROLE_KEYHOLDER, do_socket), -SIGSYS);
    assert_int_equal(as(TB_ROLE_JUDGE, do_socket), -SIGSYS);
    assert_int_equal(as(TB_ROLE_FRONT, do_socket), -SIGSYS);
}

#endif

static void a_missing_path_is_fatal(void **state)
{
    struct tb_sandbox_spec spec = {
        .role = TB_ROLE_FRONT, .network = true, .paths = {{.path = "/nowhere/at/all"}}, .num_paths = 1};

    (void)state;
    assert_int_equal(in_sandbox(&spec, do_nothing), NOT_ENTERED);
    spec.allow_weak = true;
    assert_int_equal(in_sandbox(&spec, do_nothing), 0);
}

static void a_role_without_a_list_does_not_enter(void **state)
{
#ifndef TB_SANITIZE
    struct tb_sandbox_spec spec = {.role = TB_ROLE_PARENT, .network = true};

    assert_int_equal(in_sandbox(&spec, do_nothing), NOT_ENTERED);
#endif
    (void)state;
}

/* The bits of the parts as exit status. */
static int parts_of(const struct tb_sandbox_spec *spec)
{
    int wstatus;
    pid_t pid = fork();

    if (pid == 0) {
        const char *why = NULL;
        uint32_t parts = 0;

        if (tb_sandbox_enter(spec, &parts, &why) < 0 || why != NULL)
            _exit(NOT_ENTERED);
        _exit((int)parts);
    }
    assert_int_equal(waitpid(pid, &wstatus, 0), pid);
    assert_true(WIFEXITED(wstatus));
    return WEXITSTATUS(wstatus);
}

static void the_bits_tell_what_holds(void **state)
{
    struct tb_sandbox_spec spec = {.role = TB_ROLE_KEYHOLDER};
    int expected = TB_SANDBOX_LANDLOCK | TB_SANDBOX_USER;

    (void)state;
#ifndef TB_SANITIZE
    expected |= TB_SANDBOX_SECCOMP;
#endif
    assert_int_equal(parts_of(&spec) & ~TB_SANDBOX_NETNS, expected);
    spec.network = true;
    assert_int_equal(parts_of(&spec), expected);
}

static int do_check_user(void)
{
    return getuid() == 65534 && getegid() == 65534 ? 0 : 1;
}

static int death_signal(void)
{
    int sig = 0;

    (void)prctl(PR_GET_PDEATHSIG, &sig);
    return sig;
}

static void root_becomes_the_user(void **state)
{
    struct tb_sandbox_spec spec = {
        .role = TB_ROLE_FRONT, .network = true, .have_user = true, .uid = 65534, .gid = 65534};
    int wstatus;
    pid_t pid;

    (void)state;
    if (geteuid() != 0)
        skip();
    assert_int_equal(in_sandbox(&spec, do_check_user), 0);
    /* The order to die with the parent outlives the change; the kernel forgets it otherwise. */
    if ((pid = fork()) == 0) {
        const char *why;
        uint32_t parts;

        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        spec.allow_weak = true;
        spec.role = TB_ROLE_NONE; /* without a list: prctl stays usable for the question */
        if (tb_sandbox_enter(&spec, &parts, &why) < 0)
            _exit(NOT_ENTERED);
#ifndef TB_SANITIZE
        if (prctl(PR_GET_DUMPABLE) != 0)
            _exit(NOT_ENTERED);
#endif
        _exit(death_signal());
    }
    assert_int_equal(waitpid(pid, &wstatus, 0), pid);
    assert_int_equal(WEXITSTATUS(wstatus), SIGKILL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#ifndef TB_SANITIZE
        cmocka_unit_test(roles_do_their_work),         cmocka_unit_test(files_outside_the_state_are_closed),
        cmocka_unit_test(other_calls_end_the_process),
#endif
        cmocka_unit_test(a_missing_path_is_fatal),     cmocka_unit_test(a_role_without_a_list_does_not_enter),
        cmocka_unit_test(the_bits_tell_what_holds),    cmocka_unit_test(root_becomes_the_user),
    };
    int failed;

    if (mkdtemp(dir) == NULL)
        return 1;
    snprintf(inside, sizeof(inside), "%s/file", dir);
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
