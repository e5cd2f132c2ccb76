/* Programs that the operator names: started with arguments and environment, never through a shell, with a deadline. */
#ifndef TB_CLIENT_PROGRAM_H
#define TB_CLIENT_PROGRAM_H

#include "client/fail.h"

#define TB_PROGRAM_TIMEOUT_S 600
#define TB_PROGRAM_ENV_MAX   8

/*
 * Run argv[0] (a path) to its end; env: "NAME=value" strings added to the environment, NULL at the end.  Its output
 * goes to our standard error.  A failure is one of status.
 */
int tb_program_run(char *const *argv, const char *const *env, enum tb_exit status, struct tb_fail *fail) TB_MUST_USE;

#endif
