/* tls-client-01 (doc/tls-client-01.md): the strings that client and responder must agree on. */
#ifndef TB_ACME_TLS_CLIENT_H
#define TB_ACME_TLS_CLIENT_H

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define TB_TLS_CLIENT_PROTOCOL    "acme-tls-client/1" /* ALPN */
#define TB_TLS_CLIENT_TAG_LEN     16                  /* characters: base32 of 10 octets */
#define TB_TLS_CLIENT_HOST_MAX    (253 - TB_TLS_CLIENT_TAG_LEN - 1)
#define TB_TLS_CLIENT_CERT_MAX    4096
#define TB_TLS_CLIENT_LINE_MAX    128 /* with its LF */
#define TB_TLS_CLIENT_REASON_MAX  31
#define TB_TLS_CLIENT_ADDRESS_MAX 45
#define TB_TLS_CLIENT_WINDOW_S    60

/* First label of the server name: lower-case base32 (RFC 4648 section 6) of the first octets of SHA-256 over token. */
void tb_tls_client_tag(char out[static TB_TLS_CLIENT_TAG_LEN + 1], struct tb_span token);
/*
 * The tag of a server name under host, in lower case.  TB_E_FORMAT when name is not TAG "." host; case of both does not
 * count.
 */
int tb_tls_client_tag_of(char out[static TB_TLS_CLIENT_TAG_LEN + 1], struct tb_span name, const char *host) TB_MUST_USE;
/* What the certificate's id-pe-acmeIdentifier holds: SHA-256("tls-client-01" || 00 || key authorization). */
void tb_tls_client_digest(uint8_t out[static TB_DIGEST_LEN], struct tb_span key_authorization);

/* The responder's line (section 4.4). */
struct tb_tls_client_line {
    bool ok;
    char reason[TB_TLS_CLIENT_REASON_MAX + 1];   /* lower-case word; empty when ok */
    char address[TB_TLS_CLIENT_ADDRESS_MAX + 1]; /* text of the address that the responder saw */
};
/* With its LF. */
void tb_tls_client_line_write(struct tb_wr *wr, const struct tb_tls_client_line *line);
/*
 * All that was read, which must be one whole line.  TB_E_TRUNC without LF, TB_E_LIMIT when longer than the maximum,
 * TB_E_FORMAT.  That the address is one is checked; the reason may be any lower-case word.
 */
int tb_tls_client_line_read(struct tb_span text, struct tb_tls_client_line *out) TB_MUST_USE;

#endif
