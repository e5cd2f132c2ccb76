/* Where http-01 may look: the first URL, and which redirects may be followed (RFC 8555 section 8.3, section 10.4). */
#ifndef TB_CA_VALIDATOR_REDIRECT_H
#define TB_CA_VALIDATOR_REDIRECT_H

#include "ca/config/config.h"
#include "lib/statement/token.h"

#define TB_REDIRECTS_MAX 10
#define TB_HTTP_PATH_MAX 2000 /* with the query */

struct tb_http_target {
    bool https;
    uint16_t port;
    char host[TB_IDENT_VALUE_MAX + 3]; /* as in a URL: an IPv6 address has brackets */
    char path[TB_HTTP_PATH_MAX + 1];   /* from "/", with the query, without fragment */
};

/* http://IDENT:PORT/.well-known/acme-challenge/TOKEN, with the port of the identifier's zone. */
void tb_http_target_first(const struct tb_config *cfg, const struct tb_ident *ident, const char *token,
                          struct tb_http_target *out);
bool tb_redirect_status(long status);
/*
 * Judge an absolute redirect URL.  TB_E_DENIED with a constant sentence part in *out_why ("... leads to <why>"), which
 * never quotes the URL.
 */
int tb_redirect_check(const struct tb_config *cfg, const char *url, struct tb_http_target *out,
                      const char **out_why) TB_MUST_USE;
/* The URL of a target, into out of size cap. TB_E_LIMIT. */
int tb_http_target_url(const struct tb_http_target *t, char *out, size_t cap) TB_MUST_USE;

#endif
