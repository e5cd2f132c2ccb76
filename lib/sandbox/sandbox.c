#include "lib/sandbox/sandbox.h"

#include <string.h>
#include <sys/prctl.h>

#include "lib/ipc/msg_parent.h"
#include "lib/sandbox/parts.h"

#ifdef TB_SANITIZE
#define DUMPABLE 1 /* the leak checker traces the process */
#else
#define DUMPABLE 0
#endif

static int part_netns(const struct tb_sandbox_spec *spec)
{
    return spec->network ? TB_E_UNSUPPORTED : tb_sandbox_netns(spec);
}

/* Not dumpable comes last: it takes the process's own /proc files away, which a user namespace writes. */
static int part_user(const struct tb_sandbox_spec *spec)
{
    int r = tb_sandbox_user(spec);

    if (r == 0 && prctl(PR_SET_DUMPABLE, DUMPABLE, 0, 0, 0) < 0)
        r = TB_E_DENIED;
    return r;
}

static int part_seccomp(const struct tb_sandbox_spec *spec)
{
#ifdef TB_SANITIZE
    (void)spec;
    return TB_E_UNSUPPORTED;
#else
    return tb_sandbox_seccomp(spec->role);
#endif
}

/* In this order: each part still needs what the next one takes away.  TB_E_UNSUPPORTED is a part that may be absent. */
static const struct {
    uint32_t bit;
    int (*enter)(const struct tb_sandbox_spec *spec);
    const char *why;
} parts[] = {
    {TB_SANDBOX_NETNS, part_netns, "no network namespace could be made (CLONE_NEWNET)"},
    {TB_SANDBOX_USER, part_user, "user could not be changed or capabilities not given up"},
    {TB_SANDBOX_LANDLOCK, tb_sandbox_landlock, "Landlock is not there, or a path of the state is not accessible"},
    {TB_SANDBOX_SECCOMP, part_seccomp, "seccomp filter could not be loaded"},
};

int tb_sandbox_enter(const struct tb_sandbox_spec *spec, uint32_t *out_parts, const char **out_why)
{
    const char *why = NULL;
    uint32_t held = 0;

    *out_parts = 0;
    *out_why = NULL;
    if (spec->num_paths > TB_SANDBOX_PATHS_MAX || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
        *out_why = "no_new_privs could not be set";
        return TB_E_DENIED;
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(parts); i++) {
        int r = parts[i].enter(spec);

        if (r == 0)
            held |= parts[i].bit;
        else if (r != TB_E_UNSUPPORTED && why == NULL)
            why = parts[i].why;
        if (why != NULL && !spec->allow_weak) {
            *out_why = why;
            return TB_E_DENIED;
        }
    }
    *out_why = why;
    *out_parts = held;
    return 0;
}
