#include "ca/validator/caa_lookup.h"

#include <string.h>

#include "lib/base/clock.h"

static void queries_abandon(struct tb_caa_lookup *l)
{
    for (size_t i = 0; i < l->num_levels; i++) {
        tb_dns_query_abandon(l->level[i].query);
        l->level[i].query = NULL;
    }
}

static void finish(struct tb_caa_lookup *l)
{
    queries_abandon(l);
    l->done(l, l->arg);
}

static void set_evaluate(struct tb_caa_lookup *l, size_t level, const struct tb_dns_result *res)
{
    const char *identities[TB_CAA_IDENTITIES_MAX];

    for (size_t i = 0; i < l->cfg->num_caa_identities; i++)
        identities[i] = l->cfg->caa_identities[i];
    l->found = level;
    l->found_err = tb_caa_evaluate(res->rdata, res->num, l->ident, identities, l->cfg->num_caa_identities, &l->result);
}

static void decide_found(struct tb_caa_lookup *l, size_t level)
{
    const char *name = l->level[level].name;

    if (l->found_err != 0)
        (void)tb_problem_set(&l->problem, TB_E_DENIED, TB_P_CAA,
                             "the CAA records at %s forbid issuance for %s: a record is malformed, or critical and "
                             "not known here (RFC 8659 section 4.1)",
                             name, l->ident->value);
    else if (!l->result.unrestricted && l->result.num_grants == 0)
        (void)tb_problem_set(&l->problem, TB_E_DENIED, TB_P_CAA,
                             "the CAA records at %s do not name this CA for %s%s (RFC 8659 section 4)", name,
                             l->ident->wildcard ? "*." : "", l->ident->value);
}

/*
 * From the name upwards: nothing is decided beyond a level that has not answered, so a late error below a found set
 * still counts.
 */
static bool decide(struct tb_caa_lookup *l)
{
    enum tb_dnssec dnssec = TB_DNSSEC_SECURE;

    for (size_t i = 0; i < l->num_levels; i++) {
        const struct tb_caa_lookup_level *level = &l->level[i];

        if (level->state == TB_CAA_PENDING)
            return false;
        if (level->state == TB_CAA_FAILED) {
            (void)tb_problem_set(&l->problem, TB_E_IO, TB_P_DNS, "CAA lookup at %s for %s failed: %s", level->name,
                                 l->ident->value, tb_dns_err_text(level->err));
            return true;
        }
        dnssec = tb_dnssec_weaker(dnssec, level->dnssec);
        l->dnssec = dnssec;
        if (level->state == TB_CAA_FOUND) {
            decide_found(l, i);
            return true;
        }
    }
    l->result = (struct tb_caa_result){.unrestricted = true};
    return true;
}

static void level_set(struct tb_caa_lookup_level *level, const struct tb_dns_result *res)
{
    struct tb_caa_lookup *l = level->lookup;
    size_t i = (size_t)(level - l->level);

    level->err = res->err;
    level->dnssec = res->dnssec;
    if (res->err != 0)
        level->state = TB_CAA_FAILED;
    else if (res->num == 0)
        level->state = TB_CAA_EMPTY;
    else {
        level->state = TB_CAA_FOUND;
        /* Only the lowest set is kept: the data is borrowed, and a set above another never counts. */
        if (i < l->found)
            set_evaluate(l, i, res);
    }
}

static void level_answered(void *arg, const struct tb_dns_result *res)
{
    struct tb_caa_lookup_level *level = arg;
    struct tb_caa_lookup *l = level->lookup;

    level->query = NULL;
    if (l->cache != NULL && level != l->level)
        tb_caa_cache_put(l->cache, level->name, res, tb_clock_mono_ms());
    level_set(level, res);
    if (decide(l))
        finish(l);
}

