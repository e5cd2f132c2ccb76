#include "ca/front/tls.h"

#include "ca/tls_identity.h"
#include "lib/base/log.h"

/* We speak HTTP/1.1 only: a client that offers protocols must offer that one (RFC 7301 section 3.2). */
static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                   unsigned int in_len, void *arg)
{
    static const unsigned char ours[] = "\x08http/1.1";

    (void)ssl;
    (void)arg;
    if (SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_len, ours, sizeof(ours) - 1, in, in_len) ==
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_OK;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static void set_options(SSL_CTX *ctx)
{
    (void)SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
    /* A resumed handshake costs us as much as a full one, so there is nothing to resume with. */
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_num_tickets(ctx, 0);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    /* Head and body of a record in one system call; tb_stream_pending knows what lies in the buffer. */
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
}

int tb_tls_new(struct tb_span chain_pem, struct tb_span key_pem, SSL_CTX **out, tb_time_t *out_not_after)
{
    char groups[] = "X25519:P-256:P-384"; /* OpenSSL's macro casts const away */
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    const char *why = "out of memory";
    int r = TB_E_CONFIG;

    *out = NULL;
    *out_not_after = 0;
    if (ctx == NULL)
        goto out;
    set_options(ctx);
    why = "TLS groups or ciphers are not known to this OpenSSL";
    if (SSL_CTX_set1_groups_list(ctx, groups) != 1 || SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
        goto out;
    if (tb_tls_identity_use(ctx, chain_pem, key_pem, out_not_after, &why) < 0)
        goto out;
    *out = ctx;
    return 0;
out:
    tb_log(TB_LOG_ERROR, "tls-setup-failed", TB_F("why", why));
    SSL_CTX_free(ctx);
    return r;
}
