/* Authorization and its challenges (RFC 8555 sections 7.1.4, 7.1.5). */
#ifndef TB_CLIENT_AUTHZ_H
#define TB_CLIENT_AUTHZ_H

#include "client/session.h"
#include "lib/base/ident.h"

#define TB_AUTHZ_CHALLENGES_MAX 16 /* those beyond are ignored */
#define TB_CHALLENGE_TYPE_MAX   31
#define TB_CHALLENGE_TOKEN_MAX  255
#define TB_RESPONDERS_MAX       TB_DIRECTORY_RESPONDERS_MAX

struct tb_acme_challenge {
    char type[TB_CHALLENGE_TYPE_MAX + 1];
    char url[TB_HTTPS_URL_MAX + 1];
    char token[TB_CHALLENGE_TOKEN_MAX + 1]; /* of the base64url alphabet alone (RFC 8555 section 8.1) */
    char error[512];                        /* why it failed; empty */
};

struct tb_acme_authz {
    char url[TB_HTTPS_URL_MAX + 1];
    struct tb_ident ident; /* wildcard set when the authorization says so */
    char status[16];
    bool proves_use; /* extra member of Tabard: this one is for the use of the name, not for its control */
    /* Of its tls-client-01 challenge: HOST:PORT each, and how many of them must accept. */
    size_t num_responders;
    unsigned quorum;
    char responders[TB_RESPONDERS_MAX][TB_DIRECTORY_RESPONDER_MAX + 1];
    size_t num_challenges;
    struct tb_acme_challenge challenges[TB_AUTHZ_CHALLENGES_MAX];
};

/*
 * Strict about what becomes a file name, a DNS value or a request: identifier, status, and for each challenge type, URL
 * and token; a challenge without a sound token is left out.  TB_E_FORMAT, TB_E_LIMIT.
 */
int tb_acme_authz_parse(const json_t *obj, struct tb_acme_authz *out) TB_MUST_USE;
/* Pre-authorization (RFC 8555 section 7.4.1) of the use of a name as a TLS client. */
int tb_acme_authz_new_use(struct tb_acme *a, const struct tb_ident *ident, struct tb_acme_authz *out) TB_MUST_USE;
int tb_acme_authz_get(struct tb_acme *a, const char *url, struct tb_acme_authz *out) TB_MUST_USE;
/* Until it is pending no longer; 0 when it is valid, else a failure that says why. */
int tb_acme_authz_wait(struct tb_acme *a, struct tb_acme_authz *authz) TB_MUST_USE;
/* NULL when it does not offer the type. */
const struct tb_acme_challenge *tb_acme_authz_find(const struct tb_acme_authz *authz, const char *type);

#endif
