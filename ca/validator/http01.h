/* http-01 (RFC 8555 section 8.3, RFC 8738). */
#ifndef TB_CA_VALIDATOR_HTTP01_H
#define TB_CA_VALIDATOR_HTTP01_H

#include "ca/validator/address.h"
#include "ca/validator/fetch.h"
#include "ca/validator/redirect.h"
#include "ca/validator/resolver.h"

#define TB_HTTP01_ADDRESSES_MAX 8 /* of a name, for each family, that are looked at */

/* The addresses of one family of a hop's host. */
struct tb_http01_family {
    struct tb_dns_query *query;
    bool usable;              /* addr is vetted */
    struct tb_address addr;   /* the first that may be contacted */
    struct tb_address denied; /* the first that may not, with the rule */
    const char *why;
};

struct tb_http01 {
    struct tb_http_target target; /* of this hop */
    unsigned hop;                 /* redirects followed */
    unsigned pending;             /* lookups under way */
    int dns_err;
    struct tb_http01_family v6, v4;
    bool trying_v6;
    struct tb_fetch *fetch;
    uint8_t seen[TB_REDIRECTS_MAX + 1][TB_DIGEST_LEN]; /* URLs, to see a loop */
};

#endif
