#include "lib/pki/cacert.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/pki/pem_read.h"

#define SKI_LEN       20 /* RFC 7093 section 2, method 1: leftmost 160 bits of SHA-256 */
#define CN_MAX        64 /* ub-common-name, RFC 5280 appendix A.1 */
#define CRL_VERSION_2 1
#define BACKDATE_S    3600 /* so that a leaf, which is backdated as much, lies within its issuer's validity */
#define NO_PATH_LEN   (-1)

static int serial_set(X509 *x)
{
    uint8_t serial[TB_SERIAL_LEN];
    BIGNUM *bn;
    int ok;

    do {
        tb_random(serial, sizeof(serial));
        serial[0] &= 0x7f;
    } while (serial[0] == 0);
    bn = BN_bin2bn(serial, sizeof(serial), NULL);
    ok = bn != NULL && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) != NULL;
    BN_free(bn);
    return ok ? 0 : TB_E_CRYPTO;
}

static int name_set(X509 *x, const char *cn)
{
    size_t len = strnlen(cn, CN_MAX + 1);

    if (len == 0 || len > CN_MAX)
        return TB_E_INVAL;
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8, (const unsigned char *)cn,
                                      (int)len, -1, 0) == 1
               ? 0
               : TB_E_CRYPTO;
}

static int times_set(X509 *x, tb_time_t now, tb_time_t not_after)
{
    if (not_after <= now)
        return TB_E_INVAL;
    return ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(now - BACKDATE_S)) != NULL &&
                   ASN1_TIME_set(X509_getm_notAfter(x), (time_t)not_after) != NULL
               ? 0
               : TB_E_CRYPTO;
}

static int ext_add(X509 *x, int nid, void *value, bool critical)
{
    return X509_add1_ext_i2d(x, nid, value, critical, X509V3_ADD_DEFAULT) == 1 ? 0 : TB_E_CRYPTO;
}

static int basic_add(X509 *x, int path_len)
{
    BASIC_CONSTRAINTS *bc = BASIC_CONSTRAINTS_new();
    int r = TB_E_NOMEM;

    if (bc == NULL)
        return r;
    bc->ca = 0xff; /* DER: TRUE is all ones (X.690 section 11.1); OpenSSL writes the octet as given */
    if (path_len == NO_PATH_LEN ||
        ((bc->pathlen = ASN1_INTEGER_new()) != NULL && ASN1_INTEGER_set(bc->pathlen, path_len) == 1))
        r = ext_add(x, NID_basic_constraints, bc, true);
    BASIC_CONSTRAINTS_free(bc);
    return r;
}

static int key_usage_add(X509 *x)
{
    ASN1_BIT_STRING *bits = ASN1_BIT_STRING_new();
    int r = TB_E_NOMEM;

    /* keyCertSign and cRLSign, RFC 5280 section 4.2.1.3 */
    if (bits != NULL && ASN1_BIT_STRING_set_bit(bits, 5, 1) == 1 && ASN1_BIT_STRING_set_bit(bits, 6, 1) == 1)
        r = ext_add(x, NID_key_usage, bits, true);
    ASN1_BIT_STRING_free(bits);
    return r;
}

static int ski_add(X509 *x)
{
    const ASN1_BIT_STRING *key = X509_get0_pubkey_bitstr(x);
    ASN1_OCTET_STRING *ski = ASN1_OCTET_STRING_new();
    uint8_t digest[TB_DIGEST_LEN];
    int r = TB_E_NOMEM;

    if (key != NULL && ski != NULL) {
        tb_sha256(digest, tb_span_of(ASN1_STRING_get0_data(key), (size_t)ASN1_STRING_length(key)));
        if (ASN1_OCTET_STRING_set(ski, digest, SKI_LEN) == 1)
            r = ext_add(x, NID_subject_key_identifier, ski, false);
    }
    ASN1_OCTET_STRING_free(ski);
    return r;
}

static AUTHORITY_KEYID *aki_make(X509 *issuer)
{
    const ASN1_OCTET_STRING *ski = X509_get0_subject_key_id(issuer);
    AUTHORITY_KEYID *aki = ski != NULL ? AUTHORITY_KEYID_new() : NULL;

    if (aki == NULL)
        return NULL;
    aki->keyid = ASN1_OCTET_STRING_dup(ski);
    if (aki->keyid != NULL)
        return aki;
    AUTHORITY_KEYID_free(aki);
    return NULL;
}

static int aki_add(X509 *x, X509 *issuer)
{
    AUTHORITY_KEYID *aki = aki_make(issuer);
    int r = aki != NULL ? ext_add(x, NID_authority_key_identifier, aki, false) : TB_E_CRYPTO;

    AUTHORITY_KEYID_free(aki);
    return r;
}

