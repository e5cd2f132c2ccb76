#include "ca/responder/connection.h"

#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ca/responder/proxy_header.h"
#include "ca/responder/responder.h"
#include "lib/acme/tls_client_wire.h"

void tb_connection_free(struct tb_connection *c)
{
    (void)event_del(&c->ready);
    (void)event_del(&c->deadline);
    SSL_free(c->ssl);
    (void)close(c->fd);
    tb_slot_free(c->slot);
    c->rp->num_connections--;
    free(c->cert);
    free(c->header);
    free(c);
    ERR_clear_error();
}

/* --- callbacks of TLS ------------------------------------------------------------------------------------------ */

/* The window that the hello names; NULL: none is armed for it. */
static struct tb_window *hello_window(const struct tb_connection *c, SSL *ssl)
{
    char tag[TB_TLS_CLIENT_TAG_LEN + 1];
    const unsigned char *p;
    struct tb_span name;
    size_t len;

    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &p, &len) != 1 ||
        tb_tls_client_server_name(tb_span_of(p, len), &name) < 0 || tb_tls_client_tag_of(tag, name, c->rp->host) < 0)
        return NULL;
    return tb_window_find(c->rp, tag);
}

/* The second hello, after a HelloRetryRequest, is the same attempt and must be for the same proof. */
static bool admit(struct tb_connection *c, struct tb_window *w)
{
    unsigned *tries = &w->tries[tb_sources_match(&w->sources, &c->peer) > 0];

    if (c->tag[0] != '\0')
        return strcmp(c->tag, w->tag) == 0;
    if (*tries >= 2 * TB_CONNECTION_TRIES_MAX)
        return false;
    c->busy = ++*tries > TB_CONNECTION_TRIES_MAX;
    memcpy(c->tag, w->tag, sizeof(c->tag));
    return true;
}

static bool hello_has(SSL *ssl, unsigned type)
{
    const unsigned char *p;
    size_t len;

    return SSL_client_hello_get0_ext(ssl, type, &p, &len) == 1;
}

bool tb_connection_hello(struct tb_connection *c, SSL *ssl, int *alert)
{
    struct tb_window *w = hello_window(c, ssl);
    const unsigned char *p = NULL;
    size_t len = 0;

    if (w == NULL || !admit(c, w)) {
        c->rp->stat[TB_RSTAT_UNKNOWN_TAG]++;
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return false;
    }
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_application_layer_protocol_negotiation, &p, &len) != 1 ||
        !tb_tls_client_alpn_is_ours(tb_span_of(p, len))) {
        c->hello_why = "the client did not offer " TB_TLS_CLIENT_PROTOCOL " as its only ALPN protocol";
        *alert = SSL_AD_NO_APPLICATION_PROTOCOL;
        return false;
    }
    if (hello_has(ssl, TLSEXT_TYPE_psk) || hello_has(ssl, TLSEXT_TYPE_early_data)) {
        c->hello_why = "the client offered a pre-shared key or early data";
        *alert = SSL_AD_ILLEGAL_PARAMETER;
        return false;
    }
    return true;
}

void tb_connection_message(struct tb_connection *c, struct tb_span message)
{
    struct tb_span cert;
    int r = tb_tls_client_certificate(message, &cert);

    /* Other messages are none; a Certificate comes once. */
    if (message.len == 0 || message.p[0] != SSL3_MT_CERTIFICATE)
        return;
    if (r == 0 && (c->cert != NULL || (c->cert = malloc(cert.len)) == NULL))
        r = c->cert != NULL ? TB_E_DUP : TB_E_NOMEM;
    c->cert_err = r;
    if (r < 0)
        return;
    memcpy(c->cert, cert.p, cert.len);
    c->cert_len = cert.len;
}

/* --- the course of a connection -------------------------------------------------------------------------------- */

static void wait_for(struct tb_connection *c, short what);

/* Whoever knew an armed tag learns, through the challenge, what went wrong; all others leave only a number. */
static void failed(struct tb_connection *c, const char *why)
{
    struct tb_window *w = c->tag[0] != '\0' ? tb_window_find(c->rp, c->tag) : NULL;
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    struct tb_problem pb = {.type = TB_P_NONE};
    char address[TB_ADDRESS_TEXT_MAX];

    if (w != NULL) {
        c->rp->stat[TB_RSTAT_HANDSHAKE_FAILED]++;
        tb_address_text(address, &c->peer);
        (void)tb_problem_set(&pb, TB_E_CRYPTO, TB_P_TLS, "the TLS handshake from %s failed: %s", address,
                             c->hello_why != NULL ? c->hello_why
                             : why != NULL        ? why
                             : reason != NULL     ? reason
                                                  : "the connection ended");
        tb_window_refuse(w, &pb);
    }
    tb_connection_free(c);
}

/* 0: done; TB_E_AGAIN: waits; TB_E_IO: over. */
static int outcome(struct tb_connection *c, int ret)
{
    switch (SSL_get_error(c->ssl, ret)) {
    case SSL_ERROR_NONE:
        return 0;
    case SSL_ERROR_WANT_READ:
        wait_for(c, EV_READ);
        return TB_E_AGAIN;
    case SSL_ERROR_WANT_WRITE:
        wait_for(c, EV_WRITE);
        return TB_E_AGAIN;
    default:
        return TB_E_IO;
    }
}

