/* dns-01 (RFC 8555 section 8.4). */
#ifndef TB_CA_VALIDATOR_DNS01_H
#define TB_CA_VALIDATOR_DNS01_H

#include "ca/validator/resolver.h"

#define TB_DNS01_PREFIX "_acme-challenge."
/* TXT records looked at: all that an answer may have (TB_ANSWER_RECORDS_MAX). */

struct tb_dns01 {
    struct tb_dns_query *query;
    char name[TB_RESOLVER_NAME_MAX + 1];
};

#endif
