/* Keys of every kind that accounts may have, made once for a test program. */
#ifndef TB_TESTS_JOSE_KEYS_H
#define TB_TESTS_JOSE_KEYS_H

#include <openssl/evp.h>

#include "lib/jose/jwk.h"

/* NULL for NONE.  They live until the program ends. */
EVP_PKEY *test_key(enum tb_jws_alg alg);
/* Canonical JWK as a C string, to be freed. */
char *test_jwk_text(EVP_PKEY *key);
/* Parsed, to be freed. */
struct tb_jwk *test_jwk(EVP_PKEY *key);

#endif
