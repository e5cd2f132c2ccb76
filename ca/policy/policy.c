#include "ca/policy/policy.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pki/constraints.h"
#include "lib/policy/name_rules.h"
#include "lib/policy/public_suffix.h"

#define CAS_MAX 2 /* above one issuer's leaves: issuing CA and root */

struct tb_policy {
    const struct tb_config *cfg;
    struct tb_public_suffix *suffixes;
    struct tb_name_rules *allow[TB_CONFIG_NUM_NAMES_MAX], *deny[TB_CONFIG_NUM_NAMES_MAX]; /* as in cfg->names */
    struct tb_name_rules *ancestors[TB_CONFIG_NUM_NAMES_MAX];
    NAME_CONSTRAINTS *constraints[TB_ISSUER__COUNT][CAS_MAX];
    size_t num_constraints[TB_ISSUER__COUNT];
};

/* --- making ---------------------------------------------------------------------------------------------------- */

static int add_lists(struct tb_policy *p)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < p->cfg->num_names; i++) {
        const struct tb_names *n = &p->cfg->names[i];

        if ((r = tb_name_rules_new(n->allow, n->num_allow, &p->allow[i])) == 0 &&
            (r = tb_name_rules_new(n->deny, n->num_deny, &p->deny[i])) == 0)
            r = tb_name_rules_new(n->ancestors, n->num_ancestors, &p->ancestors[i]);
    }
    return r;
}

/* Wildcards, or whole domains. */
static bool needs_suffixes(const struct tb_config *cfg)
{
    for (size_t i = 0; i < cfg->num_names; i++)
        if (cfg->names[i].num_ancestors > 0)
            return true;
    for (size_t i = 0; i < cfg->num_profiles; i++)
        if (cfg->profiles[i].offered && cfg->profiles[i].ident_wildcard)
            return true;
    return false;
}

/* A list that was named must be there; without any, a CA that needs one does not start. */
static int add_suffixes(struct tb_policy *p, char *why)
{
    const char *path = p->cfg->public_suffix_list;

    if (tb_public_suffix_open(path, &p->suffixes) == 0)
        return 0;
    if (path[0] == '\0' && !needs_suffixes(p->cfg))
        return 0;
    snprintf(why, TB_CONFIG_WHY_MAX + 1,
             "public_suffix_list: %s cannot be read; expected a list of public suffixes in text or DAFSA form, which "
             "wildcards and ancestors are held against",
             path[0] != '\0' ? path : "the list of the system");
    return TB_E_CONFIG;
}

int tb_policy_new(const struct tb_config *cfg, struct tb_policy **out, char why[static TB_CONFIG_WHY_MAX + 1])
{
    struct tb_policy *p = calloc(1, sizeof(*p));
    int r = TB_E_NOMEM;

    *out = NULL;
    why[0] = '\0';
    if (p != NULL) {
        p->cfg = cfg;
        if ((r = add_lists(p)) == 0)
            r = add_suffixes(p, why);
    }
    if (r < 0) {
        if (why[0] == '\0')
            snprintf(why, TB_CONFIG_WHY_MAX + 1, "names: %s", tb_err_text(r));
        tb_policy_free(p);
        return r;
    }
    *out = p;
    return 0;
}

int tb_policy_add_ca(struct tb_policy *p, enum tb_issuer issuer, struct tb_span der)
{
    NAME_CONSTRAINTS *nc = NULL;
    int r = tb_constraints_read(der, &nc);

    if (r < 0 || nc == NULL)
        return r;
    if (issuer <= TB_ISSUER_NONE || issuer >= TB_ISSUER__COUNT || p->num_constraints[issuer] == CAS_MAX) {
        NAME_CONSTRAINTS_free(nc);
        return TB_E_LIMIT;
    }
    p->constraints[issuer][p->num_constraints[issuer]++] = nc;
    return 0;
}

void tb_policy_free(struct tb_policy *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < TB_CONFIG_NUM_NAMES_MAX; i++) {
        tb_name_rules_free(p->allow[i]);
        tb_name_rules_free(p->deny[i]);
        tb_name_rules_free(p->ancestors[i]);
    }
    for (size_t i = 0; i < TB_ISSUER__COUNT; i++)
        for (size_t k = 0; k < CAS_MAX; k++)
            NAME_CONSTRAINTS_free(p->constraints[i][k]);
    tb_public_suffix_free(p->suffixes);
    free(p);
}

/* --- asking ---------------------------------------------------------------------------------------------------- */

static int refuse(struct tb_policy_refusal *out, const char *reason, const char *fmt, ...) TB_PRINTF(3, 4);
static int refuse(struct tb_policy_refusal *out, const char *reason, const char *fmt, ...)
{
    va_list ap;

    out->reason = reason;
    va_start(ap, fmt);
    vsnprintf(out->why, sizeof(out->why), fmt, ap);
    va_end(ap);
    return TB_E_DENIED;
}

