#include "ca/front/use.h"

#include <stdio.h>
#include <string.h>

#include "ca/front/authz_make.h"
#include "ca/front/objects.h"
#include "lib/statement/statement.h"

bool tb_use_is_served(const struct tb_front *f)
{
    return f->cfg->responder_address[0] != '\0';
}

void tb_use_put_responders(const struct tb_front *f, struct tb_jw *jw)
{
    tb_jw_key(jw, "responders");
    tb_jw_arr(jw);
    tb_jw_str(jw, f->cfg->responder_address);
    tb_jw_end_arr(jw);
}

bool tb_use_in_order(const struct tb_profile *p)
{
    return tb_claim_purposes(p, TB_PROOF_USE) != 0 && !p->preproved;
}

uint32_t tb_use_valid_s(const struct tb_config *cfg)
{
    uint32_t out = cfg->limits.authz_valid_s;

    for (size_t i = 0; i < cfg->num_profiles; i++)
        if (cfg->profiles[i].offered && cfg->profiles[i].use_methods != 0 && cfg->profiles[i].use_age_s < out)
            out = cfg->profiles[i].use_age_s;
    return out;
}

/* --- what was proved ------------------------------------------------------------------------------------------- */

static bool peek(const struct tb_authz *a, size_t i, struct tb_statement *out)
{
    return tb_statement_peek(tb_span_of(a->statement[i].p, a->statement[i].len), out) == 0 && out->kind == TB_PROOF_USE;
}

static void add(struct tb_use_proofs *ps, const struct tb_authz *a, const struct tb_profile *p, tb_time_t now)
{
    struct tb_statement s;

    for (size_t i = 0; i < a->num_statements && ps->num < TB_USE_PROOFS_MAX; i++) {
        struct tb_use_proof *to = &ps->proof[ps->num];

        if (!peek(a, i, &s) || (p->use_methods & TB_METHOD_BIT(s.method)) == 0)
            continue;
        to->authz_id = a->id;
        to->expires_at = s.made_at + (tb_time_t)p->use_age_s;
        if (to->expires_at > a->expires_at)
            to->expires_at = a->expires_at;
        memcpy(to->spki_digest, s.spki_digest, TB_DIGEST_LEN);
        ps->num += to->expires_at > now;
    }
}

int tb_use_proofs_find(struct tb_front *f, const struct tb_account *account, const struct tb_profile *p,
                       const struct tb_ident *ident, struct tb_use_proofs *out)
{
    tb_time_t now = tb_clock_now_s();
    uint64_t id[TB_USE_PROOFS_MAX];
    struct tb_authz a;
    size_t num;
    int r = tb_store_authz_list_valid(f->store, account->id, ident, tb_claim_purposes(p, TB_PROOF_USE), TB_PROOF_USE,
                                      now, TB_USE_PROOFS_MAX, id, &num);

    out->num = 0;
    for (size_t i = 0; r == 0 && i < num; i++) {
        if ((r = tb_store_authz_get(f->store, id[i], &a)) < 0)
            break;
        if (!tb_authz_outlived(&a, account) && memcmp(a.policy_digest, f->cfg->policy_digest, TB_DIGEST_LEN) == 0)
            add(out, &a, p, now);
        tb_authz_clear(&a);
    }
    return r;
}

/* Likewise of an order's own authorization: those of use are its last ones, one a name, in the order of the names. */
static int find_in_order(struct tb_front *f, const struct tb_order *o, const struct tb_profile *p, size_t name,
                         struct tb_use_proofs *out)
{
    struct tb_authz a;
    int r;

    out->num = 0;
    if (o->num_authz < o->num_idents)
        return 0;
    if ((r = tb_store_authz_get(f->store, o->authz_id[o->num_authz - o->num_idents + name], &a)) < 0)
        return r;
    if (a.kind == TB_PROOF_USE && tb_ident_eq(&a.ident, &o->ident[name]))
        add(out, &a, p, tb_clock_now_s());
    tb_authz_clear(&a);
    return 0;
}

const struct tb_use_proof *tb_use_proofs_with(const struct tb_use_proofs *ps,
                                              const uint8_t spki_digest[static TB_DIGEST_LEN])
{
    for (size_t i = 0; i < ps->num; i++)
        if (memcmp(ps->proof[i].spki_digest, spki_digest, TB_DIGEST_LEN) == 0)
            return &ps->proof[i];
    return NULL;
}

struct tb_span tb_use_statement(const struct tb_authz *a, const uint8_t spki_digest[static TB_DIGEST_LEN])
{
    struct tb_statement s;

    for (size_t i = 0; i < a->num_statements; i++)
        if (peek(a, i, &s) && memcmp(s.spki_digest, spki_digest, TB_DIGEST_LEN) == 0)
            return tb_span_of(a->statement[i].p, a->statement[i].len);
    return (struct tb_span){0};
}

/* --- refusals -------------------------------------------------------------------------------------------------- */

