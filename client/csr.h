/* Certification request: key and names, nothing else (RFC 8555 section 7.4). */
#ifndef TB_CLIENT_CSR_H
#define TB_CLIENT_CSR_H

#include <openssl/evp.h>

#include "lib/base/ident.h"

/* DER, appended. The subject is empty, the names stand in a subjectAltName. */
int tb_client_csr(struct tb_wr *der, EVP_PKEY *key, const struct tb_ident *names, size_t num) TB_MUST_USE;
/* Content of a subjectAltName extension (GeneralNames) for the names, appended. */
int tb_client_san(struct tb_wr *der, const struct tb_ident *names, size_t num) TB_MUST_USE;

#endif
