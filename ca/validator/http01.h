/* http-01 (RFC 8555 section 8.3, RFC 8738). */
#ifndef TB_CA_VALIDATOR_HTTP01_H
#define TB_CA_VALIDATOR_HTTP01_H

#include "ca/validator/fetch.h"
#include "ca/validator/host.h"
#include "ca/validator/redirect.h"

struct tb_http01 {
    struct tb_http_target target; /* of this hop */
    unsigned hop;                 /* redirects followed */
    struct tb_host host;          /* of this hop */
    struct tb_fetch *fetch;
    uint8_t seen[TB_REDIRECTS_MAX + 1][TB_DIGEST_LEN]; /* URLs, to see a loop */
};

#endif
