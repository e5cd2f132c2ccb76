#include "client/fail.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tb_printable(char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || (unsigned char)*text > 0x7e)
            *text = '?';
}

int tb_fail_set(struct tb_fail *f, enum tb_exit status, int err, const char *fmt, ...)
{
    va_list ap;

    if (f == NULL || f->status != TB_EXIT_OK)
        return err;
    f->status = status;
    va_start(ap, fmt);
    vsnprintf(f->text, sizeof(f->text), fmt, ap);
    va_end(ap);
    tb_printable(f->text);
    return err;
}

int tb_fail_errno(struct tb_fail *f, const char *fmt, ...)
{
    int saved = errno;
    size_t len;
    va_list ap;

    if (f == NULL || f->status != TB_EXIT_OK)
        return TB_E_IO;
    f->status = TB_EXIT_LOCAL;
    va_start(ap, fmt);
    vsnprintf(f->text, sizeof(f->text), fmt, ap);
    va_end(ap);
    len = strlen(f->text);
    snprintf(f->text + len, sizeof(f->text) - len, ": %s", strerror(saved));
    tb_printable(f->text);
    errno = saved;
    return TB_E_IO;
}

void tb_fail_clear(struct tb_fail *f)
{
    *f = (struct tb_fail){0};
}

void tb_say(const struct tb_say *say, const char *fmt, ...)
{
    char text[TB_FAIL_TEXT_MAX + 1];
    va_list ap;

    if (say == NULL || say->line == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    tb_printable(text);
    say->line(say->arg, text);
}
