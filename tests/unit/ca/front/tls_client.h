/* A TLS client at the other end of a socket pair, and the server's context that a front would have. */
#ifndef TB_TESTS_UNIT_TLS_CLIENT_H
#define TB_TESTS_UNIT_TLS_CLIENT_H

#include <openssl/ssl.h>

/* Through tb_tls_new, with a key and a certificate of its own. */
SSL_CTX *test_server_ctx(void);

struct tls_client {
    SSL_CTX *ctx;
    SSL *ssl;
    int fd;
};

/* Non-blocking; returns the server's end, whose buffers hold a few kilobytes. */
int tls_client_open(struct tls_client *c);
void tls_client_close(struct tls_client *c);
/* Handshake: 1 when it is done. */
int tls_client_greet(struct tls_client *c);
/* Octets, or 0 for "not now". Fails the test on errors. */
size_t tls_client_send(struct tls_client *c, const void *p, size_t len);
/* Octets, 0 for "not now", -1 for close_notify, -2 for an end without it. */
long tls_client_receive(struct tls_client *c, void *p, size_t len);

#endif
