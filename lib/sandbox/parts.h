/* The mechanisms behind sandbox.h, one file each.  0, or TB_E_DENIED with errno where a system call said why. */
#ifndef TB_SANDBOX_PARTS_H
#define TB_SANDBOX_PARTS_H

#include "lib/sandbox/sandbox.h"

/* Change to uid and gid when spec has them, then give up every capability; keeps the parent-death signal. */
int tb_sandbox_user(const struct tb_sandbox_spec *spec) TB_MUST_USE;
/* Into an empty network namespace. TB_E_UNSUPPORTED when this process may not make one. */
int tb_sandbox_netns(const struct tb_sandbox_spec *spec) TB_MUST_USE;
/* Nothing of the file system but spec's paths; no TCP bind, and no connect unless the role dials. */
int tb_sandbox_landlock(const struct tb_sandbox_spec *spec) TB_MUST_USE;
/* Only the system calls of the role's list; any other ends the process (SIGSYS). */
int tb_sandbox_seccomp(enum tb_role role) TB_MUST_USE;

#endif
