#include "client/self_signed.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "client/csr.h"
#include "lib/base/hash.h"

#define VALID_S             3600
#define SAN_MAX             (TB_IDENT_VALUE_MAX + 16)
#define SERIAL_LEN          16
#define OID_SAN             "2.5.29.17"
#define OID_EKU             "2.5.29.37"
#define OID_ACME_IDENTIFIER "1.3.6.1.5.5.7.1.31"
/* AuthorizationDigest ::= OCTET STRING (SIZE (32)), inside the extension's own OCTET STRING. */
#define DIGEST_TAG          0x04

static bool add(X509 *cert, const char *oid, bool critical, const uint8_t *p, size_t len)
{
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
    X509_EXTENSION *ext = NULL;
    bool ok = false;

    if (value != NULL && obj != NULL && ASN1_OCTET_STRING_set(value, p, (int)len) == 1 &&
        (ext = X509_EXTENSION_create_by_OBJ(NULL, obj, critical, value)) != NULL)
        ok = X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(obj);
    return ok;
}

static bool set_base(X509 *cert, EVP_PKEY *key)
{
    uint8_t serial[SERIAL_LEN];
    BIGNUM *bn;
    bool ok;

    tb_random(serial, sizeof(serial));
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
    bn = BN_bin2bn(serial, sizeof(serial), NULL);
    ok = bn != NULL && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(cert)) != NULL &&
         X509_set_version(cert, X509_VERSION_3) == 1 && X509_set_pubkey(cert, key) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(cert), -VALID_S) != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(cert), VALID_S) != NULL;
    BN_free(bn);
    return ok;
}

static bool set_extensions(X509 *cert, const struct tb_ident *ident, const uint8_t digest[static TB_DIGEST_LEN],
                           bool client)
{
    static const uint8_t client_auth[] = {0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02};
    uint8_t acme[2 + TB_DIGEST_LEN] = {DIGEST_TAG, TB_DIGEST_LEN};
    struct tb_wr san;
    bool ok;

    memcpy(acme + 2, digest, TB_DIGEST_LEN);
    tb_wr_init(&san, SAN_MAX);
    /* The subject is empty, so the SAN is critical (RFC 5280 section 4.2.1.6). */
    ok = tb_client_san(&san, ident, 1) == 0 && add(cert, OID_SAN, true, san.buf, san.len) &&
         add(cert, OID_ACME_IDENTIFIER, true, acme, sizeof(acme)) &&
         (!client || add(cert, OID_EKU, false, client_auth, sizeof(client_auth)));
    tb_wr_clear(&san);
    return ok;
}

int tb_self_signed(EVP_PKEY *key, const struct tb_ident *ident, const uint8_t digest[static TB_DIGEST_LEN], bool client,
                   X509 **out)
{
    const EVP_MD *md = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
    X509 *cert = X509_new();

    *out = NULL;
    if (cert != NULL && set_base(cert, key) && set_extensions(cert, ident, digest, client) &&
        X509_sign(cert, key, md) > 0) {
        *out = cert;
        return 0;
    }
    X509_free(cert);
    ERR_clear_error();
    return TB_E_CRYPTO;
}
