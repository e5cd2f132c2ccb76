#include "ca/config/pem_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/hash.h"

int tb_pem_file_read(const char *path, size_t max, uint8_t **out, size_t *out_len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    uint8_t *buf = NULL;
    size_t len = 0;
    ssize_t n = 0;
    int saved;

    *out = NULL;
    *out_len = 0;
    if (fd < 0)
        return TB_E_IO;
    buf = malloc(max + 1);
    while (buf != NULL && len <= max && ((n = read(fd, buf + len, max + 1 - len)) > 0 || (n < 0 && errno == EINTR)))
        len += n > 0 ? (size_t)n : 0;
    saved = buf == NULL ? ENOMEM : n < 0 ? errno : len > max ? EFBIG : 0;
    close(fd);
    if (saved != 0) {
        tb_free_secret(buf, buf != NULL ? max + 1 : 0);
        errno = saved;
        return TB_E_IO;
    }
    *out = buf;
    *out_len = len;
    return 0;
}

static int read_or_say(const char *path, uint8_t **out, size_t *out_len, char why[static TB_PROBLEM_DETAIL_MAX + 1])
{
    int err = tb_pem_file_read(path, TB_PEM_FILE_MAX, out, out_len);

    why[0] = '\0';
    if (err != 0)
        snprintf(why, TB_PROBLEM_DETAIL_MAX + 1, "%s", strerror(errno));
    return err;
}

static void say(char why[static TB_PROBLEM_DETAIL_MAX + 1], const struct tb_problem *pb, int err)
{
    snprintf(why, TB_PROBLEM_DETAIL_MAX + 1, "%s", pb->detail[0] != '\0' ? pb->detail : tb_err_text(err));
}

int tb_pem_file_ca(const char *path, struct tb_cacert *out, char why[static TB_PROBLEM_DETAIL_MAX + 1])
{
    struct tb_problem pb = {0};
    uint8_t *text = NULL;
    size_t len = 0;
    int err = read_or_say(path, &text, &len, why);

    memset(out, 0, sizeof(*out));
    if (err != 0)
        return err;
    err = tb_cacert_read(tb_span_of(text, len), out, &pb);
    if (err != 0)
        say(why, &pb, err);
    tb_problem_clear(&pb);
    free(text);
    return err;
}

static int check_crl(X509_CRL *crl, const struct tb_cacert *ca, tb_time_t *out_next_update, const char **out_why)
{
    const ASN1_TIME *end = crl != NULL ? X509_CRL_get0_nextUpdate(crl) : NULL;
    const uint8_t *p = ca->der;
    X509 *cert = d2i_X509(NULL, &p, (long)ca->der_len);
    struct tm tm;
    int r = TB_E_FORMAT;

    if (crl == NULL || cert == NULL)
        *out_why = "not a CRL in PEM";
    else if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(cert)) != 0 ||
             X509_CRL_verify(crl, X509_get0_pubkey(cert)) != 1)
        *out_why = "was not signed by the root beside it";
    else if (end == NULL || ASN1_TIME_to_tm(end, &tm) != 1)
        *out_why = "has no nextUpdate";
    else
        r = 0;
    if (r == 0)
        *out_next_update = (tb_time_t)timegm(&tm);
    X509_free(cert);
    return r;
}

int tb_pem_file_crl(const char *path, const struct tb_cacert *ca, tb_time_t *out_next_update,
                    char why[static TB_PROBLEM_DETAIL_MAX + 1])
{
    const char *reason = "out of memory";
    X509_CRL *crl = NULL;
    uint8_t *text = NULL;
    BIO *bio = NULL;
    size_t len = 0;
    int err = read_or_say(path, &text, &len, why);

    *out_next_update = 0;
    if (err != 0)
        return err;
    err = TB_E_NOMEM;
    if ((bio = BIO_new_mem_buf(text, (int)len)) != NULL) {
        crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
        err = check_crl(crl, ca, out_next_update, &reason);
    }
    if (err != 0)
        snprintf(why, TB_PROBLEM_DETAIL_MAX + 1, "%s", reason);
    X509_CRL_free(crl);
    BIO_free(bio);
    ERR_clear_error();
    free(text);
    return err;
}

