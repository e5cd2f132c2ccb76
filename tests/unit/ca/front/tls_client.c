#include "tests/unit/ca/front/tls_client.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/front/tls.h"
#include "tests/unit/test.h"

static X509 *self_signed(EVP_PKEY *key)
{
    X509 *x = X509_new();

    assert_non_null(x);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 7), 1);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const uint8_t *)"c4n4ry", -1, -1, 0),
        1);
    assert_int_equal(X509_set_issuer_name(x, X509_get_subject_name(x)), 1);
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), 0));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_int_equal(X509_set_pubkey(x, key), 1);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

static struct tb_span pem_of(BIO *bio)
{
    char *p = NULL;
    long len = BIO_get_mem_data(bio, &p);

    return tb_span_of(p, (size_t)len);
}

SSL_CTX *test_server_ctx(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = self_signed(key);
    BIO *cert_pem = BIO_new(BIO_s_mem());
    BIO *key_pem = BIO_new(BIO_s_mem());
    SSL_CTX *ctx = NULL;
    tb_time_t not_after = 0;

    assert_int_equal(PEM_write_bio_X509(cert_pem, cert), 1);
    assert_int_equal(PEM_write_bio_PrivateKey(key_pem, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_ok(tb_tls_new(pem_of(cert_pem), pem_of(key_pem), &ctx, &not_after));
    BIO_free(cert_pem);
    BIO_free(key_pem);
    X509_free(cert);
    EVP_PKEY_free(key);
    return ctx;
}

int tls_client_open(struct tls_client *c)
{
    int size = 4096; /* the kernel makes at least its own minimum of it */
    int fd[2];

    signal(SIGPIPE, SIG_IGN);
    assert_ok(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd));
    for (int i = 0; i < 2; i++)
        assert_ok(setsockopt(fd[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)));
    c->fd = fd[1];
    c->ctx = SSL_CTX_new(TLS_client_method());
    c->ssl = SSL_new(c->ctx);
    assert_non_null(c->ssl);
    SSL_set_mode(c->ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    assert_int_equal(SSL_set_fd(c->ssl, c->fd), 1);
    SSL_set_connect_state(c->ssl);
    return fd[0];
}

void tls_client_close(struct tls_client *c)
{
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    if (c->fd >= 0)
        close(c->fd);
    *c = (struct tls_client){.fd = -1};
}

static int meaning(struct tls_client *c, int r)
{
    int why = SSL_get_error(c->ssl, r);

    ERR_clear_error();
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return 0;
    return why == SSL_ERROR_ZERO_RETURN ? -1 : -2;
}

int tls_client_greet(struct tls_client *c)
{
    int r = SSL_do_handshake(c->ssl);

    if (r != 1)
        assert_int_equal(meaning(c, r), 0);
    return r == 1;
}

size_t tls_client_send(struct tls_client *c, const void *p, size_t len)
{
    int r = SSL_write(c->ssl, p, (int)len);

    if (r <= 0)
        assert_int_equal(meaning(c, r), 0);
    return r > 0 ? (size_t)r : 0;
}

long tls_client_receive(struct tls_client *c, void *p, size_t len)
{
    int r = SSL_read(c->ssl, p, (int)len);

    return r > 0 ? r : meaning(c, r);
}
