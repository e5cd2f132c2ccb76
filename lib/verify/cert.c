#include "lib/verify/cert.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void tb_vcert_blame(struct tb_vcert *cert, enum tabard_reason reason, const char *what)
{
    if (cert->bad == TABARD_R_ALLOWED) {
        cert->bad = reason;
        cert->bad_what = what;
    }
}

/* OpenSSL reads forms that RFC 5280 forbids (offsets, no seconds): the length and the Z are asked for first. */
int tb_asn1_time(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm;
    int len;

    *out = 0;
    if (t == NULL)
        return TB_E_FORMAT;
    len = ASN1_STRING_length(t);
    if (ASN1_STRING_type(t) == V_ASN1_UTCTIME ? len != 13 : len != 15)
        return TB_E_FORMAT;
    if (ASN1_STRING_get0_data(t)[len - 1] != 'Z' || ASN1_TIME_to_tm(t, &tm) != 1)
        return TB_E_FORMAT;
    *out = timegm(&tm);
    return 0;
}

/* The list as OpenSSL holds it; spans are borrowed from x. */
static void read_extension_list(struct tb_vcert *cert)
{
    struct tb_vext ext[TB_VCERT_EXTENSIONS_MAX];
    int num = X509_get_ext_count(cert->x);

    if (num > TB_VCERT_EXTENSIONS_MAX) {
        tb_vcert_blame(cert, TABARD_R_EXTENSION_MALFORMED, "too many extensions");
        return;
    }
    for (int i = 0; i < num; i++) {
        X509_EXTENSION *e = X509_get_ext(cert->x, i);
        const ASN1_OBJECT *oid = X509_EXTENSION_get_object(e);
        const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(e);

        ext[i] = (struct tb_vext){
            .oid = tb_span_of(OBJ_get0_data(oid), OBJ_length(oid)),
            .value = tb_span_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value)),
            .critical = X509_EXTENSION_get_critical(e) != 0,
        };
    }
    tb_vcert_extensions(cert, ext, num > 0 ? (size_t)num : 0);
}

static bool key_weak(const EVP_PKEY *key)
{
    int bits;

    if (key == NULL)
        return true;
    bits = EVP_PKEY_get_bits(key);
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
        return bits < TB_VCERT_RSA_MIN || bits > TB_VCERT_RSA_MAX;
    case EVP_PKEY_EC:
        return bits < TB_VCERT_EC_MIN;
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
        return false;
    default:
        return true;
    }
}

void tb_vcert_weigh_key(struct tb_vcert *cert)
{
    cert->key_weak = key_weak(cert->key);
}

/* A table of what is strong, not of what is weak: what it does not know is refused. */
static bool sig_weak(X509 *x)
{
    static const int strong[] = {NID_sha256WithRSAEncryption,
                                 NID_sha384WithRSAEncryption,
                                 NID_sha512WithRSAEncryption,
                                 NID_rsassaPss,
                                 NID_ecdsa_with_SHA256,
                                 NID_ecdsa_with_SHA384,
                                 NID_ecdsa_with_SHA512,
                                 NID_ED25519,
                                 NID_ED448};
    static const int digests[] = {NID_sha256, NID_sha384, NID_sha512, NID_undef};
    int nid = X509_get_signature_nid(x);
    int md = NID_undef;

    for (size_t i = 0; i < TB_ARRAY_LEN(strong); i++) {
        if (strong[i] != nid)
            continue;
        if (X509_get_signature_info(x, &md, NULL, NULL, NULL) != 1)
            return true;
        for (size_t j = 0; j < TB_ARRAY_LEN(digests); j++)
            if (digests[j] == md)
                return md == NID_undef && nid == NID_rsassaPss;
        return true;
    }
    return true;
}

static int read_digests(struct tb_vcert *cert)
{
    unsigned char *spki = NULL;
    unsigned int n = 0;
    int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert->x), &spki);
    int ok = len > 0 && X509_digest(cert->x, EVP_sha256(), cert->digest, &n) == 1 &&
             EVP_Digest(spki, (size_t)len, cert->spki, &n, EVP_sha256(), NULL) == 1;

    OPENSSL_free(spki);
    return ok ? 0 : TB_E_CRYPTO;
}

int tb_vcert_init(struct tb_vcert *cert, X509 *x)
{
    int r;

    *cert = (struct tb_vcert){.x = x, .bad_what = "", .pathlen = -1};
    if (X509_up_ref(x) != 1) {
        cert->x = NULL;
        return TB_E_NOMEM;
    }
    if ((r = read_digests(cert)) < 0) {
        tb_vcert_clear(cert);
        return r;
    }
    cert->subject = X509_get_subject_name(x);
    cert->issuer = X509_get_issuer_name(x);
    cert->serial = X509_get_serialNumber(x);
    cert->key = X509_get0_pubkey(x);
    cert->sig_nid = X509_get_signature_nid(x);
    cert->v3 = X509_get_version(x) == X509_VERSION_3;
    cert->self_issued = X509_NAME_cmp(cert->subject, cert->issuer) == 0;
    if (tb_asn1_time(X509_get0_notBefore(x), &cert->not_before) < 0 ||
        tb_asn1_time(X509_get0_notAfter(x), &cert->not_after) < 0)
        tb_vcert_blame(cert, TABARD_R_CERTIFICATE_MALFORMED, "validity");
    read_extension_list(cert);
    tb_vcert_weigh_key(cert);
    cert->sig_weak = sig_weak(x);
    return 0;
}

