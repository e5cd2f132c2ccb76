#include "cli/check/input.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/check/trial.h"
#include "lib/base/mem.h"

static int fail(char why[static TB_CHECK_WHY_MAX + 1], int err, const char *text)
{
    snprintf(why, TB_CHECK_WHY_MAX + 1, "%s", text);
    ERR_clear_error();
    return err;
}

int tb_check_read_file(const char *path, char **out, size_t *out_len, char why[static TB_CHECK_WHY_MAX + 1])
{
    FILE *f = fopen(path, "re");
    char *buf = NULL;
    size_t len = 0;
    int r = 0;

    *out = NULL;
    *out_len = 0;
    if (f == NULL)
        return fail(why, TB_E_IO, strerror(errno));
    if ((buf = malloc(TB_CHECK_FILE_MAX + 2)) == NULL)
        r = fail(why, TB_E_NOMEM, "out of memory");
    else if (len = fread(buf, 1, TB_CHECK_FILE_MAX + 1, f), ferror(f))
        r = fail(why, TB_E_IO, strerror(errno));
    else if (len > TB_CHECK_FILE_MAX)
        r = fail(why, TB_E_LIMIT, "larger than 1 MiB");
    fclose(f);
    if (r < 0) {
        tb_free_secret(buf, len);
        return r;
    }
    buf[len] = '\0';
    *out = buf;
    *out_len = len;
    return 0;
}

/* Never asks at the terminal: a passphrase is given or there is none. */
static int passphrase_cb(char *buf, int size, int writing, void *arg)
{
    const char *pass = arg;
    size_t len = pass != NULL ? strlen(pass) : 0;

    (void)writing;
    if (pass == NULL || len > (size_t)size)
        return -1;
    memcpy(buf, pass, len);
    return (int)len;
}

static EVP_PKEY *find_key(const char *text, size_t len, const char *pass)
{
    BIO *bio = BIO_new_mem_buf(text, (int)len);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, passphrase_cb, (void *)(uintptr_t)pass) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return key;
}

static int push_cert(STACK_OF(X509) * chain, X509 *cert, int max, char why[static TB_CHECK_WHY_MAX + 1])
{
    if (cert == NULL)
        return fail(why, TB_E_FORMAT, "a certificate in it does not decode");
    if (sk_X509_num(chain) >= max) {
        X509_free(cert);
        return fail(why, TB_E_LIMIT, "too many certificates");
    }
    if (sk_X509_push(chain, cert) <= 0) {
        X509_free(cert);
        return fail(why, TB_E_NOMEM, "out of memory");
    }
    return 0;
}

static bool is_cert_label(const char *label)
{
    return strcmp(label, PEM_STRING_X509) == 0 || strcmp(label, PEM_STRING_X509_OLD) == 0;
}

static bool is_csr_label(const char *label)
{
    return strcmp(label, PEM_STRING_X509_REQ) == 0 || strcmp(label, PEM_STRING_X509_REQ_OLD) == 0;
}

static int take_pem_object(const char *label, const unsigned char *der, long len, STACK_OF(X509) * chain,
                           X509_REQ **csr, int max, char why[static TB_CHECK_WHY_MAX + 1])
{
    const unsigned char *p = der;

    if (is_cert_label(label))
        return push_cert(chain, d2i_X509(NULL, &p, len), max, why);
    if (csr == NULL || !is_csr_label(label) || *csr != NULL)
        return 0;
    if ((*csr = d2i_X509_REQ(NULL, &p, len)) == NULL)
        return fail(why, TB_E_FORMAT, "the certificate request in it does not decode");
    return 0;
}

