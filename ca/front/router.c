#include "ca/front/router.h"

#include <stdio.h>
#include <string.h>

struct tb_span tb_route_path(struct tb_span target)
{
    const uint8_t *q = target.len > 0 ? memchr(target.p, '?', target.len) : NULL;

    return q == NULL ? target : tb_span_of(target.p, (size_t)(q - target.p));
}

/* Length of the segment at p: up to the next slash. */
static size_t segment(const uint8_t *p, size_t left)
{
    const uint8_t *slash = left > 0 ? memchr(p, '/', left) : NULL;

    return slash == NULL ? left : (size_t)(slash - p);
}

bool tb_route_match(const char *pattern, struct tb_span path, struct tb_route_params *out)
{
    struct tb_route_params params = {0};
    size_t at = 0;

    for (; *pattern != '\0'; pattern++) {
        if (*pattern != '?') {
            if (at >= path.len || path.p[at] != (uint8_t)*pattern)
                return false;
            at++;
            continue;
        }
        size_t n = segment(path.p + at, path.len - at);

        if (n == 0 || params.num == TB_ROUTE_PARAMS_MAX)
            return false;
        params.param[params.num++] = tb_span_of(path.p + at, n);
        at += n;
    }
    if (at != path.len)
        return false;
    *out = params;
    return true;
}

const struct tb_route *tb_route_find(const struct tb_route *table, size_t num, struct tb_span path,
                                     struct tb_route_params *out)
{
    *out = (struct tb_route_params){0};
    for (size_t i = 0; i < num; i++)
        if (tb_route_match(table[i].pattern, path, out))
            return &table[i];
    return NULL;
}

void tb_route_allow(char *out, size_t cap, unsigned methods)
{
    static const char *const names[TB_HTTP__COUNT] = {
        [TB_HTTP_GET] = "GET",
        [TB_HTTP_HEAD] = "HEAD",
        [TB_HTTP_POST] = "POST",
        [TB_HTTP_OPTIONS] = "OPTIONS",
    };
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < TB_HTTP__COUNT; i++) {
        int n;

        if ((methods & TB_METHOD_MASK(i)) == 0 || names[i] == NULL)
            continue;
        n = snprintf(out + len, cap - len, "%s%s", len > 0 ? ", " : "", names[i]);
        if (n < 0 || (size_t)n >= cap - len)
            return;
        len += (size_t)n;
    }
}
