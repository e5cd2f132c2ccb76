#include "ca/judge/proofs.h"

#include <string.h>

_Static_assert(TB_LOG_EVIDENCE_MAX >= TB_IDENT_NUM_MAX * 5, "two purposes with control and use, and CAA, fit");
_Static_assert(TB_PROOF__COUNT == 4, "a new kind of proof needs a rule here");

/* One statement. */

static bool in_zones(const struct tb_statement_key *key, const struct tb_ident *ident)
{
    for (size_t i = 0; i < key->num_zones; i++) {
        if (key->zones[i][0] == '\0')
            return true;
        if (ident->type == TB_IDENT_DNS && tb_dns_name_under(ident->value, key->zones[i]))
            return true;
    }
    return false;
}

static bool capable(const struct tb_statement_key *key, const struct tb_statement *s)
{
    if ((key->kinds & TB_PROOF_KIND_BIT(s->kind)) == 0 || !in_zones(key, &s->ident))
        return false;
    return s->kind == TB_PROOF_CAA || (key->methods & TB_METHOD_BIT(s->method)) != 0;
}

/*
 * The key that made it: a perspective has one for each process that makes statements, and each may say only what is its
 * own. NULL and a reason when it is none of them.
 */
static const struct tb_statement_key *read_with_its_key(const struct tb_proof_case *c, struct tb_span blob,
                                                        struct tb_statement *out, const char **out_why)
{
    uint16_t perspective;
    int r = TB_E_NOTFOUND;

    *out_why = "statement-unknown-perspective";
    if (tb_statement_perspective(blob, &perspective) < 0)
        return NULL;
    for (size_t i = 0; i < c->num_keys; i++) {
        if (c->keys[i].perspective != perspective)
            continue;
        if ((r = tb_statement_read(blob, &c->keys[i].key, out)) == 0) {
            *out_why = NULL;
            return &c->keys[i];
        }
        if (r != TB_E_BADSIG)
            break;
    }
    if (r != TB_E_NOTFOUND)
        *out_why = r == TB_E_BADSIG ? "statement-forged" : "statement-malformed";
    return NULL;
}

static uint32_t age_limit(const struct tb_profile *p, enum tb_proof_kind kind)
{
    switch (kind) {
    case TB_PROOF_CONTROL:
        return p->control_age_s;
    case TB_PROOF_USE:
        return p->use_age_s;
    case TB_PROOF_CAA:
        return p->caa_age_s;
    case TB_PROOF_NONE:
    case TB_PROOF__COUNT:
        break;
    }
    return 0;
}

static const char *check_time(const struct tb_proof_case *c, const struct tb_statement *s)
{
    uint32_t limit = age_limit(c->profile, s->kind);

    if (s->made_at > c->now + TB_CLOCK_SKEW_S)
        return "statement-future";
    if (limit == 0 || s->made_at <= 0 || s->made_at < c->now_floor - (tb_time_t)limit)
        return "statement-expired";
    return NULL;
}

/* What control and use statements have in common: they speak of one account, one method, one purpose. */
static const char *check_claim(const struct tb_proof_case *c, const struct tb_statement *s)
{
    const struct tb_method_info *info = tb_method_info(s->method);
    bool use = s->kind == TB_PROOF_USE;
    tb_methods_t methods = use ? c->profile->use_methods : tb_profile_control_methods(c->profile, &s->ident);

    if (strcmp(s->account_url, c->account_url) != 0)
        return "statement-other-account";
    if (memcmp(s->thumbprint, c->thumbprint, TB_DIGEST_LEN) != 0)
        return "statement-other-account-key";
    if (tb_purpose_info(s->purpose) == NULL || (c->profile->purposes & TB_PURPOSE_BIT(s->purpose)) == 0)
        return "statement-other-purpose";
    if (use && s->purpose != TB_PURPOSE_CLIENT_AUTH)
        return "statement-other-purpose";
    if (info == NULL || info->kind != s->kind || (methods & TB_METHOD_BIT(s->method)) == 0)
        return "statement-method";
    if (use && memcmp(s->spki_digest, c->spki_digest, TB_DIGEST_LEN) != 0)
        return "statement-other-subject-key";
    return NULL;
}

/* Of a domain with its subtree: the domain, and every name and wildcard below it, label by label (RFC 9444). */
static bool is_about(const struct tb_statement *s, const struct tb_ident *name)
{
    if (!s->subtree)
        return tb_ident_eq(&s->ident, name);
    return name->type == TB_IDENT_DNS && tb_dns_name_under(name->value, s->ident.value);
}

static bool is_about_any(const struct tb_proof_case *c, const struct tb_statement *s)
{
    for (size_t i = 0; i < c->num_idents; i++)
        if (is_about(s, &c->idents[i]))
            return true;
    return false;
}

