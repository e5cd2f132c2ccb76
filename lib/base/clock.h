/* Time: one type across the tree, seconds since 1970-01-01T00:00:00Z. */
#ifndef TB_BASE_CLOCK_H
#define TB_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/compiler.h"

typedef int64_t tb_time_t;

#define TB_RFC3339_LEN 20 /* 2026-11-23T22:16:00Z, without NUL */

/* Wall clock. */
tb_time_t tb_clock_now_s(void);
uint64_t tb_clock_now_us(void);
/* Monotonic, for time-outs and measuring only. */
uint64_t tb_clock_mono_ms(void);
/* RFC 3339 UTC, for years 0 to 9999 (others are clamped). */
void tb_rfc3339_format(char out[static TB_RFC3339_LEN + 1], tb_time_t t);
/* YYYY-MM-DDThh:mm:ss[.fraction](Z|+hh:mm|-hh:mm), strict; the fraction is dropped. TB_E_FORMAT. */
int tb_rfc3339_parse(const char *s, tb_time_t *out) TB_MUST_USE;

#endif
