#include "client/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/base/clock.h"

static void child_run(char *const *argv, const char *const *env) TB_NORETURN;
static void child_run(char *const *argv, const char *const *env)
{
    int null = open("/dev/null", O_RDONLY);

    signal(SIGPIPE, SIG_DFL);
    setpgid(0, 0);
    if (null >= 0)
        dup2(null, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* our standard output is for our own result */
    for (size_t i = 0; env != NULL && env[i] != NULL && i < TB_PROGRAM_ENV_MAX; i++) {
        char *copy = strdup(env[i]);
        char *eq = copy != NULL ? strchr(copy, '=') : NULL;

        if (eq == NULL)
            _exit(127);
        *eq = '\0';
        setenv(copy, eq + 1, 1);
    }
    execv(argv[0], argv);
    _exit(errno == ENOENT ? 127 : 126);
}

/* 0 and the wait status, or TB_E_TIMEOUT after the whole group was ended. */
static int wait_end(pid_t pid, int *out_status)
{
    int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    const uint64_t end = tb_clock_mono_ms() + TB_PROGRAM_TIMEOUT_S * 1000;
    struct pollfd pfd = {.fd = fd, .events = POLLIN};
    int r = 0;

    while (fd >= 0) {
        uint64_t now = tb_clock_mono_ms();
        int n = now < end ? poll(&pfd, 1, (int)(end - now)) : 0;

        if (n > 0)
            break;
        if (n == 0) {
            kill(-pid, SIGKILL);
            r = TB_E_TIMEOUT;
            break;
        }
    }
    if (fd >= 0)
        close(fd);
    while (waitpid(pid, out_status, 0) < 0 && errno == EINTR)
        ;
    return r;
}

int tb_program_run(char *const *argv, const char *const *env, enum tb_exit status, struct tb_fail *fail)
{
    int result = 0;
    pid_t pid = fork();

    if (pid < 0)
        return tb_fail_errno(fail, "%s cannot be started", argv[0]);
    if (pid == 0)
        child_run(argv, env);
    if (wait_end(pid, &result) < 0)
        return tb_fail_set(fail, status, TB_E_TIMEOUT, "%s did not end within %d seconds and was stopped", argv[0],
                           TB_PROGRAM_TIMEOUT_S);
    if (WIFSIGNALED(result))
        return tb_fail_set(fail, status, TB_E_DENIED, "%s was ended by signal %d", argv[0], WTERMSIG(result));
    if (WEXITSTATUS(result) >= 126)
        return tb_fail_set(fail, status, TB_E_NOTFOUND,
                           "%s cannot be executed (status %d): it must be the path of a "
                           "program",
                           argv[0], WEXITSTATUS(result));
    if (WEXITSTATUS(result) != 0)
        return tb_fail_set(fail, status, TB_E_DENIED, "%s ended with status %d", argv[0], WEXITSTATUS(result));
    return 0;
}
