#include "ca/responder/sources.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/hash.h"

#define PREFIX_ADDRESS 128
#define V4_BITS        96
/* Of a sibling as long as the declaration's own first label, so that it fits wherever that does. */
#define SIBLING_LEN    (sizeof(TB_EGRESS_LABEL) - 2)

static void queries_stop(struct tb_sources *s)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(s->query); i++) {
        tb_dns_query_abandon(s->query[i]);
        s->query[i] = NULL;
    }
}

static void finish(struct tb_sources *s)
{
    queries_stop(s);
    s->known = s->problem.type == TB_P_NONE;
    s->done(s->arg);
}

static bool lookup_failed(struct tb_sources *s, const char *what, const struct tb_dns_result *res)
{
    s->dnssec = tb_dnssec_weaker(s->dnssec, res->dnssec);
    if (res->err == 0)
        return false;
    (void)tb_problem_set(&s->problem, res->err, TB_P_DNS, "%s lookup for %s failed: %s", what, s->ident->value,
                         tb_dns_err_text(res->err));
    return true;
}

/* --- published: A and AAAA ------------------------------------------------------------------------------------- */

static void add(struct tb_sources *s, const struct tb_address *a)
{
    struct tb_egress_item *it = &s->item[s->num];
    const char *why;

    if (tb_address_check(a, s->zone, &why) < 0) {
        if (s->denied_why == NULL)
            s->denied = *a;
        s->denied_why = s->denied_why != NULL ? s->denied_why : why;
        return;
    }
    memcpy(it->addr, a->b, sizeof(it->addr));
    it->prefix = PREFIX_ADDRESS;
    s->num++;
}

static void published_problem(struct tb_sources *s)
{
    char text[TB_ADDRESS_TEXT_MAX];

    if (s->denied_why == NULL) {
        s->nowhere = true;
        (void)tb_problem_set(&s->problem, TB_E_NOTFOUND, TB_P_DNS,
                             "%s has neither A nor AAAA records, and declares no egress at " TB_EGRESS_LABEL "%s",
                             s->ident->value, s->ident->value);
        return;
    }
    tb_address_text(text, &s->denied);
    (void)tb_problem_set(&s->problem, TB_E_DENIED, TB_P_UNAUTHORIZED,
                         "%s has the address %s, from which this CA takes no proof: %s", s->ident->value, text,
                         s->denied_why);
}

static void address_answered(struct tb_sources *s, size_t which, const char *type, const struct tb_dns_result *res)
{
    struct tb_address a;

    s->query[which] = NULL;
    s->pending--;
    if (lookup_failed(s, type, res)) {
        finish(s);
        return;
    }
    for (size_t i = 0; i < res->num && s->problem.type == TB_P_NONE; i++) {
        if (tb_address_from_rdata(res->rdata[i], &a) < 0 || a.v4 != (which == 0))
            (void)tb_problem_set(&s->problem, TB_E_FORMAT, TB_P_DNS, "%s lookup for %s failed: %s", type,
                                 s->ident->value, tb_dns_err_text(TB_E_FORMAT));
        else
            add(s, &a);
    }
    if (s->problem.type == TB_P_NONE && s->pending > 0)
        return;
    if (s->problem.type == TB_P_NONE && s->num == 0)
        published_problem(s);
    finish(s);
}

static void a_answered(void *arg, const struct tb_dns_result *res)
{
    address_answered(arg, 0, "A", res);
}

static void aaaa_answered(void *arg, const struct tb_dns_result *res)
{
    address_answered(arg, 1, "AAAA", res);
}

static int ask(struct tb_sources *s, size_t which, const char *name, uint16_t type, tb_dns_done_fn *done)
{
    int r = tb_resolver_query(s->resolver, name, type, done, s, &s->query[which]);

    if (r < 0)
        (void)tb_problem_set(&s->problem, r, TB_P_DNS, "lookup for %s could not be started: %s", s->ident->value,
                             tb_dns_err_text(r));
    return r;
}