static void say(struct tb_connection *c)
{
    int r;

    ERR_clear_error();
    r = outcome(c, SSL_write(c->ssl, c->line, (int)c->line_len));
    if (r == TB_E_AGAIN)
        return;
    if (r == 0)
        (void)SSL_shutdown(c->ssl); /* our close_notify; nobody waits for theirs */
    tb_connection_free(c);
}

static void shake(struct tb_connection *c)
{
    int r;

    ERR_clear_error();
    r = outcome(c, SSL_accept(c->ssl));
    if (r == TB_E_AGAIN)
        return;
    if (r < 0)
        failed(c, NULL);
    else if (tb_connection_judge(c))
        say(c);
    else
        tb_connection_free(c);
}

/* IPv4 that came through an IPv6 socket is IPv4. */
static void normalise(struct tb_address *a)
{
    a->v4 = a->v4 || IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(const void *)a->b);
}

static void peer_of(struct tb_connection *c, const struct sockaddr_storage *from)
{
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *sin = (const struct sockaddr_in *)from;

        (void)!tb_address_from_rdata(tb_span_of(&sin->sin_addr, 4), &c->peer);
        c->port = ntohs(sin->sin_port);
    } else {
        const struct sockaddr_in6 *sin6 = (const struct sockaddr_in6 *)from;

        (void)!tb_address_from_rdata(tb_span_of(&sin6->sin6_addr, 16), &c->peer);
        c->port = ntohs(sin6->sin6_port);
    }
    normalise(&c->peer);
}

static void slot_take(struct tb_connection *c, struct tb_slot *slot)
{
    struct tb_responder *rp = c->rp;

    if (slot->holder != NULL) {
        rp->stat[slot->expected ? TB_RSTAT_DISPLACED_EXPECTED : TB_RSTAT_DISPLACED]++;
        tb_connection_free(slot->holder);
    }
    c->slot = slot;
    tb_slot_take(&rp->lanes, slot, c);
}

static bool is_proxy(const struct tb_connection *c)
{
    const struct tb_config *cfg = c->rp->child->cfg;

    for (size_t i = 0; i < cfg->num_responder_proxies; i++)
        if (tb_address_in(&c->peer, &cfg->responder_proxy[i]))
            return true;
    return false;
}

/* What a proxy says in front: then the connection is its client's, and gets that one's slot. */
static void read_header(struct tb_connection *c)
{
    size_t want = 0;
    int r;

    while ((r = tb_proxy_header_read(tb_span_of(c->header, c->header_len), &want, &c->peer, &c->port)) == TB_E_AGAIN) {
        ssize_t n = recv(c->fd, c->header + c->header_len, want, 0);

        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            wait_for(c, EV_READ);
            return;
        }
        if (n <= 0)
            break;
        c->header_len += (size_t)n;
    }
    if (r < 0) {
        tb_connection_free(c);
        return;
    }
    free(c->header);
    c->header = NULL;
    normalise(&c->peer);
    tb_slot_free(c->slot);
    slot_take(c, tb_lanes_find(&c->rp->lanes, &c->peer));
    shake(c);
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    struct tb_connection *c = arg;

    (void)fd;
    (void)what;
    if (c->header != NULL)
        read_header(c);
    else if (c->line_len > 0)
        say(c);
    else
        shake(c);
}

static void on_deadline(evutil_socket_t fd, short what, void *arg)
{
    struct tb_connection *c = arg;

    (void)fd;
    (void)what;
    c->rp->stat[TB_RSTAT_LATE]++;
    ERR_clear_error();
    failed(c, "it took longer than 5 seconds");
}
_Static_assert(TB_CONNECTION_DEADLINE_S == 5, "the sentence says so");

static void wait_for(struct tb_connection *c, short what)
{
    (void)event_del(&c->ready);
    (void)event_assign(&c->ready, c->rp->child->base, c->fd, what, on_ready, c);
    (void)event_add(&c->ready, NULL);
}

void tb_connection_new(struct tb_responder *rp, int fd, const struct sockaddr_storage *from)
{
    const struct timeval tv = {.tv_sec = TB_CONNECTION_DEADLINE_S};
    const struct timeval *common = event_base_init_common_timeout(rp->child->base, &tv);
    struct tb_connection *c = calloc(1, sizeof(*c));

    if (c == NULL) {
        (void)close(fd);
        return;
    }
    c->rp = rp;
    c->fd = fd;
    c->cert_err = TB_E_NOTFOUND;
    peer_of(c, from);
    if (is_proxy(c)) {
        if ((c->header = malloc(TB_PROXY_HEADER_MAX)) == NULL) {
            (void)close(fd);
            free(c);
            return;
        }
        slot_take(c, tb_lanes_find_for_proxy(&rp->lanes));
    } else {
        slot_take(c, tb_lanes_find(&rp->lanes, &c->peer));
    }
    rp->num_connections++;
    rp->stat[TB_RSTAT_CONNECTIONS]++;
    (void)evtimer_assign(&c->deadline, rp->child->base, on_deadline, c);
    (void)event_assign(&c->ready, rp->child->base, fd, EV_READ, on_ready, c);
    c->ssl = SSL_new(rp->tls);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, fd) != 1 || SSL_set_app_data(c->ssl, c) != 1 ||
        evtimer_add(&c->deadline, common != NULL ? common : &tv) < 0 || event_add(&c->ready, NULL) < 0) {
        tb_connection_free(c);
        return;
    }
    SSL_set_accept_state(c->ssl);
}
