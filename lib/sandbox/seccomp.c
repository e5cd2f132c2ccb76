#include "lib/sandbox/parts.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/*
 * Lists of system calls by what they are for.  A number that this architecture or library does not know is negative
 * and is left out.
 */
#define S(name) SCMP_SYS(name)

/* Every role: its channels, its memory, its loop, its end. */
static const int base_calls[] = {
    S(read),           S(write),       S(readv),           S(writev),      S(recvmsg),       S(sendmsg),
    S(close),          S(shutdown),    S(epoll_wait),      S(epoll_pwait), S(epoll_pwait2),  S(epoll_ctl),
    S(poll),           S(ppoll),       S(munmap),          S(mremap),      S(madvise),       S(brk),
    S(futex),          S(sched_yield), S(restart_syscall), S(getrandom),   S(clock_gettime), S(clock_getres),
    S(gettimeofday),   S(time),        S(clock_nanosleep), S(nanosleep),   S(rt_sigreturn),  S(rt_sigaction),
    S(rt_sigprocmask), S(sigaltstack), S(getpid),          S(gettid),      S(getppid),       S(getuid),
    S(geteuid),        S(getgid),      S(getegid),         S(getrusage),   S(uname),         S(getcpu),
    S(fcntl),          S(fstat),       S(lseek),           S(exit),        S(exit_group),
};

/* Threads; clone itself has a rule of its own. */
static const int thread_calls[] = {
    S(set_robust_list), S(rseq),  S(set_tid_address), S(sched_getaffinity), S(sched_setaffinity), S(membarrier),
    S(eventfd2),        S(pipe2), S(epoll_create1),   S(sysinfo),           S(timerfd_create),    S(timerfd_settime),
};

/* Files, which ones is Landlock's business: SQLite (its locks, shared memory, journals) and an append-only log. */
static const int file_calls[] = {
    S(open),       S(openat),     S(stat),      S(lstat),     S(newfstatat), S(statx),           S(access),
    S(faccessat),  S(faccessat2), S(pread64),   S(pwrite64),  S(preadv),     S(pwritev),         S(preadv2),
    S(pwritev2),   S(ftruncate),  S(fallocate), S(fsync),     S(fdatasync),  S(sync_file_range), S(unlink),
    S(unlinkat),   S(rename),     S(renameat),  S(renameat2), S(getdents64), S(getcwd),          S(readlink),
    S(readlinkat), S(flock),      S(fchmod),    S(fchown),    S(utimensat),  S(fadvise64),       S(fstatfs),
    S(statfs),     S(dup),        S(umask),
};

/* Connections that exist or come in. */
static const int accept_calls[] = {
    S(accept), S(accept4), S(getsockname), S(getpeername), S(getsockopt), S(setsockopt), S(sendto), S(recvfrom),
};

/* Connections that go out; socket itself has a rule of its own. */
static const int dial_calls[] = {
    S(connect),  S(bind),     S(getsockname), S(getpeername), S(getsockopt), S(setsockopt), S(sendto),
    S(recvfrom), S(sendmmsg), S(recvmmsg),    S(socketpair),  S(select),     S(pselect6),
};
#undef S

struct list {
    const int *calls;
    size_t num;
};
#define LIST(a)                                                                                                        \
    {                                                                                                                  \
        .calls = (a), .num = TB_ARRAY_LEN(a)                                                                           \
    }
#define LISTS_MAX 5

struct role_lists {
    struct list lists[LISTS_MAX];
    bool threads;
    bool dials;
};

