#include "ca/front/ancestor.h"

#include <stdio.h>
#include <string.h>

#include "ca/front/objects.h"

/* A name as the client wrote it, for messages; tb_problem makes it printable. */
#define SHOWN_MAX 64

/* --- newOrder: ancestorDomain ---------------------------------------------------------------------------------- */

static const struct tb_ident *find_ident(const json_t *entry, const struct tb_ident *ident, size_t num, size_t *out_at)
{
    struct tb_span type, value;
    struct tb_ident id;

    if (tb_json_str(entry, "type", 32, &type) < 0 || tb_json_str(entry, "value", 1024, &value) < 0 ||
        tb_ident_parse(tb_ident_type_find(type), value, &id, NULL) < 0)
        return NULL;
    for (*out_at = 0; *out_at < num; ++*out_at)
        if (tb_ident_eq(&ident[*out_at], &id))
            return &ident[*out_at];
    return NULL;
}

/* The end of the name that the member is, NULL when it is no ancestor.  "*.example.org" is below "example.org". */
static const char *ancestor_in(const struct tb_ident *ident, const char *text, size_t len)
{
    struct tb_ident domain;
    size_t below = strlen(ident->value);

    if (ident->type != TB_IDENT_DNS || tb_ident_parse(TB_IDENT_DNS, tb_span_of(text, len), &domain, NULL) < 0 ||
        domain.wildcard || !tb_dns_name_under(ident->value, domain.value))
        return NULL;
    below -= strlen(domain.value);
    return below > 0 || ident->wildcard ? ident->value + below : NULL;
}

static int parse_one(const json_t *entry, const struct tb_ident *ident, size_t num, const char **out,
                     struct tb_problem *pb)
{
    const json_t *member = json_object_get(entry, "ancestorDomain");
    const char *text = json_string_value(member), *ancestor;
    const struct tb_ident *of;
    size_t at;

    if (member == NULL)
        return 0;
    if ((of = find_ident(entry, ident, num, &at)) == NULL)
        return TB_E_INTERNAL; /* every entry has become one of them */
    if (text == NULL)
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED, "ancestorDomain must be a string");
    if ((ancestor = ancestor_in(of, text, json_string_length(member))) == NULL)
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED,
                              "\"%.*s\" is no ancestor domain of \"%s%s\" (RFC 9444 section 4.3)", SHOWN_MAX, text,
                              of->wildcard ? "*." : "", of->value);
    if (out[at] != NULL && out[at] != ancestor)
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED, "\"%s%s\" stands twice, with different ancestor domains",
                              of->wildcard ? "*." : "", of->value);
    out[at] = ancestor;
    return 0;
}

int tb_ancestors_parse(const json_t *arr, const struct tb_ident *ident, size_t num, const char **out,
                       struct tb_problem *pb)
{
    int r = 0;

    for (size_t i = 0; i < num; i++)
        out[i] = NULL;
    for (size_t i = 0; r == 0 && i < json_array_size(arr); i++)
        r = parse_one(json_array_get(arr, i), ident, num, out, pb);
    return r;
}

/* --- which domains may ----------------------------------------------------------------------------------------- */

static bool set_domain(struct tb_ident *out, const char *domain)
{
    *out = (struct tb_ident){.type = TB_IDENT_DNS};
    return snprintf(out->value, sizeof(out->value), "%s", domain) < (int)sizeof(out->value);
}

static tb_methods_t methods_of(const struct tb_front *f, const struct tb_profile *p)
{
    return tb_methods_for_subtree(p->control_methods & f->cfg->methods);
}

bool tb_ancestor_is_served(const struct tb_front *f, const struct tb_profile *p)
{
    return methods_of(f, p) != 0 && tb_policy_has_ancestors(f->policy, p);
}

/* 0, or as tb_policy_ancestor. */
static int check(const struct tb_front *f, const struct tb_profile *p, const char *domain,
                 struct tb_policy_refusal *out)
{
    *out = (struct tb_policy_refusal){0};
    return methods_of(f, p) == 0 ? TB_E_NOTFOUND : tb_policy_ancestor(f->policy, p, domain, out);
}

bool tb_ancestor_may(const struct tb_front *f, const struct tb_profile *p, const char *domain)
{
    struct tb_policy_refusal refusal;

    return check(f, p, domain, &refusal) == 0;
}

const char *tb_ancestor_parent(const char *domain)
{
    const char *dot = strchr(domain, '.');

    return dot != NULL ? dot + 1 : NULL;
}

