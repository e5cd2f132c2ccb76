#include "ca/front/identifiers.h"

#include <stdio.h>
#include <stdlib.h>

/* A name as the client wrote it, for messages; tb_problem makes it printable. */
#define SHOWN_MAX 64

static int shown_len(struct tb_span s)
{
    return (int)(s.len > SHOWN_MAX ? SHOWN_MAX : s.len);
}

/* One entry: 0 and *out, or a subproblem. */
static int parse_one(const json_t *entry, const struct tb_policy *policy, const struct tb_profile *profile,
                     tb_methods_t enabled, struct tb_ident *out, struct tb_problem *pb)
{
    struct tb_span type;
    struct tb_span value;
    struct tb_policy_refusal refusal;
    const char *why = NULL;
    int r;

    if (tb_json_str(entry, "type", 32, &type) < 0 || tb_json_str(entry, "value", 1024, &value) < 0) {
        tb_problem_add(pb, TB_P_MALFORMED, NULL, "an identifier needs the strings type and value");
        return TB_E_FORMAT;
    }
    r = tb_ident_parse(tb_ident_type_find(type), value, out, &why);
    if (r == TB_E_FORMAT) {
        tb_problem_add(pb, TB_P_REJECTED_IDENTIFIER, NULL, "\"%.*s\": %s", shown_len(value), (const char *)value.p,
                       why != NULL ? why : "not a name");
        return r;
    }
    if (r < 0) {
        tb_problem_add(pb, TB_P_UNSUPPORTED_IDENTIFIER, NULL, "identifier type \"%.*s\" is not supported",
                       shown_len(type), (const char *)type.p);
        return r;
    }
    if ((r = tb_policy_check(policy, profile, out, &refusal)) < 0) {
        tb_problem_add(pb, TB_P_REJECTED_IDENTIFIER, out, "%s", r == TB_E_DENIED ? refusal.why : tb_err_text(r));
        return r;
    }
    if ((tb_profile_control_methods(profile, out) & enabled) == 0) {
        tb_problem_add(pb, TB_P_REJECTED_IDENTIFIER, out, "no enabled validation method serves this name");
        return TB_E_DENIED;
    }
    return 0;
}

int tb_identifier_parse(const json_t *entry, const struct tb_policy *policy, const struct tb_profile *profile,
                        tb_methods_t enabled, struct tb_ident *out, struct tb_problem *pb)
{
    int r = parse_one(entry, policy, profile, enabled, out, pb);

    if (r < 0)
        (void)snprintf(pb->detail, sizeof(pb->detail), "%s",
                       pb->num_sub > 0 ? pb->sub[0].detail : "the identifier cannot be served");
    return r;
}

static int by_ident(const void *a, const void *b)
{
    return tb_ident_cmp(a, b);
}

static size_t sort_unique(struct tb_ident *ids, size_t num)
{
    size_t n = 0;

    qsort(ids, num, sizeof(*ids), by_ident);
    for (size_t i = 0; i < num; i++)
        if (n == 0 || !tb_ident_eq(&ids[n - 1], &ids[i]))
            ids[n++] = ids[i];
    return n;
}

int tb_identifiers_parse(const json_t *arr, const struct tb_policy *policy, const struct tb_profile *profile,
                         tb_methods_t enabled, struct tb_ident **out, size_t *out_num, struct tb_problem *pb)
{
    size_t num = json_array_size(arr);
    struct tb_ident *ids = NULL;
    size_t bad = 0;

    *out = NULL;
    *out_num = 0;
    if (!json_is_array(arr) || num == 0)
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED, "identifiers must be a list that is not empty");
    if (num > profile->names_max || num > TB_IDENT_NUM_MAX)
        return tb_problem_set(pb, TB_E_LIMIT, TB_P_MALFORMED, "profile %s takes at most %u identifiers", profile->name,
                              (unsigned)profile->names_max);
    ids = calloc(num, sizeof(*ids));
    if (ids == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < num; i++)
        if (parse_one(json_array_get(arr, i), policy, profile, enabled, &ids[i], pb) < 0)
            bad++;
    if (bad > 0) {
        (void)snprintf(pb->detail, sizeof(pb->detail), "%s",
                       bad == 1 && pb->num_sub == 1 ? pb->sub[0].detail : "several identifiers cannot be served");
        free(ids);
        return TB_E_DENIED;
    }
    *out_num = sort_unique(ids, num);
    *out = ids;
    return 0;
}
