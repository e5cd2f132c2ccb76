/* Numbers and durations as people write them, in the configuration and on command lines. */
#ifndef TB_BASE_AMOUNT_H
#define TB_BASE_AMOUNT_H

#include <stdint.h>

#include "lib/base/err.h"

/* Decimal digits only, no sign, no leading zero. TB_E_FORMAT, TB_E_LIMIT beyond 32 bits. */
int tb_value_number(const char *s, uint32_t *out) TB_MUST_USE;
/* A whole number and one of s, m, h, d. */
int tb_value_duration(const char *s, uint32_t *out_s) TB_MUST_USE;
void tb_value_duration_text(char out[static 16], uint32_t s);

#endif
