#include "lib/statement/account_limits.h"

#include <string.h>

int tb_limit_name_parse(struct tb_span text, struct tb_limit_name *out)
{
    struct tb_limit_name n = {.below = text.len > 0 && text.p[0] == '.'};

    *out = (struct tb_limit_name){0};
    if (n.below)
        text = tb_span_of(text.p + 1, text.len - 1);
    if (tb_ident_parse(TB_IDENT_DNS, text, &n.ident, NULL) < 0 &&
        (n.below || tb_ident_parse(TB_IDENT_IP, text, &n.ident, NULL) < 0))
        return TB_E_FORMAT;
    if (n.below && n.ident.wildcard)
        return TB_E_FORMAT;
    *out = n;
    return 0;
}

bool tb_limit_name_covers(const struct tb_limit_name *n, const struct tb_ident *ident)
{
    if (!n->below)
        return tb_ident_eq(&n->ident, ident);
    if (ident->type != TB_IDENT_DNS || !tb_dns_name_under(ident->value, n->ident.value))
        return false;
    /* All that a wildcard of the name itself matches lies below the name. */
    return ident->wildcard || strcmp(ident->value, n->ident.value) != 0;
}

bool tb_account_limits_allow_name(const struct tb_account_limits *l, const struct tb_ident *ident)
{
    if (l->any_name)
        return true;
    for (size_t i = 0; i < l->num_names; i++)
        if (tb_limit_name_covers(&l->name[i], ident))
            return true;
    return false;
}

bool tb_account_limits_allow_profile(const struct tb_account_limits *l, const char *profile)
{
    if (l->any_profile)
        return true;
    for (size_t i = 0; i < l->num_profiles; i++)
        if (strcmp(l->profile[i], profile) == 0)
            return true;
    return false;
}

void tb_account_limits_write(struct tb_wr *wr, const struct tb_account_limits *l)
{
    tb_wr_u8(wr, l->any_name);
    tb_wr_u8(wr, l->num_names);
    for (size_t i = 0; i < l->num_names; i++) {
        tb_wr_u8(wr, l->name[i].below);
        tb_ident_write(wr, &l->name[i].ident);
    }
    tb_wr_u8(wr, l->any_profile);
    tb_wr_u8(wr, l->num_profiles);
    for (size_t i = 0; i < l->num_profiles; i++)
        tb_wr_str16(wr, l->profile[i]);
}

static int read_flag(struct tb_rd *rd, bool *out)
{
    uint8_t v = 0;
    int r = tb_rd_u8(rd, &v);

    *out = v == 1;
    return r < 0 ? r : v > 1 ? TB_E_FORMAT : 0;
}

/* "Any", and how many otherwise: of both only one says something. */
static int read_head(struct tb_rd *rd, unsigned max, bool *out_any, uint8_t *out_num)
{
    int r;

    if ((r = read_flag(rd, out_any)) < 0 || (r = tb_rd_u8(rd, out_num)) < 0)
        return r;
    if (*out_num > max)
        return TB_E_LIMIT;
    return *out_any && *out_num != 0 ? TB_E_FORMAT : 0;
}

int tb_limit_name_cmp(const struct tb_limit_name *a, const struct tb_limit_name *b)
{
    return a->below != b->below ? a->below - b->below : tb_ident_cmp(&a->ident, &b->ident);
}

static int read_name(struct tb_rd *rd, struct tb_account_limits *l, size_t i)
{
    struct tb_limit_name *n = &l->name[i];
    int r;

    if ((r = read_flag(rd, &n->below)) < 0 || (r = tb_ident_read(rd, &n->ident)) < 0)
        return r;
    if (n->below && (n->ident.type != TB_IDENT_DNS || n->ident.wildcard))
        return TB_E_FORMAT;
    return i > 0 && tb_limit_name_cmp(&l->name[i - 1], n) >= 0 ? TB_E_FORMAT : 0;
}

static int read_profile(struct tb_rd *rd, struct tb_account_limits *l, size_t i)
{
    int r = tb_rd_str16(rd, l->profile[i], sizeof(l->profile[i]));

    if (r < 0)
        return r;
    if (l->profile[i][0] == '\0')
        return TB_E_FORMAT;
    return i > 0 && strcmp(l->profile[i - 1], l->profile[i]) >= 0 ? TB_E_FORMAT : 0;
}

static int read_all(struct tb_rd *rd, struct tb_account_limits *l)
{
    int r;

    if ((r = read_head(rd, TB_LIMIT_NAMES_MAX, &l->any_name, &l->num_names)) < 0)
        return r;
    for (size_t i = 0; i < l->num_names; i++)
        if ((r = read_name(rd, l, i)) < 0)
            return r;
    if ((r = read_head(rd, TB_LIMIT_PROFILES_MAX, &l->any_profile, &l->num_profiles)) < 0)
        return r;
    for (size_t i = 0; i < l->num_profiles; i++)
        if ((r = read_profile(rd, l, i)) < 0)
            return r;
    return 0;
}

int tb_account_limits_read(struct tb_rd *rd, struct tb_account_limits *out)
{
    struct tb_rd at = *rd;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = read_all(&at, out)) < 0)
        memset(out, 0, sizeof(*out));
    else
        *rd = at;
    return r;
}
