/*
 * A key pair that has the public key of a certificate and no true private key: its signatures do not verify.  It lets
 * OpenSSL show a certificate whose key is not at hand.
 */
#ifndef TB_CLI_CHECK_STAND_IN_H
#define TB_CLI_CHECK_STAND_IN_H

#include <openssl/evp.h>

/* The caller frees; NULL for a kind of key that is not known here. */
EVP_PKEY *tb_check_stand_in(EVP_PKEY *public_key);

#endif
