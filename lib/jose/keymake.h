/* From public parts to an OpenSSL key, with the checks that OpenSSL leaves out.  Private to lib/jose. */
#ifndef TB_JOSE_KEYMAKE_H
#define TB_JOSE_KEYMAKE_H

#include <openssl/evp.h>

#include "lib/jose/canonical.h"

/*
 * Parts of exact width are the caller's business.  TB_E_FORMAT with *out_why (a constant sentence part) when they
 * are no usable key: point off the curve, Ed25519 encoding not canonical or of small order, even RSA modulus.
 */
int tb_jose_keymake(const struct tb_jose_parts *parts, EVP_PKEY **out, const char **out_why) TB_MUST_USE;

#endif
