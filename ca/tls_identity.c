#include "ca/tls_identity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <time.h>

static tb_time_t not_after_of(const X509 *cert)
{
    struct tm tm = {0};

    return ASN1_TIME_to_tm(X509_get0_notAfter(cert), &tm) == 1 ? (tb_time_t)timegm(&tm) : 0;
}

static int use_chain(SSL_CTX *ctx, struct tb_span pem, tb_time_t *out_not_after)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
    X509 *cert = NULL;
    int num = 0;
    int r = TB_E_FORMAT;

    if (bio == NULL)
        return TB_E_NOMEM;
    while (num < TB_TLS_CHAIN_MAX && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        bool ok = num == 0 ? SSL_CTX_use_certificate(ctx, cert) == 1 : SSL_CTX_add1_chain_cert(ctx, cert) == 1;

        if (num == 0)
            *out_not_after = not_after_of(cert);
        X509_free(cert);
        if (!ok)
            goto out;
        num++;
    }
    if (num > 0)
        r = 0;
out:
    ERR_clear_error();
    BIO_free(bio);
    return r;
}

static int use_key(SSL_CTX *ctx, struct tb_span pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
    EVP_PKEY *key = NULL;
    int r = TB_E_FORMAT;

    if (bio == NULL)
        return TB_E_NOMEM;
    key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    if (key != NULL && SSL_CTX_use_PrivateKey(ctx, key) == 1 && SSL_CTX_check_private_key(ctx) == 1)
        r = 0;
    ERR_clear_error();
    EVP_PKEY_free(key);
    BIO_free(bio);
    return r;
}

int tb_tls_identity_use(SSL_CTX *ctx, struct tb_span chain_pem, struct tb_span key_pem, tb_time_t *out_not_after,
                        const char **out_why)
{
    int r;

    *out_not_after = 0;
    *out_why = "the chain is not a list of PEM certificates";
    if ((r = use_chain(ctx, chain_pem, out_not_after)) < 0)
        return r;
    *out_why = "the key is not the key of the certificate";
    if ((r = use_key(ctx, key_pem)) < 0)
        return r;
    *out_why = NULL;
    return 0;
}
