/* HTTPS towards the CA: one connection that is kept, answers bounded in size and time, no redirects. */
#ifndef TB_CLIENT_HTTPS_H
#define TB_CLIENT_HTTPS_H

#include "client/fail.h"
#include "lib/jose/jws.h"

#define TB_HTTPS_BODY_MAX    (256 * 1024)
#define TB_HTTPS_HEAD_MAX    32768
#define TB_HTTPS_URL_MAX     TB_JWS_URL_MAX
#define TB_HTTPS_TYPE_MAX    127
#define TB_HTTPS_CONNECT_S   15
#define TB_HTTPS_TOTAL_S     90
#define TB_HTTPS_RETRY_MAX_S (30 * 24 * 3600) /* a longer Retry-After counts as this */

struct tb_https;

struct tb_https_options {
    const char *ca_file; /* NULL: the system's store */
    const char *proxy;   /* NULL: none, whatever the environment says */
};

/* Of an answer, what ACME uses. */
struct tb_https_answer {
    long status;
    char nonce[TB_JWS_NONCE_MAX + 1]; /* empty: none, or not base64url */
    char location[TB_HTTPS_URL_MAX + 1];
    char terms[TB_HTTPS_URL_MAX + 1]; /* Link: rel="terms-of-service" */
    char content_type[TB_HTTPS_TYPE_MAX + 1];
    int64_t retry_after_s; /* -1: none */
    struct tb_wr body;     /* owned */
};

int tb_https_new(const struct tb_https_options *opt, struct tb_https **out, struct tb_fail *fail) TB_MUST_USE;
void tb_https_free(struct tb_https *h); /* NULL-safe */

/* https only, printable, at most TB_HTTPS_URL_MAX characters, with a host and without user. */
bool tb_https_url_ok(struct tb_span url);
/* "host:port" of a URL, for messages and file names: what stands between "https://" and the next '/'. */
void tb_https_host(char *out, size_t cap, const char *url);

/*
 * One request.  body NULL: GET; else a POST of application/jose+json.  0 whatever the status is; *out must be cleared
 * with tb_https_answer_clear in every case.
 */
int tb_https_request(struct tb_https *h, const char *url, const char *accept, const struct tb_span *body,
                     struct tb_https_answer *out, struct tb_fail *fail) TB_MUST_USE;
/* HEAD, for nonces. */
int tb_https_head(struct tb_https *h, const char *url, struct tb_https_answer *out, struct tb_fail *fail) TB_MUST_USE;
void tb_https_answer_clear(struct tb_https_answer *a);

/* One header line into *out; what ACME does not use is ignored. Exposed for tests and fuzzing. */
void tb_https_header(struct tb_https_answer *out, struct tb_span line);

#endif
