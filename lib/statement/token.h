/*
 * Challenge token: made and recognised by its maker alone, without state.
 *     head = version(1)=1 || nonce(16) || expiry(6, seconds)
 *     token = head || first 16 octets of HMAC-SHA-256(token key, domain || head || context)
 * as base64url, 52 characters.  The context names audience, challenge type, identifier with wildcard flag,
 * purposes, account URL, thumbprint and scope, so a token moved to anything else is not a token.
 */
#ifndef TB_STATEMENT_TOKEN_H
#define TB_STATEMENT_TOKEN_H

#include "lib/base/b64u.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/profile/method.h"
#include "lib/profile/purpose.h"
#include "lib/statement/audience.h"

#define TB_TOKEN_RAW_LEN         39
#define TB_TOKEN_LEN             52
#define TB_TOKEN_LIFETIME_MAX_S  (30 * 86400) /* CA/Browser Forum BR 3.2.2.4.19 */
#define TB_KEY_AUTHORIZATION_LEN (TB_TOKEN_LEN + 1 + TB_B64U_DIGEST_LEN)

/* What a token is bound to. */
struct tb_token_context {
    const struct tb_audience *audience;
    enum tb_method method;
    const struct tb_ident *ident;
    tb_purposes_t purposes;
    const char *account_url;
    const uint8_t *thumbprint; /* TB_DIGEST_LEN */
    bool subtree;              /* of the identifier and all names below it */
};

/* TB_E_INVAL for an expiry outside 48 bits, an unknown method or no purposes. */
int tb_token_make(const struct tb_key *key, const struct tb_token_context *ctx, tb_time_t expiry,
                  char out[static TB_TOKEN_LEN + 1]) TB_MUST_USE;
/* TB_E_FORMAT, TB_E_BADSIG (not ours, or another context), TB_E_EXPIRED. */
int tb_token_check(const struct tb_key *key, const struct tb_token_context *ctx, struct tb_span token,
                   tb_time_t now) TB_MUST_USE;
/* token "." b64u(thumbprint), RFC 8555 section 8.1. */
void tb_key_authorization(char out[static TB_KEY_AUTHORIZATION_LEN + 1], const char *token,
                          const uint8_t thumbprint[static TB_DIGEST_LEN]);

#endif
