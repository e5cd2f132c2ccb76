#include "lib/http/text.h"

bool tb_http_eq_nocase(struct tb_span s, const char *lower)
{
    for (size_t i = 0; i < s.len; i++) {
        uint8_t c = s.p[i];

        if (lower[i] == '\0' || (c >= 'A' && c <= 'Z' ? c | 0x20 : c) != (uint8_t)lower[i])
            return false;
    }
    return lower[s.len] == '\0';
}

struct tb_span tb_http_trim(struct tb_span s)
{
    while (s.len > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
        s = tb_span_of(s.p + 1, s.len - 1);
    while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
        s.len--;
    return s;
}
