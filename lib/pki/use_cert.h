/* The certificate that an applicant shows for tls-client-01 (doc/tls-client-01.md section 4.3), judged by its content.
 */
#ifndef TB_PKI_USE_CERT_H
#define TB_PKI_USE_CERT_H

#include "lib/base/ident.h"
#include "lib/pki/spki.h"

#define TB_USE_CERT_MAX 4096

/* Words of the responder's line. */
#define TB_USE_CERT_REASON_CERTIFICATE "certificate"
#define TB_USE_CERT_REASON_DIGEST      "digest"
#define TB_USE_CERT_REASON_KEY         "key"

/*
 * digest: tb_tls_client_digest of the key authorization.  0 and the key in *out_key (borrowed from der).  On failure
 * *out_reason is one of the words above and *out_why a constant sentence part that holds nothing of the certificate:
 * TB_E_LIMIT when it is too long, TB_E_FORMAT when it is no strict certificate, TB_E_UNSUPPORTED for the key,
 * TB_E_BADSIG when all but the digest is right, TB_E_DENIED for everything else.
 */
int tb_use_cert_check(struct tb_span der, const struct tb_ident *ident, const uint8_t digest[static TB_DIGEST_LEN],
                      struct tb_spki *out_key, const char **out_reason, const char **out_why) TB_MUST_USE;

#endif