/* Nobody but the operator says that who holds a domain holds what is below it. */
static const char *check_scope(const struct tb_proof_case *c, const struct tb_statement *s)
{
    struct tb_policy_refusal refusal;

    if (!s->subtree)
        return NULL;
    if (s->kind != TB_PROOF_CONTROL || s->ident.type != TB_IDENT_DNS || s->ident.wildcard)
        return "statement-malformed";
    if ((tb_methods_for_subtree(c->profile->control_methods) & TB_METHOD_BIT(s->method)) == 0)
        return "statement-method";
    if (c->policy == NULL || tb_policy_ancestor(c->policy, c->profile, s->ident.value, &refusal) < 0)
        return "statement-subtree";
    return NULL;
}

/* NULL and the statement in p->statement when it counts; else why not. */
static const char *examine(struct tb_proofs *p, const struct tb_proof_case *c, struct tb_span blob)
{
    struct tb_statement *s = &p->statement;
    const char *why = NULL;
    const struct tb_statement_key *key = read_with_its_key(c, blob, s, &why);

    if (key == NULL)
        return why;
    if (s->perspective != key->perspective || s->kind <= TB_PROOF_NONE || s->kind >= TB_PROOF__COUNT)
        return "statement-malformed";
    if (!tb_audience_eq(&s->audience, c->audience))
        return "statement-other-audience";
    if (!capable(key, s))
        return "statement-beyond-capability";
    if (!is_about_any(c, s))
        return "statement-other-name";
    if ((why = check_scope(c, s)) == NULL && s->kind != TB_PROOF_CAA)
        why = check_claim(c, s);
    return why != NULL ? why : check_time(c, s);
}

/* All of them. */

static void note_caa(struct tb_proof_name *n, const struct tb_proof_case *c, const struct tb_statement *s)
{
    for (unsigned p = 1; p < TB_PURPOSE__COUNT; p++) {
        n->caa_allows[p] = 0;
        if ((c->profile->purposes & TB_PURPOSE_BIT(p)) == 0)
            continue;
        for (unsigned m = 1; m < TB_METHOD__COUNT; m++)
            if (tb_caa_allows(&s->caa, c->account_url, (enum tb_method)m, (enum tb_purpose)p))
                n->caa_allows[p] |= TB_METHOD_BIT(m);
    }
}

static void count_perspective(struct tb_proof_slot *slot, uint16_t perspective)
{
    for (size_t i = 0; i < slot->quorum; i++)
        if (slot->stated[i] == perspective)
            return;
    if (slot->quorum < TB_QUORUM_MAX)
        slot->stated[slot->quorum++] = perspective;
}

/* The newest wins; so of two CAA results the later one counts, whatever it says. */
static void note(struct tb_proofs *p, size_t i, const struct tb_proof_case *c, size_t which)
{
    const struct tb_statement *s = &p->statement;
    struct tb_proof_name *n = &p->name[i];
    struct tb_proof_slot *slot = s->kind == TB_PROOF_CAA   ? &n->caa
                                 : s->kind == TB_PROOF_USE ? &n->use[s->method]
                                                           : &n->control[s->purpose][s->method];

    count_perspective(slot, s->perspective);
    if (slot->which != 0 && slot->made_at >= s->made_at)
        return;
    slot->made_at = s->made_at;
    slot->which = (uint16_t)(which + 1);
    slot->perspective = s->perspective;
    slot->dnssec = s->dnssec;
    slot->above = !tb_ident_eq(&s->ident, &c->idents[i]);
    slot->egress_kind = s->egress_kind;
    if (s->kind == TB_PROOF_CAA)
        note_caa(n, c, s);
}

/* The newest filled slot among the allowed methods; NONE when there is none. */
static enum tb_method choose(const struct tb_proof_slot slot[static TB_METHOD__COUNT], tb_methods_t allowed)
{
    enum tb_method best = TB_METHOD_NONE;

    for (unsigned m = 1; m < TB_METHOD__COUNT; m++) {
        if (slot[m].which == 0 || (allowed & TB_METHOD_BIT(m)) == 0)
            continue;
        if (best == TB_METHOD_NONE || slot[m].made_at > slot[best].made_at)
            best = (enum tb_method)m;
    }
    return best;
}

static void cite(struct tb_proofs *p, const struct tb_span *statements, const struct tb_proof_slot *slot,
                 struct tb_evidence e)
{
    struct tb_evidence *to = &p->evidence[p->num_evidence++];

    *to = e;
    to->perspective = slot->perspective;
    to->made_at = slot->made_at;
    tb_sha256(to->digest, statements[slot->which - 1]);
}

