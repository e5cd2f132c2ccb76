/* Sentences about what is wrong in a configuration file. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ca/config/schema.h"
#include "ca/config/value.h"

int tb_config_refuse(char why[static TB_CONFIG_WHY_MAX + 1], const char *path, unsigned line, const char *fmt, ...)
{
    int n = snprintf(why, TB_CONFIG_WHY_MAX + 1, "%s:%u: ", path, line);
    va_list ap;

    if (n >= 0 && n <= TB_CONFIG_WHY_MAX) {
        va_start(ap, fmt);
        vsnprintf(why + n, (size_t)(TB_CONFIG_WHY_MAX + 1 - n), fmt, ap);
        va_end(ap);
    }
    return TB_E_CONFIG;
}

static void list_words(char *out, size_t cap, const struct tb_setting *s)
{
    size_t len = strlen(out);

    for (unsigned i = 0; i < s->num_words; i++) {
        const char *word = s->word(i);

        if (word == NULL || len >= cap)
            continue;
        snprintf(out + len, cap - len, "%s%s", len > 0 && out[len - 1] != ' ' ? ", " : "", word);
        len = strlen(out);
    }
}

void tb_setting_expect(char *out, size_t cap, const struct tb_setting *s)
{
    char lo[16], hi[16];

    out[0] = '\0';
    switch (s->shape) {
    case TB_SHAPE_TEXT:
        snprintf(out, cap, "%s%s, at most %u characters", s->expect, s->min > 0 ? "" : " (or \"\")", s->max);
        return;
    case TB_SHAPE_NUMBER:
        snprintf(out, cap, "a whole number from %u to %u", s->min, s->max);
        return;
    case TB_SHAPE_DURATION:
        tb_value_duration_text(lo, s->min);
        tb_value_duration_text(hi, s->max);
        snprintf(out, cap, "a whole number with s, m, h or d, from %s to %s", lo, hi);
        return;
    case TB_SHAPE_BOOL:
        snprintf(out, cap, "true or false");
        return;
    case TB_SHAPE_HEX:
        snprintf(out, cap, "%zu hexadecimal digits", 2 * s->size);
        return;
    case TB_SHAPE_LISTEN:
        snprintf(out, cap, "ADDRESS:PORT such as 192.0.2.1:443 or [2001:db8::1]:443%s", s->min > 0 ? "" : ", or off");
        return;
    case TB_SHAPE_NET:
        snprintf(out, cap, "ADDRESS/LENGTH with all bits after LENGTH zero, at least /8 (IPv4) or /7 (IPv6)");
        return;
    case TB_SHAPE_CHOICE:
        snprintf(out, cap, "one of ");
        list_words(out, cap, s);
        return;
    case TB_SHAPE_BITS:
    case TB_SHAPE_FLAGS:
        snprintf(out, cap, "a sequence of %s of ", s->min > 0 ? "one or more" : "any");
        list_words(out, cap, s);
        return;
    case TB_SHAPE_LIST:
    case TB_SHAPE_MAPS:
        snprintf(out, cap, "a sequence of %u to %u entries", s->min, s->max);
        return;
    case TB_SHAPE_MAP:
        snprintf(out, cap, "a mapping");
        return;
    case TB_SHAPE__COUNT:
        return;
    }
}

/* A value as a message shows it: cut, and harmless on a terminal. */
void tb_setting_show(char out[static TB_FOUND_MAX + 8], const char *text)
{
    size_t n = 0;

    out[n++] = '"';
    for (; *text != '\0' && n <= TB_FOUND_MAX; text++)
        out[n++] = *text >= ' ' && *text <= '~' ? *text : '?';
    if (*text != '\0')
        n += (size_t)sprintf(out + n, "...");
    out[n++] = '"';
    out[n] = '\0';
}
