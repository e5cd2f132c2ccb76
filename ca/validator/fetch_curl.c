/* https: on libcurl's multi interface. */
#include "ca/validator/fetch_way.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ca/validator/curl_loop.h"

struct transfer {
    struct tb_fetch fetch; /* first */
    struct tb_fetch_curl *f;
    struct transfer *next; /* pool */
    CURL *easy;
    tb_fetch_done_fn *done;
    void *arg;
    struct sockaddr_storage peer; /* the vetted address: sockets go nowhere else */
    size_t head_len, body_len, page_len;
    bool too_long, foreign;
    struct curl_slist pin; /* points to pin_text */
    char pin_text[TB_ADDRESS_TEXT_MAX + 16];
    uint8_t body[TB_FETCH_BODY_MAX];
};

struct tb_fetch_curl {
    struct tb_curl_loop loop;
    struct transfer *pool;
    size_t num_pool;
    char user_agent[TB_BASE_URL_MAX + 64];
};

static const struct {
    CURLcode code;
    int err;
} curl_errs[] = {
    {CURLE_COULDNT_CONNECT, TB_E_CLOSED},
    {CURLE_COULDNT_RESOLVE_HOST, TB_E_CLOSED},
    {CURLE_WEIRD_SERVER_REPLY, TB_E_FORMAT},
    {CURLE_UNSUPPORTED_PROTOCOL, TB_E_FORMAT},
    {CURLE_GOT_NOTHING, TB_E_FORMAT},
    {CURLE_BAD_CONTENT_ENCODING, TB_E_FORMAT},
    {CURLE_SSL_CONNECT_ERROR, TB_E_CRYPTO},
    {CURLE_SSL_CIPHER, TB_E_CRYPTO},
    {CURLE_PEER_FAILED_VERIFICATION, TB_E_CRYPTO},
};

/* With another status than 200 the page is for people: it does not count, and is only kept from going on for ever. */
static size_t page_skip(struct transfer *t, size_t len)
{
    if (len > TB_FETCH_PAGE_MAX - t->page_len) {
        t->too_long = true;
        return 0;
    }
    t->page_len += len;
    return len;
}

static size_t body_write(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * n;
    long status = 0;

    (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200)
        return page_skip(t, len);
    if (len > sizeof(t->body) - t->body_len) {
        t->too_long = true;
        return 0;
    }
    memcpy(t->body + t->body_len, data, len);
    t->body_len += len;
    return len;
}

static size_t head_write(char *data, size_t size, size_t n, void *arg)
{
    struct transfer *t = arg;
    size_t len = size * n;

    (void)data;
    if (len > TB_FETCH_HEAD_MAX - t->head_len) {
        t->too_long = true;
        return 0;
    }
    t->head_len += len;
    return len;
}

static bool same_peer(const struct sockaddr_storage *want, const struct curl_sockaddr *got)
{
    if (got->family != want->ss_family)
        return false;
    if (got->family == AF_INET) {
        const struct sockaddr_in *a = (const struct sockaddr_in *)want;
        struct sockaddr_in b;

        memcpy(&b, &got->addr, sizeof(b));
        return a->sin_port == b.sin_port && a->sin_addr.s_addr == b.sin_addr.s_addr;
    }
    const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)want;
    struct sockaddr_in6 b6;

    /* curl_sockaddr ends in a struct sockaddr that it uses as room for the larger form. */
    memcpy(&b6, (const void *)((const char *)got + offsetof(struct curl_sockaddr, addr)), sizeof(b6));
    return a6->sin6_port == b6.sin6_port && memcmp(&a6->sin6_addr, &b6.sin6_addr, 16) == 0;
}

/* Whatever libcurl believes, no socket leaves for an address that was not vetted for this very request. */
static curl_socket_t socket_open(void *arg, curlsocktype purpose, struct curl_sockaddr *addr)
{
    struct transfer *t = arg;

    if (purpose != CURLSOCKTYPE_IPCXN || !same_peer(&t->peer, addr)) {
        t->foreign = true;
        return CURL_SOCKET_BAD;
    }
    return socket(addr->family, addr->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, addr->protocol);
}

static int fetch_err(const struct transfer *t, CURLcode code)
{
    curl_off_t connected = 0;

    if (code == CURLE_OK)
        return 0;
    if (t->too_long)
        return TB_E_LIMIT;
    if (t->foreign)
        return TB_E_INTERNAL;
    if (code == CURLE_OPERATION_TIMEDOUT) {
        (void)curl_easy_getinfo(t->easy, CURLINFO_CONNECT_TIME_T, &connected);
        return connected == 0 ? TB_E_CLOSED : TB_E_TIMEOUT;
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(curl_errs); i++)
        if (curl_errs[i].code == code)
            return curl_errs[i].err;
    return TB_E_IO;
}

static void fetch_free(struct transfer *t)
{
    curl_easy_cleanup(t->easy);
    free(t);
}

static void fetch_release(struct transfer *t)
{
    struct tb_fetch_curl *f = t->f;

    if (f->num_pool == TB_FETCH_POOL_MAX) {
        fetch_free(t);
        return;
    }
    t->next = f->pool;
    f->pool = t;
    f->num_pool++;
}

static void fetch_finish(CURL *easy, CURLcode code)
{
    char *priv = NULL;
    struct transfer *t;
    struct tb_fetch_result res = {0};
    char *url = NULL;

    (void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &priv);
    t = (struct transfer *)(void *)priv;
    res.err = fetch_err(t, code);
    tb_curl_loop_remove(&t->f->loop, easy);
    if (res.err == 0) {
        (void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &res.status);
        (void)curl_easy_getinfo(t->easy, CURLINFO_REDIRECT_URL, &url);
        res.redirect_url = url;
        res.body = tb_span_of(t->body, t->body_len);
    }
    t->done(t->arg, &res);
    fetch_release(t);
}

