#include "ca/front/early_renewal.h"

#include <string.h>

#include "lib/statement/account_limits.h"

static bool names(const struct tb_early_renewal *e, const struct tb_order *o)
{
    struct tb_limit_name n;

    if (e->name[0] == '\0')
        return true;
    if (tb_limit_name_parse(tb_span_str(e->name), &n) < 0)
        return false; /* the configuration was checked */
    for (size_t i = 0; i < o->num_idents; i++)
        if (tb_limit_name_covers(&n, &o->ident[i]))
            return true;
    return false;
}

const char *tb_early_renewal(const struct tb_config *cfg, const struct tb_order *o, struct tb_renewal_window *w)
{
    const char *out = NULL;
    tb_time_t start;

    for (size_t i = 0; i < cfg->num_early_renewals; i++) {
        const struct tb_early_renewal *e = &cfg->early_renewals[i];

        if (tb_rfc3339_parse(e->issued_before, &start) < 0 || o->issued_at >= start || w->start <= start)
            continue;
        if ((e->profile[0] != '\0' && strcmp(e->profile, o->profile) != 0) || !names(e, o))
            continue;
        tb_renewal_hasten(w, start, start + (tb_time_t)e->within_s);
        out = e->explanation; /* of the window that is shown */
    }
    return out;
}
