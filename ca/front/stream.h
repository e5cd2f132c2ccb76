/* Stream: bytes of one client's socket, through TLS or plain; never blocks. */
#ifndef TB_CA_FRONT_STREAM_H
#define TB_CA_FRONT_STREAM_H

#include <sys/types.h>

#include <openssl/ssl.h>

#include "lib/base/bytes.h"

struct tb_stream {
    int fd;
    SSL *ssl;     /* NULL: plain */
    uint8_t *out; /* what the socket did not take yet; owned */
    size_t out_head, out_len;
    bool wants_write; /* nothing goes on before the socket takes bytes */
};

/* Takes fd on success. tls NULL: plain. */
int tb_stream_open(struct tb_stream *s, int fd, SSL_CTX *tls) TB_MUST_USE;
/* Sends close_notify when it said hello, and closes. */
void tb_stream_close(struct tb_stream *s, bool hello_done);
/* 0 = TLS is established; TB_E_AGAIN; TB_E_IO. */
int tb_stream_accept(struct tb_stream *s) TB_MUST_USE;
/* > 0 octets; TB_E_AGAIN; TB_E_CLOSED; TB_E_IO. */
ssize_t tb_stream_read(struct tb_stream *s, uint8_t *p, size_t len) TB_MUST_USE;
/* True when octets may be waiting in the stream itself, of which the socket will not tell again. */
bool tb_stream_pending(const struct tb_stream *s);
/* All of it leaves or is kept for tb_stream_flush. 0 = left; TB_E_AGAIN; TB_E_IO, TB_E_NOMEM. */
int tb_stream_write(struct tb_stream *s, const void *p, size_t len) TB_MUST_USE;
/* What was kept: results of tb_stream_write. */
int tb_stream_flush(struct tb_stream *s) TB_MUST_USE;
/* Our side says nothing more. */
void tb_stream_finish(struct tb_stream *s);

#endif
