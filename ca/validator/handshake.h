/* One TLS handshake with one vetted address, on the process's libevent loop: what certificate is shown under this ALPN?
 */
#ifndef TB_CA_VALIDATOR_HANDSHAKE_H
#define TB_CA_VALIDATOR_HANDSHAKE_H

#include <event2/event.h>

#include "ca/resolver/address.h"

#define TB_HANDSHAKE_CERTS_MAX (16u << 10) /* octets of the Certificate message; a validation certificate has 1 KiB */

struct tb_handshaker;
struct tb_handshake;

struct tb_handshake_request {
    struct tb_address addr;
    uint16_t port;
    const char *sni;     /* copied */
    uint32_t connect_ms; /* for the connection alone */
    uint32_t total_ms;
};

/*
 * err: 0, TB_E_CLOSED (no connection), TB_E_TIMEOUT (connected, then late), TB_E_IO (the
 * connection broke), TB_E_CRYPTO (TLS failed), TB_E_DENIED (TLS was made, but not with our ALPN protocol), TB_E_NOMEM.
 * cert: DER of the end entity's certificate, with err 0 only, borrowed until the callback returns.
 */
struct tb_handshake_result {
    int err;
    struct tb_span cert;
};
typedef void tb_handshake_done_fn(void *arg, const struct tb_handshake_result *result);

/* alpn: the one protocol offered, at most 255 octets.  Opens what OpenSSL wants to read: call it outside the sandbox.
 */
int tb_handshaker_new(struct event_base *base, const char *alpn, struct tb_handshaker **out) TB_MUST_USE;
void tb_handshaker_free(struct tb_handshaker *hs); /* nothing may be under way; NULL-safe */
uint64_t tb_handshaker_count(const struct tb_handshaker *hs);

/* done comes later, from the loop, once; the handshake is gone when it is called. */
int tb_handshake_start(struct tb_handshaker *hs, const struct tb_handshake_request *req, tb_handshake_done_fn *done,
                       void *arg, struct tb_handshake **out) TB_MUST_USE;
void tb_handshake_cancel(struct tb_handshake *t); /* done does not come; NULL-safe */

#endif
