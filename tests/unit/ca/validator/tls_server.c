#include "tests/unit/ca/validator/tls_server.h"

#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/der/der.h"
#include "lib/pki/oid.h"
#include "tests/unit/test.h"

#define CONNS_MAX 256
#define OID_ACME  0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1f
#define OID_OLD   0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x1e, 0x01

/* --- certificates ---------------------------------------------------------------------------------------------- */

static EVP_PKEY *keys[2];

EVP_PKEY *test_cert_key(void)
{
    for (size_t i = 0; i < 2; i++)
        if (keys[i] == NULL)
            keys[i] = EVP_EC_gen("P-256");
    assert_non_null(keys[1]);
    return keys[0];
}

static void put_name(struct tb_wr *wr, const char *cn)
{
    size_t name = tb_der_begin(wr, TB_DER_SEQUENCE);
    size_t rdn = tb_der_begin(wr, TB_DER_SET);
    size_t atv = tb_der_begin(wr, TB_DER_SEQUENCE);

    tb_der_put_oid(wr, TB_OID(TB_OID_COMMON_NAME));
    tb_der_put(wr, TB_DER_UTF8_STRING, tb_span_str(cn));
    tb_der_end(wr, atv);
    tb_der_end(wr, rdn);
    tb_der_end(wr, name);
}

static void put_algorithm(struct tb_wr *wr)
{
    size_t alg = tb_der_begin(wr, TB_DER_SEQUENCE);

    tb_der_put_oid(wr, TB_OID(TB_OID_ECDSA_SHA256));
    tb_der_end(wr, alg);
}

static void put_general_name(struct tb_wr *wr, const char *name, unsigned tag)
{
    uint8_t addr[16];
    struct tb_span value = tb_span_str(name);
    unsigned usual = 0x82;

    if (inet_pton(AF_INET, name, addr) == 1)
        value = tb_span_of(addr, 4);
    else if (inet_pton(AF_INET6, name, addr) == 1)
        value = tb_span_of(addr, 16);
    if (value.p == addr)
        usual = 0x87;
    tb_der_put(wr, (uint8_t)(tag != 0 ? tag : usual), value);
}

static void put_san(struct tb_wr *wr, const struct test_cert *c)
{
    size_t ext = tb_der_begin(wr, TB_DER_SEQUENCE);
    size_t value, names;

    tb_der_put_oid(wr, TB_OID(TB_OID_SUBJECT_ALT));
    value = tb_der_begin(wr, TB_DER_OCTET_STRING);
    names = tb_der_begin(wr, TB_DER_SEQUENCE);
    for (size_t i = 0; i < 3 && c->san[i] != NULL; i++)
        put_general_name(wr, c->san[i], i == 0 ? c->san_tag : 0);
    tb_der_end(wr, names);
    tb_der_end(wr, value);
    tb_der_end(wr, ext);
}

static void put_acme(struct tb_wr *wr, const struct test_cert *c, bool old)
{
    size_t ext = tb_der_begin(wr, TB_DER_SEQUENCE);
    struct tb_span digest = tb_span_of(c->digest, c->digest_len != 0 ? c->digest_len : TB_DIGEST_LEN);
    size_t value;

    if (old)
        tb_der_put_oid(wr, TB_OID(OID_OLD));
    else
        tb_der_put_oid(wr, TB_OID(OID_ACME));
    if (!c->acme_not_critical)
        tb_der_put_bool(wr, !c->acme_critical_false);
    value = tb_der_begin(wr, TB_DER_OCTET_STRING);
    if (c->acme_flat)
        tb_wr_bytes(wr, digest.p, digest.len);
    else
        tb_der_put(wr, TB_DER_OCTET_STRING, digest);
    if (c->acme_trailing)
        tb_wr_u8(wr, 0);
    tb_der_end(wr, value);
    tb_der_end(wr, ext);
}

/* Extension i of some that mean nothing. */
static void put_other(struct tb_wr *wr, size_t i, size_t len)
{
    uint8_t oid[] = {0x2a, 0x03, (uint8_t)(i + 1)};
    uint8_t *zeros = calloc(1, len + 1);
    size_t ext = tb_der_begin(wr, TB_DER_SEQUENCE);

    tb_der_put_oid(wr, tb_span_of(oid, sizeof(oid)));
    tb_der_put(wr, TB_DER_OCTET_STRING, tb_span_of(zeros, len));
    tb_der_end(wr, ext);
    free(zeros);
}

