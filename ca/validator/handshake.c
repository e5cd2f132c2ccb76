#include "ca/validator/handshake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event_struct.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "lib/base/clock.h"

#define ALPN_MAX 255

struct tb_handshaker {
    struct event_base *base;
    SSL_CTX *ctx;
    uint64_t num;
    size_t alpn_len;
    uint8_t alpn[1 + ALPN_MAX]; /* in wire form: a length octet before the name */
};

struct tb_handshake {
    struct tb_handshaker *hs;
    struct event ev;
    int fd;
    bool unreachable; /* connect said so at once */
    SSL *ssl;         /* NULL until connected */
    uint64_t connect_by_ms, end_ms;
    tb_handshake_done_fn *done;
    void *arg;
    char sni[TB_IDENT_VALUE_MAX + 1];
};

static void ready(evutil_socket_t fd, short what, void *arg);

static void handshake_free(struct tb_handshake *t)
{
    (void)event_del(&t->ev);
    SSL_free(t->ssl); /* without close_notify: nobody waits for our word */
    (void)close(t->fd);
    ERR_clear_error();
    free(t);
}

static void finish(struct tb_handshake *t, int err, struct tb_span cert)
{
    const struct tb_handshake_result result = {.err = err, .cert = cert};
    tb_handshake_done_fn *done = t->done;
    void *arg = t->arg;

    handshake_free(t);
    done(arg, &result);
}

static int watch(struct tb_handshake *t, short what, uint64_t until_ms)
{
    uint64_t now = tb_clock_mono_ms();
    uint64_t left = until_ms > now ? until_ms - now : 0;
    const struct timeval tv = {.tv_sec = (time_t)(left / 1000), .tv_usec = (suseconds_t)(left % 1000 * 1000)};

    if (event_assign(&t->ev, t->hs->base, t->fd, what, ready, t) < 0 || event_add(&t->ev, &tv) < 0)
        return TB_E_NOMEM;
    return 0;
}

static bool alpn_is_ours(const struct tb_handshake *t)
{
    const unsigned char *p = NULL;
    unsigned len = 0;

    SSL_get0_alpn_selected(t->ssl, &p, &len);
    return p != NULL && tb_span_eq(tb_span_of(p, len), tb_span_of(t->hs->alpn + 1, t->hs->alpn_len - 1));
}

static void shaken(struct tb_handshake *t)
{
    X509 *cert = SSL_get0_peer_certificate(t->ssl);
    unsigned char *der = NULL;
    int len = cert != NULL ? i2d_X509(cert, &der) : -1;

    if (!alpn_is_ours(t))
        finish(t, TB_E_DENIED, (struct tb_span){0});
    else if (len <= 0)
        finish(t, TB_E_CRYPTO, (struct tb_span){0});
    else
        finish(t, 0, tb_span_of(der, (size_t)len));
    OPENSSL_free(der);
}

