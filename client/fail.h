/*
 * Why a command of the client failed: a status for scripts and one sentence for people that names what was wrong, where
 * it was, and what to do.
 */
#ifndef TB_CLIENT_FAIL_H
#define TB_CLIENT_FAIL_H

#include "lib/base/bytes.h"

#define TB_FAIL_TEXT_MAX 1535
#define TB_FAIL_TYPE_MAX 63

/* Exit statuses of the ACME commands, documented in tabard-get(1): never renumber. */
enum tb_exit {
    TB_EXIT_OK = 0,
    TB_EXIT_FAILURE = 1,     /* none of the others */
    TB_EXIT_USAGE = 2,       /* the command line is wrong */
    TB_EXIT_TERMS = 3,       /* the CA has terms of service that were not agreed to */
    TB_EXIT_REFUSED = 4,     /* the server refused */
    TB_EXIT_UNREACHABLE = 5, /* the server could not be reached, or is not who it should be */
    TB_EXIT_PROOF = 6,       /* a name or usage was not proved */
    TB_EXIT_LOCAL = 7,       /* something on this host: file, permission, port, name server, hook of a challenge */
    TB_EXIT_DEPLOY = 8,      /* the certificate is in place, the deploy hook failed */
    TB_EXIT_LATER = 9,       /* the server asks to come back later */
    TB_EXIT__COUNT
};

/* A zeroed struct is "no failure". */
struct tb_fail {
    enum tb_exit status;
    int64_t retry_after_s;           /* what the server asked for; 0 = nothing */
    char type[TB_FAIL_TYPE_MAX + 1]; /* last word of the server's problem type; may be empty */
    char text[TB_FAIL_TEXT_MAX + 1]; /* printable ASCII; whatever else it was made of became '?' */
};

/* The first reason wins. Returns err, so that a failure is one line. */
int tb_fail_set(struct tb_fail *f, enum tb_exit status, int err, const char *fmt, ...) TB_PRINTF(4, 5);
/* The same for a system call: adds what errno says. Returns TB_E_IO. */
int tb_fail_errno(struct tb_fail *f, const char *fmt, ...) TB_PRINTF(2, 3);
void tb_fail_clear(struct tb_fail *f);
/* Everything that is not printable ASCII becomes '?': server data must not steer a terminal. */
void tb_printable(char *text);

/* Progress: one line without its end. */
struct tb_say {
    void (*line)(void *arg, const char *text);
    void *arg;
};
/* say may be NULL: silence. */
void tb_say(const struct tb_say *say, const char *fmt, ...) TB_PRINTF(2, 3);

#endif
