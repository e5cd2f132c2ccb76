#include "lib/policy/public_suffix.h"

#include <libpsl.h>

/* The library's context is the object: the type only keeps its header out of ours. */
static const psl_ctx_t *ctx_of(const struct tb_public_suffix *ps)
{
    return (const psl_ctx_t *)(const void *)ps;
}

int tb_public_suffix_open(const char *path, struct tb_public_suffix **out)
{
    bool own = path != NULL && path[0] != '\0';
    psl_ctx_t *psl = own ? psl_load_file(path) : psl_latest(NULL);

    *out = NULL;
    /* A file without a single rule is not a list: everything but single labels would pass. */
    if (psl == NULL || (!psl_is_public_suffix2(psl, "com", PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE))) {
        psl_free(psl);
        return TB_E_NOTFOUND;
    }
    *out = (struct tb_public_suffix *)(void *)psl;
    return 0;
}

void tb_public_suffix_free(struct tb_public_suffix *ps)
{
    psl_free((psl_ctx_t *)(void *)ps);
}

bool tb_public_suffix_forbids(const struct tb_public_suffix *ps, const struct tb_ident *ident)
{
    return ident->type == TB_IDENT_DNS && ident->wildcard &&
           psl_is_public_suffix2(ctx_of(ps), ident->value, PSL_TYPE_ICANN) != 0;
}
