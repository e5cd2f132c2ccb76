#include "lib/base/amount.h"

#include <stdio.h>
#include <string.h>

int tb_value_number(const char *s, uint32_t *out)
{
    uint64_t v = 0;

    *out = 0;
    if (s[0] == '\0' || (s[0] == '0' && s[1] != '\0'))
        return TB_E_FORMAT;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '9')
            return TB_E_FORMAT;
        v = v * 10 + (uint64_t)(*s - '0');
        if (v > UINT32_MAX)
            return TB_E_LIMIT;
    }
    *out = (uint32_t)v;
    return 0;
}

static const struct {
    char letter;
    uint32_t seconds;
} units[] = {{'d', 86400}, {'h', 3600}, {'m', 60}, {'s', 1}}; /* largest first */

int tb_value_duration(const char *s, uint32_t *out_s)
{
    char digits[16];
    size_t len = strlen(s);
    uint32_t n;
    int err;

    *out_s = 0;
    if (len < 2 || len > sizeof(digits))
        return TB_E_FORMAT;
    memcpy(digits, s, len - 1);
    digits[len - 1] = '\0';
    err = tb_value_number(digits, &n);
    if (err != 0)
        return err;
    for (size_t i = 0; i < TB_ARRAY_LEN(units); i++) {
        if (units[i].letter != s[len - 1])
            continue;
        if (n > UINT32_MAX / units[i].seconds)
            return TB_E_LIMIT;
        *out_s = n * units[i].seconds;
        return 0;
    }
    return TB_E_FORMAT;
}

void tb_value_duration_text(char out[static 16], uint32_t s)
{
    /* 24h and 48h are what people write; days begin with the third. */
    size_t i = s < 3 * units[0].seconds ? 1 : 0;

    while (s == 0 ? units[i].seconds != 1 : s % units[i].seconds != 0)
        i++;
    snprintf(out, 16, "%u%c", s / units[i].seconds, units[i].letter);
}