/* Every certificate of a PEM text, and its first request when csr is not NULL. Other objects are passed over. */
static int read_pem(const char *text, size_t text_len, STACK_OF(X509) * chain, X509_REQ **csr, int max,
                    char why[static TB_CHECK_WHY_MAX + 1])
{
    BIO *bio = BIO_new_mem_buf(text, (int)text_len);
    char *label = NULL;
    char *header = NULL;
    unsigned char *der = NULL;
    long len = 0;
    int r = bio != NULL ? 0 : fail(why, TB_E_NOMEM, "out of memory");

    while (r == 0 && PEM_read_bio(bio, &label, &header, &der, &len) == 1) {
        r = take_pem_object(label, der, len, chain, csr, max, why);
        OPENSSL_free(label);
        OPENSSL_free(header);
        OPENSSL_clear_free(der, (size_t)len);
    }
    if (r == 0 && ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
        r = fail(why, TB_E_FORMAT, "the PEM text in it is broken");
    BIO_free(bio);
    ERR_clear_error();
    return r;
}

static int take_pkcs12(PKCS12 *p12, const char *pass, struct tb_check_input *out, char why[static TB_CHECK_WHY_MAX + 1])
{
    X509 *leaf = NULL;
    STACK_OF(X509) *rest = NULL;
    int r = 0;

    out->kind = TB_CHECK_KIND_PKCS12;
    if (PKCS12_parse(p12, pass, &out->key, &leaf, &rest) != 1)
        return fail(why, TB_E_FORMAT,
                    PKCS12_verify_mac(p12, pass, -1) == 1
                        ? "this PKCS #12 file uses algorithms that OpenSSL no longer loads (RC2, 3DES); repack it"
                        : "this PKCS #12 file does not open with this passphrase (--passphrase-file)");
    if (leaf == NULL)
        r = fail(why, TB_E_FORMAT, "this PKCS #12 file has no certificate with a key");
    else
        r = push_cert(out->chain, leaf, TB_CHECK_CERTS_MAX, why);
    while (r == 0 && sk_X509_num(rest) > 0)
        r = push_cert(out->chain, sk_X509_shift(rest), TB_CHECK_CERTS_MAX, why);
    sk_X509_pop_free(rest, X509_free);
    return r;
}

static int read_der(const char *text, size_t len, const char *pass, struct tb_check_input *out,
                    char why[static TB_CHECK_WHY_MAX + 1])
{
    const unsigned char *p = (const unsigned char *)text;
    X509 *cert = d2i_X509(NULL, &p, (long)len);
    PKCS12 *p12;
    int r;

    if (cert != NULL)
        return push_cert(out->chain, cert, TB_CHECK_CERTS_MAX, why);
    p = (const unsigned char *)text;
    if ((out->csr = d2i_X509_REQ(NULL, &p, (long)len)) != NULL)
        return 0;
    p = (const unsigned char *)text;
    if ((p12 = d2i_PKCS12(NULL, &p, (long)len)) == NULL)
        return fail(why, TB_E_FORMAT, "neither a certificate, a certificate request nor a PKCS #12 file");
    r = take_pkcs12(p12, pass, out, why);
    PKCS12_free(p12);
    return r;
}

static int finish_csr(struct tb_check_input *out, int64_t at, char why[static TB_CHECK_WHY_MAX + 1])
{
    int r;

    out->kind = TB_CHECK_KIND_CSR;
    sk_X509_pop_free(out->chain, X509_free);
    out->chain = NULL;
    r = tb_check_trial_issue(out, at);
    if (r == TB_E_BADSIG)
        return fail(why, r, "the signature of the certificate request does not verify; every CA will refuse it");
    return r < 0 ? fail(why, r, "no certificate can be made of this request") : 0;
}

static int take_key(const char *text, size_t len, const struct tb_check_how *how, struct tb_check_input *out,
                    char why[static TB_CHECK_WHY_MAX + 1])
{
    X509 *leaf = sk_X509_value(out->chain, 0);
    char *key_text = NULL;
    size_t key_len = 0;
    int r = 0;

    if (how->key_path == NULL) {
        out->key = out->key != NULL ? out->key : find_key(text, len, how->passphrase);
    } else if ((r = tb_check_read_file(how->key_path, &key_text, &key_len, why)) == 0) {
        EVP_PKEY_free(out->key);
        if ((out->key = find_key(key_text, key_len, how->passphrase)) == NULL)
            r = fail(why, TB_E_FORMAT, "no private key can be read from the file of --key");
        tb_free_secret(key_text, key_len);
    }
    if (r < 0 || out->key == NULL || X509_check_private_key(leaf, out->key) == 1)
        return r;
    if (how->key_path != NULL)
        return fail(why, TB_E_FORMAT, "the key of --key is not that of the first certificate");
    EVP_PKEY_free(out->key);
    out->key = NULL;
    ERR_clear_error();
    return 0;
}

static int read_any(const char *text, size_t len, const struct tb_check_how *how, struct tb_check_input *out,
                    char why[static TB_CHECK_WHY_MAX + 1])
{
    int r = 0;

    if ((out->chain = sk_X509_new_null()) == NULL)
        return fail(why, TB_E_NOMEM, "out of memory");
    if (strstr(text, "-----BEGIN ") != NULL)
        r = read_pem(text, len, out->chain, &out->csr, TB_CHECK_CERTS_MAX, why);
    else
        r = read_der(text, len, how->passphrase, out, why);
    if (r < 0)
        return r;
    if (sk_X509_num(out->chain) == 0)
        return out->csr != NULL ? finish_csr(out, how->at, why) : fail(why, TB_E_NOTFOUND, "no certificate in it");
    return take_key(text, len, how, out, why);
}

int tb_check_input_file(const char *path, const struct tb_check_how *how, struct tb_check_input *out,
                        char why[static TB_CHECK_WHY_MAX + 1])
{
    char *text = NULL;
    size_t len = 0;
    int r;

    *out = (struct tb_check_input){.kind = TB_CHECK_KIND_CHAIN};
    if ((r = tb_check_read_file(path, &text, &len, why)) < 0)
        return r;
    out->label = strdup(path);
    r = out->label != NULL ? read_any(text, len, how, out, why) : fail(why, TB_E_NOMEM, "out of memory");
    tb_free_secret(text, len);
    ERR_clear_error();
    if (r < 0)
        tb_check_input_clear(out);
    return r;
}

int tb_check_anchors_file(const char *path, STACK_OF(X509) * anchors, char why[static TB_CHECK_WHY_MAX + 1])
{
    char *text = NULL;
    size_t len = 0;
    int before = sk_X509_num(anchors);
    int r = tb_check_read_file(path, &text, &len, why);

    if (r < 0)
        return r;
    if (strstr(text, "-----BEGIN ") != NULL) {
        r = read_pem(text, len, anchors, NULL, TB_CHECK_ANCHORS_MAX, why);
    } else {
        const unsigned char *p = (const unsigned char *)text;

        r = push_cert(anchors, d2i_X509(NULL, &p, (long)len), TB_CHECK_ANCHORS_MAX, why);
    }
    if (r == 0 && sk_X509_num(anchors) == before)
        r = fail(why, TB_E_NOTFOUND, "no certificate in it");
    tb_free_secret(text, len);
    return r;
}

void tb_check_input_clear(struct tb_check_input *in)
{
    free(in->label);
    sk_X509_pop_free(in->chain, X509_free);
    sk_X509_pop_free(in->anchors, X509_free);
    EVP_PKEY_free(in->key);
    X509_REQ_free(in->csr);
    *in = (struct tb_check_input){0};
}
