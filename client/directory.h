/* Directory (RFC 8555 section 7.1.1): where a server does what. */
#ifndef TB_CLIENT_DIRECTORY_H
#define TB_CLIENT_DIRECTORY_H

#include "client/https.h"
#include "lib/json/json.h"

#define TB_DIRECTORY_PROFILES_MAX   32
#define TB_DIRECTORY_PROFILE_MAX    64
/* Responders of tls-client-01 (doc/tls-client-01.md, section 3). */
#define TB_DIRECTORY_RESPONDERS_MAX 8
#define TB_DIRECTORY_RESPONDER_MAX  259 /* a DNS name, colon and port */

/* Empty strings: the server does not offer it. */
struct tb_acme_directory {
    char new_nonce[TB_HTTPS_URL_MAX + 1];
    char new_account[TB_HTTPS_URL_MAX + 1];
    char new_order[TB_HTTPS_URL_MAX + 1];
    char new_authz[TB_HTTPS_URL_MAX + 1];
    char revoke_cert[TB_HTTPS_URL_MAX + 1];
    char key_change[TB_HTTPS_URL_MAX + 1];
    char renewal_info[TB_HTTPS_URL_MAX + 1];
    char terms[TB_HTTPS_URL_MAX + 1];
    bool eab_required;
    size_t num_profiles; /* those beyond the maximum are ignored */
    char profiles[TB_DIRECTORY_PROFILES_MAX][TB_DIRECTORY_PROFILE_MAX + 1];
    size_t num_responders; /* when there are any, a challenge that names others is refused */
    char responders[TB_DIRECTORY_RESPONDERS_MAX][TB_DIRECTORY_RESPONDER_MAX + 1];
};

/*
 * A list of HOST:PORT, HOST a DNS name of two labels or more.  TB_E_FORMAT for anything else and for an empty list,
 * TB_E_LIMIT above the maximum.
 */
int tb_acme_responders(const json_t *list, char out[static TB_DIRECTORY_RESPONDERS_MAX][TB_DIRECTORY_RESPONDER_MAX + 1],
                       size_t *out_num) TB_MUST_USE;

/* TB_E_FORMAT when one of the three first URLs is missing or any URL is no https URL; *out_what names the member. */
int tb_acme_directory_parse(struct tb_span json, struct tb_acme_directory *out, const char **out_what) TB_MUST_USE;
/* Fetch and parse. */
int tb_acme_directory_get(struct tb_https *https, const char *url, struct tb_acme_directory *out,
                          struct tb_fail *fail) TB_MUST_USE;
/* 0 when the profile is advertised; else a failure that lists those that are. */
int tb_acme_directory_profile(const struct tb_acme_directory *dir, const char *profile,
                              struct tb_fail *fail) TB_MUST_USE;

/*
 * A member that is an https URL, into out of TB_HTTPS_URL_MAX + 1 characters: TB_E_NOTFOUND (out empty) when absent,
 * TB_E_FORMAT for anything else.
 */
int tb_acme_url(const json_t *obj, const char *name, char out[static TB_HTTPS_URL_MAX + 1]) TB_MUST_USE;

#endif
