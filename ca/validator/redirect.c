#include "ca/validator/redirect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#define HTTP_PORT  80
#define HTTPS_PORT 443

void tb_http_target_first(const struct tb_config *cfg, const struct tb_ident *ident, const char *token,
                          struct tb_http_target *out)
{
    bool v6 = ident->type == TB_IDENT_IP && strchr(ident->value, ':') != NULL;
    const struct tb_zone *zone = tb_config_zone(cfg, ident->type == TB_IDENT_DNS ? ident->value : "");

    out->https = false;
    out->port = zone->http_port;
    (void)snprintf(out->host, sizeof(out->host), v6 ? "[%s]" : "%s", ident->value);
    (void)snprintf(out->path, sizeof(out->path), "/.well-known/acme-challenge/%s", token);
}

bool tb_redirect_status(long status)
{
    return status == 301 || status == 302 || status == 307 || status == 308;
}

static bool part_get(CURLU *u, CURLUPart part, unsigned flags, char **out)
{
    *out = NULL;
    return curl_url_get(u, part, out, flags) == CURLUE_OK;
}

static const char *scheme_take(CURLU *u, struct tb_http_target *out)
{
    char *scheme;
    bool ok;

    ok = part_get(u, CURLUPART_SCHEME, 0, &scheme);
    out->https = ok && strcmp(scheme, "https") == 0;
    ok = out->https || (ok && strcmp(scheme, "http") == 0);
    curl_free(scheme);
    return ok ? NULL : "a scheme other than http and https";
}

/* A name, in its one normal form: what is resolved and checked is then what is contacted. */
static const char *host_take(CURLU *u, struct tb_http_target *out)
{
    struct tb_ident ident;
    char *host;
    bool ok;

    ok = part_get(u, CURLUPART_HOST, 0, &host) && tb_ident_parse(TB_IDENT_DNS, tb_span_str(host), &ident, NULL) == 0 &&
         !ident.wildcard;
    curl_free(host);
    if (!ok)
        return "a host that is not a DNS name";
    (void)snprintf(out->host, sizeof(out->host), "%s", ident.value);
    return NULL;
}

static const char *port_take(const struct tb_config *cfg, CURLU *u, struct tb_http_target *out)
{
    const struct tb_zone *zone = tb_config_zone(cfg, out->host);
    long port = 0;
    char *text;

    if (part_get(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, &text))
        port = strtol(text, NULL, 10);
    curl_free(text);
    if (port != (out->https ? HTTPS_PORT : HTTP_PORT) && port != (out->https ? zone->https_port : zone->http_port))
        return "a port that is not allowed";
    out->port = (uint16_t)port;
    return NULL;
}

static bool printable(const char *s)
{
    for (; *s != '\0'; s++)
        if (*s <= ' ' || *s > '~')
            return false;
    return true;
}

static const char *path_take(CURLU *u, struct tb_http_target *out)
{
    char *path, *query;
    const char *why = NULL;
    int n = 0;

    (void)part_get(u, CURLUPART_PATH, 0, &path);
    (void)part_get(u, CURLUPART_QUERY, 0, &query);
    n = snprintf(out->path, sizeof(out->path), "%s%s%s", path != NULL ? path : "/", query != NULL ? "?" : "",
                 query != NULL ? query : "");
    if (n < 0 || (size_t)n >= sizeof(out->path))
        why = "a path of more than 2000 characters";
    else if (out->path[0] != '/' || !printable(out->path))
        why = "a path with characters that a URL may not hold";
    curl_free(path);
    curl_free(query);
    return why;
}

static const char *target_take(const struct tb_config *cfg, const char *url, CURLU *u, struct tb_http_target *out)
{
    const char *why;

    if (u == NULL)
        return "something that cannot be read now";
    if (!printable(url))
        return "characters that a URL may not hold";
    if (curl_url_set(u, CURLUPART_URL, url, CURLU_DISALLOW_USER | CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
        return "something that is not an absolute URL without user name";
    if ((why = scheme_take(u, out)) != NULL || (why = host_take(u, out)) != NULL ||
        (why = port_take(cfg, u, out)) != NULL)
        return why;
    return path_take(u, out);
}

int tb_redirect_check(const struct tb_config *cfg, const char *url, struct tb_http_target *out, const char **out_why)
{
    CURLU *u = curl_url();

    *out = (struct tb_http_target){0};
    *out_why = target_take(cfg, url, u, out);
    curl_url_cleanup(u);
    if (*out_why == NULL)
        return 0;
    *out = (struct tb_http_target){0};
    return TB_E_DENIED;
}

int tb_http_target_url(const struct tb_http_target *t, char *out, size_t cap)
{
    bool usual = t->port == (t->https ? HTTPS_PORT : HTTP_PORT);
    const char *scheme = t->https ? "https" : "http";
    int n;

    /* Host is sent as the URL has it: no port where it is the scheme's own (RFC 9110 section 7.2). */
    if (usual)
        n = snprintf(out, cap, "%s://%s%s", scheme, t->host, t->path);
    else
        n = snprintf(out, cap, "%s://%s:%u%s", scheme, t->host, t->port, t->path);
    return n < 0 || (size_t)n >= cap ? TB_E_LIMIT : 0;
}
