/* What is demanded for each name, and what the account has of it. */

#include "ca/front/authz_make.h"
#include "ca/front/explain_parts.h"

void tb_explain_look(struct tb_explain *e)
{
    struct tb_front *f = e->front;

    for (size_t i = 0; i < e->num; i++) {
        struct tb_explained *x = &e->name[i];
        struct tb_claim claim;
        struct tb_authz a;

        if (x->refused)
            continue;
        claim = tb_claim_of(f, e->profile, TB_PROOF_CONTROL, &x->ident);
        x->methods = claim.methods;
        tb_explain_use_look(e, x);
        if (x->refused || e->account_url[0] == '\0' ||
            tb_store_authz_find(f->store, e->account.id, &x->ident, claim.purposes, claim.kind, tb_clock_now_s(), &a) <
                0)
            continue;
        x->authz = a.state;
        x->authz_expires_at = a.expires_at;
        tb_authz_clear(&a);
    }
}