static int levels_fill(struct tb_caa_lookup *l)
{
    const char *name = l->ident->value;

    while (name != NULL) {
        const char *dot = strchr(name, '.');

        if (l->num_levels == TB_CAA_LEVELS_MAX)
            return TB_E_LIMIT;
        l->level[l->num_levels++] = (struct tb_caa_lookup_level){.lookup = l, .name = name};
        name = dot != NULL ? dot + 1 : NULL;
    }
    return 0;
}

/* Never at the lowest level: its answer is what makes the lookup end later and not inside the call that starts it. */
static bool level_kept(struct tb_caa_lookup_level *level)
{
    struct tb_caa_lookup *l = level->lookup;
    struct tb_span rdata[TB_ANSWER_RECORDS_MAX];
    struct tb_dns_result res;

    if (l->cache == NULL || level == l->level ||
        !tb_caa_cache_get(l->cache, level->name, tb_clock_mono_ms(), rdata, &res))
        return false;
    level_set(level, &res);
    return true;
}

int tb_caa_lookup_start(struct tb_caa_lookup *l, struct tb_resolver *r, struct tb_caa_cache *cache,
                        const struct tb_config *cfg, const struct tb_ident *ident, tb_caa_done_fn *done, void *arg)
{
    int err;

    l->problem = (struct tb_problem){0};
    l->result = (struct tb_caa_result){0};
    l->dnssec = TB_DNSSEC_NONE;
    l->cfg = cfg;
    l->cache = cache;
    l->ident = ident;
    l->done = done;
    l->arg = arg;
    l->num_levels = 0;
    if (ident->type != TB_IDENT_DNS || ident->value[0] == '\0')
        return tb_problem_set(&l->problem, TB_E_INVAL, TB_P_SERVER_INTERNAL, "CAA is for DNS names");
    if ((err = levels_fill(l)) < 0)
        return tb_problem_set(&l->problem, err, TB_P_REJECTED_IDENTIFIER,
                              "%s has more than %d labels, which is where the CAA lookup stops", ident->value,
                              TB_CAA_LEVELS_MAX);
    l->found = l->num_levels;
    for (size_t i = 0; i < l->num_levels; i++) {
        struct tb_caa_lookup_level *level = &l->level[i];

        if (level_kept(level)) {
            /* What stands above a set is never looked at. */
            if (level->state == TB_CAA_FOUND)
                l->num_levels = i + 1;
            continue;
        }
        err = tb_resolver_query(r, level->name, TB_DNS_TYPE_CAA, level_answered, level, &level->query);
        if (err < 0) {
            queries_abandon(l);
            return tb_problem_set(&l->problem, err, TB_P_DNS, "CAA lookup at %s could not be started: %s", level->name,
                                  tb_err_text(err));
        }
    }
    return 0;
}

void tb_caa_lookup_skip(struct tb_caa_lookup *l)
{
    l->problem = (struct tb_problem){0};
    l->result = (struct tb_caa_result){.unrestricted = true, .not_asked = true};
    l->dnssec = TB_DNSSEC_NONE;
    l->num_levels = 0;
}

void tb_caa_lookup_cancel(struct tb_caa_lookup *l)
{
    queries_abandon(l);
    tb_problem_clear(&l->problem);
}

int tb_caa_lookup_allows(struct tb_caa_lookup *l, const char *account_url, enum tb_method method,
                         tb_purposes_t purposes)
{
    for (unsigned p = 1; p < TB_PURPOSE__COUNT; p++) {
        const struct tb_purpose_info *info = tb_purpose_info((enum tb_purpose)p);

        if ((purposes & TB_PURPOSE_BIT(p)) == 0 || info == NULL)
            continue;
        if (!tb_caa_allows(&l->result, account_url, method, (enum tb_purpose)p))
            return tb_problem_set(&l->problem, TB_E_DENIED, TB_P_CAA,
                                  "the CAA records for %s%s name this CA, but not for this account, method and purpose "
                                  "together (%s, %s; RFC 8657)",
                                  l->ident->wildcard ? "*." : "", l->ident->value, tb_method_info(method)->name,
                                  info->label);
    }
    return 0;
}
