#include "ca/responder/tls.h"

#include <openssl/err.h>

#include "ca/responder/connection.h"
#include "ca/tls_identity.h"
#include "lib/acme/tls_client.h"

#define ALPN_WIRE "\x11" TB_TLS_CLIENT_PROTOCOL
_Static_assert(sizeof(TB_TLS_CLIENT_PROTOCOL) - 1 == 0x11, "the length in front");

static int on_hello(SSL *ssl, int *alert, void *arg)
{
    (void)arg;
    return tb_connection_hello(SSL_get_app_data(ssl), ssl, alert) ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

/* What is offered was looked at with the hello: it is ours and nothing else. */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                   unsigned int in_len, void *arg)
{
    (void)ssl;
    (void)arg;
    if (!tb_span_eq(tb_span_of(in, in_len), tb_span_str(ALPN_WIRE)))
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = in + 1;
    *out_len = (unsigned char)(in_len - 1);
    return SSL_TLSEXT_ERR_OK;
}

static void on_message(int write_p, int version, int content_type, const void *buf, size_t len, SSL *ssl, void *arg)
{
    (void)version;
    (void)arg;
    if (!write_p && content_type == SSL3_RT_HANDSHAKE)
        tb_connection_message(SSL_get_app_data(ssl), tb_span_of(buf, len));
}

/* No chain leads anywhere: the certificate is self-signed, and its content is judged after the handshake. */
static int on_verify(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

static void set_options(SSL_CTX *ctx)
{
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE);
#ifdef SSL_OP_NO_RX_CERTIFICATE_COMPRESSION
    /* The certificate is read as it was sent. */
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RX_CERTIFICATE_COMPRESSION);
#endif
    (void)SSL_CTX_set_num_tickets(ctx, 0);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_max_early_data(ctx, 0);
    (void)SSL_CTX_set_recv_max_early_data(ctx, 0);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_max_cert_list(ctx, TB_RESPONDER_CERTS_MAX);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
    SSL_CTX_set_client_hello_cb(ctx, on_hello, NULL);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
    SSL_CTX_set_msg_callback(ctx, on_message);
}

int tb_responder_tls_new(struct tb_span chain_pem, struct tb_span key_pem, SSL_CTX **out, tb_time_t *out_not_after,
                         const char **out_why)
{
    char groups[] = "X25519:P-256:P-384"; /* OpenSSL's macro casts const away */
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    int r = TB_E_CRYPTO;

    *out = NULL;
    *out_why = "TLS 1.3 or its groups are not known to this OpenSSL";
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) != 1 || SSL_CTX_set1_groups_list(ctx, groups) != 1)
        goto out;
    set_options(ctx);
    if ((r = tb_tls_identity_use(ctx, chain_pem, key_pem, out_not_after, out_why)) < 0)
        goto out;
    *out = ctx;
    ctx = NULL;
out:
    ERR_clear_error();
    SSL_CTX_free(ctx);
    return r;
}
