/* Revocation (RFC 8555 section 7.6). */
#ifndef TB_CLIENT_REVOKE_H
#define TB_CLIENT_REVOKE_H

#include "client/chain.h"
#include "client/session.h"

/* Reason codes of RFC 5280 section 5.3.1 that a subscriber may give; TB_E_NOTFOUND for other words. */
int tb_revoke_reason(const char *word, int *out) TB_MUST_USE;
/* by_key NULL: by the session's account; else by the certificate's own key. reason below 0: none is given. */
int tb_revoke(struct tb_acme *a, const struct tb_client_chain *chain, int reason,
              struct tb_keyproc *by_key) TB_MUST_USE;

#endif
