#include "ca/front/finalize_proofs.h"

#include <stdlib.h>

#include "ca/front/use.h"

void tb_finalize_proofs_free(struct tb_finalize_proofs *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->num_authz; i++)
        tb_authz_clear(&p->authz[i]);
    free(p);
}

int tb_finalize_proofs_add(struct tb_finalize_proofs *p, struct tb_span s)
{
    if (p->num == TB_MSG_FINALIZE_STATEMENTS_MAX)
        return TB_E_LIMIT;
    p->span[p->num++] = s;
    return 0;
}

static int add_authz(struct tb_front *f, struct tb_finalize_proofs *p, uint64_t id)
{
    struct tb_authz *a = &p->authz[p->num_authz];
    int r = tb_store_authz_get(f->store, id, a);

    if (r < 0)
        return r;
    p->num_authz++;
    for (size_t i = 0; r == 0 && i < a->num_statements; i++)
        r = tb_finalize_proofs_add(p, tb_span_of(a->statement[i].p, a->statement[i].len));
    return r;
}

/* One statement a name: the judge would take the newest anyway. */
static int add_made_before(struct tb_front *f, struct tb_finalize_proofs *p, const struct tb_order *o,
                           const uint8_t *spki_digest)
{
    const struct tb_profile *profile = tb_config_profile(f->cfg, o->profile, o->version);
    const struct tb_use_proof *proof = NULL;
    struct tb_account account;
    struct tb_use_proofs ps;
    int r = 0;

    if (profile == NULL || !profile->preproved)
        return 0;
    r = tb_store_account_get(f->store, o->account_id, &account);
    for (size_t i = 0; r == 0 && i < o->num_idents; i++) {
        struct tb_authz *a = &p->authz[p->num_authz];

        if ((r = tb_use_proofs_find(f, &account, profile, &o->ident[i], &ps)) < 0 ||
            (proof = tb_use_proofs_with(&ps, spki_digest)) == NULL)
            continue;
        if ((r = tb_store_authz_get(f->store, proof->authz_id, a)) < 0)
            break;
        p->num_authz++;
        r = tb_finalize_proofs_add(p, tb_use_statement(a, spki_digest));
    }
    return r;
}

int tb_finalize_proofs_load(struct tb_front *f, const struct tb_order *o,
                            const uint8_t spki_digest[static TB_DIGEST_LEN], struct tb_finalize_proofs **out)
{
    struct tb_finalize_proofs *p = malloc(sizeof(*p) + (o->num_authz + o->num_idents) * sizeof(p->authz[0]));
    int r = 0;

    *out = NULL;
    if (p == NULL)
        return TB_E_NOMEM;
    p->num_authz = p->num = 0;
    for (size_t i = 0; r == 0 && i < o->num_authz; i++)
        r = add_authz(f, p, o->authz_id[i]);
    if (r == 0)
        r = add_made_before(f, p, o, spki_digest);
    if (r < 0)
        tb_finalize_proofs_free(p);
    else
        *out = p;
    return r;
}
