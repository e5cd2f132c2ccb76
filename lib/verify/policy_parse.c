#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/clock.h"
#include "lib/verify/policy.h"
#include "lib/yaml/yaml.h"

struct reader {
    struct tb_vrules *rules;
    struct tabard_problem *problem;
};

static int TB_PRINTF(3, 4) refuse(struct reader *rd, const struct tb_yaml *at, const char *fmt, ...)
{
    va_list ap;

    rd->problem->line = at != NULL ? at->line : 0;
    va_start(ap, fmt);
    vsnprintf(rd->problem->why, sizeof(rd->problem->why), fmt, ap);
    va_end(ap);
    return TB_E_FORMAT;
}

/* Keys of a mapping: each allowed one at most once (the YAML reader sees to that), no other, and those required. */
struct key {
    const char *name;
    bool required;
};

static int check_keys(struct reader *rd, const struct tb_yaml *map, const char *where, const struct key *keys,
                      size_t num)
{
    if (map->kind != TB_YAML_MAP)
        return refuse(rd, map, "%s: expected a mapping", where);
    for (const struct tb_yaml *m = map->child; m != NULL; m = m->next) {
        size_t i = 0;

        while (i < num && strcmp(keys[i].name, m->key) != 0)
            i++;
        if (i == num)
            return refuse(rd, m, "%s: unknown key \"%s\"", where, m->key);
    }
    for (size_t i = 0; i < num; i++)
        if (keys[i].required && tb_yaml_get(map, keys[i].name) == NULL)
            return refuse(rd, map, "%s: key \"%s\" is missing", where, keys[i].name);
    return 0;
}

static int get_text(struct reader *rd, const struct tb_yaml *node, const char *where, size_t max, char *out)
{
    size_t len;

    if (node->kind != TB_YAML_SCALAR)
        return refuse(rd, node, "%s: expected one value", where);
    len = strlen(node->text);
    if (len == 0 || len > max)
        return refuse(rd, node, "%s: expected 1 to %zu characters", where, max);
    for (size_t i = 0; i < len; i++)
        if (node->text[i] < 0x20 || node->text[i] == 0x7f)
            return refuse(rd, node, "%s: contains a control character", where);
    memcpy(out, node->text, len + 1);
    return 0;
}

/* A scalar, or a list of scalars that is not empty; the next value after at, NULL at the end. */
static int check_list(struct reader *rd, const struct tb_yaml *node, const char *where, size_t max)
{
    if (node->kind == TB_YAML_SCALAR)
        return 0;
    if (node->kind != TB_YAML_SEQ)
        return refuse(rd, node, "%s: expected a value or a list of values", where);
    if (node->num == 0 || node->num > max)
        return refuse(rd, node, "%s: expected 1 to %zu values", where, max);
    for (const struct tb_yaml *v = node->child; v != NULL; v = v->next)
        if (v->kind != TB_YAML_SCALAR)
            return refuse(rd, v, "%s: expected a value", where);
    return 0;
}

static const struct tb_yaml *list_first(const struct tb_yaml *node)
{
    return node->kind == TB_YAML_SEQ ? node->child : node;
}

static const struct tb_yaml *list_next(const struct tb_yaml *node, const struct tb_yaml *at)
{
    return node->kind == TB_YAML_SEQ ? at->next : NULL;
}

static int read_key_digest(struct reader *rd, const struct tb_yaml *node, struct tb_vissuer *issuer)
{
    static const char prefix[] = "sha256:";
    const char *hex = node->text + sizeof(prefix) - 1;

    if (strncmp(node->text, prefix, sizeof(prefix) - 1) != 0 ||
        tb_hex_decode(issuer->spki[issuer->num], TB_DIGEST_LEN, tb_span_str(hex)) < 0)
        return refuse(rd, node, "issuers: expected \"sha256:\" and 64 hexadecimal digits, of the issuer's public key");
    issuer->num++;
    return 0;
}

static int read_keys(struct reader *rd, const struct tb_yaml *list, struct tb_vissuer *issuer)
{
    int r = check_list(rd, list, "issuers", TB_VPOLICY_KEYS_MAX);

    for (const struct tb_yaml *v = list_first(list); r == 0 && v != NULL; v = list_next(list, v))
        r = read_key_digest(rd, v, issuer);
    return r;
}

