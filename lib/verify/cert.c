#include "lib/verify/cert.h"

#include <openssl/evp.h>
#include <openssl/objects.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void blame(struct tb_vcert *cert, enum tabard_reason reason, const char *what)
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

/*
 * Critical extensions that are honoured.  Policy constraints, mappings and inhibitAnyPolicy are not among them: the
 * policy tree of RFC 5280 section 6.1.2 is not built here, so what asks for it is refused.
 */
static bool critical_known(int nid)
{
    static const int known[] = {NID_basic_constraints,
                                NID_key_usage,
                                NID_ext_key_usage,
                                NID_subject_alt_name,
                                NID_name_constraints,
                                NID_certificate_policies,
                                NID_authority_key_identifier,
                                NID_subject_key_identifier,
                                NID_crl_distribution_points};

    for (size_t i = 0; i < TB_ARRAY_LEN(known); i++)
        if (known[i] == nid)
            return true;
    return false;
}

static void read_extension_list(struct tb_vcert *cert)
{
    int num = X509_get_ext_count(cert->x);

    if (num > 0 && !cert->v3)
        blame(cert, TABARD_R_VERSION, "extensions without version 3");
    if (num > TB_VCERT_EXTENSIONS_MAX) {
        blame(cert, TABARD_R_EXTENSION_MALFORMED, "too many extensions");
        return;
    }
    for (int i = 0; i < num; i++) {
        X509_EXTENSION *ext = X509_get_ext(cert->x, i);
        ASN1_OBJECT *obj = X509_EXTENSION_get_object(ext);

        if (X509_EXTENSION_get_critical(ext) && !critical_known(OBJ_obj2nid(obj)))
            blame(cert, TABARD_R_CRITICAL_EXTENSION, "a critical extension that is not understood");
        for (int j = 0; j < i; j++)
            if (OBJ_cmp(obj, X509_EXTENSION_get_object(X509_get_ext(cert->x, j))) == 0)
                blame(cert, TABARD_R_EXTENSION_MALFORMED, "an extension that stands twice");
    }
}

/* NULL when absent, and when malformed, which is blamed. */
static void *read_extension(struct tb_vcert *cert, int nid, const char *what)
{
    int crit = -1;
    void *p = X509_get_ext_d2i(cert->x, nid, &crit, NULL);

    if (p == NULL && crit != -1)
        blame(cert, TABARD_R_EXTENSION_MALFORMED, what);
    return p;
}

static void read_basic(struct tb_vcert *cert)
{
    BASIC_CONSTRAINTS *bc = read_extension(cert, NID_basic_constraints, "basicConstraints");

    cert->pathlen = -1;
    if (bc == NULL)
        return;
    cert->has_basic = true;
    cert->ca = bc->ca != 0;
    if (bc->pathlen != NULL) {
        cert->pathlen = ASN1_INTEGER_get(bc->pathlen);
        if (cert->pathlen < 0 || !cert->ca) {
            blame(cert, TABARD_R_EXTENSION_MALFORMED, "basicConstraints");
            cert->pathlen = 0;
        }
    }
    BASIC_CONSTRAINTS_free(bc);
}

static void read_key_usage(struct tb_vcert *cert)
{
    ASN1_BIT_STRING *ku = read_extension(cert, NID_key_usage, "keyUsage");

    if (ku == NULL)
        return;
    cert->has_ku = true;
    if (ku->length > 0)
        cert->ku = ku->data[0];
    if (ku->length > 1)
        cert->ku |= (uint32_t)ku->data[1] << 8;
    if (cert->ku == 0)
        blame(cert, TABARD_R_EXTENSION_MALFORMED, "keyUsage");
    ASN1_BIT_STRING_free(ku);
}

static unsigned eku_bit(const ASN1_OBJECT *obj)
{
    switch (OBJ_obj2nid(obj)) {
    case NID_client_auth:
        return TB_EKU_CLIENT;
    case NID_server_auth:
        return TB_EKU_SERVER;
    case NID_email_protect:
        return TB_EKU_EMAIL;
    case NID_anyExtendedKeyUsage:
        return TB_EKU_ANY;
    default:
        return TB_EKU_OTHER;
    }
}

static void read_eku(struct tb_vcert *cert)
{
    EXTENDED_KEY_USAGE *eku = read_extension(cert, NID_ext_key_usage, "extendedKeyUsage");

    if (eku == NULL)
        return;
    cert->has_eku = true;
    for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++)
        cert->eku |= eku_bit(sk_ASN1_OBJECT_value(eku, i));
    if (cert->eku == 0)
        blame(cert, TABARD_R_EXTENSION_MALFORMED, "extendedKeyUsage");
    EXTENDED_KEY_USAGE_free(eku);
}

static bool key_weak(const X509 *x)
{
    EVP_PKEY *key = X509_get0_pubkey(x);
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

    *cert = (struct tb_vcert){.x = x, .bad_what = ""};
    if (X509_up_ref(x) != 1) {
        cert->x = NULL;
        return TB_E_NOMEM;
    }
    if ((r = read_digests(cert)) < 0) {
        tb_vcert_clear(cert);
        return r;
    }
    cert->v3 = X509_get_version(x) == X509_VERSION_3;
    cert->self_issued = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
    if (tb_asn1_time(X509_get0_notBefore(x), &cert->not_before) < 0 ||
        tb_asn1_time(X509_get0_notAfter(x), &cert->not_after) < 0)
        blame(cert, TABARD_R_CERTIFICATE_MALFORMED, "validity");
    read_extension_list(cert);
    read_basic(cert);
    read_key_usage(cert);
    read_eku(cert);
    cert->constraints = read_extension(cert, NID_name_constraints, "nameConstraints");
    cert->akid = read_extension(cert, NID_authority_key_identifier, "authorityKeyIdentifier");
    cert->san = read_extension(cert, NID_subject_alt_name, "subjectAltName");
    cert->key_weak = key_weak(x);
    cert->sig_weak = sig_weak(x);
    return 0;
}

int tb_vcert_parse(struct tb_vcert *cert, const void *der, size_t len)
{
    const unsigned char *p = der;
    X509 *x;
    int r;

    *cert = (struct tb_vcert){0};
    if (len > TABARD_CERT_MAX)
        return TB_E_LIMIT;
    if (der == NULL || len == 0)
        return TB_E_FORMAT;
    x = d2i_X509(NULL, &p, (long)len);
    if (x == NULL)
        return TB_E_FORMAT;
    r = p == (const unsigned char *)der + len ? tb_vcert_init(cert, x) : TB_E_FORMAT;
    X509_free(x);
    return r;
}

void tb_vcert_clear(struct tb_vcert *cert)
{
    NAME_CONSTRAINTS_free(cert->constraints);
    AUTHORITY_KEYID_free(cert->akid);
    GENERAL_NAMES_free(cert->san);
    X509_free(cert->x);
    *cert = (struct tb_vcert){0};
}

bool tb_vcert_same(const struct tb_vcert *a, const struct tb_vcert *b)
{
    return memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* An identifier that contradicts the issuer's makes it another CA of the same name, as in OpenSSL. */
bool tb_vcert_issued(const struct tb_vcert *issuer, const struct tb_vcert *cert)
{
    X509_NAME *name = X509_get_subject_name(issuer->x);

    if (X509_NAME_entry_count(name) == 0 || X509_NAME_cmp(name, X509_get_issuer_name(cert->x)) != 0)
        return false;
    return cert->akid == NULL || X509_check_akid(issuer->x, cert->akid) == X509_V_OK;
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