static int deny(const struct tb_proofs *p, struct tb_problem *pb, enum tb_problem_type type, const char *missing,
                const char **out_reason, const struct tb_ident *ident, const char *what)
{
    char text[TB_IDENT_VALUE_MAX + 3];

    tb_ident_text(text, ident);
    *out_reason = p->passed_over != NULL ? p->passed_over : missing;
    return tb_problem_set(pb, TB_E_DENIED, type, "%s: %s.", text, what);
}

static int deny_caa(struct tb_problem *pb, const char **out_reason, const struct tb_ident *ident)
{
    *out_reason = "caa-forbids";
    return tb_problem_set(pb, TB_E_DENIED, TB_P_CAA, "CAA of %s does not allow this account, method or purpose.",
                          ident->value);
}

/* One (identifier, purpose) pair. CAA speaks of every method that the claim rests on, that of its use as well. */
static int judge_claim(struct tb_proofs *p, const struct tb_proof_case *c, const struct tb_span *statements, size_t i,
                       enum tb_purpose purpose, struct tb_problem *pb, const char **out_reason)
{
    const struct tb_ident *ident = &c->idents[i];
    const struct tb_proof_name *n = &p->name[i];
    tb_methods_t allowed = ident->type == TB_IDENT_DNS ? n->caa_allows[purpose] : ~(tb_methods_t)0;
    enum tb_method control = choose(n->control[purpose], ~(tb_methods_t)0), use;

    if (control == TB_METHOD_NONE)
        return deny(p, pb, TB_P_UNAUTHORIZED, "control-missing", out_reason, ident, "no valid proof of control");
    if ((control = choose(n->control[purpose], allowed)) == TB_METHOD_NONE)
        return deny_caa(pb, out_reason, ident);
    cite(p, statements, &n->control[purpose][control],
         (struct tb_evidence){.name = (uint16_t)i, .purpose = purpose, .kind = TB_PROOF_CONTROL, .method = control});
    p->methods[i].control[purpose] = (uint8_t)control;
    if (purpose != TB_PURPOSE_CLIENT_AUTH)
        return 0;
    if (choose(n->use, c->profile->use_methods) == TB_METHOD_NONE)
        return deny(p, pb, TB_P_UNAUTHORIZED, "use-missing", out_reason, ident,
                    "no valid proof of use with the certificate's key");
    if ((use = choose(n->use, c->profile->use_methods & allowed)) == TB_METHOD_NONE)
        return deny_caa(pb, out_reason, ident);
    cite(p, statements, &n->use[use],
         (struct tb_evidence){.name = (uint16_t)i, .purpose = purpose, .kind = TB_PROOF_USE, .method = use});
    p->methods[i].use[purpose] = (uint8_t)use;
    return 0;
}

static int judge_name(struct tb_proofs *p, const struct tb_proof_case *c, const struct tb_span *statements, size_t i,
                      struct tb_problem *pb, const char **out_reason)
{
    const struct tb_proof_name *n = &p->name[i];
    int r;

    if (c->idents[i].type == TB_IDENT_DNS) {
        if (n->caa.which == 0)
            return deny(p, pb, TB_P_CAA, "caa-missing", out_reason, &c->idents[i], "no current CAA result");
        cite(p, statements, &n->caa, (struct tb_evidence){.name = (uint16_t)i, .kind = TB_PROOF_CAA});
    }
    for (unsigned purpose = 1; purpose < TB_PURPOSE__COUNT; purpose++) {
        if ((c->profile->purposes & TB_PURPOSE_BIT(purpose)) == 0)
            continue;
        if ((r = judge_claim(p, c, statements, i, (enum tb_purpose)purpose, pb, out_reason)) < 0)
            return r;
    }
    return 0;
}

/* Over an empty set the answer is refusal. */
static const char *check_case(const struct tb_proof_case *c, size_t num)
{
    const tb_purposes_t two_purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH) | TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH);

    if (c->num_idents == 0 || c->num_idents > TB_IDENT_NUM_MAX)
        return "no-names";
    if (c->profile->purposes == 0)
        return "no-purposes";
    if ((c->profile->purposes & ~two_purposes) != 0)
        return "purpose-without-rule";
    if ((c->profile->purposes & TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)) != 0 && c->profile->use_methods == 0)
        return "use-not-demanded";
    return num == 0 ? "no-proofs" : num >= UINT16_MAX ? "too-many-proofs" : NULL;
}

/* Every statement in its place. */
static int examine_all(struct tb_proofs *p, const struct tb_proof_case *c, const struct tb_span *statements, size_t num,
                       struct tb_problem *pb, const char **out_reason)
{
    const char *why = check_case(c, num);