/* Keys alone, or a mapping of keys and of the arc under which the issuer tells of proofs. */
static int read_issuer(struct reader *rd, const struct tb_yaml *node, struct tb_vissuer *issuer)
{
    static const struct key keys[] = {{"keys", true}, {"policy_arc", false}};
    const struct tb_yaml *arc;
    int r;

    if (node->kind != TB_YAML_MAP)
        return read_keys(rd, node, issuer);
    if ((r = check_keys(rd, node, "issuers", keys, TB_ARRAY_LEN(keys))) < 0 ||
        (r = read_keys(rd, tb_yaml_get(node, "keys"), issuer)) < 0)
        return r;
    arc = tb_yaml_get(node, "policy_arc");
    if (arc != NULL && (arc->kind != TB_YAML_SCALAR || tb_arc_parse(arc->text, &issuer->arc) < 0))
        return refuse(rd, arc, "policy_arc: expected numbers below 2147483648 with dots between them");
    return 0;
}

static int read_issuers(struct reader *rd, const struct tb_yaml *map)
{
    int r = 0;

    if (map->kind != TB_YAML_MAP)
        return refuse(rd, map, "issuers: expected a mapping");
    rd->rules->issuers = calloc(map->num + 1, sizeof(*rd->rules->issuers));
    if (rd->rules->issuers == NULL)
        return TB_E_NOMEM;
    for (const struct tb_yaml *m = map->child; r == 0 && m != NULL; m = m->next) {
        struct tb_vissuer *issuer = &rd->rules->issuers[rd->rules->num_issuers++];

        if (strlen(m->key) > TABARD_ENTRY_NAME_MAX || strcmp(m->key, "any") == 0)
            return refuse(rd, m, "issuers: \"any\" and names above 63 characters are not accepted");
        memcpy(issuer->name, m->key, strlen(m->key) + 1);
        r = read_issuer(rd, m, issuer);
    }
    return r;
}

static int read_entry_issuers(struct reader *rd, const struct tb_yaml *node, struct tb_ventry *entry)
{
    int r = check_list(rd, node, "issuer", TB_VPOLICY_ISSUERS_MAX);

    for (const struct tb_yaml *v = list_first(node); r == 0 && v != NULL; v = list_next(node, v)) {
        size_t i = 0;

        if (strcmp(v->text, "any") == 0 && node->kind == TB_YAML_SCALAR) {
            entry->any_issuer = true;
            continue;
        }
        while (i < rd->rules->num_issuers && strcmp(rd->rules->issuers[i].name, v->text) != 0)
            i++;
        if (i == rd->rules->num_issuers)
            return refuse(rd, v, "issuer: \"%.64s\" is not under \"issuers\"", v->text);
        entry->issuers |= UINT64_C(1) << i;
    }
    rd->rules->issuers_used |= entry->issuers;
    return r;
}

static int read_purpose(struct reader *rd, const struct tb_yaml *node, struct tb_ventry *entry)
{
    if (node->kind == TB_YAML_SCALAR && strcmp(node->text, "clientAuth") == 0)
        entry->role = TABARD_ROLE_CLIENT;
    else if (node->kind == TB_YAML_SCALAR && strcmp(node->text, "serverAuth") == 0)
        entry->role = TABARD_ROLE_SERVER;
    else
        return refuse(rd, node, "purpose: expected clientAuth or serverAuth");
    return 0;
}

static int read_proofs(struct reader *rd, const struct tb_yaml *node, struct tb_ventry *entry)
{
    int r = check_list(rd, node, "proofs", TB_VPOLICY_LIST_MAX);

    for (const struct tb_yaml *v = list_first(node); r == 0 && v != NULL; v = list_next(node, v)) {
        enum tb_method method = tb_method_find(tb_span_str(v->text));

        if (method == TB_METHOD_NONE)
            return refuse(rd, v, "proofs: \"%.64s\" is no validation method", v->text);
        entry->proofs |= TB_METHOD_BIT(method);
    }
    return r;
}

static int read_until(struct reader *rd, const struct tb_yaml *node, struct tb_ventry *entry)
{
    tb_time_t t;

    if (node->kind != TB_YAML_SCALAR)
        return refuse(rd, node, "until: expected one value");
    if (strcmp(node->text, "never") == 0) {
        entry->until = TB_VPOLICY_NEVER;
        return 0;
    }
    if (tb_rfc3339_parse(node->text, &t) < 0)
        return refuse(rd, node, "until: expected a time such as 2027-06-30T00:00:00Z, or never");
    entry->until = t;
    return 0;
}

