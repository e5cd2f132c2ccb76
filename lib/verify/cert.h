/* A certificate with the facts that the rules need, taken out of OpenSSL's object once. */
#ifndef TB_VERIFY_CERT_H
#define TB_VERIFY_CERT_H

#include <openssl/x509v3.h>

#include "lib/base/mem.h"
#include "lib/verify/fault.h"

#define TB_VCERT_EXTENSIONS_MAX 64
#define TB_VCERT_RSA_MIN        2048
#define TB_VCERT_RSA_MAX        8192 /* what a stranger may make us compute */
#define TB_VCERT_EC_MIN         256

/* Key purposes that a rule speaks of, as a set; everything else is OTHER. */
enum tb_eku {
    TB_EKU_CLIENT = 1,
    TB_EKU_SERVER = 2,
    TB_EKU_EMAIL = 4,
    TB_EKU_ANY = 8,
    TB_EKU_OTHER = 16,
};

struct tb_vcert {
    X509 *x;
    uint8_t digest[TB_DIGEST_LEN]; /* of the whole certificate */
    uint8_t spki[TB_DIGEST_LEN];   /* SHA-256 of SubjectPublicKeyInfo */
    int64_t not_before, not_after;
    enum tabard_reason bad; /* a fault of shape, whatever the path; else TABARD_R_ALLOWED */
    const char *bad_what;   /* constant: which part */
    bool v3;
    bool self_issued;
    bool has_basic, ca;
    long pathlen; /* -1: none */
    bool has_ku;
    uint32_t ku; /* X509v3_KU_ bits */
    bool has_eku;
    unsigned eku; /* enum tb_eku set */
    bool key_weak;
    bool sig_weak;
    NAME_CONSTRAINTS *constraints;
    AUTHORITY_KEYID *akid;
    GENERAL_NAMES *san;
};

/* Takes a reference of x.  TB_E_NOMEM, TB_E_CRYPTO; everything that is wrong with the certificate goes to bad. */
int tb_vcert_init(struct tb_vcert *cert, X509 *x) TB_MUST_USE;
/* One certificate, nothing after it. TB_E_FORMAT, TB_E_LIMIT above TABARD_CERT_MAX. */
int tb_vcert_parse(struct tb_vcert *cert, const void *der, size_t len) TB_MUST_USE;
void tb_vcert_clear(struct tb_vcert *cert);

bool tb_vcert_same(const struct tb_vcert *a, const struct tb_vcert *b);
/* By name and authority key identifier; no signature is looked at. */
bool tb_vcert_issued(const struct tb_vcert *issuer, const struct tb_vcert *cert);
/* "clientAuth, any" */
void tb_eku_text(char *out, size_t cap, const struct tb_vcert *cert);

/* TB_E_FORMAT for what is not the strict form of RFC 5280 section 4.1.2.5. */
int tb_asn1_time(const ASN1_TIME *t, int64_t *out) TB_MUST_USE;

#endif
