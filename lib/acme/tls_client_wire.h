/*
 * What a responder reads of TLS itself (doc/tls-client-01.md section 4.2): two extensions of the ClientHello, and the
 * client's Certificate message (RFC 8446 section 4.4.2), so that what is judged is what was sent.
 */
#ifndef TB_ACME_TLS_CLIENT_WIRE_H
#define TB_ACME_TLS_CLIENT_WIRE_H

#include "lib/base/bytes.h"

/* Content of server_name (RFC 6066 section 3): exactly one entry, a host_name, borrowed. TB_E_TRUNC, TB_E_FORMAT. */
int tb_tls_client_server_name(struct tb_span ext, struct tb_span *out) TB_MUST_USE;
/* Content of application_layer_protocol_negotiation (RFC 7301 section 3.1): is acme-tls-client/1 all that is offered?
 */
bool tb_tls_client_alpn_is_ours(struct tb_span ext);
/*
 * A whole handshake message of type certificate, as a client sends it in the handshake: the one certificate in *out,
 * borrowed.  TB_E_NOTFOUND for none, TB_E_DUP for more than one, TB_E_LIMIT beyond TB_TLS_CLIENT_CERT_MAX, TB_E_FORMAT.
 */
int tb_tls_client_certificate(struct tb_span message, struct tb_span *out) TB_MUST_USE;

#endif