#define SET(easy, opt, val) (curl_easy_setopt((easy), (opt), (val)) == CURLE_OK)

/* What never changes between requests. */
static bool easy_setup(struct transfer *t)
{
    CURL *e = t->easy;

    return SET(e, CURLOPT_PRIVATE, (char *)t) && SET(e, CURLOPT_NOSIGNAL, 1L) && SET(e, CURLOPT_FOLLOWLOCATION, 0L) &&
           SET(e, CURLOPT_PROTOCOLS_STR, "https") && SET(e, CURLOPT_PROXY, "") && SET(e, CURLOPT_NOPROXY, "*") &&
           SET(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) && SET(e, CURLOPT_FORBID_REUSE, 1L) &&
           SET(e, CURLOPT_FRESH_CONNECT, 1L) && SET(e, CURLOPT_DNS_CACHE_TIMEOUT, 0L) &&
           SET(e, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) && SET(e, CURLOPT_HTTP_CONTENT_DECODING, 1L) &&
           SET(e, CURLOPT_HTTP09_ALLOWED, 0L) &&
           /* RFC 8555 section 8.3: a redirect to https is followed without looking at the certificate. */
           SET(e, CURLOPT_SSL_VERIFYPEER, 0L) && SET(e, CURLOPT_SSL_VERIFYHOST, 0L) &&
           SET(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(e, CURLOPT_SSL_SESSIONID_CACHE, 0L) &&
           SET(e, CURLOPT_CAINFO, NULL) && SET(e, CURLOPT_CAPATH, NULL) &&
           SET(e, CURLOPT_USERAGENT, t->f->user_agent) && SET(e, CURLOPT_WRITEFUNCTION, body_write) &&
           SET(e, CURLOPT_WRITEDATA, t) && SET(e, CURLOPT_HEADERFUNCTION, head_write) &&
           SET(e, CURLOPT_HEADERDATA, t) && SET(e, CURLOPT_OPENSOCKETFUNCTION, socket_open) &&
           SET(e, CURLOPT_OPENSOCKETDATA, t) && SET(e, CURLOPT_BUFFERSIZE, 4096L);
}

static void fetch_cancel(struct tb_fetch *fetch);

static struct transfer *fetch_new(struct tb_fetch_curl *f)
{
    struct transfer *t = f->pool;

    if (t != NULL) {
        f->pool = t->next;
        f->num_pool--;
        return t;
    }
    if ((t = calloc(1, sizeof(*t))) == NULL)
        return NULL;
    t->f = f;
    t->fetch.cancel = fetch_cancel;
    t->pin.data = t->pin_text;
    t->easy = curl_easy_init();
    if (t->easy != NULL && easy_setup(t))
        return t;
    fetch_free(t);
    return NULL;
}

static bool easy_aim(struct transfer *t, const struct tb_fetch_request *req)
{
    char addr[TB_ADDRESS_TEXT_MAX];

    tb_address_text(addr, &req->addr);
    (void)tb_address_sockaddr(&req->addr, req->port, &t->peer);
    (void)snprintf(t->pin_text, sizeof(t->pin_text), req->addr.v4 ? "::%s:" : "::[%s]:", addr);
    return SET(t->easy, CURLOPT_URL, req->url) && SET(t->easy, CURLOPT_CONNECT_TO, &t->pin) &&
           SET(t->easy, CURLOPT_IPRESOLVE, (long)(req->addr.v4 ? CURL_IPRESOLVE_V4 : CURL_IPRESOLVE_V6)) &&
           SET(t->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)req->connect_ms) &&
           SET(t->easy, CURLOPT_TIMEOUT_MS, (long)req->total_ms);
}

static void fetch_cancel(struct tb_fetch *fetch)
{
    struct transfer *t = (struct transfer *)fetch;

    tb_curl_loop_remove(&t->f->loop, t->easy);
    fetch_release(t);
}

int tb_fetch_curl_start(struct tb_fetch_curl *f, const struct tb_fetch_request *req, tb_fetch_done_fn *done, void *arg,
                        struct tb_fetch **out)
{
    struct transfer *t;

    *out = NULL;
    if ((t = fetch_new(f)) == NULL)
        return TB_E_NOMEM;
    t->done = done;
    t->arg = arg;
    t->head_len = t->body_len = t->page_len = 0;
    t->too_long = t->foreign = false;
    if (!easy_aim(t, req) || tb_curl_loop_add(&f->loop, t->easy) < 0) {
        fetch_release(t);
        return TB_E_NOMEM;
    }
    *out = &t->fetch;
    return 0;
}

int tb_fetch_curl_new(struct event_base *base, const char *user_agent, struct tb_fetch_curl **out)
{
    struct tb_fetch_curl *f = calloc(1, sizeof(*f));
    struct transfer *first;

    *out = NULL;
    if (f == NULL)
        return TB_E_NOMEM;
    (void)snprintf(f->user_agent, sizeof(f->user_agent), "%s", user_agent);
    if (tb_curl_loop_init(&f->loop, base, fetch_finish) < 0 || (first = fetch_new(f)) == NULL) {
        tb_fetch_curl_free(f);
        return TB_E_NOMEM;
    }
    fetch_release(first);
    *out = f;
    return 0;
}

void tb_fetch_curl_free(struct tb_fetch_curl *f)
{
    if (f == NULL)
        return;
    while (f->pool != NULL) {
        struct transfer *t = f->pool;

        f->pool = t->next;
        fetch_free(t);
    }
    tb_curl_loop_clear(&f->loop);
    free(f);
}
