/* Characters of HTTP (RFC 9110 section 5.6.2). Private to lib/http. */
#ifndef TB_HTTP_TOKEN_H
#define TB_HTTP_TOKEN_H

#include "lib/base/bytes.h"

static inline bool tb_http_tchar(uint8_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
        return true;
    switch (c) {
    case '!':
    case '#':
    case '$':
    case '%':
    case '&':
    case '\'':
    case '*':
    case '+':
    case '-':
    case '.':
    case '^':
    case '_':
    case '`':
    case '|':
    case '~':
        return true;
    default:
        return false;
    }
}

static inline bool tb_http_token(struct tb_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!tb_http_tchar(s.p[i]))
            return false;
    return s.len > 0;
}

/* Octets of a field value: everything but controls; tab is allowed. */
static inline bool tb_http_value(struct tb_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
            return false;
    return true;
}

#endif