/* A peer that hangs up has said nothing about TLS. */
static int shake_err(int ssl_error)
{
    if (ssl_error == SSL_ERROR_SYSCALL || ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return TB_E_IO;
    return TB_E_CRYPTO;
}

static void shake(struct tb_handshake *t)
{
    int err = 0;
    int r;

    ERR_clear_error();
    r = SSL_connect(t->ssl);
    if (r == 1) {
        shaken(t);
        return;
    }
    r = SSL_get_error(t->ssl, r);
    if (r == SSL_ERROR_WANT_READ || r == SSL_ERROR_WANT_WRITE)
        err = watch(t, r == SSL_ERROR_WANT_READ ? EV_READ : EV_WRITE, t->end_ms);
    else
        err = shake_err(r);
    if (err != 0)
        finish(t, err, (struct tb_span){0});
}

static bool tls_begin(struct tb_handshake *t)
{
    t->ssl = SSL_new(t->hs->ctx);
    return t->ssl != NULL && SSL_set_fd(t->ssl, t->fd) == 1 && SSL_set_tlsext_host_name(t->ssl, t->sni) == 1;
}

static void connected(struct tb_handshake *t)
{
    socklen_t len = sizeof(int);
    int err = 0;

    if (t->unreachable || getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0 || err != 0)
        finish(t, TB_E_CLOSED, (struct tb_span){0});
    else if (!tls_begin(t))
        finish(t, TB_E_NOMEM, (struct tb_span){0});
    else
        shake(t);
}

static void ready(evutil_socket_t fd, short what, void *arg)
{
    struct tb_handshake *t = arg;

    (void)fd;
    if ((what & (EV_READ | EV_WRITE)) == 0 || tb_clock_mono_ms() >= t->end_ms)
        finish(t, t->ssl == NULL ? TB_E_CLOSED : TB_E_TIMEOUT, (struct tb_span){0});
    else if (t->ssl == NULL)
        connected(t);
    else
        shake(t);
}

/* What stands in the way at once is told from the loop like everything else. */
static int dial(struct tb_handshake *t, const struct tb_handshake_request *req)
{
    struct sockaddr_storage sa;
    socklen_t len = tb_address_sockaddr(&req->addr, req->port, &sa);

    t->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (t->fd < 0)
        return TB_E_IO;
    if (connect(t->fd, (const struct sockaddr *)&sa, len) < 0 && errno != EINPROGRESS)
        t->unreachable = true;
    return watch(t, EV_WRITE, t->unreachable ? 0 : t->connect_by_ms);
}

int tb_handshake_start(struct tb_handshaker *hs, const struct tb_handshake_request *req, tb_handshake_done_fn *done,
                       void *arg, struct tb_handshake **out)
{
    uint64_t now = tb_clock_mono_ms();
    struct tb_handshake *t;
    int r;

    *out = NULL;
    if (req->total_ms == 0 || req->connect_ms == 0)
        return TB_E_TIMEOUT;
    if (strlen(req->sni) > TB_IDENT_VALUE_MAX)
        return TB_E_INVAL;
    if ((t = calloc(1, sizeof(*t))) == NULL)
        return TB_E_NOMEM;
    t->hs = hs;
    t->connect_by_ms = now + req->connect_ms;
    t->end_ms = now + req->total_ms;
    t->done = done;
    t->arg = arg;
    strcpy(t->sni, req->sni);
    if ((r = dial(t, req)) < 0) {
        if (t->fd >= 0)
            (void)close(t->fd);
        free(t);
        return r;
    }
    *out = t;
    hs->num++;
    return 0;
}

void tb_handshake_cancel(struct tb_handshake *t)
{
    if (t != NULL)
        handshake_free(t);
}

uint64_t tb_handshaker_count(const struct tb_handshaker *hs)
{
    return hs->num;
}

/* RFC 8737 section 3: the certificate is judged by its content; no chain is built and no time is checked. */
static int accept_chain(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

static bool ctx_setup(struct tb_handshaker *hs)
{
    SSL_CTX *ctx = hs->ctx;

    SSL_CTX_set_cert_verify_callback(ctx, accept_chain, NULL);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_max_cert_list(ctx, TB_HANDSHAKE_CERTS_MAX);
    (void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    return SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
           SSL_CTX_set_alpn_protos(ctx, hs->alpn, (unsigned)hs->alpn_len) == 0; /* 0 is success here */
}

int tb_handshaker_new(struct event_base *base, const char *alpn, struct tb_handshaker **out)
{
    struct tb_handshaker *hs;
    size_t len = strlen(alpn);

    *out = NULL;
    if (len == 0 || len > ALPN_MAX)
        return TB_E_INVAL;
    if ((hs = calloc(1, sizeof(*hs))) == NULL)
        return TB_E_NOMEM;
    hs->base = base;
    hs->alpn[0] = (uint8_t)len;
    memcpy(hs->alpn + 1, alpn, len);
    hs->alpn_len = len + 1;
    hs->ctx = SSL_CTX_new(TLS_client_method());
    if (hs->ctx == NULL || !ctx_setup(hs)) {
        tb_handshaker_free(hs);
        return TB_E_CRYPTO;
    }
    *out = hs;
    return 0;
}

void tb_handshaker_free(struct tb_handshaker *hs)
{
    if (hs == NULL)
        return;
    SSL_CTX_free(hs->ctx);
    free(hs);
}