static int read_mode(struct reader *rd, const struct tb_yaml *node, struct tb_ventry *entry)
{
    if (node->kind == TB_YAML_SCALAR && strcmp(node->text, "shadow") == 0)
        entry->shadow = true;
    else if (node->kind != TB_YAML_SCALAR || strcmp(node->text, "enforce") != 0)
        return refuse(rd, node, "mode: expected enforce or shadow");
    return 0;
}

static int add_name(struct reader *rd, const struct tb_yaml *value, enum tb_vname_type type, const struct tb_yaml *what,
                    uint32_t entry)
{
    char resource[TABARD_RESOURCE_MAX + 1];
    struct tb_vname name;
    enum tabard_reason reason = tb_vname_parse(type, tb_span_str(value->text), &name);
    int r = 0;

    if (reason != TABARD_R_ALLOWED)
        return refuse(rd, value, "who: \"%.64s\": %s", value->text, tabard_reason_text(reason));
    for (const struct tb_yaml *v = list_first(what); r == 0 && v != NULL; v = list_next(what, v)) {
        r = get_text(rd, v, "what", TABARD_RESOURCE_MAX, resource);
        if (r == 0)
            r = tb_vrules_add_item(rd->rules, &name, resource, entry);
        if (r == TB_E_LIMIT)
            return refuse(rd, v, "more than 65536 pairs of name and resource");
    }
    return r;
}

static int read_names(struct reader *rd, const struct tb_yaml *who, const struct tb_yaml *what, uint32_t entry)
{
    static const struct {
        const char *key;
        enum tb_vname_type type;
    } types[] = {{"dns", TB_VNAME_DNS}, {"ip", TB_VNAME_IP}, {"uri", TB_VNAME_URI}};
    bool any = false;
    int r = 0;

    for (size_t i = 0; r == 0 && i < TB_ARRAY_LEN(types); i++) {
        const struct tb_yaml *node = tb_yaml_get(who, types[i].key);

        if (node == NULL)
            continue;
        any = true;
        r = check_list(rd, node, types[i].key, TB_VPOLICY_LIST_MAX);
        for (const struct tb_yaml *v = list_first(node); r == 0 && v != NULL; v = list_next(node, v))
            r = add_name(rd, v, types[i].type, what, entry);
    }
    return r != 0 || any ? r : refuse(rd, who, "who: one of dns, ip, uri is missing");
}

static int read_who(struct reader *rd, const struct tb_yaml *who, struct tb_ventry *entry)
{
    static const struct key keys[] = {{"dns", false},   {"ip", false},     {"uri", false},
                                      {"issuer", true}, {"purpose", true}, {"proofs", false}};
    const struct tb_yaml *proofs;
    int r = check_keys(rd, who, "who", keys, TB_ARRAY_LEN(keys));

    if (r == 0)
        r = read_entry_issuers(rd, tb_yaml_get(who, "issuer"), entry);
    if (r == 0)
        r = read_purpose(rd, tb_yaml_get(who, "purpose"), entry);
    proofs = r == 0 ? tb_yaml_get(who, "proofs") : NULL;
    return proofs != NULL ? read_proofs(rd, proofs, entry) : r;
}

static int read_entry(struct reader *rd, const struct tb_yaml *node)
{
    static const struct key keys[] = {{"name", true},  {"who", true}, {"what", true},
                                      {"until", true}, {"as", true},  {"mode", false}};
    uint32_t at = (uint32_t)rd->rules->num_entries;
    struct tb_ventry *entry = &rd->rules->entries[at];
    int r = check_keys(rd, node, "entry", keys, TB_ARRAY_LEN(keys));

    if (r < 0)
        return r;
    rd->rules->num_entries++;
    if ((r = get_text(rd, tb_yaml_get(node, "name"), "name", TABARD_ENTRY_NAME_MAX, entry->name)) < 0 ||
        (r = get_text(rd, tb_yaml_get(node, "as"), "as", TABARD_ACCOUNT_MAX, entry->account)) < 0 ||
        (r = read_until(rd, tb_yaml_get(node, "until"), entry)) < 0 ||
        (r = read_who(rd, tb_yaml_get(node, "who"), entry)) < 0 ||
        (r = check_list(rd, tb_yaml_get(node, "what"), "what", TB_VPOLICY_LIST_MAX)) < 0 ||
        (r = read_names(rd, tb_yaml_get(node, "who"), tb_yaml_get(node, "what"), at)) < 0)
        return r;
    return tb_yaml_get(node, "mode") != NULL ? read_mode(rd, tb_yaml_get(node, "mode"), entry) : 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const struct tb_ventry *const *)a)->name, (*(const struct tb_ventry *const *)b)->name);
}

