#include "client/answerer.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "lib/http/request.h"
#include "lib/http/response.h"

#define PATH_PREFIX "/.well-known/acme-challenge/"
#define ALPN_WIRE                                                                                                      \
    "\x0a"                                                                                                             \
    "acme-tls/1"

struct entry {
    char *name; /* token or server name */
    char *text; /* key authorization */
    X509 *cert;
    EVP_PKEY *key;
};

struct tb_answerer {
    struct event_base *base;
    struct evconnlistener *listener;
    struct event *stop_event;
    int stop_fd;
    SSL_CTX *tls; /* NULL: HTTP */
    bool started;
    pthread_t thread;
    unsigned num_connections;
    size_t num_entries;
    struct entry entries[TB_ANSWERER_ENTRIES_MAX];
};

static const struct entry *find(const struct tb_answerer *an, struct tb_span name)
{
    for (size_t i = 0; i < an->num_entries; i++)
        if (tb_span_eq_str(name, an->entries[i].name))
            return &an->entries[i];
    return NULL;
}

static void connection_end(struct bufferevent *bev, struct tb_answerer *an)
{
    an->num_connections--;
    bufferevent_free(bev);
}

static void on_event(struct bufferevent *bev, short what, void *arg)
{
    if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT))
        connection_end(bev, arg);
}

/* Everything was sent. */
static void on_drained(struct bufferevent *bev, void *arg)
{
    connection_end(bev, arg);
}

static void reply(struct bufferevent *bev, struct tb_answerer *an, int status, const char *text)
{
    struct tb_span head;
    struct tb_wr wr;

    tb_wr_init(&wr, TB_HTTP_RESPONSE_HEAD_MAX);
    tb_http_response_begin(&wr, status);
    tb_http_header(&wr, "Content-Type", "application/octet-stream");
    tb_http_header(&wr, "Connection", "close");
    tb_http_response_end(&wr, strlen(text));
    head = tb_wr_span(&wr);
    bufferevent_disable(bev, EV_READ);
    bufferevent_setcb(bev, NULL, on_drained, on_event, an);
    if (tb_wr_err(&wr) < 0 || bufferevent_write(bev, head.p, head.len) < 0 ||
        bufferevent_write(bev, text, strlen(text)) < 0)
        connection_end(bev, an);
    tb_wr_clear(&wr);
}

static void on_read(struct bufferevent *bev, void *arg)
{
    static const size_t prefix = sizeof(PATH_PREFIX) - 1;
    struct tb_answerer *an = arg;
    struct evbuffer *in = bufferevent_get_input(bev);
    size_t len = evbuffer_get_length(in);
    const struct entry *e = NULL;
    struct tb_http_request rq;
    const char *why;
    bool head_done;
    size_t used;
    int status = 400;
    int r = tb_http_request_parse(tb_span_of(evbuffer_pullup(in, -1), len), &rq, &used, &head_done, &status, &why);

    if (r == TB_E_AGAIN)
        return;
    if (r == 0 && rq.target.len > prefix && memcmp(rq.target.p, PATH_PREFIX, prefix) == 0)
        e = find(an, tb_span_of(rq.target.p + prefix, rq.target.len - prefix));
    if (r < 0)
        reply(bev, an, status, "");
    else if (e == NULL)
        reply(bev, an, 404, "");
    else
        reply(bev, an, 200, rq.method == TB_HTTP_GET ? e->text : "");
}