static int refuse(struct tb_request *rq, const char *domain, const struct tb_policy_refusal *refusal)
{
    struct tb_ident id;

    (void)tb_problem_set(&rq->problem, 0, TB_P_REJECTED_IDENTIFIER, "%s", refusal->why);
    if (set_domain(&id, domain))
        tb_problem_add(&rq->problem, TB_P_REJECTED_IDENTIFIER, &id, "%s", refusal->why);
    return TB_E_DENIED;
}

/* --- newAuthz: subdomainAuthAllowed ---------------------------------------------------------------------------- */

/* The RFC has it in the identifier; at least one client sends it beside. */
static int read_asked(struct tb_request *rq, const json_t *obj, bool *out)
{
    const json_t *member = json_object_get(json_object_get(obj, "identifier"), "subdomainAuthAllowed");

    if (member == NULL)
        member = json_object_get(obj, "subdomainAuthAllowed");
    *out = json_is_true(member);
    if (member == NULL || json_is_boolean(member))
        return 0;
    return tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED, "subdomainAuthAllowed must be true or false");
}

int tb_ancestor_asked(struct tb_request *rq, const struct tb_profile *p, enum tb_proof_kind kind, const json_t *obj,
                      struct tb_ident *ident, bool *out)
{
    const json_t *entry = json_object_get(obj, "identifier");
    struct tb_policy_refusal refusal;
    struct tb_span type, value;
    bool asked;
    int r = read_asked(rq, obj, &asked);

    *out = false;
    if (r < 0 || !asked)
        return r;
    if (kind != TB_PROOF_CONTROL)
        return tb_problem_set(&rq->problem, TB_E_FORMAT, TB_P_MALFORMED,
                              "use is proved for one name, never for the names below it");
    if (tb_json_str(entry, "type", 32, &type) < 0 || tb_json_str(entry, "value", 1024, &value) < 0 ||
        !tb_span_eq_str(type, "dns") || tb_ident_parse(TB_IDENT_DNS, value, ident, NULL) < 0 || ident->wildcard)
        return 0;
    r = check(rq->front, p, ident->value, &refusal);
    if (r == TB_E_DENIED)
        rq->problem.http_status = 403;
    *out = r == 0;
    return r == TB_E_DENIED ? refuse(rq, ident->value, &refusal) : 0;
}

/* --- what the account has -------------------------------------------------------------------------------------- */

int tb_ancestor_find(struct tb_front *f, const struct tb_account *account, const struct tb_profile *p,
                     const struct tb_ident *ident, tb_time_t after, struct tb_authz *out)
{
    const char *domain = ident->type == TB_IDENT_DNS ? ident->value : NULL;
    struct tb_ident id;
    int r;

    *out = (struct tb_authz){0};
    for (int i = 0; i < TB_ANCESTOR_LEVELS_MAX && domain != NULL && tb_ancestor_is_served(f, p); i++) {
        if (tb_ancestor_may(f, p, domain) && set_domain(&id, domain)) {
            r = tb_store_authz_find_subtree(f->store, account->id, &id, p->purposes, after, out);
            if (r < 0 && r != TB_E_NOTFOUND)
                return r;
            if (r == 0 && out->state == TB_AUTHZ_VALID && !tb_authz_outlived(out, account) &&
                tb_authz_reusable(f, out, methods_of(f, p)))
                return 0;
            if (r == 0)
                tb_authz_clear(out);
        }
        domain = tb_ancestor_parent(domain);
    }
    return TB_E_NOTFOUND;
}

int tb_ancestor_widen(struct tb_request *rq, const struct tb_profile *p, const char *ancestor, tb_time_t now,
                      struct tb_claim *claim, struct tb_ident *domain)
{
    struct tb_front *f = rq->front;
    struct tb_policy_refusal refusal;
    struct tb_authz a;
    int r;

    if (claim->kind != TB_PROOF_CONTROL || !tb_ancestor_is_served(f, p))
        return 0;
    r = tb_ancestor_find(f, &rq->account, p, claim->ident, tb_authz_reuse_after(f, now), &a);
    if (r == 0) {
        *domain = a.ident;
        tb_authz_clear(&a);
    } else if (r != TB_E_NOTFOUND) {
        return r;
    } else if (ancestor == NULL || (r = check(f, p, ancestor, &refusal)) == TB_E_NOTFOUND) {
        return 0; /* the name by itself, as section 4.3 leaves it to the server */
    } else if (r < 0 || !set_domain(domain, ancestor)) {
        return r == TB_E_DENIED ? refuse(rq, ancestor, &refusal) : r;
    }
    claim->ident = domain;
    claim->subtree = true;
    claim->methods = methods_of(f, p);
    return 0;
}