    *out_reason = why;
    p->passed_over = NULL;
    p->num_evidence = 0;
    if (why != NULL)
        return tb_problem_set(pb, TB_E_DENIED, TB_P_UNAUTHORIZED, "Nothing was proved (%s).", why);
    memset(p->name, 0, c->num_idents * sizeof(p->name[0]));
    memset(p->methods, 0, c->num_idents * sizeof(p->methods[0]));
    for (size_t i = 0; i < num; i++) {
        why = examine(p, c, statements[i]);
        for (size_t k = 0; why == NULL && k < c->num_idents; k++)
            if (is_about(&p->statement, &c->idents[k]))
                note(p, k, c, i);
        if (why != NULL && p->passed_over == NULL)
            p->passed_over = why;
    }
    return 0;
}

int tb_proofs_judge(struct tb_proofs *p, const struct tb_proof_case *c, const struct tb_span *statements, size_t num,
                    struct tb_problem *pb, const char **out_reason)
{
    int r = examine_all(p, c, statements, num, pb, out_reason);

    for (size_t i = 0; r == 0 && i < c->num_idents; i++)
        if ((r = judge_name(p, c, statements, i, pb, out_reason)) < 0)
            p->num_evidence = 0;
    return r;
}

int tb_proofs_control(struct tb_proofs *p, const struct tb_proof_case *c, const struct tb_span *statements, size_t num,
                      struct tb_problem *pb, const char **out_reason)
{
    int r = examine_all(p, c, statements, num, pb, out_reason);

    for (size_t i = 0; r == 0 && i < c->num_idents; i++)
        for (unsigned purpose = 1; r == 0 && purpose < TB_PURPOSE__COUNT; purpose++)
            if ((c->profile->purposes & TB_PURPOSE_BIT(purpose)) != 0 &&
                choose(p->name[i].control[purpose], ~(tb_methods_t)0) == TB_METHOD_NONE)
                r = deny(p, pb, TB_P_UNAUTHORIZED, "control-missing", out_reason, &c->idents[i],
                         "no valid proof of control");
    return r;
}

/* What certificates tell. */

struct facts {
    bool not_in_dns, above, published, declared, insecure;
    uint8_t quorum;
};

static void weigh(struct facts *f, const struct tb_proof_slot *slot)
{
    f->insecure = f->insecure || slot->dnssec == TB_DNSSEC_INSECURE;
    if (slot->quorum < f->quorum)
        f->quorum = slot->quorum;
}

static void weigh_claim(struct facts *f, const struct tb_proof_name *n, const struct tb_name_proofs *m,
                        unsigned purpose)
{
    const struct tb_proof_slot *control = &n->control[purpose][m->control[purpose]], *use = &n->use[m->use[purpose]];
    const struct tb_method_info *info = tb_method_info((enum tb_method)m->control[purpose]);

    weigh(f, control);
    f->above = f->above || control->above;
    f->not_in_dns = f->not_in_dns || control->above || info == NULL || !info->for_wildcard;
    if (m->use[purpose] == TB_METHOD_NONE)
        return;
    weigh(f, use);
    f->published = f->published || use->egress_kind == TB_EGRESS_PUBLISHED;
    f->declared = f->declared || use->egress_kind != TB_EGRESS_PUBLISHED;
}

static tb_proof_policies_t policies_of(const struct facts *f)
{
    const struct {
        bool holds;
        enum tb_proof_policy policy;
    } rows[] = {
        {!f->not_in_dns, TB_POLICY_CONTROL_DNS}, {f->published && !f->declared, TB_POLICY_USE_PUBLISHED},
        {f->quorum >= 2, TB_POLICY_QUORUM_2},    {f->quorum >= 3, TB_POLICY_QUORUM_3},
        {f->quorum >= 4, TB_POLICY_QUORUM_4},    {f->declared, TB_POLICY_EGRESS_DECLARED},
        {f->quorum < 2, TB_POLICY_QUORUM_1},     {f->insecure, TB_POLICY_DNS_INSECURE},
        {f->above, TB_POLICY_CONTROL_ABOVE},
    };
    tb_proof_policies_t set = 0;

    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        if (rows[i].holds)
            set |= TB_POLICY_BIT(rows[i].policy);
    return set;
}

tb_proof_policies_t tb_proofs_policies(const struct tb_proofs *p, size_t num_idents, tb_purposes_t purposes)
{
    struct facts f = {.quorum = TB_QUORUM_MAX};

    for (size_t i = 0; i < num_idents; i++) {
        f.insecure = f.insecure || p->name[i].caa.dnssec == TB_DNSSEC_INSECURE;
        for (unsigned purpose = 1; purpose < TB_PURPOSE__COUNT; purpose++)
            if ((purposes & TB_PURPOSE_BIT(purpose)) != 0)
                weigh_claim(&f, &p->name[i], &p->methods[i], purpose);
    }
    return policies_of(&f);
}