static void on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *addr, int len, void *arg)
{
    static const struct timeval limit = {.tv_sec = TB_ANSWERER_TIMEOUT_S};
    struct tb_answerer *an = arg;
    struct bufferevent *bev = NULL;
    SSL *ssl = NULL;

    (void)listener;
    (void)addr;
    (void)len;
    if (an->num_connections < TB_ANSWERER_CONNECTIONS_MAX) {
        if (an->tls == NULL)
            bev = bufferevent_socket_new(an->base, fd, BEV_OPT_CLOSE_ON_FREE);
        else if ((ssl = SSL_new(an->tls)) != NULL)
            bev = bufferevent_openssl_socket_new(an->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
    }
    if (bev == NULL) {
        evutil_closesocket(fd);
        return;
    }
    an->num_connections++;
    bufferevent_setcb(bev, an->tls == NULL ? on_read : NULL, NULL, on_event, an);
    bufferevent_set_timeouts(bev, &limit, &limit);
    bufferevent_setwatermark(bev, EV_READ, 0, TB_HTTP_HEAD_MAX + 1);
    bufferevent_enable(bev, EV_READ | EV_WRITE);
}

static void on_stop(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    event_base_loopbreak(arg);
}

static int answerer_new(int fd, struct tb_answerer **out)
{
    struct tb_answerer *an = calloc(1, sizeof(*an));

    *out = NULL;
    if (an == NULL) {
        close(fd);
        return TB_E_NOMEM;
    }
    an->stop_fd = eventfd(0, EFD_CLOEXEC);
    an->base = event_base_new();
    if (an->base != NULL)
        an->listener =
            evconnlistener_new(an->base, on_accept, an, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (an->listener == NULL)
        close(fd);
    else
        an->stop_event = event_new(an->base, an->stop_fd, EV_READ, on_stop, an->base);
    if (an->stop_fd < 0 || an->stop_event == NULL || event_add(an->stop_event, NULL) < 0) {
        tb_answerer_free(an);
        return TB_E_NOMEM;
    }
    *out = an;
    return 0;
}

int tb_answerer_http(int fd, struct tb_answerer **out)
{
    return answerer_new(fd, out);
}

/* Only acme-tls/1, only for names that are being proved (RFC 8737 section 3): everything else fails the handshake. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_len, const unsigned char *in,
                           unsigned in_len, void *arg)
{
    static const unsigned char only[] = ALPN_WIRE;
    const size_t n = sizeof(only) - 1;

    (void)ssl;
    (void)arg;
    if (in_len != n || memcmp(in, only, n) != 0)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = in + 1;
    *out_len = (unsigned char)(n - 1);
    return SSL_TLSEXT_ERR_OK;
}

static int choose_cert(SSL *ssl, void *arg)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const struct entry *e = name != NULL ? find(arg, tb_span_str(name)) : NULL;

    return e != NULL && SSL_use_certificate(ssl, e->cert) == 1 && SSL_use_PrivateKey(ssl, e->key) == 1;
}

int tb_answerer_tls(int fd, struct tb_answerer **out)
{
    struct tb_answerer *an;
    int r = answerer_new(fd, &an);

    *out = NULL;
    if (r < 0)
        return r;
    if ((an->tls = SSL_CTX_new(TLS_server_method())) == NULL) {
        tb_answerer_free(an);
        return TB_E_NOMEM;
    }
    SSL_CTX_set_min_proto_version(an->tls, TLS1_2_VERSION);
    SSL_CTX_set_options(an->tls, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(an->tls, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(an->tls, choose_protocol, NULL);
    SSL_CTX_set_cert_cb(an->tls, choose_cert, an);
    *out = an;
    return 0;
}

int tb_answerer_add_token(struct tb_answerer *an, const char *token, const char *key_authorization)
{
    struct entry *e = &an->entries[an->num_entries];

    if (an->num_entries == TB_ANSWERER_ENTRIES_MAX)
        return TB_E_LIMIT;
    *e = (struct entry){.name = strdup(token), .text = strdup(key_authorization)};
    an->num_entries++;
    return e->name != NULL && e->text != NULL ? 0 : TB_E_NOMEM;
}

int tb_answerer_add_cert(struct tb_answerer *an, const char *sni, X509 *cert, EVP_PKEY *key)
{
    struct entry *e = &an->entries[an->num_entries];

    if (an->num_entries == TB_ANSWERER_ENTRIES_MAX) {
        X509_free(cert);
        EVP_PKEY_free(key);
        return TB_E_LIMIT;
    }
    *e = (struct entry){.name = strdup(sni), .cert = cert, .key = key};
    an->num_entries++;
    return e->name != NULL ? 0 : TB_E_NOMEM;
}

static void *run(void *arg)
{
    struct tb_answerer *an = arg;

    (void)event_base_dispatch(an->base);
    return NULL;
}

int tb_answerer_start(struct tb_answerer *an)
{
    sigset_t all;
    sigset_t before;
    int r;

    if (an->started)
        return 0;
    sigfillset(&all); /* signals are the main thread's business */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&an->thread, NULL, run, an);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    an->started = r == 0;
    return r == 0 ? 0 : TB_E_NOMEM;
}

void tb_answerer_free(struct tb_answerer *an)
{
    const uint64_t one = 1;

    if (an == NULL)
        return;
    if (an->started) {
        (void)!write(an->stop_fd, &one, sizeof(one));
        pthread_join(an->thread, NULL);
    }
    if (an->stop_event != NULL)
        event_free(an->stop_event);
    if (an->listener != NULL)
        evconnlistener_free(an->listener);
    if (an->base != NULL)
        event_base_free(an->base);
    if (an->stop_fd >= 0)
        close(an->stop_fd);
    SSL_CTX_free(an->tls);
    for (size_t i = 0; i < an->num_entries; i++) {
        free(an->entries[i].name);
        free(an->entries[i].text);
        X509_free(an->entries[i].cert);
        EVP_PKEY_free(an->entries[i].key);
    }
    free(an);
}
