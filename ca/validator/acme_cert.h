/* The certificate that a host shows for tls-alpn-01 (RFC 8737 section 3, RFC 8738 section 6), judged by its content. */
#ifndef TB_CA_VALIDATOR_ACME_CERT_H
#define TB_CA_VALIDATOR_ACME_CERT_H

#include "lib/base/ident.h"
#include "lib/base/mem.h"
#include "lib/pki/proof_cert.h"

#define TB_ACME_CERT_EXTENSIONS_MAX TB_PROOF_CERT_EXTENSIONS_MAX

/*
 * X.509 v3, issuer equal to subject, signed by its own key, no extension twice, a subjectAltName with exactly the one
 * entry that is the identifier, and a critical id-pe-acmeIdentifier; other extensions are of no importance.  digest:
 * SHA-256 of the key authorization.  On failure *out_why is a constant sentence part ("..., which <why>") that holds
 * nothing of the certificate: TB_E_BADSIG when all but the digest is right, TB_E_FORMAT when it is no strict
 * certificate, TB_E_DENIED for everything else.
 */
int tb_acme_cert_check(struct tb_span der, const struct tb_ident *ident, const uint8_t digest[static TB_DIGEST_LEN],
                       const char **out_why) TB_MUST_USE;

#endif
