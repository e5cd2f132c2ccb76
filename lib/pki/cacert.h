/*
 * CA certificates and keys: made by init, read at start.  Off the hot path, so
 * this is OpenSSL's object code behind a narrow interface.
 */
#ifndef TB_PKI_CACERT_H
#define TB_PKI_CACERT_H

#include "lib/pki/tbs.h"

enum tb_curve { TB_CURVE_P256, TB_CURVE_P384 };

/* A CA certificate as the judge and the keyholder need it. */
struct tb_cacert {
    uint8_t *der;
    size_t der_len; /* owned */
    uint8_t *subject;
    size_t subject_len; /* owned, DER Name */
    uint8_t keyid[TB_KEYID_MAX];
    size_t keyid_len;
    tb_purposes_t purposes;
    bool has_eku;
    bool is_ca;
    int path_len; /* -1 = none */
    tb_time_t not_before, not_after;
    enum tb_sig_alg sig_alg; /* that its key makes */
    uint8_t spki_digest[TB_DIGEST_LEN];
};
/* Read one PEM certificate and check that it is a CA that may sign certificates. Reason in pb. */
int tb_cacert_read(struct tb_span pem, struct tb_cacert *out, struct tb_problem *pb) TB_MUST_USE;
void tb_cacert_clear(struct tb_cacert *ca);
/* Does issuer's key verify child? */
int tb_cacert_verify(const struct tb_cacert *issuer, const struct tb_cacert *child) TB_MUST_USE;

int tb_key_generate(enum tb_curve curve, EVP_PKEY **out) TB_MUST_USE;
/* PKCS #8 PEM, encrypted (AES-256-CBC, scrypt or PBKDF2) when passphrase is not NULL. Wipe the writer with
 * tb_wr_clear_secret. */
int tb_key_write_pem(struct tb_wr *wr, EVP_PKEY *key, const char *passphrase) TB_MUST_USE;
int tb_key_read_pem(struct tb_span pem, const char *passphrase, EVP_PKEY **out, struct tb_problem *pb) TB_MUST_USE;

/* Self-signed root: v3, CN, no EKU, basicConstraints critical CA, keyCertSign|cRLSign, SKI (RFC 7093 method 1). PEM. */
int tb_root_make(struct tb_wr *pem, EVP_PKEY *key, const char *cn, tb_time_t now, tb_time_t not_after) TB_MUST_USE;
/* Issuing CA: exactly the EKU of the issuer, path length 0, anyPolicy, AKI, SKI. PEM. */
int tb_issuing_make(struct tb_wr *pem, EVP_PKEY *key, const char *cn, enum tb_issuer issuer, struct tb_span root_pem,
                    EVP_PKEY *root_key, tb_time_t now, tb_time_t not_after) TB_MUST_USE;
/* The root's CRL (no entries), number, next update. PEM. */
int tb_root_crl_make(struct tb_wr *pem, struct tb_span root_pem, EVP_PKEY *root_key, uint64_t number, tb_time_t now,
                     tb_time_t next_update) TB_MUST_USE;
/* The algorithm that a key signs with; TB_E_UNSUPPORTED when it is neither P-256 nor P-384. */
int tb_key_sig_alg(EVP_PKEY *key, enum tb_sig_alg *out) TB_MUST_USE;
/* Sign a TBS with an issuing key: DER ECDSA signature; at most TB_SIG_MAX bytes. TB_E_INVAL when alg is not the key's.
 */
#define TB_SIG_MAX 112
int tb_key_sign(EVP_PKEY *key, enum tb_sig_alg alg, struct tb_span tbs, uint8_t out[static TB_SIG_MAX],
                size_t *out_len) TB_MUST_USE;

/* DER to PEM (RFC 7468) with a label such as "CERTIFICATE", 64 columns, final LF. */
void tb_pem_write(struct tb_wr *wr, const char *label, struct tb_span der);

#endif