/* Counters and decisions speak of entries by name. */
static int check_unique(struct reader *rd, const struct tb_yaml *at)
{
    size_t num = rd->rules->num_entries;
    const struct tb_ventry **sorted = calloc(num + 1, sizeof(*sorted));
    int r = 0;

    if (sorted == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < num; i++)
        sorted[i] = &rd->rules->entries[i];
    qsort(sorted, num, sizeof(*sorted), compare_names);
    for (size_t i = 1; r == 0 && i < num; i++)
        if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
            r = refuse(rd, at, "entries: the name \"%s\" stands twice", sorted[i]->name);
    free(sorted);
    return r;
}

static int read_root(struct reader *rd, const struct tb_yaml *root)
{
    static const struct key keys[] = {{"version", true}, {"issuers", false}, {"entries", true}};
    const struct tb_yaml *entries;
    const struct tb_yaml *version;
    int r = check_keys(rd, root, "policy", keys, TB_ARRAY_LEN(keys));

    if (r < 0)
        return r;
    version = tb_yaml_get(root, "version");
    if (version->kind != TB_YAML_SCALAR || strcmp(version->text, "1") != 0)
        return refuse(rd, version, "version: expected 1");
    if (tb_yaml_get(root, "issuers") != NULL && (r = read_issuers(rd, tb_yaml_get(root, "issuers"))) < 0)
        return r;
    entries = tb_yaml_get(root, "entries");
    if (entries->kind != TB_YAML_SEQ || entries->num > TABARD_ENTRIES_MAX)
        return refuse(rd, entries, "entries: expected a list of at most 16384 entries");
    rd->rules->entries = calloc(entries->num + 1, sizeof(*rd->rules->entries));
    if (rd->rules->entries == NULL)
        return TB_E_NOMEM;
    for (const struct tb_yaml *e = entries->child; r == 0 && e != NULL; e = e->next)
        r = read_entry(rd, e);
    if (r == 0)
        r = check_unique(rd, entries);
    return r == 0 ? tb_vrules_index(rd->rules) : r;
}

/*
 * A YAML text cut off at the end of a line is YAML again, and may say something else.  So the last line must be the
 * end-of-document marker.
 */
static bool ends_whole(struct tb_span text)
{
    static const char end[] = "\n...\n";
    size_t n = sizeof(end) - 1;

    return text.len >= n && memcmp(text.p + text.len - n, end, n) == 0;
}

int tb_vrules_parse(struct tb_span text, struct tb_vrules **out, struct tabard_problem *problem)
{
    struct reader rd = {.problem = problem, .rules = tb_vrules_new(TB_VSTATE_LOADED)};
    struct tb_yaml *root = NULL;
    char why[TB_YAML_WHY_MAX + 1];
    int r;

    *out = NULL;
    *problem = (struct tabard_problem){0};
    if (rd.rules == NULL)
        r = TB_E_NOMEM;
    else if (text.len > TABARD_POLICY_MAX)
        r = TB_E_LIMIT;
    else if (text.len == 0)
        r = refuse(&rd, NULL, "the policy is empty");
    else if (!ends_whole(text))
        r = refuse(&rd, NULL, "the last line is not \"...\": the policy is not whole");
    else if ((r = tb_yaml_parse_max(text, TB_VPOLICY_NODES_MAX, &root, &problem->line, why)) < 0)
        snprintf(problem->why, sizeof(problem->why), "%s", why);
    else
        r = read_root(&rd, root);
    tb_yaml_free(root);
    if (r < 0) {
        if (problem->why[0] == '\0')
            snprintf(problem->why, sizeof(problem->why), "%s", tb_err_text(r));
        tb_vrules_release(rd.rules);
        return r;
    }
    *out = rd.rules;
    return 0;
}
