/* Renewal information (RFC 9773): when the server wants a certificate to be renewed. */
#ifndef TB_CLIENT_ARI_H
#define TB_CLIENT_ARI_H

#include "client/directory.h"
#include "lib/base/clock.h"

struct tb_ari {
    tb_time_t start, end;
    char explanation[TB_HTTPS_URL_MAX + 1]; /* URL for a person; may be empty */
    int64_t retry_after_s;                  /* -1: none */
};

/* TB_E_FORMAT also for a window that does not end after its start (section 4.2). */
int tb_ari_parse(struct tb_span json, struct tb_ari *out) TB_MUST_USE;
/* Unauthenticated GET; TB_E_UNSUPPORTED when the server has none. */
int tb_ari_get(struct tb_https *https, const struct tb_acme_directory *dir, const char *certid, struct tb_ari *out,
               struct tb_fail *fail) TB_MUST_USE;

#endif
