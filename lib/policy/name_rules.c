#include "lib/policy/name_rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum rule_kind {
    RULE_EXACT,        /* key: the name, or the address as text */
    RULE_EXACT_PARENT, /* key: what a wildcard that touches the exact name has for its value */
    RULE_ONE,          /* key: the name under which one label more is covered */
    RULE_BELOW,        /* key: the name with its dot, or "." */
};

struct entry {
    enum rule_kind kind;
    const char *key;
    const char *rule;
};

struct net {
    int family;
    unsigned prefix;
    uint8_t addr[sizeof(struct in6_addr)];
    const char *rule;
};

struct tb_name_rules {
    size_t num, num_nets;
    struct entry entry[2 * TB_NAME_RULES_NUM_MAX]; /* sorted */
    struct net net[TB_NAME_RULES_NUM_MAX];
};

/* --- networks -------------------------------------------------------------------------------------------------- */

static bool prefix_read(const char *s, unsigned max, unsigned *out)
{
    size_t len = strlen(s);

    if (len == 0 || len > 3 || strspn(s, "0123456789") != len || (len > 1 && s[0] == '0'))
        return false;
    *out = (unsigned)strtoul(s, NULL, 10);
    return *out <= max;
}

static bool bit_of(const uint8_t *addr, unsigned bit)
{
    return (addr[bit / 8] & (0x80 >> (bit % 8))) != 0;
}

static bool net_read(const char *text, struct net *out)
{
    const char *slash = strchr(text, '/');
    char addr[INET6_ADDRSTRLEN];
    unsigned bits;

    *out = (struct net){.rule = text};
    if (slash == NULL || (size_t)(slash - text) >= sizeof(addr))
        return false;
    memcpy(addr, text, (size_t)(slash - text));
    addr[slash - text] = '\0';
    out->family = strchr(addr, ':') != NULL ? AF_INET6 : AF_INET;
    bits = out->family == AF_INET6 ? 128 : 32;
    if (inet_pton(out->family, addr, out->addr) != 1 || !prefix_read(slash + 1, bits, &out->prefix))
        return false;
    /* An identifier never has this form: such a rule would never match. */
    if (out->family == AF_INET6 && out->prefix >= 96 &&
        IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)out->addr))
        return false;
    for (unsigned bit = out->prefix; bit < bits; bit++)
        if (bit_of(out->addr, bit))
            return false;
    return true;
}

static bool in_net(const struct net *net, int family, const uint8_t *addr)
{
    if (net->family != family || memcmp(net->addr, addr, net->prefix / 8) != 0)
        return false;
    for (unsigned bit = net->prefix / 8 * 8; bit < net->prefix; bit++)
        if (bit_of(net->addr, bit) != bit_of(addr, bit))
            return false;
    return true;
}

/* --- one rule -------------------------------------------------------------------------------------------------- */

static bool net_normalise(char *text)
{
    char addr[INET6_ADDRSTRLEN], out[INET6_ADDRSTRLEN + 4];
    struct net net;

    if (!net_read(text, &net) || inet_ntop(net.family, net.addr, addr, sizeof(addr)) == NULL)
        return false;
    snprintf(out, sizeof(out), "%s/%u", addr, net.prefix);
    if (strlen(out) > strlen(text))
        return false;
    strcpy(text, out);
    return true;
}

bool tb_name_rule_normalise(char *text)
{
    size_t skip = text[0] == '.' ? 1 : 0;
    struct tb_ident id;

    if (strcmp(text, ".") == 0)
        return true;
    if (strchr(text, '/') != NULL)
        return net_normalise(text);
    if (skip == 0 && tb_ident_parse(TB_IDENT_IP, tb_span_str(text), &id, NULL) == 0) {
        if (strlen(id.value) > strlen(text))
            return false;
        strcpy(text, id.value);
        return true;
    }
    if (tb_ident_parse(TB_IDENT_DNS, tb_span_str(text + skip), &id, NULL) < 0 || (skip > 0 && id.wildcard))
        return false;
    tb_ident_text(text + skip, &id);
    return true;
}

/* --- a list ---------------------------------------------------------------------------------------------------- */

static int by_key(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return strcmp(x->key, y->key);
}