static const struct role_lists roles[TB_ROLE__COUNT] = {
    [TB_ROLE_FRONT] = {.lists = {LIST(base_calls), LIST(thread_calls), LIST(file_calls), LIST(accept_calls)},
                       .threads = true},
    [TB_ROLE_VALIDATOR] = {.lists = {LIST(base_calls), LIST(thread_calls), LIST(file_calls), LIST(dial_calls)},
                           .threads = true,
                           .dials = true},
    [TB_ROLE_RESPONDER] = {.lists = {LIST(base_calls), LIST(thread_calls), LIST(file_calls), LIST(accept_calls),
                                     LIST(dial_calls)},
                           .threads = true,
                           .dials = true},
    [TB_ROLE_JUDGE] = {.lists = {LIST(base_calls), LIST(thread_calls), LIST(file_calls)}, .threads = true},
    [TB_ROLE_KEYHOLDER] = {.lists = {LIST(base_calls)}},
};

static struct scmp_arg_cmp equal(unsigned int arg, scmp_datum_t value)
{
    return (struct scmp_arg_cmp){.arg = arg, .op = SCMP_CMP_EQ, .datum_a = value};
}

static int allow(scmp_filter_ctx ctx, int call)
{
    if (call < 0)
        return 0;
    return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, call, 0);
}

static int allow_lists(scmp_filter_ctx ctx, const struct role_lists *role)
{
    for (size_t i = 0; i < LISTS_MAX; i++)
        for (size_t k = 0; k < role->lists[i].num; k++)
            if (allow(ctx, role->lists[i].calls[k]) < 0)
                return TB_E_DENIED;
    return 0;
}

/*
 * Memory never becomes code; of prctl and ioctl only what libc asks for in passing; signals (abort) and limits for
 * oneself only, because several children may share one account.
 */
static int allow_narrow(scmp_filter_ctx ctx)
{
    static const unsigned long requests[] = {FIONREAD, FIONBIO, TCGETS};
    static const unsigned long options[] = {PR_SET_NAME, PR_SET_VMA};
    int r = 0;

    r |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    r |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    r |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, equal(0, (scmp_datum_t)getpid()));
    r |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1, equal(0, 0));
    for (size_t i = 0; i < TB_ARRAY_LEN(requests); i++)
        r |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, equal(1, requests[i]));
    for (size_t i = 0; i < TB_ARRAY_LEN(options); i++)
        r |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1, equal(0, options[i]));
    return r == 0 ? 0 : TB_E_DENIED;
}

/* clone3 hides its flags from the filter; libc falls back to clone, whose flags must say thread. */
static int allow_threads(scmp_filter_ctx ctx)
{
    int r = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

    r |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                          SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
    return r == 0 ? 0 : TB_E_DENIED;
}

/* Two families; the others that libraries try in passing get an answer instead of the end. */
static int allow_sockets(scmp_filter_ctx ctx)
{
    static const unsigned int refused[] = {AF_UNIX, AF_NETLINK};
    int r = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, equal(0, AF_INET));

    r |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1, equal(0, AF_INET6));
    for (size_t i = 0; i < TB_ARRAY_LEN(refused); i++)
        r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 1, equal(0, refused[i]));
    return r == 0 ? 0 : TB_E_DENIED;
}

int tb_sandbox_seccomp(enum tb_role role)
{
    const struct role_lists *lists = (unsigned int)role < TB_ROLE__COUNT ? &roles[role] : NULL;
    scmp_filter_ctx ctx;
    int r;

    if (lists == NULL || lists->lists[0].num == 0 || (ctx = seccomp_init(SCMP_ACT_KILL_PROCESS)) == NULL)
        return TB_E_DENIED;
    r = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0 ||
                seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1) < 0
            ? TB_E_DENIED
            : 0;
    /* A tree instead of a chain of comparisons; an older library only does without. */
    (void)seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (r == 0)
        r = allow_lists(ctx, lists);
    if (r == 0)
        r = allow_narrow(ctx);
    if (r == 0 && lists->threads)
        r = allow_threads(ctx);
    if (r == 0 && lists->dials)
        r = allow_sockets(ctx);
    if (r == 0 && seccomp_load(ctx) < 0)
        r = TB_E_DENIED;
    seccomp_release(ctx);
    return r;
}