/* The DER of an object identifier around content octets that are known to be short. */
static ASN1_OBJECT *object_of(const struct tb_purpose_info *info)
{
    uint8_t der[2 + 127];
    const unsigned char *p = der;

    if (info == NULL || info->oid_len > sizeof(der) - 2)
        return NULL;
    der[0] = V_ASN1_OBJECT;
    der[1] = (uint8_t)info->oid_len;
    memcpy(der + 2, info->oid, info->oid_len);
    return d2i_ASN1_OBJECT(NULL, &p, (long)info->oid_len + 2);
}

static int eku_add(X509 *x, tb_purposes_t purposes)
{
    EXTENDED_KEY_USAGE *eku = sk_ASN1_OBJECT_new_null();
    int r = eku != NULL && purposes != 0 ? 0 : TB_E_INVAL;

    for (unsigned p = 0; r == 0 && p < TB_PURPOSE__COUNT; p++) {
        ASN1_OBJECT *obj;

        if ((purposes & TB_PURPOSE_BIT(p)) == 0)
            continue;
        obj = object_of(tb_purpose_info((enum tb_purpose)p));
        if (obj == NULL || sk_ASN1_OBJECT_push(eku, obj) <= 0) {
            ASN1_OBJECT_free(obj);
            r = TB_E_CRYPTO;
        }
    }
    if (r == 0)
        r = ext_add(x, NID_ext_key_usage, eku, false);
    sk_ASN1_OBJECT_pop_free(eku, ASN1_OBJECT_free);
    return r;
}

static int any_policy_add(X509 *x)
{
    CERTIFICATEPOLICIES *list = sk_POLICYINFO_new_null();
    POLICYINFO *info = POLICYINFO_new();
    int r = TB_E_NOMEM;

    if (list == NULL || info == NULL || sk_POLICYINFO_push(list, info) <= 0) {
        POLICYINFO_free(info);
    } else {
        info->policyid = OBJ_nid2obj(NID_any_policy);
        r = ext_add(x, NID_certificate_policies, list, false);
    }
    sk_POLICYINFO_pop_free(list, POLICYINFO_free);
    return r;
}

static const EVP_MD *md_for(EVP_PKEY *key)
{
    enum tb_sig_alg alg;

    if (tb_key_sig_alg(key, &alg) < 0)
        return NULL;
    return alg == TB_SIG_ECDSA_SHA384 ? EVP_sha384() : EVP_sha256();
}

/* Everything that root and issuing CA share. */
static int start(X509 **out, EVP_PKEY *key, const char *cn, tb_time_t now, tb_time_t not_after, int path_len)
{
    X509 *x = X509_new();
    int r = TB_E_NOMEM;

    *out = x;
    if (x == NULL)
        return r;
    if (X509_set_version(x, X509_VERSION_3) != 1 || X509_set_pubkey(x, key) != 1)
        return TB_E_CRYPTO;
    if ((r = serial_set(x)) < 0 || (r = name_set(x, cn)) < 0 || (r = times_set(x, now, not_after)) < 0 ||
        (r = basic_add(x, path_len)) < 0 || (r = key_usage_add(x)) < 0)
        return r;
    return ski_add(x);
}

static int finish(struct tb_wr *pem, X509 *x, EVP_PKEY *signer)
{
    uint8_t *der = NULL;
    int len = -1;

    if (X509_sign(x, signer, md_for(signer)) > 0)
        len = i2d_X509(x, &der);
    if (len > 0)
        tb_pem_write(pem, "CERTIFICATE", tb_span_of(der, (size_t)len));
    OPENSSL_free(der);
    return len > 0 ? tb_wr_err(pem) : TB_E_CRYPTO;
}

int tb_root_make(struct tb_wr *pem, EVP_PKEY *key, const char *cn, tb_time_t now, tb_time_t not_after)
{
    X509 *x = NULL;
    int r;

    if (md_for(key) == NULL)
        return TB_E_UNSUPPORTED;
    r = start(&x, key, cn, now, not_after, NO_PATH_LEN);
    if (r == 0 && X509_set_issuer_name(x, X509_get_subject_name(x)) != 1)
        r = TB_E_CRYPTO;
    if (r == 0)
        r = finish(pem, x, key);
    X509_free(x);
    ERR_clear_error();
    return r;
}

