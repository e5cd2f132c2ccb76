#include "ca/config/edit.h"

#include <string.h>

/* The line from 1 on, with its end; false when the text has less. */
static bool find_line(struct tb_span text, unsigned line, struct tb_span *out)
{
    const uint8_t *p = text.p, *end = text.p + text.len;

    for (; p < end; line--) {
        const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
        const uint8_t *next = lf != NULL ? lf + 1 : end;

        if (line == 1) {
            *out = tb_span_of(p, (size_t)(next - p));
            return true;
        }
        p = next;
    }
    return false;
}

static size_t skip(struct tb_span s, size_t i, const char *chars)
{
    while (i < s.len && s.p[i] != '\0' && strchr(chars, s.p[i]) != NULL)
        i++;
    return i;
}

/* Where "KEY:" ends in the line; 0 when it is not there. */
static size_t end_of_key(struct tb_span s, const char *key)
{
    size_t len = strlen(key);
    size_t i = skip(s, 0, " ");

    if (i + 1 < s.len && s.p[i] == '-' && s.p[i + 1] == ' ')
        i = skip(s, i + 1, " ");
    if (s.len - i <= len || memcmp(s.p + i, key, len) != 0 || s.p[i + len] != ':')
        return 0;
    return i + len + 1;
}

/* The end of one word or of one quoted text from i on; 0 when there is none that ends on the line. */
static size_t end_of_word(struct tb_span s, size_t i)
{
    const uint8_t quote = i < s.len && (s.p[i] == '"' || s.p[i] == '\'') ? s.p[i] : 0;
    const uint8_t *close;

    if (quote == 0) {
        size_t end = i;

        while (end < s.len && strchr(" \t\r\n", s.p[end]) == NULL)
            end++;
        return end > i && strchr("#&*!|>[{%@`", s.p[i]) == NULL ? end : 0;
    }
    close = memchr(s.p + i + 1, quote, s.len - i - 1);
    return close != NULL && memchr(s.p + i, '\\', (size_t)(close - (s.p + i))) == NULL ? (size_t)(close + 1 - s.p) : 0;
}

static bool is_rest(struct tb_span s, size_t i)
{
    size_t k = skip(s, i, " \t\r\n");

    return k == s.len || (k > i && s.p[k] == '#');
}

static void put(struct tb_wr *out, struct tb_span s)
{
    tb_wr_bytes(out, s.p, s.len);
}

static void append(struct tb_wr *out, struct tb_span text, const char *key, const char *value)
{
    put(out, text);
    if (text.len > 0 && text.p[text.len - 1] != '\n')
        tb_wr_str(out, "\n");
    tb_wr_printf(out, "\n%s: %s\n", key, value);
}

int tb_edit_value(struct tb_wr *out, struct tb_span text, unsigned line, const char *key, const char *value)
{
    struct tb_span s;
    size_t colon, begin, end;

    if (line == 0) {
        append(out, text, key, value);
        return tb_wr_err(out);
    }
    if (!find_line(text, line, &s) || (colon = end_of_key(s, key)) == 0)
        return TB_E_UNSUPPORTED;
    begin = skip(s, colon, " ");
    end = end_of_word(s, begin);
    if (begin == colon || end == 0 || !is_rest(s, end))
        return TB_E_UNSUPPORTED;
    put(out, tb_span_of(text.p, (size_t)(s.p - text.p) + begin));
    tb_wr_str(out, value);
    put(out, tb_span_of(s.p + end, (size_t)(text.p + text.len - (s.p + end))));
    return tb_wr_err(out);
}

int tb_edit_insert(struct tb_wr *out, struct tb_span text, unsigned line, struct tb_span more)
{
    struct tb_span s;
    size_t end;

    if (line == 0 || !find_line(text, line, &s))
        return TB_E_NOTFOUND;
    end = (size_t)(s.p + s.len - text.p);
    put(out, tb_span_of(text.p, end));
    if (text.p[end - 1] != '\n')
        tb_wr_str(out, "\n");
    put(out, more);
    put(out, tb_span_of(text.p + end, text.len - end));
    return tb_wr_err(out);
}