void tb_use_command(char out[static TB_USE_COMMAND_MAX + 1], const struct tb_config *cfg, const struct tb_profile *p,
                    const struct tb_ident *ident)
{
    (void)snprintf(out, TB_USE_COMMAND_MAX + 1,
                   "tabard prove %s --new-key KEY --csr-out CSR --account-key FILE --server %s/%s/directory",
                   ident->value, cfg->base_url, p->name);
}

/* The sentence of one name alone is told at once; of several each has its own. */
static int conclude(struct tb_problem *pb, const char *several)
{
    char name[TB_IDENT_VALUE_MAX + 3];

    if (pb->num_sub == 0)
        return pb->type == TB_P_NONE ? 0 : TB_E_NOMEM;
    tb_ident_text(name, &pb->sub[0].ident);
    if (pb->num_sub == 1)
        (void)snprintf(pb->detail, sizeof(pb->detail), "%s: %.*s", name,
                       (int)(TB_PROBLEM_DETAIL_MAX - strlen(name) - 2), pb->sub[0].detail);
    else
        (void)snprintf(pb->detail, sizeof(pb->detail), "%s", several);
    return TB_E_DENIED;
}

static void refuse_unproved(struct tb_request *rq, enum tb_problem_type type, const struct tb_profile *p,
                            const struct tb_ident *ident)
{
    char command[TB_USE_COMMAND_MAX + 1];

    tb_use_command(command, rq->front->cfg, p, ident);
    tb_problem_add(&rq->problem, type, ident,
                   "this account has no unexpired proof that a key acts as a client under this name; make one with: %s",
                   command);
}

static int check_name(struct tb_request *rq, const struct tb_profile *p, const struct tb_ident *ident)
{
    const struct tb_claim claim = tb_claim_of(rq->front, p, TB_PROOF_USE, ident);
    struct tb_use_proofs proofs;
    int r;

    if (claim.methods == 0) {
        tb_problem_add(&rq->problem, TB_P_REJECTED_IDENTIFIER, ident, TB_USE_IMPOSSIBLE);
        return 0;
    }
    if (!p->preproved)
        return 0;
    if ((r = tb_use_proofs_find(rq->front, &rq->account, p, ident, &proofs)) == 0 && proofs.num == 0)
        refuse_unproved(rq, TB_P_REJECTED_IDENTIFIER, p, ident);
    return r;
}

int tb_use_check_names(struct tb_request *rq, const struct tb_profile *p, const struct tb_ident *ident, size_t num)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < num && tb_claim_purposes(p, TB_PROOF_USE) != 0; i++)
        r = check_name(rq, p, &ident[i]);
    return r < 0 ? r : conclude(&rq->problem, "the use of several names is not proved, see the subproblems");
}

void tb_use_key_text(char out[static 2 * TB_DIGEST_LEN + 1], const uint8_t spki_digest[static TB_DIGEST_LEN])
{
    for (size_t i = 0; i < TB_DIGEST_LEN; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", spki_digest[i]);
}

#define KEYS_SHOWN_MAX 3

static void refuse_key(struct tb_request *rq, const struct tb_ident *ident, const struct tb_use_proofs *ps)
{
    char keys[KEYS_SHOWN_MAX * (2 * TB_DIGEST_LEN + 2) + 32] = "";
    char hex[2 * TB_DIGEST_LEN + 1];
    size_t num = 0;

    for (size_t i = 0; i < ps->num; i++) {
        size_t len = strlen(keys);

        tb_use_key_text(hex, ps->proof[i].spki_digest);
        if (strstr(keys, hex) != NULL)
            continue;
        if (num++ < KEYS_SHOWN_MAX)
            (void)snprintf(keys + len, sizeof(keys) - len, "%s%s", len > 0 ? ", " : "", hex);
    }
    if (num > KEYS_SHOWN_MAX)
        (void)snprintf(keys + strlen(keys), sizeof(keys) - strlen(keys), " and %zu more", num - KEYS_SHOWN_MAX);
    tb_problem_add(&rq->problem, TB_P_BAD_CSR, ident,
                   "the CSR's key was not proved under this name; proved (SHA-256 of SubjectPublicKeyInfo): %s", keys);
}

int tb_use_check_key(struct tb_request *rq, const struct tb_profile *p, const struct tb_order *o,
                     const uint8_t spki_digest[static TB_DIGEST_LEN])
{
    struct tb_use_proofs ps;
    bool verified = false;
    int r = 0;

    for (size_t i = 0; i < o->num_idents && tb_claim_purposes(p, TB_PROOF_USE) != 0; i++) {
        const struct tb_ident *ident = &o->ident[i];

        r = p->preproved ? tb_use_proofs_find(rq->front, &rq->account, p, ident, &ps)
                         : find_in_order(rq->front, o, p, i, &ps);
        if (r < 0)
            return r;
        if (tb_use_proofs_with(&ps, spki_digest) != NULL)
            continue;
        if (!verified && (r = tb_request_verify(rq)) < 0)
            return r;
        verified = true;
        if (ps.num == 0)
            refuse_unproved(rq, TB_P_BAD_CSR, p, ident);
        else
            refuse_key(rq, ident, &ps);
    }
    return conclude(&rq->problem, "the CSR's key was not proved under several names, see the subproblems");
}
