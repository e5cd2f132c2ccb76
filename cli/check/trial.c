#include "cli/check/trial.h"

#include <openssl/x509v3.h>

#include "lib/base/compiler.h"

static bool add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;
    int ok;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ok = ext != NULL && X509_add_ext(cert, ext, -1) == 1;
    X509_EXTENSION_free(ext);
    return ok;
}

/* A version 3 certificate without extensions and signature; NULL when OpenSSL fails. */
static X509 *begin(const X509_NAME *subject, const X509_NAME *issuer, EVP_PKEY *public_key, int64_t at)
{
    X509 *cert = X509_new();
    time_t t = (time_t)at;

    if (cert == NULL || X509_set_version(cert, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) != 1 || X509_set_subject_name(cert, subject) != 1 ||
        X509_set_issuer_name(cert, issuer) != 1 || X509_set_pubkey(cert, public_key) != 1 ||
        X509_time_adj_ex(X509_getm_notBefore(cert), -1, 0, &t) == NULL ||
        X509_time_adj_ex(X509_getm_notAfter(cert), 1, 0, &t) == NULL) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

static X509 *make_root(EVP_PKEY *key, int64_t at)
{
    X509_NAME *name = X509_NAME_new();
    X509 *cert = NULL;

    if (name != NULL &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"tabard check", -1, -1, 0) == 1)
        cert = begin(name, name, key, at);
    X509_NAME_free(name);
    if (cert != NULL &&
        (!add_ext(cert, cert, NID_basic_constraints, "critical,CA:TRUE") ||
         !add_ext(cert, cert, NID_key_usage, "critical,keyCertSign") ||
         !add_ext(cert, cert, NID_subject_key_identifier, "hash") || X509_sign(cert, key, EVP_sha256()) == 0)) {
        X509_free(cert);
        return NULL;
    }
    return cert;
}

bool tb_check_trial_identity(SSL_CTX *ctx)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = key != NULL ? make_root(key, time(NULL)) : NULL;
    bool ok = cert != NULL && SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;

    X509_free(cert);
    EVP_PKEY_free(key);
    return ok;
}

/* What a CA that follows requests to the letter copies; the rest it makes itself. */
static bool copy_extensions(X509 *cert, X509_REQ *csr)
{
    static const int copied[] = {NID_subject_alt_name, NID_key_usage, NID_ext_key_usage};
    STACK_OF(X509_EXTENSION) *exts = X509_REQ_get_extensions(csr);
    bool ok = true;

    for (int i = 0; i < sk_X509_EXTENSION_num(exts); i++) {
        X509_EXTENSION *ext = sk_X509_EXTENSION_value(exts, i);
        int nid = OBJ_obj2nid(X509_EXTENSION_get_object(ext));

        for (size_t c = 0; c < TB_ARRAY_LEN(copied); c++)
            ok = ok && (nid != copied[c] || X509_add_ext(cert, ext, -1) == 1);
    }
    sk_X509_EXTENSION_pop_free(exts, X509_EXTENSION_free);
    return ok;
}

static bool push(STACK_OF(X509) * *stack, X509 *cert)
{
    if ((*stack = sk_X509_new_null()) == NULL)
        return false;
    return X509_up_ref(cert) == 1 && sk_X509_push(*stack, cert) > 0;
}

int tb_check_trial_issue(struct tb_check_input *in, int64_t at)
{
    EVP_PKEY *subject_key = X509_REQ_get0_pubkey(in->csr);
    EVP_PKEY *key = NULL;
    X509 *root = NULL;
    X509 *leaf = NULL;
    int r = TB_E_CRYPTO;

    if (subject_key == NULL)
        return TB_E_FORMAT;
    if (X509_REQ_verify(in->csr, subject_key) != 1)
        return TB_E_BADSIG;
    if ((key = EVP_EC_gen("P-256")) == NULL || (root = make_root(key, at)) == NULL)
        goto out;
    leaf = begin(X509_REQ_get_subject_name(in->csr), X509_get_subject_name(root), subject_key, at);
    if (leaf == NULL || !copy_extensions(leaf, in->csr) ||
        !add_ext(leaf, root, NID_authority_key_identifier, "keyid") || X509_sign(leaf, key, EVP_sha256()) == 0)
        goto out;
    if (push(&in->chain, leaf) && push(&in->anchors, root))
        r = 0;
out:
    X509_free(leaf);
    X509_free(root);
    EVP_PKEY_free(key);
    return r;
}
