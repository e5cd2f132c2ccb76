#include "client/csr.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "lib/der/der.h"
#include "lib/pki/csr.h"

#define SAN_MAX (TB_IDENT_NUM_MAX * (TB_IDENT_VALUE_MAX + 8) + 16)

static int put_name(struct tb_wr *der, const struct tb_ident *id)
{
    char text[TB_IDENT_VALUE_MAX + 3];
    uint8_t address[16];

    if (id->type == TB_IDENT_DNS) {
        tb_ident_text(text, id);
        tb_der_put(der, TB_DER_CTX(2), tb_span_str(text));
    } else if (inet_pton(AF_INET, id->value, address) == 1) {
        tb_der_put(der, TB_DER_CTX(7), tb_span_of(address, 4));
    } else if (inet_pton(AF_INET6, id->value, address) == 1) {
        tb_der_put(der, TB_DER_CTX(7), tb_span_of(address, 16));
    } else {
        return TB_E_UNSUPPORTED;
    }
    return 0;
}

int tb_client_san(struct tb_wr *der, const struct tb_ident *names, size_t num)
{
    size_t mark = tb_der_begin(der, TB_DER_SEQUENCE);

    for (size_t i = 0; i < num; i++)
        if (put_name(der, &names[i]) < 0)
            return TB_E_UNSUPPORTED;
    tb_der_end(der, mark);
    return tb_wr_err(der);
}

static X509_EXTENSION *san_extension(const struct tb_ident *names, size_t num)
{
    X509_EXTENSION *ext = NULL;
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    struct tb_wr san;

    tb_wr_init(&san, SAN_MAX);
    if (value != NULL && tb_client_san(&san, names, num) == 0 &&
        ASN1_OCTET_STRING_set(value, san.buf, (int)san.len) == 1)
        ext = X509_EXTENSION_create_by_NID(NULL, NID_subject_alt_name, 0, value);
    ASN1_OCTET_STRING_free(value);
    tb_wr_clear(&san);
    return ext;
}

int tb_client_csr(struct tb_wr *der, EVP_PKEY *key, const struct tb_ident *names, size_t num)
{
    X509_REQ *req = X509_REQ_new();
    X509_EXTENSION *ext = san_extension(names, num);
    STACK_OF(X509_EXTENSION) *exts = sk_X509_EXTENSION_new_null();
    const EVP_MD *md = EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
    uint8_t *out = NULL;
    int len = -1;

    if (req != NULL && ext != NULL && exts != NULL && sk_X509_EXTENSION_push(exts, ext) > 0) {
        ext = NULL;
        if (X509_REQ_set_version(req, 0) == 1 && X509_REQ_set_pubkey(req, key) == 1 &&
            X509_REQ_add_extensions(req, exts) == 1 && X509_REQ_sign(req, key, md) > 0)
            len = i2d_X509_REQ(req, &out);
    }
    if (len > 0)
        tb_wr_bytes(der, out, (size_t)len);
    OPENSSL_free(out);
    X509_EXTENSION_free(ext);
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    X509_REQ_free(req);
    ERR_clear_error();
    return len > 0 ? tb_wr_err(der) : TB_E_CRYPTO;
}
