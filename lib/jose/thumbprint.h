/* JWK thumbprints (RFC 7638) of keys that come as SubjectPublicKeyInfo: is the key of a request an account's? */
#ifndef TB_JOSE_THUMBPRINT_H
#define TB_JOSE_THUMBPRINT_H

#include "lib/pki/spki.h"

/* The thumbprint that the same key has as a JWK; TB_E_UNSUPPORTED for kinds that no account may have. */
int tb_jwk_thumbprint_of_spki(uint8_t out[static TB_DIGEST_LEN], const struct tb_spki *spki) TB_MUST_USE;

#endif
