#include "lib/jose/outer.h"

#include <string.h>

#include "lib/base/b64u.h"

static void skip_blanks(struct tb_rd *rd)
{
    while (rd->left > 0 && (*rd->p == ' ' || *rd->p == '\t' || *rd->p == '\r' || *rd->p == '\n')) {
        rd->p++;
        rd->left--;
    }
}

/* Blanks and then c. */
static bool take(struct tb_rd *rd, uint8_t c)
{
    skip_blanks(rd);
    if (rd->left == 0 || *rd->p != c)
        return false;
    rd->p++;
    rd->left--;
    return true;
}

/* A string of the alphabet: a backslash, a control or a byte of UTF-8 is not in it, so what stands there is its value.
 */
static bool take_string(struct tb_rd *rd, struct tb_span *out)
{
    const uint8_t *quote;
    size_t n;

    if (!take(rd, '"') || (quote = rd->left > 0 ? memchr(rd->p, '"', rd->left) : NULL) == NULL)
        return false;
    n = (size_t)(quote - rd->p);
    *out = tb_span_of(rd->p, n);
    rd->p += n + 1;
    rd->left -= n + 1;
    return n == 0 || tb_b64u_alphabet(*out);
}

static bool take_member(struct tb_rd *rd, struct tb_jose_outer *out)
{
    struct {
        const char *name;
        struct tb_span *to;
    } members[] = {
        {"protected", &out->protected},
        {"payload", &out->payload},
        {"signature", &out->signature},
    };
    struct tb_span name;
    struct tb_span val;

    if (!take_string(rd, &name) || !take(rd, ':') || !take_string(rd, &val))
        return false;
    for (size_t i = 0; i < TB_ARRAY_LEN(members); i++) {
        if (!tb_span_eq_str(name, members[i].name))
            continue;
        if (members[i].to->p != NULL)
            return false;
        *members[i].to = val;
        return true;
    }
    return false;
}

bool tb_jose_outer_read(struct tb_span body, struct tb_jose_outer *out)
{
    struct tb_rd rd = tb_rd_of(body);
    struct tb_jose_outer o = {0};

    *out = o;
    /* Three members of three names, none twice: all are there. */
    if (!take(&rd, '{') || !take_member(&rd, &o) || !take(&rd, ',') || !take_member(&rd, &o) || !take(&rd, ',') ||
        !take_member(&rd, &o) || !take(&rd, '}'))
        return false;
    skip_blanks(&rd);
    if (rd.left != 0)
        return false;
    *out = o;
    return true;
}
