#include "ca/config/pointers.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "ca/config/value.h"

#define PORT_HTTP 80

/* "" when it would be cut. */
static void TB_PRINTF(3, 4) put(char out[static TB_URI_MAX + 1], const struct tb_config *cfg, const char *fmt, ...)
{
    bool v6 = strchr(cfg->name, ':') != NULL;
    uint16_t port = tb_value_listen_port(&cfg->http);
    char path[64];
    char host_port[8] = "";
    va_list ap;
    int n;

    va_start(ap, fmt);
    (void)vsnprintf(path, sizeof(path), fmt, ap);
    va_end(ap);
    if (port != PORT_HTTP)
        (void)snprintf(host_port, sizeof(host_port), ":%u", port);
    n = snprintf(out, TB_URI_MAX + 1, v6 ? "http://[%s]%s%s" : "http://%s%s%s", cfg->name, host_port, path);
    if (n < 0 || n > TB_URI_MAX)
        out[0] = '\0';
}

void tb_pointer_crl(char out[static TB_URI_MAX + 1], const struct tb_config *cfg, enum tb_issuer issuer, unsigned shard)
{
    const char *name = tb_issuer_name(issuer);

    out[0] = '\0';
    if (cfg->http.on && name != NULL && shard < TB_CRL_SHARDS)
        put(out, cfg, "/crl/%s/%u.crl", name, shard);
}

void tb_pointer_aia(char out[static TB_URI_MAX + 1], const struct tb_config *cfg, enum tb_issuer issuer)
{
    const char *name = tb_issuer_name(issuer);

    out[0] = '\0';
    if (cfg->http.on && name != NULL)
        put(out, cfg, "/aia/issuing-%s.cer", name);
}

bool tb_pointers_fit(const struct tb_config *cfg)
{
    char uri[TB_URI_MAX + 1];

    if (!cfg->http.on)
        return true;
    for (enum tb_issuer issuer = TB_ISSUER_NONE + 1; issuer < TB_ISSUER__COUNT; issuer++) {
        tb_pointer_crl(uri, cfg, issuer, TB_CRL_SHARDS - 1);
        if (uri[0] == '\0')
            return false;
        tb_pointer_aia(uri, cfg, issuer);
        if (uri[0] == '\0')
            return false;
    }
    return true;
}