/* Both families, and both must be answered: otherwise it is not known where the name is. */
static int ask_addresses(struct tb_sources *s)
{
    int r;

    s->pending = 2;
    if ((r = ask(s, 0, s->ident->value, TB_DNS_TYPE_A, a_answered)) < 0)
        return r;
    return ask(s, 1, s->ident->value, TB_DNS_TYPE_AAAA, aaaa_answered);
}

static void go_on_with_addresses(struct tb_sources *s)
{
    if (ask_addresses(s) < 0)
        finish(s);
}

/* --- declared: _acme-egress.NAME ------------------------------------------------------------------------------- */

static void set_digest(uint8_t out[static TB_DIGEST_LEN], const struct tb_dns_result *res)
{
    uint8_t one[TB_DIGEST_LEN];

    memset(out, 0, TB_DIGEST_LEN);
    for (size_t i = 0; i < res->num; i++) {
        tb_sha256(one, res->rdata[i]);
        for (size_t k = 0; k < TB_DIGEST_LEN; k++)
            out[k] ^= one[k];
    }
}

static void take_declaration(struct tb_sources *s)
{
    const char *name = s->ident->value;

    if (s->set_err < 0)
        (void)tb_problem_set(&s->problem, s->set_err, s->set_err == TB_E_DENIED ? TB_P_UNAUTHORIZED : TB_P_DNS,
                             "the egress declaration at " TB_EGRESS_LABEL "%s %s", name, s->set_why);
    else if (s->set.num == 0)
        (void)tb_problem_set(&s->problem, TB_E_DENIED, TB_P_UNAUTHORIZED,
                             "the egress declaration at " TB_EGRESS_LABEL "%s names no address: nobody may prove use",
                             name);
    s->declared = true;
    s->num = s->set.num;
    memcpy(s->item, s->set.item, s->set.num * sizeof(s->item[0]));
    finish(s);
}
_Static_assert(TB_EGRESS_ITEMS_MAX <= TB_SOURCES_MAX, "a whole declaration fits");

/* What every name below has was written for none of them: a wildcard made it. */
static void sibling_answered(void *arg, const struct tb_dns_result *res)
{
    struct tb_sources *s = arg;
    uint8_t digest[TB_DIGEST_LEN];

    s->query[0] = NULL;
    if (lookup_failed(s, "TXT", res)) {
        finish(s);
        return;
    }
    set_digest(digest, res);
    if (res->num > 0 && memcmp(digest, s->set_digest, sizeof(digest)) == 0)
        go_on_with_addresses(s);
    else
        take_declaration(s);
}

static int ask_sibling(struct tb_sources *s)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    char name[TB_IDENT_VALUE_MAX + 1];
    uint8_t random[SIBLING_LEN];

    tb_random(random, sizeof(random));
    for (size_t i = 0; i < SIBLING_LEN; i++)
        name[i] = alphabet[random[i] % 32];
    (void)snprintf(name + SIBLING_LEN, sizeof(name) - SIBLING_LEN, ".%s", s->ident->value);
    return ask(s, 0, name, TB_DNS_TYPE_TXT, sibling_answered);
}

static void declaration_answered(void *arg, const struct tb_dns_result *res)
{
    const struct tb_egress_policy policy = {.min_v4 = (uint8_t)((struct tb_sources *)arg)->zone->egress_prefix_v4,
                                            .min_v6 = (uint8_t)((struct tb_sources *)arg)->zone->egress_prefix_v6};
    struct tb_sources *s = arg;

    s->query[0] = NULL;
    if (lookup_failed(s, "TXT", res)) {
        finish(s);
        return;
    }
    s->set_err = tb_egress_read(res->rdata, res->num, &policy, &s->set, &s->set_why);
    /* By a CNAME it is another name's. */
    if (res->chained || (s->set_err == 0 && !s->set.declared)) {
        go_on_with_addresses(s);
        return;
    }
    set_digest(s->set_digest, res);
    if (ask_sibling(s) < 0)
        finish(s);
}