static int digest_pubkey(EVP_PKEY *key, uint8_t out[static TB_DIGEST_LEN])
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    if (len <= 0)
        return TB_E_CRYPTO;
    tb_sha256(out, tb_span_of(der, (size_t)len));
    OPENSSL_free(der);
    return 0;
}

int tb_pem_file_key_digest(const char *path, uint8_t out[static TB_DIGEST_LEN],
                           char why[static TB_PROBLEM_DETAIL_MAX + 1])
{
    struct tb_problem pb = {0};
    EVP_PKEY *key = NULL;
    uint8_t *text = NULL;
    size_t len = 0;
    int err = read_or_say(path, &text, &len, why);

    memset(out, 0, TB_DIGEST_LEN);
    if (err != 0)
        return err;
    err = tb_key_read_pem(tb_span_of(text, len), NULL, &key, &pb);
    if (err == 0)
        err = digest_pubkey(key, out);
    if (err != 0)
        say(why, &pb, err);
    tb_problem_clear(&pb);
    EVP_PKEY_free(key);
    tb_free_secret(text, len);
    return err;
}

static X509 *first_certificate(struct tb_span pem)
{
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
    X509 *cert = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    return cert;
}

/* Nobody is asked on a terminal. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

bool tb_pem_key_fits(struct tb_span chain_pem, struct tb_span key_pem)
{
    X509 *cert = first_certificate(chain_pem);
    BIO *bio = BIO_new_mem_buf(key_pem.p, (int)key_pem.len);
    /* Any form that TLS takes: the operator may have brought it. */
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;
    bool fits = cert != NULL && key != NULL && X509_check_private_key(cert, key) == 1;

    ERR_clear_error();
    EVP_PKEY_free(key);
    BIO_free(bio);
    X509_free(cert);
    return fits;
}

static bool to_time(const ASN1_TIME *t, tb_time_t *out)
{
    struct tm tm;

    if (ASN1_TIME_to_tm(t, &tm) != 1)
        return false;
    *out = (tb_time_t)timegm(&tm);
    return true;
}

static bool names_host(X509 *cert, const char *host)
{
    const unsigned flags = X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;

    return X509_check_host(cert, host, strlen(host), flags, NULL) == 1 || X509_check_ip_asc(cert, host, flags) == 1;
}

static int fill_leaf(struct tb_pem_leaf *out, X509 *cert, const char *host)
{
    if (!to_time(X509_get0_notBefore(cert), &out->not_before) || !to_time(X509_get0_notAfter(cert), &out->not_after))
        return TB_E_FORMAT;
    out->names_host = names_host(cert, host);
    out->server_auth = (X509_get_extension_flags(cert) & EXFLAG_XKUSAGE) != 0 &&
                       (X509_get_extended_key_usage(cert) & XKU_SSL_SERVER) != 0;
    return 0;
}

int tb_pem_file_leaf(const char *path, const char *host, struct tb_pem_leaf *out,
                     char why[static TB_PROBLEM_DETAIL_MAX + 1])
{
    struct tb_pem_leaf leaf = {0};
    X509 *cert = NULL;
    uint8_t *text = NULL;
    size_t len = 0;
    int err = read_or_say(path, &text, &len, why);

    memset(out, 0, sizeof(*out));
    if (err != 0)
        return err;
    cert = first_certificate(tb_span_of(text, len));
    err = cert != NULL ? fill_leaf(&leaf, cert, host) : TB_E_FORMAT;
    if (err == 0)
        *out = leaf;
    else
        snprintf(why, TB_PROBLEM_DETAIL_MAX + 1, "no certificate that can be read");
    X509_free(cert);
    free(text);
    return err;
}