static int check_profile(const struct tb_policy *p TB_UNUSED, const struct tb_profile *profile,
                         const struct tb_ident *ident, struct tb_policy_refusal *out)
{
    const char *why;

    if (tb_profile_serves(profile, ident, &why))
        return 0;
    return refuse(out, "name-not-served", "profile %s: %s", profile->name,
                  why != NULL ? why : "does not serve this name");
}

static bool concerns(const struct tb_names *n, const struct tb_profile *profile)
{
    return n->profile[0] == '\0' || strcmp(n->profile, profile->name) == 0;
}

/* Of all lists that concern the profile: whatever one of them denies, or does not allow, is refused. */
static int check_lists(const struct tb_policy *p, const struct tb_profile *profile, const struct tb_ident *ident,
                       struct tb_policy_refusal *out)
{
    for (size_t i = 0; i < p->cfg->num_names; i++) {
        const char *of = p->cfg->names[i].profile;
        const char *rule;

        if (!concerns(&p->cfg->names[i], profile))
            continue;
        if ((rule = tb_name_rules_touch(p->deny[i], ident)) != NULL)
            return refuse(out, "name-denied", "the CA's rule \"%s\" denies this name", rule);
        if (tb_name_rules_cover(p->allow[i], ident) == NULL)
            return refuse(out, "name-not-allowed", "no rule of the CA allows this name%s%s",
                          of[0] != '\0' ? " under profile " : "", of);
    }
    return 0;
}

static int check_wildcard(const struct tb_policy *p, const struct tb_profile *profile TB_UNUSED,
                          const struct tb_ident *ident, struct tb_policy_refusal *out)
{
    if (!ident->wildcard)
        return 0;
    if (p->suffixes == NULL)
        return refuse(out, "wildcard-without-list", "wildcards are not served without a list of public suffixes");
    if (tb_public_suffix_forbids(p->suffixes, ident))
        return refuse(out, "wildcard-public-suffix",
                      "\"%s\" is a public suffix: a wildcard below it would name what others own", ident->value);
    return 0;
}

static int check_constraints(const struct tb_policy *p, const struct tb_profile *profile, const struct tb_ident *ident,
                             struct tb_policy_refusal *out)
{
    static const char *const why[] = {
        [TB_CONSTRAINT_OUTSIDE] = "the CA certificate's name constraints do not permit this name",
        [TB_CONSTRAINT_EXCLUDED] = "the CA certificate's name constraints exclude this name",
        [TB_CONSTRAINT_UNKNOWN] = "the CA certificate's name constraints are of a form that is not understood",
    };
    enum tb_constraint kept;
    int r;

    if (profile->issuer >= TB_ISSUER__COUNT)
        return TB_E_INVAL;
    for (size_t i = 0; i < p->num_constraints[profile->issuer]; i++) {
        r = tb_constraints_check_ident(p->constraints[profile->issuer][i], ident, profile->cn == TB_CN_FIRST_DNS,
                                       &kept);
        if (r < 0)
            return r;
        if (kept != TB_CONSTRAINT_KEPT)
            return refuse(out, "name-constraint", "%s", why[kept]);
    }
    return 0;
}

static int (*const checks[])(const struct tb_policy *p, const struct tb_profile *profile, const struct tb_ident *ident,
                             struct tb_policy_refusal *out) = {
    check_profile,
    check_lists,
    check_wildcard,
    check_constraints,
};

int tb_policy_check(const struct tb_policy *p, const struct tb_profile *profile, const struct tb_ident *ident,
                    struct tb_policy_refusal *out)
{
    int r = 0;

    *out = (struct tb_policy_refusal){0};
    for (size_t i = 0; r == 0 && i < TB_ARRAY_LEN(checks); i++)
        r = checks[i](p, profile, ident, out);
    return r;
}

bool tb_policy_has_ancestors(const struct tb_policy *p, const struct tb_profile *profile)
{
    bool out = false;

    for (size_t i = 0; i < p->cfg->num_names; i++)
        out = out || (p->cfg->names[i].num_ancestors > 0 && concerns(&p->cfg->names[i], profile));
    return out;
}

/* One list that names the domain is enough: unlike allow, ancestors gives what is not there without it. */
int tb_policy_ancestor(const struct tb_policy *p, const struct tb_profile *profile, const char *domain,
                       struct tb_policy_refusal *out)
{
    struct tb_ident id = {.type = TB_IDENT_DNS};
    bool named = false;

    *out = (struct tb_policy_refusal){0};
    snprintf(id.value, sizeof(id.value), "%s", domain);
    for (size_t i = 0; i < p->cfg->num_names; i++)
        named = named || (concerns(&p->cfg->names[i], profile) && tb_name_rules_cover(p->ancestors[i], &id) != NULL);
    if (!named) {
        (void)refuse(out, "ancestor-not-allowed", "the CA has no rule by which \"%s\" stands for the names below it",
                     domain);
        return TB_E_NOTFOUND;
    }
    id.wildcard = true; /* what is just below is a part of what is below */
    if (p->suffixes == NULL || tb_public_suffix_forbids(p->suffixes, &id))
        return refuse(out, "ancestor-public-suffix", "\"%s\" is a public suffix: the names below it are of others",
                      domain);
    return 0;
}
