/* What concerns several keys of the configuration at once. */
#include <stdlib.h>
#include <string.h>

#include "ca/config/pointers.h"
#include "ca/config/responder.h"
#include "ca/config/schema.h"
#include "ca/config/value.h"

struct check {
    struct tb_config *cfg;
    const struct tb_yaml *root;
    const char *path;
    char *why;
};

/* The line of a top-level key, or of the file's beginning. */
static unsigned line_of(const struct check *c, const char *key)
{
    const struct tb_yaml *y = tb_yaml_get(c->root, key);

    return y != NULL ? y->line : c->root->line;
}

/* The line of the i-th entry of a top-level sequence. */
static unsigned line_of_entry(const struct check *c, const char *key, size_t i)
{
    const struct tb_yaml *seq = tb_yaml_get(c->root, key);
    const struct tb_yaml *e = seq != NULL ? seq->child : NULL;

    while (e != NULL && i-- > 0)
        e = e->next;
    return e != NULL ? e->line : line_of(c, key);
}

static int check_base_url(const struct check *c)
{
    struct tb_ident host;
    char want[TB_BASE_URL_MAX + 1] = "";

    if (tb_value_host(c->cfg->name, &host) != 0)
        return TB_E_INTERNAL;
    if (tb_value_base_url_of(c->cfg->base_url, &host))
        return 0;
    if (tb_value_base_url(want, &host, tb_value_listen_port(&c->cfg->listen)) != 0)
        return tb_config_refuse(c->why, c->path, line_of(c, "name"), "name: too long for a base URL");
    return tb_config_refuse(c->why, c->path, line_of(c, "base_url"),
                            "base_url: does not belong to name; expected https://NAME:PORT without :443 and without a "
                            "final slash, such as %s",
                            want);
}

static int check_listeners(const struct check *c)
{
    const struct tb_config *cfg = c->cfg;
    const struct {
        const char *key;
        const struct tb_listen *at;
    } all[] = {
        {"listen", &cfg->listen}, {"metrics", &cfg->metrics}, {"http", &cfg->http}, {"responder", &cfg->responder}};

    for (size_t i = 0; i < TB_ARRAY_LEN(all); i++)
        for (size_t k = 0; k < i; k++)
            if (all[i].at->on && all[k].at->on && strcmp(all[i].at->text, all[k].at->text) == 0)
                return tb_config_refuse(c->why, c->path, line_of(c, all[i].key),
                                        "%s: %s is the address of %s; expected one of its own", all[i].key,
                                        all[i].at->text, all[k].key);
    return 0;
}

/* The address that clients are told of comes into force, or there is no responder. */
static int check_responder(const struct check *c)
{
    struct tb_config *cfg = c->cfg;
    struct tb_ident host;

    if (!cfg->responder.on) {
        cfg->responder_address[0] = '\0';
        return 0;
    }
    if (cfg->responder_address[0] != '\0')
        return 0;
    if (tb_value_host(cfg->name, &host) != 0)
        return TB_E_INTERNAL;
    if (tb_responder_address_default(cfg->responder_address, &host, tb_value_listen_port(&cfg->responder)))
        return 0;
    return tb_config_refuse(c->why, c->path, line_of(c, "responder"),
                            "responder: clients need a DNS name to connect to, of at most %d characters; expected "
                            "responder_address: HOST:PORT, or responder: off",
                            TB_TLS_CLIENT_HOST_MAX);
}

static int check_alternates(const struct check *c)
{
    for (size_t i = 0; i < c->cfg->num_alternate_chains; i++)
        if (!tb_config_has_issuer(c->cfg, c->cfg->alternate_chains[i].issuer))
            return tb_config_refuse(c->why, c->path, line_of_entry(c, "alternate_chains", i),
                                    "alternate_chains: there is no hierarchy of issuer %s; expected another issuer, or "
                                    "peer_hierarchy: true",
                                    tb_issuer_name(c->cfg->alternate_chains[i].issuer));
    return 0;
}

/* Its form was checked with its key. */
static int check_arc(const struct check *c)
{
    return c->cfg->policy_arc[0] != '\0' ? tb_arc_parse(c->cfg->policy_arc, &c->cfg->arc) : 0;
}

static int check_pointers(const struct check *c)
{
    if (tb_pointers_fit(c->cfg))
        return 0;
    return tb_config_refuse(c->why, c->path, line_of(c, "name"),
                            "name: too long for the URLs of CRLs, which certificates carry; expected a shorter one, or "
                            "http: off");
}

static int check_profile(const struct check *c, size_t i)
{
    struct tb_profile *p = &c->cfg->profiles[i];
    unsigned line = line_of_entry(c, "profiles", i);
    const char *why = NULL;

    if (tb_profile_check(p, &why) != 0)
        return tb_config_refuse(c->why, c->path, line, "profiles: %s@%s: %s", p->name, p->version,
                                why != NULL ? why : "the recipe is not sound");
    p->offered = p->wanted && tb_config_withheld(c->cfg, p) == NULL;
    for (size_t k = 0; k < i; k++) {
        const struct tb_profile *other = &c->cfg->profiles[k];

        if (strcmp(other->name, p->name) != 0)
            continue;
        if (strcmp(other->version, p->version) == 0)
            return tb_config_refuse(c->why, c->path, line,
                                    "profiles: %s@%s stands twice; expected each name and version once", p->name,
                                    p->version);
        if (other->wanted && p->wanted)
            return tb_config_refuse(c->why, c->path, line,
                                    "profiles: %s@%s and %s@%s are both offered; expected one version of a name",
                                    p->name, other->version, p->name, p->version);
    }
    if (!p->offered)
        return 0;
    if (p->lifetime_s > tb_config_lifetime_max(c->cfg, p->issuer))
        return tb_config_refuse(c->why, c->path, line,
                                "profiles: %s@%s is offered, but its lifetime is above lifetime_max.%s", p->name,
                                p->version, tb_issuer_name(p->issuer));
    if ((p->control_methods & c->cfg->methods) == 0)
        return tb_config_refuse(c->why, c->path, line,
                                "profiles: %s@%s is offered, but none of its control methods is among methods", p->name,
                                p->version);
    if (p->use_methods != 0 && (p->use_methods & c->cfg->methods) == 0)
        return tb_config_refuse(c->why, c->path, line,
                                "profiles: %s@%s is offered, but none of its use methods is among methods", p->name,
                                p->version);
    return 0;
}

