#include "client/tlsclient.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#define ALPN_WIRE "\x11" TB_TLS_CLIENT_PROTOCOL
_Static_assert(sizeof(TB_TLS_CLIENT_PROTOCOL) - 1 == 0x11, "the length in front");

static SSL_CTX *make_context(const struct tb_tlsclient *tc)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    int ok = ctx != NULL && SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION) == 1 &&
             SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
             SSL_CTX_set_alpn_protos(ctx, (const unsigned char *)ALPN_WIRE, sizeof(ALPN_WIRE) - 1) == 0 &&
             SSL_CTX_use_certificate(ctx, tc->cert) == 1 && SSL_CTX_use_PrivateKey(ctx, tc->key) == 1;

    if (ok && tc->ca_file != NULL)
        ok = SSL_CTX_load_verify_locations(ctx, tc->ca_file, NULL) == 1;
    else if (ok)
        ok = SSL_CTX_set_default_verify_paths(ctx) == 1;
    if (!ok) {
        SSL_CTX_free(ctx);
        return NULL;
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    return ctx;
}

static void explain(SSL *ssl, const char *what, char *why, size_t cap)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    long verify = ssl != NULL ? SSL_get_verify_result(ssl) : X509_V_OK;

    snprintf(why, cap, "%s: %s", what,
             verify != X509_V_OK ? X509_verify_cert_error_string(verify)
             : reason != NULL    ? reason
                                 : "the connection ended");
    ERR_clear_error();
}

/* One line, then the end; a peer that talks on is cut. */
static int read_line(SSL *ssl, struct tb_tls_client_line *out, char *why, size_t cap)
{
    uint8_t text[TB_TLS_CLIENT_LINE_MAX + 1];
    size_t len = 0;
    int n;

    while (len < sizeof(text) && (n = SSL_read(ssl, text + len, (int)(sizeof(text) - len))) > 0)
        len += (size_t)n;
    if (len == 0) {
        explain(ssl, "the responder ended the connection without an answer", why, cap);
        return TB_E_CRYPTO;
    }
    if (tb_tls_client_line_read(tb_span_of(text, len), out) < 0) {
        snprintf(why, cap, "the responder's answer is none that is known");
        return TB_E_FORMAT;
    }
    return 0;
}

static bool protocol_chosen(const SSL *ssl)
{
    const unsigned char *alpn = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(ssl, &alpn, &len);
    return len == sizeof(TB_TLS_CLIENT_PROTOCOL) - 1 && memcmp(alpn, TB_TLS_CLIENT_PROTOCOL, len) == 0;
}

int tb_tlsclient_talk(const struct tb_tlsclient *tc, int fd, struct tb_tls_client_line *out, char *why, size_t why_cap)
{
    char name[TB_TLS_CLIENT_TAG_LEN + 1 + TB_TLS_CLIENT_HOST_MAX + 1];
    char tag[TB_TLS_CLIENT_TAG_LEN + 1];
    SSL_CTX *ctx = make_context(tc);
    SSL *ssl = ctx != NULL ? SSL_new(ctx) : NULL;
    int r = TB_E_CRYPTO;

    *out = (struct tb_tls_client_line){0};
    tb_tls_client_tag(tag, tb_span_str(tc->token));
    snprintf(name, sizeof(name), "%s.%s", tag, tc->host);
    if (ssl == NULL || SSL_set_tlsext_host_name(ssl, name) != 1 || SSL_set1_host(ssl, name) != 1 ||
        SSL_set_fd(ssl, fd) != 1) {
        explain(ssl, "no handshake could be set up", why, why_cap);
    } else if (SSL_connect(ssl) != 1) {
        explain(ssl, "no TLS 1.3 connection to the responder", why, why_cap);
    } else if (!protocol_chosen(ssl)) {
        snprintf(why, why_cap, "that server is no responder: it did not choose " TB_TLS_CLIENT_PROTOCOL);
    } else {
        r = read_line(ssl, out, why, why_cap);
    }
    SSL_free(ssl);
    SSL_CTX_free(ctx);
    ERR_clear_error();
    return r;
}

const char *tb_tlsclient_advice(const char *reason)
{
    static const struct {
        const char *reason;
        const char *advice;
    } rows[] = {
        {"digest", "; use the account key that ordered"},
        {"key", "; use another --key-type"},
        {"address", "; connect from an address that the name publishes, or publish this one (_acme-egress)"},
        {"dns", "; the name's addresses could not be looked up: mend the zone"},
        {"port", "; run as a user who may use ports below 1024"},
        {"busy", "; too many attempts: try again later"},
        {"internal", "; try again later"},
    };

    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        if (strcmp(rows[i].reason, reason) == 0)
            return rows[i].advice;
    return "";
}
