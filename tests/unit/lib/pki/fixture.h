/* Keys, CAs and requests for the tests of this directory, made with OpenSSL. */
#ifndef TB_TESTS_UNIT_PKI_FIXTURE_H
#define TB_TESTS_UNIT_PKI_FIXTURE_H

#include <openssl/x509v3.h>

#include "lib/pki/cacert.h"

#define FIX_NOW 1790000000

enum fix_key { FIX_P256, FIX_P384, FIX_ED25519, FIX_RSA2048, FIX_RSA4096, FIX_OTHER, FIX_KEYS };
/* One key of each kind (FIX_OTHER: P-521, which is not supported), made once, never freed by the caller. */
EVP_PKEY *fix_key(enum fix_key which);
void fix_keys_free(void);
struct tb_span fix_spki(EVP_PKEY *key, uint8_t *buf, size_t cap);

struct fix_ca {
    EVP_PKEY *root_key;
    EVP_PKEY *key;
    struct tb_wr root_pem;
    struct tb_wr pem;
    struct tb_cacert root;
    struct tb_cacert ca;
};
void fix_ca_make(struct fix_ca *f, enum tb_curve curve, enum tb_issuer issuer);
void fix_ca_clear(struct fix_ca *f);
struct tb_ident fix_ident(const char *text);

/* A small deterministic generator, so that a failure can be repeated. */
uint32_t fix_rand(uint32_t below);

#endif
