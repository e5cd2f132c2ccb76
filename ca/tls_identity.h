/* A TLS server's certificate chain and key, from PEM: for the front's and the responder's listeners. */
#ifndef TB_CA_TLS_IDENTITY_H
#define TB_CA_TLS_IDENTITY_H

#include <openssl/ssl.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

#define TB_TLS_CHAIN_MAX 8 /* certificates */

/* The key must be the first certificate's.  On failure *out_why is a constant sentence part. TB_E_FORMAT, TB_E_NOMEM.
 */
int tb_tls_identity_use(SSL_CTX *ctx, struct tb_span chain_pem, struct tb_span key_pem, tb_time_t *out_not_after,
                        const char **out_why) TB_MUST_USE;

#endif
