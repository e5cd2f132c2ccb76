/* tls-alpn-01 (RFC 8737, RFC 8738 section 6). */
#ifndef TB_CA_VALIDATOR_TLSALPN01_H
#define TB_CA_VALIDATOR_TLSALPN01_H

#include "ca/validator/handshake.h"
#include "ca/validator/host.h"

#define TB_TLSALPN01_PROTOCOL "acme-tls/1"

struct tb_tlsalpn01 {
    struct tb_host host;
    uint16_t port;
    struct tb_handshake *handshake;
};

#endif
