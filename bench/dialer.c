#include <netdb.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "bench/conn.h"

static int split_url(const char *url, struct tb_load_dialer *d, char port[static 6])
{
    const char *from = url + 8; /* behind https://, which the options have seen */
    size_t len = strcspn(from, "/?#");
    const char *colon = memrchr(from, ':', len);
    size_t host_len = colon != NULL ? (size_t)(colon - from) : len;

    if (len >= sizeof(d->authority) || host_len == 0 || host_len > TB_LOAD_HOST_MAX || from[0] == '[')
        return TB_E_FORMAT;
    snprintf(d->authority, sizeof(d->authority), "%.*s", (int)len, from);
    snprintf(d->host, sizeof(d->host), "%.*s", (int)host_len, from);
    snprintf(port, 6, "%s", colon != NULL ? d->authority + host_len + 1 : "443");
    return 0;
}

static int resolve(struct tb_load_dialer *d, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;

    if (getaddrinfo(d->host, port, &hints, &list) != 0)
        return TB_E_NOTFOUND;
    memcpy(&d->addr, list->ai_addr, list->ai_addrlen);
    d->addr_len = list->ai_addrlen;
    freeaddrinfo(list);
    return 0;
}

static int make_ctx(struct tb_load_dialer *d, const char *ca)
{
    static const unsigned char http11[] = "\x08http/1.1";

    d->ctx = SSL_CTX_new(TLS_client_method());
    if (d->ctx == NULL || SSL_CTX_set_min_proto_version(d->ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_alpn_protos(d->ctx, http11, sizeof(http11) - 1) != 0)
        return TB_E_CRYPTO;
    /* Every new connection pays for a whole handshake: no session is ever resumed. */
    SSL_CTX_set_session_cache_mode(d->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(d->ctx, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(d->ctx, 1); /* header and body of a record in one read */
    SSL_CTX_set_options(d->ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
    if (ca == NULL)
        return 0;
    SSL_CTX_set_verify(d->ctx, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_load_verify_file(d->ctx, ca) == 1 ? 0 : TB_E_CONFIG;
}

int tb_load_dialer_init(struct tb_load_dialer *d, struct event_base *base, struct tb_load_stats *stats, const char *url,
                        const char *ca)
{
    char port[6];
    const char *what = "URL";
    int r;

    memset(d, 0, sizeof(*d));
    d->base = base;
    d->stats = stats;
    if ((r = split_url(url, d, port)) == 0) {
        what = "address of the server";
        r = resolve(d, port);
    }
    if (r == 0) {
        what = ca != NULL ? ca : "TLS";
        r = make_ctx(d, ca);
    }
    if (r < 0) {
        fprintf(stderr, "acme_load: %s: %s\n", what, tb_err_text(r));
        tb_load_dialer_clear(d);
    }
    return r;
}

void tb_load_dialer_clear(struct tb_load_dialer *d)
{
    SSL_CTX_free(d->ctx);
    d->ctx = NULL;
    ERR_clear_error();
}

const char *tb_load_dialer_target(const struct tb_load_dialer *d, const char *url)
{
    size_t len = strlen(d->authority);

    if (strncmp(url, "https://", 8) != 0 || strncmp(url + 8, d->authority, len) != 0)
        return NULL;
    return url[8 + len] == '/' ? url + 8 + len : NULL;
}
