/* Private JWKs (RFC 7518 sections 6.2, 6.3, RFC 8037), the form in which certbot keeps account keys. */
#ifndef TB_CLIENT_PRIVATE_JWK_H
#define TB_CLIENT_PRIVATE_JWK_H

#include <openssl/evp.h>

#include "lib/base/bytes.h"

/* TB_E_FORMAT or TB_E_UNSUPPORTED with a constant sentence part in *out_why. */
int tb_private_jwk_parse(struct tb_span json, EVP_PKEY **out, const char **out_why) TB_MUST_USE;

#endif
