/* bench_spent PROGRAM [ARGUMENT]...: runs a program and prints what it took, on one line, when it has ended well.
 *
 * The peak is that of the largest process of it: program and children that it waited for. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double ms_of(struct timeval t)
{
    return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

int main(int argc, char **argv)
{
    double begun = now_ms();
    struct rusage ru;
    int status;
    pid_t pid;

    if (argc < 2 || (pid = fork()) < 0)
        return 2;
    if (pid == 0) {
        execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    if (wait4(pid, &status, 0, &ru) != pid)
        return 2;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "bench_spent: %s did not end well (wait status %d)\n", argv[1], status);
        return 1;
    }
    printf("wall_ms=%.0f cpu_ms=%.0f peak_kb=%ld\n", now_ms() - begun, ms_of(ru.ru_utime) + ms_of(ru.ru_stime),
           ru.ru_maxrss);
    return 0;
}
