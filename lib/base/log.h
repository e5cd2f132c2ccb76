/*
 * Log of the daemons, to standard error: text lines, or one JSON object a line.
 * Libraries do not log; only ca/, cli/ and client/ call this.  Values come
 * from outside and are escaped; secrets and key authorizations are never given.
 */
#ifndef TB_BASE_LOG_H
#define TB_BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/compiler.h"

enum tb_log_level { TB_LOG_ERROR, TB_LOG_WARN, TB_LOG_NOTICE, TB_LOG_INFO, TB_LOG_DEBUG, TB_LOG__COUNT };

#define TB_LOG_LINE_MAX 4000 /* below PIPE_BUF, so that lines of several processes never mix */

/* Role is a constant string that starts each line ("judge"). */
void tb_log_setup(const char *role, bool json, enum tb_log_level max);

/* A field of an event; the list ends with {0}. */
struct tb_log_field {
    const char *key; /* lower-case, constant */
    const char *str; /* NULL: the number counts */
    int64_t num;
};

/*
 * One event: a constant word ("finalize-refused") and fields.
 *     tb_log(TB_LOG_NOTICE, "issued", TB_F("serial", hex), TB_N("order", n));
 */
#define tb_log(level, event, ...)                                                                                      \
    tb_log_fields((level), (event), (const struct tb_log_field[]){__VA_ARGS__ __VA_OPT__(, ){0}})
#define TB_F(k, s)                                                                                                     \
    {                                                                                                                  \
        .key = (k), .str = (s) != NULL ? (s) : ""                                                                      \
    }
#define TB_N(k, n)                                                                                                     \
    {                                                                                                                  \
        .key = (k), .num = (int64_t)(n)                                                                                \
    }
void tb_log_fields(enum tb_log_level level, const char *event, const struct tb_log_field *fields);

/* Logs an error event with a formatted text and ends the process with status 1: for broken invariants only. */
void tb_fatal(const char *fmt, ...) TB_PRINTF(1, 2) TB_NORETURN;

#endif