static int check_profiles(const struct check *c)
{
    const struct tb_profile *def;
    char found[TB_FOUND_MAX + 8];
    int err = 0;

    for (size_t i = 0; err == 0 && i < c->cfg->num_profiles; i++)
        err = check_profile(c, i);
    if (err != 0)
        return err;
    def = tb_config_profile(c->cfg, c->cfg->default_profile, NULL);
    if (def != NULL && def->offered)
        return 0;
    if (def != NULL && def->wanted)
        return tb_config_refuse(c->why, c->path, line_of(c, "default_profile"),
                                "default_profile: %s is not offered: %s", def->name, tb_config_withheld(c->cfg, def));
    tb_setting_show(found, c->cfg->default_profile);
    return tb_config_refuse(c->why, c->path, line_of(c, "default_profile"),
                            "default_profile: %s is not offered; expected the name of an offered profile", found);
}

/* One entry for a profile; an absent list of what is allowed is a rule for everything, so that none is ever empty. */
static int check_names(const struct check *c)
{
    static const tb_name_rule_text everything[] = {".", "0.0.0.0/0", "::/0"};
    struct tb_config *cfg = c->cfg;

    for (size_t i = 0; i < cfg->num_names; i++) {
        struct tb_names *n = &cfg->names[i];

        if (n->profile[0] != '\0' && tb_config_profile(cfg, n->profile, NULL) == NULL)
            return tb_config_refuse(c->why, c->path, line_of_entry(c, "names", i),
                                    "names: there is no profile %s; expected the name of a profile, or nothing",
                                    n->profile);
        for (size_t k = 0; k < i; k++)
            if (strcmp(cfg->names[k].profile, n->profile) == 0)
                return tb_config_refuse(c->why, c->path, line_of_entry(c, "names", i),
                                        "names: two entries for %s%s; expected one",
                                        n->profile[0] != '\0' ? "profile " : "all profiles", n->profile);
        if (n->num_allow > 0)
            continue;
        memcpy(n->allow, everything, sizeof(everything));
        n->num_allow = TB_ARRAY_LEN(everything);
    }
    return 0;
}

static int compare_zones(const void *a, const void *b)
{
    return strcmp(((const struct tb_zone *)a)->domain, ((const struct tb_zone *)b)->domain);
}

/* Sorts the zones, so that their order in the file has no meaning, and adds "." when it is not there. */
static int check_zones(const struct check *c)
{
    struct tb_config *cfg = c->cfg;
    bool has_root = false;

    for (size_t i = 0; i < cfg->num_zones; i++) {
        if (cfg->zones[i].caa == TB_ZONE_CAA_SKIP &&
            (cfg->zones[i].domain[0] == '\0' || cfg->zones[i].num_resolvers == 0))
            return tb_config_refuse(c->why, c->path, line_of_entry(c, "zones", i),
                                    "zones: caa is skip for %s; expected that for a domain with resolvers of its own "
                                    "only",
                                    cfg->zones[i].domain[0] != '\0' ? cfg->zones[i].domain : ".");
        has_root = has_root || cfg->zones[i].domain[0] == '\0';
        for (size_t k = 0; k < i; k++)
            if (strcmp(cfg->zones[i].domain, cfg->zones[k].domain) == 0)
                return tb_config_refuse(c->why, c->path, line_of_entry(c, "zones", i),
                                        "zones: domain %s stands twice; expected each domain once",
                                        cfg->zones[i].domain[0] != '\0' ? cfg->zones[i].domain : ".");
    }
    if (!has_root && cfg->num_zones == TB_CONFIG_NUM_ZONES_MAX)
        return tb_config_refuse(c->why, c->path, line_of(c, "zones"), "zones: no room for \".\"; expected at most %d",
                                TB_CONFIG_NUM_ZONES_MAX - 1);
    if (!has_root)
        tb_config_zone_preset(&cfg->zones[cfg->num_zones++]);
    qsort(cfg->zones, cfg->num_zones, sizeof(cfg->zones[0]), compare_zones);
    return 0;
}

int tb_config_check(struct tb_config *cfg, const struct tb_yaml *root, const char *path,
                    char why[static TB_CONFIG_WHY_MAX + 1])
{
    struct check c = {.cfg = cfg, .root = root, .path = path, .why = why};
    int err;

    if ((err = check_base_url(&c)) != 0 || (err = check_listeners(&c)) != 0 || (err = check_responder(&c)) != 0 ||
        (err = check_pointers(&c)) != 0 || (err = check_alternates(&c)) != 0 || (err = check_arc(&c)) != 0 ||
        (err = check_profiles(&c)) != 0 || (err = check_names(&c)) != 0)
        return err;
    return check_zones(&c);
}
