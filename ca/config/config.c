#include "ca/config/config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/config/pem_file.h"
#include "ca/config/schema.h"
#include "lib/base/hash.h"
#include "lib/dns/egress.h"
#include "lib/ipc/msg_parent.h"

#define POLICY_LABEL "tabard validation policy 1"
/* A zone of maximal size is below 4 KiB. */
#define POLICY_MAX   (TB_CONFIG_NUM_ZONES_MAX * 4096 + 256)

/* path made absolute, and its directory. */
static int set_paths(struct tb_config *cfg, const char *path)
{
    char cwd[TB_CONFIG_PATH_MAX + 1];
    char *slash;
    int n;

    if (path[0] == '/') {
        n = snprintf(cfg->path, sizeof(cfg->path), "%s", path);
    } else {
        if (getcwd(cwd, sizeof(cwd)) == NULL)
            return TB_E_IO;
        n = snprintf(cfg->path, sizeof(cfg->path), "%s/%s", strcmp(cwd, "/") == 0 ? "" : cwd, path);
    }
    if (n < 0 || (size_t)n >= sizeof(cfg->path))
        return TB_E_LIMIT;
    memcpy(cfg->dir, cfg->path, (size_t)n + 1);
    slash = strrchr(cfg->dir, '/');
    slash[slash == cfg->dir ? 1 : 0] = '\0';
    return 0;
}

static void write_listen(struct tb_wr *wr, const struct tb_listen *l)
{
    tb_wr_str16(wr, l->text);
}

static void write_net(struct tb_wr *wr, const struct tb_net *net)
{
    tb_wr_bytes(wr, net->addr, sizeof(net->addr));
    tb_wr_u8(wr, net->prefix);
}

static void write_proxies(struct tb_wr *wr, const struct tb_config *cfg)
{
    tb_wr_str16(wr, "proxies");
    for (size_t i = 0; i < cfg->num_responder_proxies; i++)
        write_net(wr, &cfg->responder_proxy[i]);
}

/* Only where it is not the default: a digest from before these keys stays what it was. */
static void write_egress(struct tb_wr *wr, const struct tb_zone *z)
{
    struct tb_zone preset;

    tb_config_zone_preset(&preset);
    if (z->egress_prefix_v4 == preset.egress_prefix_v4 && z->egress_prefix_v6 == preset.egress_prefix_v6 &&
        !z->low_source_port)
        return;
    tb_wr_str16(wr, "egress");
    tb_wr_u16(wr, z->egress_prefix_v4);
    tb_wr_u16(wr, z->egress_prefix_v6);
    tb_wr_u8(wr, z->low_source_port);
}

static void write_zone(struct tb_wr *wr, const struct tb_zone *z)
{
    tb_wr_str16(wr, z->domain);
    tb_wr_u16(wr, (uint16_t)z->num_resolvers);
    for (size_t i = 0; i < z->num_resolvers; i++)
        write_listen(wr, &z->resolver[i]);
    tb_wr_u16(wr, (uint16_t)z->num_trust_anchors);
    for (size_t i = 0; i < z->num_trust_anchors; i++)
        tb_wr_str16(wr, z->trust_anchor[i]);
    tb_wr_u16(wr, (uint16_t)z->num_allow_private);
    for (size_t i = 0; i < z->num_allow_private; i++)
        write_net(wr, &z->allow_private[i]);
    tb_wr_u16(wr, z->http_port);
    tb_wr_u16(wr, z->https_port);
    tb_wr_u16(wr, z->tls_alpn_port);
    write_egress(wr, z);
    if (z->caa != TB_ZONE_CAA_REQUIRE) { /* as above */
        tb_wr_str16(wr, "caa");
        tb_wr_u8(wr, (uint8_t)z->caa);
    }
}

/* Everything that decides what a validation proves; one encoding for one meaning (zones are sorted already). */
static int set_policy_digest(struct tb_config *cfg)
{
    struct tb_wr wr;
    int err;

    tb_wr_init(&wr, POLICY_MAX);
    tb_wr_str16(&wr, POLICY_LABEL);
    tb_wr_u32(&wr, cfg->methods);
    tb_wr_u16(&wr, cfg->perspective);
    tb_wr_u16(&wr, (uint16_t)cfg->num_zones);
    for (size_t i = 0; i < cfg->num_zones; i++)
        write_zone(&wr, &cfg->zones[i]);
    if (cfg->num_responder_proxies > 0)
        write_proxies(&wr, cfg);
    err = tb_wr_err(&wr);
    if (err == 0)
        tb_sha256(cfg->policy_digest, tb_wr_span(&wr));
    tb_wr_clear(&wr);
    return err;
}

static int fill(struct tb_config *cfg, const struct tb_yaml *root, const char *path, char *why)
{
    int err;

    if ((err = tb_schema_read(cfg, root, path, why)) != 0 || (err = tb_config_check(cfg, root, path, why)) != 0 ||
        (err = set_paths(cfg, path)) != 0)
        return err;
    return set_policy_digest(cfg);
}

