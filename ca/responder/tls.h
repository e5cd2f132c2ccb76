/* TLS as the responder speaks it: 1.3 only, a client certificate demanded, nothing resumed, and nothing for strangers.
 */
#ifndef TB_CA_RESPONDER_TLS_H
#define TB_CA_RESPONDER_TLS_H

#include <openssl/ssl.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

/* The most that the client's Certificate message may have: enough to say "too long" of what is a little too long. */
#define TB_RESPONDER_CERTS_MAX 16384

/*
 * Context of the listener.  Its callbacks take the connection from SSL_get_app_data: tb_connection_hello decides about
 * the ClientHello, tb_connection_message is shown the client's handshake messages.
 */
int tb_responder_tls_new(struct tb_span chain_pem, struct tb_span key_pem, SSL_CTX **out, tb_time_t *out_not_after,
                         const char **out_why) TB_MUST_USE;

#endif
