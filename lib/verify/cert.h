/*
 * A certificate with the facts that the rules need.
 *
 * What comes as DER is read by our own strict reader, because OpenSSL's decoder costs more than the signature that is
 * to be checked (cert_read.c); what that reader does not take (rare algorithms, BER, old versions) is read by OpenSSL.
 * Which of the two it was makes no difference to any rule.
 */
#ifndef TB_VERIFY_CERT_H
#define TB_VERIFY_CERT_H

#include <openssl/x509v3.h>

#include "lib/base/bytes.h"
#include "lib/base/mem.h"
#include "lib/verify/fault.h"

#define TB_VCERT_EXTENSIONS_MAX 64
#define TB_VCERT_OTHERS_MAX     8 /* extensions kept for a policy that may know them; more are as if they were not there \
                                   */
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

/* An extension as it stands; all spans are borrowed. */
struct tb_vext {
    struct tb_span oid; /* content octets */
    struct tb_span value;
    bool critical;
};

struct tb_vcert {
    X509 *x;              /* OpenSSL's object; NULL in a lean certificate until tb_vcert_load */
    bool lean;            /* read by our own reader: the parts below are its own, and der is borrowed */
    struct tb_span der;   /* lean only, like the two after it */
    struct tb_span tbs;   /* what is signed */
    struct tb_span sig;   /* octets of the signature */
    X509_NAME *subject;   /* never NULL */
    X509_NAME *issuer;    /* never NULL */
    ASN1_INTEGER *serial; /* never NULL */
    EVP_PKEY *key;        /* NULL when OpenSSL cannot use it */
    int sig_nid;
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
    ASN1_OCTET_STRING *skid;
    GENERAL_NAMES *san;
    struct tb_span crl_points;                  /* value of cRLDistributionPoints, borrowed from x or der */
    struct tb_vext others[TB_VCERT_OTHERS_MAX]; /* not critical, and not known here; borrowed likewise */
    size_t num_others;
};

/* Takes a reference of x.  TB_E_NOMEM, TB_E_CRYPTO; everything that is wrong with the certificate goes to bad. */
int tb_vcert_init(struct tb_vcert *cert, X509 *x) TB_MUST_USE;
/*
 * One certificate, nothing after it; der is borrowed as long as cert lives.  TB_E_FORMAT, TB_E_LIMIT above
 * TABARD_CERT_MAX, TB_E_NOMEM.
 */
int tb_vcert_parse(struct tb_vcert *cert, const void *der, size_t len) TB_MUST_USE;
/* The same, and x is set: nothing is borrowed. */
int tb_vcert_parse_full(struct tb_vcert *cert, const void *der, size_t len) TB_MUST_USE;
/* Makes OpenSSL's object of a lean certificate, for rules that OpenSSL decides. */
int tb_vcert_load(struct tb_vcert *cert) TB_MUST_USE;
void tb_vcert_clear(struct tb_vcert *cert);

bool tb_vcert_same(const struct tb_vcert *a, const struct tb_vcert *b);
/* By name and authority key identifier; no signature is looked at. */
bool tb_vcert_issued(const struct tb_vcert *issuer, const struct tb_vcert *cert);
/* Does the key identifier name this CA?  What either of them does not tell contradicts nothing.  akid may be NULL. */
bool tb_vcert_akid_fits(const struct tb_vcert *issuer, const AUTHORITY_KEYID *akid);
/* Does the key of issuer verify the signature of cert? */
bool tb_vcert_signed_by(const struct tb_vcert *cert, const struct tb_vcert *issuer);
/* "clientAuth, any" */
void tb_eku_text(char *out, size_t cap, const struct tb_vcert *cert);

/* TB_E_FORMAT for what is not the strict form of RFC 5280 section 4.1.2.5. */
int tb_asn1_time(const ASN1_TIME *t, int64_t *out) TB_MUST_USE;

/* --- between the files of this object -------------------------------------------------------------------------- */

/* Notes a fault of shape; the first one stays. */
void tb_vcert_blame(struct tb_vcert *cert, enum tabard_reason reason, const char *what);

/* Takes the facts out of all extensions of a certificate whose v3 is set (cert_ext.c). num: at most the maximum. */
void tb_vcert_extensions(struct tb_vcert *cert, const struct tb_vext *ext, size_t num);
/* key_weak, from the key. */
void tb_vcert_weigh_key(struct tb_vcert *cert);
/*
 * Our own reader (cert_read.c).  TB_E_UNSUPPORTED and TB_E_FORMAT: OpenSSL may still read it; *cert is cleared.
 * TB_E_NOMEM.
 */
int tb_vcert_read(struct tb_vcert *cert, struct tb_span der) TB_MUST_USE;
bool tb_vcert_lean_verify(const struct tb_vcert *cert, EVP_PKEY *key);

#endif