static int decode(struct tb_span der, X509 **out)
{
    const unsigned char *p = der.p;

    *out = d2i_X509(NULL, &p, (long)der.len);
    if (*out != NULL && p == der.p + der.len)
        return 0;
    X509_free(*out);
    *out = NULL;
    return TB_E_FORMAT;
}

int tb_vcert_parse_full(struct tb_vcert *cert, const void *der, size_t len)
{
    X509 *x;
    int r;

    *cert = (struct tb_vcert){0};
    if (len > TABARD_CERT_MAX)
        return TB_E_LIMIT;
    if (der == NULL || len == 0 || decode(tb_span_of(der, len), &x) < 0)
        return TB_E_FORMAT;
    r = tb_vcert_init(cert, x);
    X509_free(x);
    return r;
}

int tb_vcert_parse(struct tb_vcert *cert, const void *der, size_t len)
{
    int r;

    *cert = (struct tb_vcert){0};
    if (len > TABARD_CERT_MAX)
        return TB_E_LIMIT;
    if (der == NULL || len == 0)
        return TB_E_FORMAT;
    r = tb_vcert_read(cert, tb_span_of(der, len));
    return r == 0 || r == TB_E_NOMEM ? r : tb_vcert_parse_full(cert, der, len);
}

int tb_vcert_load(struct tb_vcert *cert)
{
    int r;

    if (cert->x != NULL)
        return 0;
    if ((r = decode(cert->der, &cert->x)) == 0)
        X509_check_purpose(cert->x, -1, 0); /* NAME_CONSTRAINTS_check reads what this caches, and asks for nothing */
    return r;
}

void tb_vcert_clear(struct tb_vcert *cert)
{
    NAME_CONSTRAINTS_free(cert->constraints);
    AUTHORITY_KEYID_free(cert->akid);
    ASN1_OCTET_STRING_free(cert->skid);
    GENERAL_NAMES_free(cert->san);
    if (cert->lean) {
        X509_NAME_free(cert->subject);
        X509_NAME_free(cert->issuer);
        ASN1_INTEGER_free(cert->serial);
        EVP_PKEY_free(cert->key);
    }
    X509_free(cert->x);
    *cert = (struct tb_vcert){0};
}

bool tb_vcert_same(const struct tb_vcert *a, const struct tb_vcert *b)
{
    return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* authorityCertIssuer names the issuer of the issuer (RFC 5280 section 4.2.1.1); forms but directoryName say nothing.
 */
static bool issuer_name_fits(const struct tb_vcert *issuer, const GENERAL_NAMES *names)
{
    for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

        if (name->type == GEN_DIRNAME)
            return X509_NAME_cmp(name->d.directoryName, issuer->issuer) == 0;
    }
    return true;
}

bool tb_vcert_akid_fits(const struct tb_vcert *issuer, const AUTHORITY_KEYID *akid)
{
    if (akid == NULL)
        return true;
    if (akid->keyid != NULL && issuer->skid != NULL && ASN1_OCTET_STRING_cmp(akid->keyid, issuer->skid) != 0)
        return false;
    if (akid->serial != NULL && ASN1_INTEGER_cmp(akid->serial, issuer->serial) != 0)
        return false;
    return issuer_name_fits(issuer, akid->issuer);
}

/* An identifier that contradicts the issuer's makes it another CA of the same name, as in OpenSSL. */
bool tb_vcert_issued(const struct tb_vcert *issuer, const struct tb_vcert *cert)
{
    return X509_NAME_entry_count(issuer->subject) > 0 && X509_NAME_cmp(issuer->subject, cert->issuer) == 0 &&
           tb_vcert_akid_fits(issuer, cert->akid);
}

bool tb_vcert_signed_by(const struct tb_vcert *cert, const struct tb_vcert *issuer)
{
    if (issuer->key == NULL)
        return false;
    return cert->lean ? tb_vcert_lean_verify(cert, issuer->key) : X509_verify(cert->x, issuer->key) == 1;
}

void tb_eku_text(char *out, size_t cap, const struct tb_vcert *cert)
{
    static const struct {
        unsigned bit;
        const char *text;
    } names[] = {{TB_EKU_CLIENT, "clientAuth"},
                 {TB_EKU_SERVER, "serverAuth"},
                 {TB_EKU_EMAIL, "emailProtection"},
                 {TB_EKU_ANY, "anyExtendedKeyUsage"},
                 {TB_EKU_OTHER, "others"}};
    size_t n = 0;

    snprintf(out, cap, "%s", cert->has_eku ? "" : "no extendedKeyUsage");
    for (size_t i = 0; cert->has_eku && i < TB_ARRAY_LEN(names); i++)
        if ((cert->eku & names[i].bit) != 0 && n < cap)
            n += (size_t)snprintf(out + n, cap - n, "%s%s", n > 0 ? ", " : "", names[i].text);
}
