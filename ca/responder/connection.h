/* Connection: one applicant's TLS handshake, the verdict, one line, the end. */
#ifndef TB_CA_RESPONDER_CONNECTION_H
#define TB_CA_RESPONDER_CONNECTION_H

#include <event2/event_struct.h>
#include <openssl/ssl.h>

#include "ca/responder/lanes.h"
#include "ca/responder/window.h"

#define TB_CONNECTION_DEADLINE_S 5 /* from accepting to the line */
#define TB_CONNECTION_TRIES_MAX                                                                                        \
    16 /* judged of one window, for those who may come and for strangers; as many "busy"                               \
        */

struct tb_responder;

struct tb_connection {
    struct tb_responder *rp;
    struct tb_slot *slot;
    int fd;
    SSL *ssl;
    struct event ready, deadline;
    struct tb_address peer;
    uint16_t port;
    uint8_t *header; /* of a proxy, while it is read: TB_PROXY_HEADER_MAX octets; otherwise NULL */
    size_t header_len;
    char tag[TB_TLS_CLIENT_TAG_LEN + 1]; /* "" until the hello was accepted */
    bool busy;                           /* one too many of its window */
    const char *hello_why;               /* why the hello was refused although its tag is armed */
    int cert_err;                        /* of tb_tls_client_certificate; TB_E_NOTFOUND until it came */
    uint8_t *cert;                       /* DER as it was sent */
    size_t cert_len;
    char line[TB_TLS_CLIENT_LINE_MAX];
    size_t line_len; /* 0 until there is a verdict */
};

/* Takes fd, whatever becomes of it. */
void tb_connection_new(struct tb_responder *rp, int fd, const struct sockaddr_storage *from);
void tb_connection_free(struct tb_connection *c);

/* For ca/responder/tls.c.  False with an alert: nobody waits for this, no key is used. */
bool tb_connection_hello(struct tb_connection *c, SSL *ssl, int *alert);
void tb_connection_message(struct tb_connection *c, struct tb_span message);

/* verdict.c: after the handshake.  Fills the line; false when the window is gone and nothing is said. */
bool tb_connection_judge(struct tb_connection *c);

/* listen.c */
int tb_responder_listen(struct tb_responder *rp) TB_MUST_USE;
void tb_responder_stop_listening(struct tb_responder *rp);

#endif
