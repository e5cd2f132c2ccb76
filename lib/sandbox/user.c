#include "lib/sandbox/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static int change_user(uid_t uid, gid_t gid)
{
    uid_t r;
    uid_t e;
    uid_t s;

    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return TB_E_DENIED;
    if (getresuid(&r, &e, &s) < 0 || r != uid || e != uid || s != uid)
        return TB_E_DENIED;
    /* There must be no way back. */
    if (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0))
        return TB_E_DENIED;
    return 0;
}

/* Raw calls: the set that is wanted is empty, which needs no library. */
static int drop_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

    /* So that a process that stays root gets nothing back by being uid 0; needs CAP_SETPCAP, which others lack. */
    (void)prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                       SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED);
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    memset(data, 0, sizeof(data));
    if (syscall(SYS_capset, &head, data) < 0 || syscall(SYS_capget, &head, data) < 0)
        return TB_E_DENIED;
    for (size_t i = 0; i < TB_ARRAY_LEN(data); i++)
        if (data[i].effective != 0 || data[i].permitted != 0 || data[i].inheritable != 0)
            return TB_E_DENIED;
    return 0;
}

int tb_sandbox_user(const struct tb_sandbox_spec *spec)
{
    int death_signal = 0;
    int r;

    (void)prctl(PR_GET_PDEATHSIG, &death_signal);
    if (spec->have_user && (r = change_user(spec->uid, spec->gid)) < 0)
        return r;
    if ((r = drop_capabilities()) < 0)
        return r;
    /* The kernel forgets it when credentials change. */
    if (death_signal != 0 && prctl(PR_SET_PDEATHSIG, death_signal) < 0)
        return TB_E_DENIED;
    return 0;
}

static int write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return TB_E_IO;
    n = write(fd, text, strlen(text));
    close(fd);
    return n == (ssize_t)strlen(text) ? 0 : TB_E_IO;
}

/* A new user namespace knows nobody: name ourselves, so that files keep showing their owner. */
static void map_self(uid_t uid, gid_t gid)
{
    char line[64];

    (void)!write_file("/proc/self/setgroups", "deny");
    snprintf(line, sizeof(line), "%u %u 1\n", uid, uid);
    (void)!write_file("/proc/self/uid_map", line);
    snprintf(line, sizeof(line), "%u %u 1\n", gid, gid);
    (void)!write_file("/proc/self/gid_map", line);
}

int tb_sandbox_netns(const struct tb_sandbox_spec *spec)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();

    if (unshare(CLONE_NEWNET) == 0)
        return 0;
    if (errno != EPERM)
        return TB_E_DENIED;
    /* In a user namespace of its own the process could no longer change to the user. */
    if (spec->have_user || unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return TB_E_UNSUPPORTED;
    map_self(uid, gid);
    return 0;
}
