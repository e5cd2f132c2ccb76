#include "bench/json_strings.h"

#include <string.h>

struct tb_load_strings tb_load_strings_of(struct tb_span json)
{
    return (struct tb_load_strings){.rd = tb_rd_of(json)};
}

static void skip(struct tb_rd *rd, const char *of)
{
    while (rd->left > 0 && *rd->p != '\0' && strchr(of, *rd->p) != NULL) {
        rd->p++;
        rd->left--;
    }
}

static bool enter(struct tb_load_strings *s, bool object)
{
    if (s->depth == TB_LOAD_DEPTH_MAX)
        return false;
    s->depth++;
    s->name[s->depth] = object ? (struct tb_span){0} : s->name[s->depth - 1];
    s->object[s->depth] = object ? ++s->objects : s->object[s->depth - 1];
    return true;
}

static bool leave(struct tb_load_strings *s)
{
    if (s->depth == 0)
        return false;
    s->depth--;
    return true;
}

/* From behind the opening quote to behind the closing one. */
static bool text(struct tb_rd *rd, struct tb_span *out)
{
    const uint8_t *quote = rd->left > 0 ? memchr(rd->p, '"', rd->left) : NULL;

    if (quote == NULL)
        return false;
    *out = tb_span_of(rd->p, (size_t)(quote - rd->p));
    rd->p = quote + 1;
    rd->left -= out->len + 1;
    return out->len == 0 || memchr(out->p, '\\', out->len) == NULL;
}

/* A string is a name when a colon follows. */
static bool is_name(struct tb_load_strings *s, struct tb_span value)
{
    skip(&s->rd, " \t\r\n");
    if (s->rd.left == 0 || *s->rd.p != ':')
        return false;
    s->name[s->depth] = value;
    return true;
}

bool tb_load_strings_next(struct tb_load_strings *s, struct tb_load_string *out)
{
    struct tb_rd *rd = &s->rd;
    struct tb_span value;
    bool good = true;

    while (good && rd->left > 0) {
        uint8_t c = *rd->p;

        rd->p++;
        rd->left--;
        if (c == '{' || c == '[') {
            good = enter(s, c == '{');
        } else if (c == '}' || c == ']') {
            good = leave(s);
        } else if (c == '"') {
            good = text(rd, &value);
            if (good && !is_name(s, value)) {
                *out = (struct tb_load_string){s->depth, s->object[s->depth], s->name[s->depth], value};
                return true;
            }
        }
    }
    s->bad = !good || s->depth > 0;
    return false;
}
