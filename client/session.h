/* A session with an ACME server: its directory, a nonce, the account, and signed requests (RFC 8555 section 6). */
#ifndef TB_CLIENT_SESSION_H
#define TB_CLIENT_SESSION_H

#include "client/directory.h"
#include "client/keyproc.h"

#define TB_ACME_NONCE_TRIES 5 /* requests made when the server says badNonce each time */
#define TB_ACME_POLL_S      300

struct tb_acme {
    struct tb_https *https;   /* owned */
    struct tb_keyproc *key;   /* owned */
    const struct tb_say *say; /* borrowed; may be NULL */
    struct tb_fail *fail;     /* borrowed */
    struct tb_acme_directory dir;
    char nonce[TB_JWS_NONCE_MAX + 1];   /* empty: none at hand */
    char account[TB_HTTPS_URL_MAX + 1]; /* kid; empty before there is one */
};

struct tb_acme_options {
    const char *server; /* directory URL */
    struct tb_https_options https;
    struct tb_keyproc_options key;
};

/* Starts the account key's process, then fetches the directory. Close it in every case. */
int tb_acme_open(struct tb_acme *a, const struct tb_acme_options *opt, const struct tb_say *say,
                 struct tb_fail *fail) TB_MUST_USE;
void tb_acme_close(struct tb_acme *a); /* zeroed struct allowed */

/*
 * One signed POST, by kid when there is an account, else by jwk.  An empty payload is a POST-as-GET.  badNonce is
 * answered with another try, TB_ACME_NONCE_TRIES in all.  0 only for a status of 200 to 299; clear *out in every case.
 */
int tb_acme_post(struct tb_acme *a, const char *url, struct tb_span payload, struct tb_https_answer *out) TB_MUST_USE;
/* The same, and the body must be a JSON object: the caller calls json_decref on *out_obj. out may be NULL. */
int tb_acme_post_json(struct tb_acme *a, const char *url, struct tb_span payload, struct tb_https_answer *out,
                      json_t **out_obj) TB_MUST_USE;
/* With a key of its own instead of the account's: certificate keys revoke so (RFC 8555 section 7.6). */
int tb_acme_post_by(struct tb_acme *a, struct tb_keyproc *key, const char *kid, const char *url, struct tb_span payload,
                    struct tb_https_answer *out) TB_MUST_USE;

/* Wait before poll number n (from 0): Retry-After when there is one, else from 50 ms doubling to 2 s. */
void tb_acme_wait(unsigned n, int64_t retry_after_s);

#endif
