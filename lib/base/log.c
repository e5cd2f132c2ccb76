#include "lib/base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

static struct {
    const char *role;
    bool json;
    enum tb_log_level max;
} cfg = {.role = "tabard", .max = TB_LOG_INFO};

static const char *const level_names[TB_LOG__COUNT] = {
    [TB_LOG_ERROR] = "error", [TB_LOG_WARN] = "warning", [TB_LOG_NOTICE] = "notice",
    [TB_LOG_INFO] = "info",   [TB_LOG_DEBUG] = "debug",
};

/* journald reads "<N>" at the start of a line as the syslog priority (sd-daemon(3)). */
static const int priorities[TB_LOG__COUNT] = {
    [TB_LOG_ERROR] = 3, [TB_LOG_WARN] = 4, [TB_LOG_NOTICE] = 5, [TB_LOG_INFO] = 6, [TB_LOG_DEBUG] = 7,
};

void tb_log_setup(const char *role, bool json, enum tb_log_level max)
{
    cfg.role = role;
    cfg.json = json;
    cfg.max = max;
}

/* Both formats escape alike: what is printable ASCII stays, quotes and the rest become JSON escapes. */
static void put_quoted(struct tb_wr *wr, const char *s)
{
    tb_wr_u8(wr, '"');
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;

        if (c == '"' || c == '\\')
            tb_wr_printf(wr, "\\%c", c);
        else if (c < 0x20 || c > 0x7e)
            tb_wr_printf(wr, "\\u%04x", c);
        else
            tb_wr_u8(wr, c);
    }
    tb_wr_u8(wr, '"');
}

static void put_field(struct tb_wr *wr, const struct tb_log_field *f)
{
    size_t before = wr->len;

    if (cfg.json)
        tb_wr_printf(wr, ",\"%s\":", f->key);
    else
        tb_wr_printf(wr, " %s=", f->key);
    if (f->str != NULL)
        put_quoted(wr, f->str);
    else
        tb_wr_printf(wr, "%lld", (long long)f->num);
    /* A field that does not fit is left out whole, so that the line stays well formed. */
    if (tb_wr_err(wr) != 0 || wr->max - wr->len < 4) {
        wr->err = 0;
        wr->len = before;
    }
}

static void write_line(const uint8_t *p, size_t len)
{
    ssize_t n;

    do {
        n = write(STDERR_FILENO, p, len);
    } while (n < 0 && errno == EINTR);
}

void tb_log_fields(enum tb_log_level level, const char *event, const struct tb_log_field *fields)
{
    char when[TB_RFC3339_LEN + 1];
    uint8_t line[TB_LOG_LINE_MAX];
    struct tb_wr wr;

    if (level > cfg.max)
        return;
    tb_wr_fixed(&wr, line, sizeof(line));
    tb_rfc3339_format(when, tb_clock_now_s());
    if (cfg.json)
        tb_wr_printf(&wr, "{\"time\":\"%s\",\"level\":\"%s\",\"process\":\"%s\",\"event\":\"%s\"", when,
                     level_names[level], cfg.role, event);
    else if (getenv("JOURNAL_STREAM") != NULL)
        tb_wr_printf(&wr, "<%d>%s: %s", priorities[level], cfg.role, event);
    else
        tb_wr_printf(&wr, "%s %s: %s: %s", when, level_names[level], cfg.role, event);
    for (; fields->key != NULL; fields++)
        put_field(&wr, fields);
    tb_wr_str(&wr, cfg.json ? "}\n" : "\n");
    write_line(line, wr.len);
}

void tb_fatal(const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    tb_log(TB_LOG_ERROR, "fatal", TB_F("text", text));
    exit(1);
}
