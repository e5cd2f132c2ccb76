/* Private keys on disk: made, read, never with wider rights than 0600. */
#ifndef TB_CLIENT_KEYS_H
#define TB_CLIENT_KEYS_H

#include <openssl/evp.h>

#include "client/fail.h"

#define TB_CLIENT_KEY_FILE_MAX 32768

/* "p256", "p384", "ed25519", "rsa2048", "rsa3072", "rsa4096". */
bool tb_client_key_type_ok(const char *type);
/* Of a type that is ok. */
int tb_client_key_generate(const char *type, EVP_PKEY **out) TB_MUST_USE;

/*
 * A private key in a form that ACME clients keep: PEM (PKCS #8 or traditional, as lego, acme.sh and we write it) or a
 * private JWK (as certbot writes it).  Encrypted keys are refused: nobody is asked.  TB_E_FORMAT, TB_E_UNSUPPORTED,
 * TB_E_LIMIT with a constant sentence part in *out_why.
 */
int tb_client_key_parse(struct tb_span text, EVP_PKEY **out, const char **out_why) TB_MUST_USE;
int tb_client_key_read(const char *path, EVP_PKEY **out, struct tb_fail *fail) TB_MUST_USE;
/* A new file with mode 0600, durable; TB_E_EXISTS when there is one. */
int tb_client_key_write(const char *path, EVP_PKEY *key, struct tb_fail *fail) TB_MUST_USE;

#endif
