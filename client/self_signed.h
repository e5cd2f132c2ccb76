/* Self-signed certificates that carry a proof: tls-alpn-01 (RFC 8737) and tls-client-01. */
#ifndef TB_CLIENT_SELF_SIGNED_H
#define TB_CLIENT_SELF_SIGNED_H

#include <openssl/x509.h>

#include "lib/base/ident.h"
#include "lib/base/mem.h"

/*
 * One SAN, the identifier; a critical acmeIdentifier with the digest; EKU clientAuth when client.  Signed by key
 * itself.
 */
int tb_self_signed(EVP_PKEY *key, const struct tb_ident *ident, const uint8_t digest[static TB_DIGEST_LEN], bool client,
                   X509 **out) TB_MUST_USE;

#endif
