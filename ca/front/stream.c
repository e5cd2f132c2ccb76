#include "ca/front/stream.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int tb_stream_open(struct tb_stream *s, int fd, SSL_CTX *tls)
{
    *s = (struct tb_stream){.fd = fd};
    if (tls == NULL)
        return 0;
    s->ssl = SSL_new(tls);
    if (s->ssl == NULL || SSL_set_fd(s->ssl, fd) != 1) {
        SSL_free(s->ssl);
        s->ssl = NULL;
        s->fd = -1;
        ERR_clear_error();
        return TB_E_NOMEM;
    }
    SSL_set_accept_state(s->ssl);
    return 0;
}

void tb_stream_close(struct tb_stream *s, bool hello_done)
{
    if (s->ssl != NULL) {
        /* Sends close_notify once and does not wait for the peer's. */
        if (hello_done) {
            SSL_set_shutdown(s->ssl, SSL_get_shutdown(s->ssl) | SSL_RECEIVED_SHUTDOWN);
            (void)SSL_shutdown(s->ssl);
        }
        SSL_free(s->ssl);
        ERR_clear_error();
    }
    if (s->fd >= 0)
        (void)close(s->fd);
    free(s->out);
    *s = (struct tb_stream){.fd = -1};
}

/* Meaning of a result <= 0 of OpenSSL. */
static int tls_err(struct tb_stream *s, int r)
{
    int why = SSL_get_error(s->ssl, r);

    s->wants_write = why == SSL_ERROR_WANT_WRITE;
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
        return TB_E_AGAIN;
    ERR_clear_error();
    return why == SSL_ERROR_ZERO_RETURN ? TB_E_CLOSED : TB_E_IO;
}

static int socket_err(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? TB_E_AGAIN : TB_E_IO;
}

int tb_stream_accept(struct tb_stream *s)
{
    int r;

    ERR_clear_error();
    r = SSL_do_handshake(s->ssl);
    if (r == 1) {
        s->wants_write = false;
        return 0;
    }
    r = tls_err(s, r);
    return r == TB_E_AGAIN ? r : TB_E_IO;
}

ssize_t tb_stream_read(struct tb_stream *s, uint8_t *p, size_t len)
{
    ssize_t n;
    int r;

    if (s->ssl == NULL) {
        n = recv(s->fd, p, len, 0);
        if (n < 0)
            return socket_err();
        return n > 0 ? n : TB_E_CLOSED;
    }
    ERR_clear_error();
    r = SSL_read(s->ssl, p, len > INT_MAX ? INT_MAX : (int)len);
    return r > 0 ? r : tls_err(s, r);
}

bool tb_stream_pending(const struct tb_stream *s)
{
    return s->ssl != NULL && SSL_has_pending(s->ssl) == 1;
}

/* > 0 octets; TB_E_AGAIN; TB_E_IO */
static ssize_t write_some(struct tb_stream *s, const uint8_t *p, size_t len)
{
    ssize_t n;
    int r;

    if (s->ssl == NULL) {
        n = send(s->fd, p, len, MSG_NOSIGNAL);
        if (n > 0)
            return n;
        s->wants_write = socket_err() == TB_E_AGAIN;
        return s->wants_write ? TB_E_AGAIN : TB_E_IO;
    }
    ERR_clear_error();
    r = SSL_write(s->ssl, p, len > INT_MAX ? INT_MAX : (int)len);
    if (r > 0)
        return r;
    r = tls_err(s, r);
    /* A write that waits for the client's message: renegotiation is off, so there is none to wait for. */
    return r == TB_E_AGAIN && s->wants_write ? r : TB_E_IO;
}

static ssize_t write_all(struct tb_stream *s, const uint8_t *p, size_t len, size_t *done)
{
    while (*done < len) {
        ssize_t n = write_some(s, p + *done, len - *done);

        if (n < 0)
            return n;
        *done += (size_t)n;
    }
    return 0;
}

static int keep(struct tb_stream *s, const uint8_t *p, size_t len)
{
    size_t have = s->out_len - s->out_head;
    uint8_t *all = malloc(have + len);

    if (all == NULL)
        return TB_E_NOMEM;
    if (have > 0)
        memcpy(all, s->out + s->out_head, have);
    memcpy(all + have, p, len);
    free(s->out);
    s->out = all;
    s->out_head = 0;
    s->out_len = have + len;
    return TB_E_AGAIN;
}

int tb_stream_write(struct tb_stream *s, const void *p, size_t len)
{
    size_t done = 0;
    ssize_t r;

    if (len == 0)
        return s->out != NULL ? TB_E_AGAIN : 0;
    if (s->out != NULL)
        return keep(s, p, len);
    r = write_all(s, p, len, &done);
    return r == TB_E_AGAIN ? keep(s, (const uint8_t *)p + done, len - done) : (int)r;
}

int tb_stream_flush(struct tb_stream *s)
{
    ssize_t r;

    s->wants_write = false;
    if (s->out == NULL)
        return 0;
    r = write_all(s, s->out, s->out_len, &s->out_head);
    if (r == TB_E_AGAIN)
        return (int)r;
    free(s->out);
    s->out = NULL;
    s->out_head = s->out_len = 0;
    return (int)r;
}

void tb_stream_finish(struct tb_stream *s)
{
    if (s->ssl != NULL) {
        (void)SSL_shutdown(s->ssl);
        ERR_clear_error();
    }
    (void)shutdown(s->fd, SHUT_WR);
}
