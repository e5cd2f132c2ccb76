/* Use in explain: who has proved a name with which key, and the command that is missing. */
#include <stdio.h>
#include <string.h>

#include "ca/front/authz_make.h"
#include "ca/front/explain_parts.h"
#include "ca/operation.h"

void tb_explain_use_look(struct tb_explain *e, struct tb_explained *x)
{
    const struct tb_claim claim = tb_claim_of(e->front, e->profile, TB_PROOF_USE, &x->ident);

    x->use_methods = claim.methods;
    if (claim.purposes == 0)
        return;
    if (claim.methods == 0) {
        x->refused = true;
        (void)tb_problem_set(&x->problem, 0, TB_P_REJECTED_IDENTIFIER, TB_USE_IMPOSSIBLE);
    } else if (e->account_url[0] != '\0' &&
               tb_use_proofs_find(e->front, &e->account, e->profile, &x->ident, &x->use) < 0) {
        x->use.num = 0;
    }
}

static bool has_key(const struct tb_explain *e, const struct tb_explained *x)
{
    return e->has_csr_key ? tb_use_proofs_with(&x->use, e->csr_digest) != NULL : x->use.num > 0;
}

bool tb_explain_use_proved(const struct tb_explain *e, const struct tb_explained *x)
{
    return x->use_methods == 0 || (e->profile->preproved && has_key(e, x));
}

static bool is_newest(const struct tb_use_proofs *ps, size_t i)
{
    return tb_use_proofs_with(ps, ps->proof[i].spki_digest) == &ps->proof[i];
}

/* For each key the end of its newest proof. */
static void put_keys(const struct tb_explained *x, struct tb_jw *jw)
{
    char hex[2 * TB_DIGEST_LEN + 1];

    tb_jw_key(jw, "use_proofs");
    tb_jw_obj(jw);
    for (size_t i = 0; i < x->use.num; i++)
        if (is_newest(&x->use, i)) {
            tb_use_key_text(hex, x->use.proof[i].spki_digest);
            tb_operation_time(jw, hex, x->use.proof[i].expires_at);
        }
    tb_jw_end_obj(jw);
}

void tb_explain_use_put(const struct tb_explain *e, const struct tb_explained *x, struct tb_jw *jw)
{
    char command[TB_USE_COMMAND_MAX + 1];

    if (x->use_methods == 0)
        return;
    tb_jw_kv(jw, "use_is_proved", e->profile->preproved ? "before the order" : "in the order, each time");
    if (e->account_url[0] != '\0') {
        put_keys(x, jw);
        if (e->has_csr_key) {
            tb_jw_key(jw, "csr_key_is_proved");
            tb_jw_bool(jw, has_key(e, x));
        }
    }
    if (!e->profile->preproved || has_key(e, x))
        return;
    tb_use_command(command, e->front->cfg, e->profile, &x->ident);
    tb_jw_kv(jw, "command", command);
}
