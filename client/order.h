/* Order (RFC 8555 sections 7.1.3, 7.4): made, finalized, waited for, its certificate downloaded. */
#ifndef TB_CLIENT_ORDER_H
#define TB_CLIENT_ORDER_H

#include "client/session.h"
#include "lib/base/ident.h"

#define TB_ORDER_AUTHZ_MAX    (2 * TB_IDENT_NUM_MAX) /* control and use of each name */
#define TB_ORDER_REPLACES_MAX 127

struct tb_acme_order {
    char url[TB_HTTPS_URL_MAX + 1];
    char status[16];
    char finalize[TB_HTTPS_URL_MAX + 1];
    char certificate[TB_HTTPS_URL_MAX + 1]; /* empty until valid */
    char error[512];
    size_t num_authz;
    char (*authz)[TB_HTTPS_URL_MAX + 1]; /* owned */
};

/* TB_E_FORMAT, TB_E_LIMIT for more authorizations than any order of ours has, TB_E_NOMEM. */
int tb_acme_order_parse(const json_t *obj, struct tb_acme_order *out) TB_MUST_USE;
void tb_acme_order_clear(struct tb_acme_order *order); /* zeroed struct allowed */

/* What is ordered; a text that is NULL is not sent. */
struct tb_acme_wish {
    const struct tb_ident *names;
    size_t num_names;
    const char *profile;
    const char *ancestor; /* domain to prove for the names below it (RFC 9444); a server need not take it up */
    const char *replaces;
};
/* An order that is refused with replaces is asked for again without. */
int tb_acme_order_new(struct tb_acme *a, const struct tb_acme_wish *wish, struct tb_acme_order *out) TB_MUST_USE;
int tb_acme_order_finalize(struct tb_acme *a, struct tb_acme_order *order, struct tb_span csr) TB_MUST_USE;
/* The PEM chain as sent, into a writer of its own. */
int tb_acme_order_download(struct tb_acme *a, const struct tb_acme_order *order, struct tb_wr *pem) TB_MUST_USE;

#endif
