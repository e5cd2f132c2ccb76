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

/* Up to the next quote. Whether that ends the string is for the caller to say: a backslash must not be in it. */
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
    return true;
}

/* A backslash, a control or a byte of UTF-8 is in neither alphabet, so what stands there is the value. */
static bool is_b64u(struct tb_span s)
{
    return s.len == 0 || tb_b64u_alphabet(s);
}

static bool is_printable(struct tb_span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7e || s.p[i] == '\\')
            return false;
    return true;
}

struct member {
    const char *name;
    struct tb_span *to; /* p is NULL until the member was read */
};
struct shape {
    const struct member *members;
    size_t num;
    bool (*is_plain)(struct tb_span);
};

static bool take_member(struct tb_rd *rd, const struct shape *shape)
{
    struct tb_span name;
    struct tb_span val;

    if (!take_string(rd, &name) || !take(rd, ':') || !take_string(rd, &val) || !shape->is_plain(val))
        return false;
    for (size_t i = 0; i < shape->num; i++) {
        if (!tb_span_eq_str(name, shape->members[i].name))
            continue;
        if (shape->members[i].to->p != NULL)
            return false;
        *shape->members[i].to = val;
        return true;
    }
    return false;
}

static bool read_object(struct tb_span text, const struct shape *shape)
{
    struct tb_rd rd = tb_rd_of(text);

    if (!take(&rd, '{'))
        return false;
    do {
        if (!take_member(&rd, shape))
            return false;
    } while (take(&rd, ','));
    if (!take(&rd, '}'))
        return false;
    skip_blanks(&rd);
    return rd.left == 0;
}

bool tb_jose_outer_read(struct tb_span body, struct tb_jose_outer *out)
{
    const struct member members[] = {
        {"protected", &out->protected},
        {"payload", &out->payload},
        {"signature", &out->signature},
    };

    *out = (struct tb_jose_outer){0};
    return read_object(body, &(struct shape){members, TB_ARRAY_LEN(members), is_b64u}) && out->protected.p != NULL &&
           out->payload.p != NULL && out->signature.p != NULL;
}

bool tb_jose_header_read(struct tb_span text, struct tb_jose_header *out)
{
    const struct member members[] = {
        {"alg", &out->alg},
        {"kid", &out->kid},
        {"nonce", &out->nonce},
        {"url", &out->url},
    };

    *out = (struct tb_jose_header){0};
    return read_object(text, &(struct shape){members, TB_ARRAY_LEN(members), is_printable}) && out->alg.p != NULL &&
           out->kid.p != NULL && out->url.p != NULL;
}
