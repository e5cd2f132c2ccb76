#include "lib/pki/cacert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/base/hash.h"
#include "lib/pki/pem_read.h"

#define LABEL "CERTIFICATE"

static int refuse(struct tb_problem *pb, int err, const char *why)
{
    return tb_problem_set(pb, err, TB_P_MALFORMED, "the CA certificate is refused: %s", why);
}

static int time_read(const ASN1_TIME *t, tb_time_t *out)
{
    struct tm tm = {0};

    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return TB_E_FORMAT;
    *out = (tb_time_t)timegm(&tm);
    return 0;
}

/* Presence, absence and criticality are looked at here once more, although X509_check_purpose would do part of it. */
static int check_ca(X509 *x, struct tb_cacert *ca, struct tb_problem *pb)
{
    uint32_t flags = X509_get_extension_flags(x);

    if ((flags & (EXFLAG_INVALID | EXFLAG_CRITICAL)) != 0)
        return refuse(pb, TB_E_FORMAT, "an extension is malformed, or critical and unknown");
    if (X509_get_version(x) != X509_VERSION_3 || (flags & EXFLAG_CA) == 0)
        return refuse(pb, TB_E_DENIED, "it is not a CA certificate");
    if ((flags & EXFLAG_KUSAGE) == 0 || (X509_get_key_usage(x) & KU_KEY_CERT_SIGN) == 0)
        return refuse(pb, TB_E_DENIED, "its key usage does not allow signing certificates");
    ca->is_ca = true;
    ca->path_len = (int)X509_get_pathlen(x);
    return 0;
}

static int eku_read(X509 *x, struct tb_cacert *ca, struct tb_problem *pb)
{
    EXTENDED_KEY_USAGE *eku = X509_get_ext_d2i(x, NID_ext_key_usage, NULL, NULL);
    int r = 0;

    if (eku == NULL)
        return 0;
    ca->has_eku = true;
    for (int i = 0; i < sk_ASN1_OBJECT_num(eku); i++) {
        const ASN1_OBJECT *obj = sk_ASN1_OBJECT_value(eku, i);
        enum tb_purpose p = tb_purpose_find_oid(tb_span_of(OBJ_get0_data(obj), OBJ_length(obj)));

        if (p == TB_PURPOSE_NONE) {
            r = refuse(pb, TB_E_UNSUPPORTED, "its extended key usage holds an unknown purpose, or any");
            break;
        }
        ca->purposes |= TB_PURPOSE_BIT(p);
    }
    EXTENDED_KEY_USAGE_free(eku);
    return r;
}

static int keyid_read(X509 *x, struct tb_cacert *ca, struct tb_problem *pb)
{
    const ASN1_OCTET_STRING *skid = X509_get0_subject_key_id(x);
    int len = skid != NULL ? ASN1_STRING_length(skid) : 0;

    if (len <= 0 || len > TB_KEYID_MAX)
        return refuse(pb, TB_E_FORMAT, "its subject key identifier is missing or longer than 32 octets");
    memcpy(ca->keyid, ASN1_STRING_get0_data(skid), (size_t)len);
    ca->keyid_len = (size_t)len;
    return 0;
}

static int key_read(X509 *x, struct tb_cacert *ca, struct tb_problem *pb)
{
    EVP_PKEY *key = X509_get0_pubkey(x);
    uint8_t *spki = NULL;
    int len;

    if (key == NULL || tb_key_sig_alg(key, &ca->sig_alg) < 0)
        return refuse(pb, TB_E_UNSUPPORTED, "its key is neither P-256 nor P-384");
    len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &spki);
    if (len <= 0)
        return TB_E_CRYPTO;
    tb_sha256(ca->spki_digest, tb_span_of(spki, (size_t)len));
    OPENSSL_free(spki);
    return 0;
}

static int subject_read(X509 *x, struct tb_cacert *ca, struct tb_problem *pb)
{
    uint8_t *der = NULL;
    int len;

    if (X509_NAME_entry_count(X509_get_subject_name(x)) == 0)
        return refuse(pb, TB_E_FORMAT, "its subject is empty");
    len = i2d_X509_NAME(X509_get_subject_name(x), &der);
    if (len <= 0)
        return TB_E_CRYPTO;
    ca->subject = malloc((size_t)len);
    if (ca->subject != NULL) {
        memcpy(ca->subject, der, (size_t)len);
        ca->subject_len = (size_t)len;
    }
    OPENSSL_free(der);
    return ca->subject != NULL ? 0 : TB_E_NOMEM;
}

static int fill(X509 *x, struct tb_cacert *ca, struct tb_problem *pb)
{
    int r;

    if ((r = check_ca(x, ca, pb)) < 0 || (r = eku_read(x, ca, pb)) < 0 || (r = keyid_read(x, ca, pb)) < 0 ||
        (r = key_read(x, ca, pb)) < 0 || (r = subject_read(x, ca, pb)) < 0)
        return r;
    if (time_read(X509_get0_notBefore(x), &ca->not_before) < 0 || time_read(X509_get0_notAfter(x), &ca->not_after) < 0)
        return refuse(pb, TB_E_FORMAT, "its validity is malformed");
    return 0;
}

static X509 *decode(const uint8_t *der, size_t len)
{
    const unsigned char *p = der;
    X509 *x = d2i_X509(NULL, &p, (long)len);

    if (x == NULL || p == der + len)
        return x;
    X509_free(x);
    return NULL;
}

int tb_cacert_read(struct tb_span pem, struct tb_cacert *out, struct tb_problem *pb)
{
    char label[TB_PEM_LABEL_MAX + 1];
    struct tb_cacert ca = {0};
    X509 *x = NULL;
    int r;

    *out = (struct tb_cacert){0};
    r = tb_pem_read(pem, label, &ca.der, &ca.der_len);
    if (r < 0)
        return refuse(pb, r, "it is not one PEM object");
    x = strcmp(label, LABEL) == 0 ? decode(ca.der, ca.der_len) : NULL;
    r = x != NULL ? fill(x, &ca, pb) : refuse(pb, TB_E_FORMAT, "it is not an X.509 certificate");
    X509_free(x);
    ERR_clear_error();
    if (r < 0) {
        tb_cacert_clear(&ca);
        return r;
    }
    *out = ca;
    return 0;
}

void tb_cacert_clear(struct tb_cacert *ca)
{
    if (ca == NULL)
        return;
    free(ca->der);
    free(ca->subject);
    *ca = (struct tb_cacert){0};
}

int tb_cacert_verify(const struct tb_cacert *issuer, const struct tb_cacert *child)
{
    X509 *up = decode(issuer->der, issuer->der_len);
    X509 *x = decode(child->der, child->der_len);
    EVP_PKEY *key = up != NULL ? X509_get0_pubkey(up) : NULL;
    int r = TB_E_CRYPTO;

    if (x != NULL && key != NULL)
        r = X509_check_issued(up, x) == X509_V_OK && X509_verify(x, key) == 1 ? 0 : TB_E_BADSIG;
    X509_free(up);
    X509_free(x);
    ERR_clear_error();
    return r;
}
