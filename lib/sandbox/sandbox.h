/*
 * Sandbox of a child: user, capabilities, network namespace, Landlock, seccomp.  Entered before the first hostile
 * byte is read; fails closed.
 */
#ifndef TB_SANDBOX_SANDBOX_H
#define TB_SANDBOX_SANDBOX_H

#include <sys/types.h>

#include "lib/base/err.h"
#include "lib/ipc/message.h"

#define TB_SANDBOX_PATHS_MAX 8

struct tb_sandbox_path {
    const char *path; /* directory or file that must exist */
    bool write;       /* files below may be created, written, renamed and removed */
};

struct tb_sandbox_spec {
    enum tb_role role; /* chooses the list of system calls */
    bool have_user;    /* change to uid/gid (only when started as root) */
    uid_t uid;
    gid_t gid;
    bool network; /* false: empty network namespace when possible, and no socket calls */
    struct tb_sandbox_path paths[TB_SANDBOX_PATHS_MAX];
    size_t num_paths;
    bool allow_weak; /* go on when a part cannot be entered */
};

/*
 * Enter, in this order: no new privileges, network namespace, user and capabilities, not dumpable, Landlock, seccomp
 * (all threads).  *out_parts gets the TB_SANDBOX_* bits that hold.  Without allow_weak, a part that the kernel does not
 * have or refuses is TB_E_DENIED and *out_why names it (constant text); the network namespace is the exception when not
 * root and user namespaces are off, because seccomp refuses socket calls anyway.  With allow_weak a missing part is
 * named in *out_why too, and the result is 0; otherwise *out_why is NULL on success.  Call it with one thread only.  A
 * build with sanitizers enters only what they survive, and its bits say so.
 */
int tb_sandbox_enter(const struct tb_sandbox_spec *spec, uint32_t *out_parts, const char **out_why) TB_MUST_USE;

#endif
