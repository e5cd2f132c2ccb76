/* What a configuration means for libunbound: its file, its trust anchors, the zones that it must not answer itself. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include <unbound.h>

#include "ca/resolver/resolver.h"

#define ROOT_KEY_FILE "/usr/share/dns/root.key"
#define CONF_MAX      (64u << 10)

/* libunbound reads forward-zone clauses from a file only; an unnamed one does. */
static int conf_apply(struct ub_ctx *ub, const struct tb_config *cfg)
{
    char path[64];
    struct tb_wr wr;
    struct tb_span text;
    int fd = -1, r = TB_E_NOMEM;

    tb_wr_init(&wr, CONF_MAX);
    tb_resolver_conf(cfg, &wr);
    if ((r = tb_wr_err(&wr)) < 0)
        goto out;
    text = tb_wr_span(&wr);
    r = TB_E_IO;
    fd = memfd_create("resolver", MFD_CLOEXEC);
    if (fd < 0 || write(fd, text.p, text.len) != (ssize_t)text.len)
        goto out;
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    r = ub_ctx_config(ub, path) == 0 ? 0 : TB_E_CONFIG;
out:
    if (fd >= 0)
        (void)close(fd);
    tb_wr_clear(&wr);
    return r;
}

static int anchors_apply(struct ub_ctx *ub, const struct tb_config *cfg, bool *out_validates)
{
    bool root_anchor = false;

    for (size_t i = 0; i < cfg->num_zones; i++) {
        const struct tb_zone *zone = &cfg->zones[i];

        for (size_t k = 0; k < zone->num_trust_anchors; k++) {
            if (ub_ctx_add_ta(ub, zone->trust_anchor[k]) != 0)
                return TB_E_CONFIG;
            *out_validates = true;
            root_anchor |= zone->domain[0] == '\0';
        }
    }
    if (root_anchor || !tb_resolver_conf_recurses(cfg) || access(ROOT_KEY_FILE, R_OK) != 0)
        return 0;
    if (ub_ctx_add_ta_file(ub, ROOT_KEY_FILE) != 0)
        return TB_E_CONFIG;
    *out_validates = true;
    return 0;
}

/*
 * libunbound answers these itself, before any resolver (RFC 6761).  `localhost` and `onion` stay: no resolver may
 * answer for them.  The first removal also finalises the context: it reads anchors and hints now.
 */
static int builtin_zones_remove(struct ub_ctx *ub)
{
    static const char *const zones[] = {"test.", "invalid.", "home.arpa.", "resolver.arpa.", "service.arpa."};

    for (size_t i = 0; i < TB_ARRAY_LEN(zones); i++)
        if (ub_ctx_zone_remove(ub, zones[i]) != 0)
            return TB_E_CONFIG;
    return 0;
}

int tb_resolver_context(struct ub_ctx *ub, const struct tb_config *cfg, bool *out_validates, const char **out_why)
{
    int err;

    *out_validates = false;
    (void)ub_ctx_debugout(ub, NULL);
    if ((err = conf_apply(ub, cfg)) < 0) {
        *out_why = "the resolver refuses its configuration";
        return err;
    }
    if ((err = anchors_apply(ub, cfg, out_validates)) < 0) {
        *out_why = "a trust anchor is not usable";
        return err;
    }
    if ((err = builtin_zones_remove(ub)) < 0)
        *out_why = "the resolver cannot be set up (a trust anchor may be malformed)";
    return err;
}