/* --- the whole ------------------------------------------------------------------------------------------------- */

static void itself(struct tb_sources *s)
{
    struct tb_address a;

    s->dnssec = TB_DNSSEC_NONE;
    if (tb_address_from_text(s->ident->value, &a) < 0)
        (void)tb_problem_set(&s->problem, TB_E_FORMAT, TB_P_MALFORMED, "the identifier is not an address");
    else
        add(s, &a);
    if (s->problem.type == TB_P_NONE && s->num == 0)
        (void)tb_problem_set(&s->problem, TB_E_DENIED, TB_P_UNAUTHORIZED,
                             "%s is an address from which this CA takes no proof: %s", s->ident->value, s->denied_why);
    s->known = s->problem.type == TB_P_NONE;
}

int tb_sources_find(struct tb_sources *s, struct tb_resolver *r, const struct tb_config *cfg,
                    const struct tb_ident *ident, tb_sources_done_fn *done, void *arg)
{
    char name[sizeof(TB_EGRESS_LABEL) + TB_IDENT_VALUE_MAX];
    int err;

    *s = (struct tb_sources){.resolver = r,
                             .zone = tb_config_zone(cfg, ident->value),
                             .ident = ident,
                             .dnssec = TB_DNSSEC_SECURE,
                             .done = done,
                             .arg = arg};
    if (ident->type != TB_IDENT_DNS) {
        itself(s);
        return TB_E_STATE;
    }
    (void)snprintf(name, sizeof(name), TB_EGRESS_LABEL "%s", ident->value);
    /* A name so long that it has no room for the label cannot declare anything. */
    err = strlen(name) > TB_IDENT_VALUE_MAX ? ask_addresses(s) : ask(s, 0, name, TB_DNS_TYPE_TXT, declaration_answered);
    if (err == 0)
        return 0;
    queries_stop(s);
    return TB_E_STATE;
}

void tb_sources_cancel(struct tb_sources *s)
{
    queries_stop(s);
    tb_problem_clear(&s->problem);
    s->known = false;
}

uint8_t tb_sources_match(const struct tb_sources *s, const struct tb_address *a)
{
    uint8_t best = 0;

    if (!s->known || tb_address_check(a, s->zone, NULL) < 0)
        return 0;
    for (size_t i = 0; i < s->num; i++)
        if (s->item[i].prefix > best && tb_egress_covers(&s->item[i], a->b))
            best = s->item[i].prefix;
    return best;
}

void tb_sources_text(char out[static TB_SOURCES_TEXT_MAX + 1], const struct tb_sources *s)
{
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < s->num; i++) {
        const struct tb_egress_item *it = &s->item[i];
        struct tb_address a = {.v4 =
                                   it->prefix >= V4_BITS && memcmp(it->addr, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0};
        char text[TB_ADDRESS_TEXT_MAX], piece[TB_ADDRESS_TEXT_MAX + 16];
        int n;

        memcpy(a.b, it->addr, sizeof(a.b));
        tb_address_text(text, &a);
        n = snprintf(piece, sizeof(piece), "%s%s", i > 0 ? ", " : "", text);
        if (it->prefix < PREFIX_ADDRESS)
            n += snprintf(piece + n, sizeof(piece) - (size_t)n, "/%d", it->prefix - (a.v4 ? V4_BITS : 0));
        /* Room for what says that there are more. */
        if (len + (size_t)n + sizeof(", ...") > TB_SOURCES_TEXT_MAX) {
            (void)snprintf(out + len, TB_SOURCES_TEXT_MAX + 1 - len, ", ...");
            return;
        }
        memcpy(out + len, piece, (size_t)n + 1);
        len += (size_t)n;
    }
}