static void put_extensions(struct tb_wr *wr, const struct test_cert *c)
{
    size_t outer = tb_der_begin(wr, TB_DER_CTX_CONS(3));
    size_t list = tb_der_begin(wr, TB_DER_SEQUENCE);

    for (int i = 0; i < (c->no_san ? 0 : c->san_twice ? 2 : 1); i++)
        put_san(wr, c);
    for (int i = 0; i < (c->no_acme ? 0 : c->acme_twice ? 2 : 1); i++)
        put_acme(wr, c, c->acme_old);
    if (c->acme_old_too)
        put_acme(wr, c, true);
    for (size_t i = 0; i < c->others; i++)
        put_other(wr, i, 1);
    if (c->padding > 0)
        put_other(wr, 100, c->padding);
    tb_der_end(wr, list);
    tb_der_end(wr, outer);
}

static void put_tbs(struct tb_wr *wr, const struct test_cert *c)
{
    size_t tbs = tb_der_begin(wr, TB_DER_SEQUENCE);
    uint8_t serial = 7;
    unsigned char *spki = NULL;
    int len = i2d_PUBKEY(test_cert_key(), &spki);
    size_t mark;

    mark = tb_der_begin(wr, TB_DER_CTX_CONS(0));
    tb_der_put(wr, TB_DER_INTEGER, tb_span_of(c->version_1 ? "\0" : "\2", 1));
    tb_der_end(wr, mark);
    tb_der_put(wr, TB_DER_INTEGER, tb_span_of(&serial, 1));
    put_algorithm(wr);
    put_name(wr, c->other_issuer ? "other" : "c4n4ry");
    mark = tb_der_begin(wr, TB_DER_SEQUENCE);
    tb_der_put_time(wr, 1000000000); /* long over: times are of no importance */
    tb_der_put_time(wr, 1000000001);
    tb_der_end(wr, mark);
    put_name(wr, "c4n4ry");
    assert_true(len > 0);
    tb_wr_bytes(wr, spki, (size_t)len);
    OPENSSL_free(spki);
    if (!c->no_extensions)
        put_extensions(wr, c);
    tb_der_end(wr, tbs);
}

static void put_signature(struct tb_wr *wr, struct tb_span tbs, EVP_PKEY *key)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    uint8_t sig[128];
    size_t len = sizeof(sig);

    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, sig, &len, tbs.p, tbs.len), 1);
    EVP_MD_CTX_free(ctx);
    tb_der_put_bits(wr, tb_span_of(sig, len));
}

size_t test_cert_make(const struct test_cert *c, uint8_t out[static TEST_CERT_MAX])
{
    uint8_t tbs_buf[TEST_CERT_MAX];
    struct tb_wr tbs, wr;
    size_t mark;

    (void)test_cert_key();
    tb_wr_fixed(&tbs, tbs_buf, sizeof(tbs_buf));
    tb_wr_fixed(&wr, out, TEST_CERT_MAX);
    put_tbs(&tbs, c);
    assert_ok(tb_wr_err(&tbs));
    mark = tb_der_begin(&wr, TB_DER_SEQUENCE);
    tb_wr_bytes(&wr, tbs.buf, tbs.len);
    put_algorithm(&wr);
    put_signature(&wr, tb_wr_span(&tbs), keys[c->other_signer ? 1 : 0]);
    tb_der_end(&wr, mark);
    if (c->trailing)
        tb_wr_u8(&wr, 0);
    assert_ok(tb_wr_err(&wr));
    return wr.len;
}

/* --- server ---------------------------------------------------------------------------------------------------- */

struct conn {
    struct tls_server *s;
    struct event *ev;
    SSL *ssl;
    int fd;
};

struct tls_server {
    struct event_base *base;
    SSL_CTX *ctx;
    int fd[2];
    struct event *ev[2];
    uint16_t port;
    enum tls_server_mode mode;
    unsigned connections;
    char sni[256];
    struct conn *conn[CONNS_MAX];
};

static void conn_close(struct conn *c)
{
    if (c->fd < 0)
        return;
    event_free(c->ev);
    SSL_free(c->ssl);
    close(c->fd);
    c->fd = -1;
}

static void conn_ready(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    char buf[256];
    int r;

    (void)what;
    switch (c->s->mode) {
    case TLS_SILENT:
        if (read(fd, buf, sizeof(buf)) <= 0)
            conn_close(c);
        return;
    case TLS_GARBAGE:
        (void)!write(fd, "HTTP/1.1 400 c4n4ry\r\n\r\n", 23);
        conn_close(c);
        return;
    default:
        break;
    }
    r = SSL_is_init_finished(c->ssl) ? SSL_read(c->ssl, buf, sizeof(buf)) : SSL_accept(c->ssl);
    if (r <= 0 && SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_READ && SSL_get_error(c->ssl, r) != SSL_ERROR_WANT_WRITE)
        conn_close(c);
}

