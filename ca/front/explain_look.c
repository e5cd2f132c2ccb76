/* What is demanded for each name, and what the account has of it. */
#include <string.h>

#include "ca/front/ancestor.h"
#include "ca/front/explain_parts.h"

/* Of the name alone; where that is not valid, of a domain above whose authorization an order would take up. */
static void look_authz(struct tb_explain *e, struct tb_explained *x, const struct tb_claim *claim)
{
    struct tb_front *f = e->front;
    tb_time_t now = tb_clock_now_s();
    struct tb_authz a;

    if (tb_store_authz_find(f->store, e->account.id, &x->ident, claim->purposes, claim->kind, now, &a) == 0) {
        x->authz = a.state;
        x->authz_expires_at = a.expires_at;
        tb_authz_clear(&a);
    }
    if (x->authz != TB_AUTHZ_VALID && tb_ancestor_find(f, &e->account, e->profile, &x->ident, now, &a) == 0) {
        x->authz = a.state;
        x->authz_expires_at = a.expires_at;
        memcpy(x->authz_of, a.ident.value, sizeof(x->authz_of));
        tb_authz_clear(&a);
    }
}

void tb_explain_look(struct tb_explain *e)
{
    struct tb_front *f = e->front;

    for (size_t i = 0; i < e->num; i++) {
        struct tb_explained *x = &e->name[i];
        struct tb_claim claim;

        if (x->refused)
            continue;
        claim = tb_claim_of(f, e->profile, TB_PROOF_CONTROL, &x->ident);
        x->methods = claim.methods;
        tb_explain_use_look(e, x);
        if (!x->refused && e->account_url[0] != '\0')
            look_authz(e, x, &claim);
    }
}
