#include "lib/dns/caa_value.h"

#include <string.h>
#include <strings.h>

/* A cursor over the value; the grammar has no escapes, so every token is a span of it. */

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum_hyphen(uint8_t c)
{
    return is_alnum(c) || c == '-';
}

static bool is_domain_char(uint8_t c)
{
    return is_alnum_hyphen(c) || c == '.';
}

/* value = *(%x21-3A / %x3C-7E) */
static bool is_value_char(uint8_t c)
{
    return c >= 0x21 && c <= 0x7e && c != ';';
}

static void skip_blanks(struct tb_rd *rd)
{
    while (rd->left > 0 && is_blank(*rd->p)) {
        rd->p++;
        rd->left--;
    }
}

static struct tb_span take_while(struct tb_rd *rd, bool (*is)(uint8_t))
{
    struct tb_span s = tb_span_of(rd->p, 0);

    while (rd->left > 0 && is(*rd->p)) {
        rd->p++;
        rd->left--;
        s.len++;
    }
    return s;
}

static bool take_char(struct tb_rd *rd, uint8_t c)
{
    if (rd->left == 0 || *rd->p != c)
        return false;
    rd->p++;
    rd->left--;
    return true;
}

static bool label_is_sound(const uint8_t *p, size_t len)
{
    return len > 0 && len <= TB_DNS_LABEL_MAX && p[0] != '-' && p[len - 1] != '-';
}

/* issuer-domain-name = label *("." label); label = (ALPHA / DIGIT) *( *("-") (ALPHA / DIGIT)) */
static bool domain_is_sound(struct tb_span s)
{
    size_t start = 0;

    if (s.len > TB_IDENT_VALUE_MAX)
        return false;
    for (size_t i = 0; i <= s.len; i++)
        if (i == s.len || s.p[i] == '.') {
            if (!label_is_sound(s.p + start, i - start))
                return false;
            start = i + 1;
        }
    return true;
}

/* Each item of a comma list; an empty list is allowed, an empty item is not. */
static int each_item(struct tb_span list, int (*item)(struct tb_span one, struct tb_caa_grant *g),
                     struct tb_caa_grant *g)
{
    struct tb_rd rd = tb_rd_of(list);
    int r;

    if (list.len == 0)
        return 0;
    do {
        struct tb_span one = take_while(&rd, is_alnum_hyphen);

        if (one.len == 0)
            return TB_E_FORMAT;
        if ((r = item(one, g)) < 0)
            return r;
    } while (take_char(&rd, ','));
    return tb_rd_end(&rd) < 0 ? TB_E_FORMAT : 0;
}

/* RFC 8657 section 4: labels that we do not know are methods of others. */
static int add_method(struct tb_span one, struct tb_caa_grant *g)
{
    for (int m = TB_METHOD_NONE + 1; m < TB_METHOD__COUNT; m++) {
        const struct tb_method_info *info = tb_method_info((enum tb_method)m);

        if (info != NULL && tb_span_eq_str(one, info->caa_label))
            g->methods |= TB_METHOD_BIT(m);
    }
    return 0;
}

/* Our own parameter: an unknown purpose is a slip of somebody who wanted to restrict, so it permits nothing. */
static int add_purpose(struct tb_span one, struct tb_caa_grant *g)
{
    enum tb_purpose p = tb_purpose_find(one);

    if (p == TB_PURPOSE_NONE)
        return TB_E_FORMAT;
    g->purposes |= TB_PURPOSE_BIT(p);
    return 0;
}

static int set_account(struct tb_span v, struct tb_caa_grant *g)
{
    if (g->has_account || v.len == 0 || v.len > TB_CAA_URI_MAX)
        return TB_E_FORMAT;
    g->has_account = true;
    memcpy(g->account_url, v.p, v.len);
    g->account_url[v.len] = '\0';
    return 0;
}

static int set_methods(struct tb_span v, struct tb_caa_grant *g)
{
    if (g->has_methods)
        return TB_E_FORMAT;
    g->has_methods = true;
    return each_item(v, add_method, g);
}

static int set_purposes(struct tb_span v, struct tb_caa_grant *g)
{
    if (g->has_purposes)
        return TB_E_FORMAT;
    g->has_purposes = true;
    return each_item(v, add_purpose, g);
}

static const struct {
    const char *name;
    int (*set)(struct tb_span v, struct tb_caa_grant *g);
} params[] = {
    {"accounturi", set_account},
    {"validationmethods", set_methods},
    {"purposes", set_purposes},
};

/* parameter = tag *WSP "=" *WSP value; tags are case-insensitive, unknown ones are somebody else's. */
static int parse_param(struct tb_rd *rd, struct tb_caa_grant *g)
{
    struct tb_span tag = take_while(rd, is_alnum_hyphen);
    struct tb_span value;

    if (tag.len == 0 || !is_alnum(tag.p[0]) || !is_alnum(tag.p[tag.len - 1]))
        return TB_E_FORMAT;
    skip_blanks(rd);
    if (!take_char(rd, '='))
        return TB_E_FORMAT;
    skip_blanks(rd);
    value = take_while(rd, is_value_char);
    for (size_t i = 0; i < TB_ARRAY_LEN(params); i++)
        if (tag.len == strlen(params[i].name) && strncasecmp((const char *)tag.p, params[i].name, tag.len) == 0)
            return params[i].set(value, g);
    return 0;
}

/* parameters = (parameter *WSP ";" *WSP parameters) / parameter: nothing ends with a semicolon but an empty list. */
static int parse_params(struct tb_rd *rd, struct tb_caa_grant *g)
{
    int r;

    do {
        skip_blanks(rd);
        if ((r = parse_param(rd, g)) < 0)
            return r;
        skip_blanks(rd);
    } while (take_char(rd, ';'));
    return 0;
}

int tb_caa_value_parse(struct tb_span value, struct tb_span *out_issuer, struct tb_caa_grant *out)
{
    struct tb_rd rd = tb_rd_of(value);
    struct tb_caa_grant g = {0};
    struct tb_span issuer;
    int r;

    *out_issuer = tb_span_of(NULL, 0);
    *out = g;
    skip_blanks(&rd);
    issuer = take_while(&rd, is_domain_char);
    if (issuer.len > 0 && !domain_is_sound(issuer))
        return TB_E_FORMAT;
    skip_blanks(&rd);
    if (take_char(&rd, ';')) {
        skip_blanks(&rd);
        if (rd.left > 0 && (r = parse_params(&rd, &g)) < 0)
            return r;
    }
    if (tb_rd_end(&rd) < 0)
        return TB_E_FORMAT;
    *out_issuer = issuer;
    *out = g;
    return 0;
}