int tb_config_parse(struct tb_span text, const char *path, struct tb_config **out,
                    char why[static TB_CONFIG_WHY_MAX + 1])
{
    char yaml_why[TB_YAML_WHY_MAX + 1];
    struct tb_config *cfg = NULL;
    struct tb_yaml *root = NULL;
    unsigned line = 1;
    int err;

    *out = NULL;
    why[0] = '\0';
    if (text.len > TB_CONFIG_TEXT_MAX)
        return tb_config_refuse(why, path, 1, "the file has %zu octets; expected at most %u", text.len,
                                TB_CONFIG_TEXT_MAX);
    err = tb_yaml_parse(text, &root, &line, yaml_why);
    if (err != 0)
        return tb_config_refuse(why, path, line, "%s", yaml_why);
    cfg = calloc(1, sizeof(*cfg));
    err = cfg != NULL ? fill(cfg, root, path, why) : TB_E_NOMEM;
    tb_yaml_free(root);
    if (err != 0) {
        tb_config_free(cfg);
        return why[0] != '\0' ? TB_E_CONFIG : tb_config_refuse(why, path, 1, "%s", tb_err_text(err));
    }
    *out = cfg;
    return 0;
}

int tb_config_load(const char *path, struct tb_config **out, struct tb_wr *text, char why[static TB_CONFIG_WHY_MAX + 1])
{
    uint8_t *buf = NULL;
    size_t len = 0;
    int err;

    *out = NULL;
    if (tb_pem_file_read(path, TB_CONFIG_TEXT_MAX, &buf, &len) != 0) {
        snprintf(why, TB_CONFIG_WHY_MAX + 1, "%s: %s", path, strerror(errno));
        return TB_E_IO;
    }
    err = tb_config_parse(tb_span_of(buf, len), path, out, why);
    if (err == 0 && text != NULL)
        tb_wr_bytes(text, buf, len);
    free(buf);
    return err;
}

void tb_config_free(struct tb_config *cfg)
{
    free(cfg);
}

const struct tb_profile *tb_config_profile(const struct tb_config *cfg, const char *name, const char *version)
{
    const struct tb_profile *first = NULL;

    for (size_t i = 0; i < cfg->num_profiles; i++) {
        const struct tb_profile *p = &cfg->profiles[i];

        if (strcmp(p->name, name) != 0 || (version != NULL && strcmp(p->version, version) != 0))
            continue;
        if (p->offered || version != NULL)
            return p;
        if (first == NULL)
            first = p;
    }
    return first;
}

const char *tb_config_withheld(const struct tb_config *cfg, const struct tb_profile *p)
{
    if (!tb_config_has_issuer(cfg, p->issuer))
        return "there is no such hierarchy (peer_hierarchy is false)";
    if (p->use_methods != 0 && !cfg->responder.on)
        return "it demands a proof of use, and there is no responder";
    return NULL;
}

uint32_t tb_config_lifetime_max(const struct tb_config *cfg, enum tb_issuer issuer)
{
    switch (issuer) {
    case TB_ISSUER_SERVER:
        return cfg->lifetime_max.server_s;
    case TB_ISSUER_CLIENT:
        return cfg->lifetime_max.client_s;
    case TB_ISSUER_PEER:
        return cfg->lifetime_max.peer_s;
    case TB_ISSUER_NONE:
    case TB_ISSUER__COUNT:
        break;
    }
    return 0;
}

bool tb_config_has_issuer(const struct tb_config *cfg, enum tb_issuer issuer)
{
    return issuer == TB_ISSUER_SERVER || issuer == TB_ISSUER_CLIENT ||
           (issuer == TB_ISSUER_PEER && cfg->peer_hierarchy);
}

void tb_config_audience(const struct tb_config *cfg, struct tb_audience *out)
{
    memset(out, 0, sizeof(*out));
    memcpy(out->ca_id, cfg->ca_id, sizeof(out->ca_id));
    memcpy(out->directory, cfg->base_url, sizeof(out->directory));
    memcpy(out->policy_digest, cfg->policy_digest, sizeof(out->policy_digest));
}
_Static_assert(sizeof(((struct tb_audience *)0)->directory) == sizeof(((struct tb_config *)0)->base_url),
               "a base URL fits an audience");

void tb_config_zone_preset(struct tb_zone *out)
{
    *out = (struct tb_zone){.http_port = 80,
                            .https_port = 443,
                            .tls_alpn_port = 443,
                            .egress_prefix_v4 = TB_EGRESS_MIN_V4,
                            .egress_prefix_v6 = TB_EGRESS_MIN_V6};
}

const struct tb_zone *tb_config_zone(const struct tb_config *cfg, const char *dns_name)
{
    const struct tb_zone *best = &cfg->zones[0]; /* "." sorts first */

    for (size_t i = 1; i < cfg->num_zones; i++)
        if (tb_dns_name_under(dns_name, cfg->zones[i].domain) && strlen(cfg->zones[i].domain) > strlen(best->domain))
            best = &cfg->zones[i];
    return best;
}