static void accept_ready(evutil_socket_t fd, short what, void *arg)
{
    struct tls_server *s = arg;
    struct conn *c = calloc(1, sizeof(*c));

    (void)what;
    assert_non_null(c);
    assert_true(s->connections < CONNS_MAX);
    c->s = s;
    c->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    c->ssl = SSL_new(s->ctx);
    assert_int_equal(SSL_set_fd(c->ssl, c->fd), 1);
    c->ev = event_new(s->base, c->fd, EV_READ | EV_PERSIST, conn_ready, c);
    event_add(c->ev, NULL);
    s->conn[s->connections++] = c;
    if (s->mode == TLS_CLOSES)
        conn_close(c);
}

static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *outlen, const unsigned char *in,
                       unsigned len, void *arg)
{
    struct tls_server *s = arg;

    (void)ssl;
    assert_int_equal(len, 11);
    assert_memory_equal(in,
                        "\x0a"
                        "acme-tls/1",
                        11);
    if (s->mode == TLS_NO_ALPN)
        return SSL_TLSEXT_ERR_NOACK;
    if (s->mode == TLS_OTHER_ALPN)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = in + 1;
    *outlen = in[0];
    return SSL_TLSEXT_ERR_OK;
}

static int see_sni(SSL *ssl, int *al, void *arg)
{
    struct tls_server *s = arg;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)al;
    strcpy(s->sni, name != NULL ? name : "");
    return SSL_TLSEXT_ERR_OK;
}

static void listen_on(struct tls_server *s, int i, struct sockaddr *sa, socklen_t len)
{
    int on = 1;

    s->fd[i] = socket(sa->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(s->fd[i] >= 0);
    assert_ok(setsockopt(s->fd[i], SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
    assert_ok(bind(s->fd[i], sa, len));
    assert_ok(listen(s->fd[i], 64));
    s->ev[i] = event_new(s->base, s->fd[i], EV_READ | EV_PERSIST, accept_ready, s);
    event_add(s->ev[i], NULL);
}

struct tls_server *tls_server_new(struct event_base *base, bool v4_only)
{
    struct tls_server *s = calloc(1, sizeof(*s));
    struct sockaddr_in sin = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 sin6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t len = sizeof(sin);

    assert_non_null(s);
    s->base = base;
    s->fd[1] = -1;
    listen_on(s, 0, (struct sockaddr *)&sin, sizeof(sin));
    assert_ok(getsockname(s->fd[0], (struct sockaddr *)&sin, &len));
    s->port = ntohs(sin.sin_port);
    sin6.sin6_port = sin.sin_port;
    if (!v4_only)
        listen_on(s, 1, (struct sockaddr *)&sin6, sizeof(sin6));
    return s;
}

void tls_server_free(struct tls_server *s)
{
    for (size_t i = 0; i < s->connections; i++) {
        conn_close(s->conn[i]);
        free(s->conn[i]);
    }
    for (int i = 0; i < 2; i++)
        if (s->fd[i] >= 0) {
            event_free(s->ev[i]);
            close(s->fd[i]);
        }
    SSL_CTX_free(s->ctx);
    free(s);
}

uint16_t tls_server_port(const struct tls_server *s)
{
    return s->port;
}

void tls_server_show(struct tls_server *s, const struct test_cert *c, enum tls_server_mode mode)
{
    uint8_t der[TEST_CERT_MAX];
    size_t len = test_cert_make(c, der);

    SSL_CTX_free(s->ctx);
    s->mode = mode;
    s->ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(s->ctx, 0); /* for the old version */
    assert_int_equal(SSL_CTX_use_certificate_ASN1(s->ctx, (int)len, der), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(s->ctx, test_cert_key()), 1);
    SSL_CTX_set_alpn_select_cb(s->ctx, choose_alpn, s);
    SSL_CTX_set_tlsext_servername_callback(s->ctx, see_sni);
    SSL_CTX_set_tlsext_servername_arg(s->ctx, s);
    if (mode == TLS_1_1 || mode == TLS_1_2)
        assert_int_equal(SSL_CTX_set_max_proto_version(s->ctx, mode == TLS_1_1 ? TLS1_1_VERSION : TLS1_2_VERSION), 1);
}

unsigned tls_server_connections(const struct tls_server *s)
{
    return s->connections;
}

const char *tls_server_sni(const struct tls_server *s)
{
    return s->sni;
}
