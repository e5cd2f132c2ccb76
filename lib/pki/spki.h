/* Subject public keys: SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of the kinds that we certify. */
#ifndef TB_PKI_SPKI_H
#define TB_PKI_SPKI_H

#include <openssl/evp.h>

#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/base/problem.h"

enum tb_key_kind { TB_KEY_NONE = 0, TB_KEY_P256, TB_KEY_P384, TB_KEY_ED25519, TB_KEY_RSA, TB_KEY__COUNT };
const char *tb_key_kind_name(enum tb_key_kind kind); /* "P-256" */

/* A parsed SPKI; der is borrowed from the input. */
struct tb_spki {
    enum tb_key_kind kind;
    unsigned bits;
    struct tb_span der;            /* whole SubjectPublicKeyInfo */
    struct tb_span point;          /* EC: 04||x||y; Ed25519: 32 bytes */
    struct tb_span rsa_n, rsa_e;   /* RSA: minimal, without sign octet */
    uint8_t digest[TB_DIGEST_LEN]; /* SHA-256 over der */
};

/*
 * Strict DER; P-256, P-384 (uncompressed, 65 or 97 bytes starting with 04), Ed25519, RSA 2048 to 4096 bits in whole
 * octets with odd e from 65537 to 64 bits and odd n.  Does not check that a point is on its curve: tb_spki_pkey does.
 * Reasons go to pb as badCSR.
 */
int tb_spki_parse(struct tb_span der, struct tb_spki *out, struct tb_problem *pb) TB_MUST_USE;
/* An OpenSSL key for verification; refuses points off the curve. The caller frees. */
int tb_spki_pkey(const struct tb_spki *spki, EVP_PKEY **out) TB_MUST_USE;

#endif
