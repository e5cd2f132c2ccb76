#include "lib/sandbox/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Names of newer kernels than the headers of the oldest system that we build on. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif
#ifndef LANDLOCK_ACCESS_FS_IOCTL_DEV
#define LANDLOCK_ACCESS_FS_IOCTL_DEV (1ULL << 15)
#endif
#define NET_BIND_TCP    (1ULL << 0)
#define NET_CONNECT_TCP (1ULL << 1)
#define SCOPE_ABSTRACT  (1ULL << 0)
#define SCOPE_SIGNAL    (1ULL << 1)

#define ABI_REFER    2
#define ABI_TRUNCATE 3
#define ABI_NET      4
#define ABI_IOCTL    5
#define ABI_SCOPE    6

/* struct landlock_ruleset_attr as of ABI 6; the size given to the kernel says how much of it counts. */
struct ruleset {
    uint64_t fs;
    uint64_t net;
    uint64_t scoped;
};

#define FS_FIRST      ((LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1) /* every right of ABI 1 */
#define FS_READ_FILE  LANDLOCK_ACCESS_FS_READ_FILE
#define FS_READ       (FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE_FILE (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
#define FS_WRITE      (FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static size_t make_ruleset(int abi, const struct tb_sandbox_spec *spec, struct ruleset *rs)
{
    bool dials = spec->role == TB_ROLE_VALIDATOR || spec->role == TB_ROLE_RESPONDER;

    *rs = (struct ruleset){.fs = FS_FIRST};
    if (abi >= ABI_REFER)
        rs->fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= ABI_TRUNCATE)
        rs->fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (abi >= ABI_IOCTL)
        rs->fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    /* The parent binds; those who dial bind only to choose their own port, which for TCP the kernel does unasked. */
    if (abi >= ABI_NET)
        rs->net = NET_BIND_TCP | (spec->network && dials ? 0 : NET_CONNECT_TCP);
    if (abi >= ABI_SCOPE)
        rs->scoped = SCOPE_ABSTRACT | SCOPE_SIGNAL;
    return abi >= ABI_SCOPE ? sizeof(*rs) : abi >= ABI_NET ? offsetof(struct ruleset, scoped) : sizeof(rs->fs);
}

static int add_path(int ruleset_fd, const struct ruleset *rs, const struct tb_sandbox_path *path)
{
    struct landlock_path_beneath_attr rule = {.parent_fd = open(path->path, O_PATH | O_CLOEXEC)};
    struct stat st;
    int r = TB_E_DENIED;

    if (rule.parent_fd < 0)
        return TB_E_DENIED;
    if (fstat(rule.parent_fd, &st) == 0) {
        /* Rights of a directory in the rule of a file are an error. */
        if (S_ISDIR(st.st_mode))
            rule.allowed_access = FS_READ | (path->write ? FS_WRITE : 0);
        else
            rule.allowed_access = FS_READ_FILE | (path->write ? FS_WRITE_FILE : 0);
        rule.allowed_access &= rs->fs;
        if (syscall(SYS_landlock_add_rule, ruleset_fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0)
            r = 0;
    }
    close(rule.parent_fd);
    return r;
}

static int add_paths(int ruleset_fd, const struct ruleset *rs, const struct tb_sandbox_spec *spec)
{
    int r = 0;

#ifdef TB_SANITIZE
    /* Reports read /proc and the libraries. */
    if ((r = add_path(ruleset_fd, rs, &(struct tb_sandbox_path){.path = "/"})) < 0)
        return r;
#endif
    for (size_t i = 0; i < spec->num_paths; i++)
        if ((r = add_path(ruleset_fd, rs, &spec->paths[i])) < 0)
            return r;
    return r;
}

int tb_sandbox_landlock(const struct tb_sandbox_spec *spec)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct ruleset rs;
    size_t len;
    int fd;
    int r;

    if (abi < 1)
        return TB_E_DENIED;
    len = make_ruleset((int)abi, spec, &rs);
    if ((fd = (int)syscall(SYS_landlock_create_ruleset, &rs, len, 0)) < 0)
        return TB_E_DENIED;
    r = add_paths(fd, &rs, spec);
    if (r == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        r = TB_E_DENIED;
    close(fd);
    return r;
}