/* The root, checked as tb_cacert_read does, and that the key is its own. */
static int root_read(struct tb_span pem, EVP_PKEY *key, X509 **out)
{
    struct tb_cacert ca;
    const unsigned char *p;
    int r = tb_cacert_read(pem, &ca, NULL);

    *out = NULL;
    if (r < 0)
        return r;
    p = ca.der;
    *out = d2i_X509(NULL, &p, (long)ca.der_len);
    tb_cacert_clear(&ca);
    if (*out == NULL)
        return TB_E_CRYPTO;
    return X509_check_private_key(*out, key) == 1 ? 0 : TB_E_INVAL;
}

/* The name of an issuing CA differs from the root's, or path building could take one for the other. */
static int issuer_set(X509 *x, X509 *root)
{
    if (X509_NAME_cmp(X509_get_subject_name(x), X509_get_subject_name(root)) == 0)
        return TB_E_INVAL;
    return X509_set_issuer_name(x, X509_get_subject_name(root)) == 1 ? 0 : TB_E_CRYPTO;
}

int tb_issuing_make(struct tb_wr *pem, EVP_PKEY *key, const char *cn, enum tb_issuer issuer, struct tb_span root_pem,
                    EVP_PKEY *root_key, tb_time_t now, tb_time_t not_after)
{
    X509 *root = NULL;
    X509 *x = NULL;
    int r;

    if (md_for(key) == NULL)
        return TB_E_UNSUPPORTED;
    if ((r = root_read(root_pem, root_key, &root)) == 0 && (r = start(&x, key, cn, now, not_after, 0)) == 0 &&
        (r = issuer_set(x, root)) == 0 && (r = eku_add(x, tb_issuer_purposes(issuer))) == 0 &&
        (r = any_policy_add(x)) == 0 && (r = aki_add(x, root)) == 0)
        r = finish(pem, x, root_key);
    X509_free(x);
    X509_free(root);
    ERR_clear_error();
    return r;
}

static int crl_times_set(X509_CRL *crl, tb_time_t now, tb_time_t next_update)
{
    ASN1_TIME *last = ASN1_TIME_set(NULL, (time_t)now);
    ASN1_TIME *next = ASN1_TIME_set(NULL, (time_t)next_update);
    int ok = last != NULL && next != NULL && X509_CRL_set1_lastUpdate(crl, last) == 1 &&
             X509_CRL_set1_nextUpdate(crl, next) == 1;

    ASN1_TIME_free(last);
    ASN1_TIME_free(next);
    return ok ? 0 : TB_E_CRYPTO;
}

/* RFC 5280 section 5.2.1 and 5.2.3: both extensions are mandatory. */
static int crl_extensions_add(X509_CRL *crl, X509 *root, uint64_t number)
{
    ASN1_INTEGER *n = ASN1_INTEGER_new();
    AUTHORITY_KEYID *aki = aki_make(root);
    int ok = n != NULL && aki != NULL && ASN1_INTEGER_set_uint64(n, number) == 1 &&
             X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, X509V3_ADD_DEFAULT) == 1 &&
             X509_CRL_add1_ext_i2d(crl, NID_authority_key_identifier, aki, 0, X509V3_ADD_DEFAULT) == 1;

    ASN1_INTEGER_free(n);
    AUTHORITY_KEYID_free(aki);
    return ok ? 0 : TB_E_CRYPTO;
}

static int crl_finish(struct tb_wr *pem, X509_CRL *crl, EVP_PKEY *key)
{
    uint8_t *der = NULL;
    int len = -1;

    if (X509_CRL_sign(crl, key, md_for(key)) > 0)
        len = i2d_X509_CRL(crl, &der);
    if (len > 0)
        tb_pem_write(pem, "X509 CRL", tb_span_of(der, (size_t)len));
    OPENSSL_free(der);
    return len > 0 ? tb_wr_err(pem) : TB_E_CRYPTO;
}

int tb_root_crl_make(struct tb_wr *pem, struct tb_span root_pem, EVP_PKEY *root_key, uint64_t number, tb_time_t now,
                     tb_time_t next_update)
{
    X509 *root = NULL;
    X509_CRL *crl = NULL;
    int r;

    if (next_update <= now)
        return TB_E_INVAL;
    if ((r = root_read(root_pem, root_key, &root)) < 0)
        goto out;
    crl = X509_CRL_new();
    r = TB_E_CRYPTO;
    if (crl == NULL || X509_CRL_set_version(crl, CRL_VERSION_2) != 1 ||
        X509_CRL_set_issuer_name(crl, X509_get_subject_name(root)) != 1)
        goto out;
    if ((r = crl_times_set(crl, now, next_update)) == 0 && (r = crl_extensions_add(crl, root, number)) == 0)
        r = crl_finish(pem, crl, root_key);
out:
    X509_CRL_free(crl);
    X509_free(root);
    ERR_clear_error();
    return r;
}