static const char *find(const struct tb_name_rules *r, enum rule_kind kind, const char *key)
{
    const struct entry want = {.kind = kind, .key = key};
    const struct entry *e = bsearch(&want, r->entry, r->num, sizeof(want), by_key);

    return e != NULL ? e->rule : NULL;
}

static void add(struct tb_name_rules *r, enum rule_kind kind, const char *key, const char *rule)
{
    r->entry[r->num++] = (struct entry){.kind = kind, .key = key, .rule = rule};
}

static void add_name(struct tb_name_rules *r, const char *rule)
{
    const char *dot = strchr(rule, '.');
    struct tb_ident id;

    if (rule[0] == '.') {
        add(r, RULE_BELOW, rule, rule);
    } else if (rule[0] == '*') {
        add(r, RULE_ONE, rule + 2, rule);
    } else {
        add(r, RULE_EXACT, rule, rule);
        if (dot != NULL && tb_ident_parse(TB_IDENT_IP, tb_span_str(rule), &id, NULL) < 0)
            add(r, RULE_EXACT_PARENT, dot + 1, rule);
    }
}

int tb_name_rules_new(const tb_name_rule_text *text, size_t num, struct tb_name_rules **out)
{
    tb_name_rule_text copy;
    struct tb_name_rules *r;

    *out = NULL;
    if (num > TB_NAME_RULES_NUM_MAX)
        return TB_E_LIMIT;
    r = calloc(1, sizeof(*r));
    if (r == NULL)
        return TB_E_NOMEM;
    for (size_t i = 0; i < num; i++) {
        memcpy(copy, text[i], sizeof(copy));
        if (memchr(copy, 0, sizeof(copy)) == NULL || !tb_name_rule_normalise(copy) || strcmp(copy, text[i]) != 0) {
            free(r);
            return TB_E_FORMAT;
        }
        if (strchr(text[i], '/') == NULL)
            add_name(r, text[i]);
        else if (net_read(text[i], &r->net[r->num_nets]))
            r->num_nets++;
    }
    qsort(r->entry, r->num, sizeof(r->entry[0]), by_key);
    *out = r;
    return 0;
}

void tb_name_rules_free(struct tb_name_rules *rules)
{
    free(rules);
}

static const char *find_address(const struct tb_name_rules *r, const char *value)
{
    const char *rule = find(r, RULE_EXACT, value);
    int family = strchr(value, ':') != NULL ? AF_INET6 : AF_INET;
    uint8_t addr[sizeof(struct in6_addr)];

    if (rule != NULL || inet_pton(family, value, addr) != 1)
        return rule;
    for (size_t i = 0; i < r->num_nets; i++)
        if (in_net(&r->net[i], family, addr))
            return r->net[i].rule;
    return NULL;
}

/* Rules that hold for every name of the set, whether it is one name or those of a wildcard. */
static const char *find_whole(const struct tb_name_rules *r, const struct tb_ident *id, char *dotted)
{
    const char *dot = strchr(id->value, '.');
    const char *one = id->wildcard ? id->value : dot != NULL ? dot + 1 : NULL;
    const char *rule = one != NULL ? find(r, RULE_ONE, one) : NULL;

    if (rule == NULL && id->wildcard) {
        snprintf(dotted, TB_IDENT_VALUE_MAX + 2, ".%s", id->value);
        rule = find(r, RULE_BELOW, dotted);
    }
    for (; rule == NULL && dot != NULL; dot = strchr(dot + 1, '.'))
        rule = find(r, RULE_BELOW, dot);
    return rule != NULL ? rule : find(r, RULE_BELOW, ".");
}

static const char *match(const struct tb_name_rules *r, const struct tb_ident *id, bool touch)
{
    char dotted[TB_IDENT_VALUE_MAX + 2];
    const char *rule = NULL;

    if (id->type == TB_IDENT_IP)
        return find_address(r, id->value);
    if (id->type != TB_IDENT_DNS)
        return NULL;
    if (!id->wildcard)
        rule = find(r, RULE_EXACT, id->value);
    else if (touch)
        rule = find(r, RULE_EXACT_PARENT, id->value);
    return rule != NULL ? rule : find_whole(r, id, dotted);
}

const char *tb_name_rules_cover(const struct tb_name_rules *rules, const struct tb_ident *ident)
{
    return match(rules, ident, false);
}

const char *tb_name_rules_touch(const struct tb_name_rules *rules, const struct tb_ident *ident)
{
    return match(rules, ident, true);
}
