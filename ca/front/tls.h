/* TLS of the ACME listener. */
#ifndef TB_CA_FRONT_TLS_H
#define TB_CA_FRONT_TLS_H

#include <openssl/ssl.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

/* Context from a PEM chain (leaf first) and its PEM key; *out_not_after is the leaf's. Logs why it failed. */
int tb_tls_new(struct tb_span chain_pem, struct tb_span key_pem, SSL_CTX **out, tb_time_t *out_not_after) TB_MUST_USE;

#endif
