/* dns-01 (RFC 8555 section 8.4) and dns-account-01 (draft-ietf-acme-dns-account-label-03). */
#ifndef TB_CA_VALIDATOR_DNS01_H
#define TB_CA_VALIDATOR_DNS01_H

#include "ca/resolver/resolver.h"

#define TB_DNS01_PREFIX             "_acme-challenge."
#define TB_DNS_ACCOUNT_LABEL_OCTETS 10 /* of the account URL's digest: 16 characters of base32 */
#define TB_DNS_ACCOUNT_LABEL_LEN    17
/* TXT records looked at: all that an answer may have (TB_ANSWER_RECORDS_MAX). */

struct tb_dns01 {
    struct tb_dns_query *query;
    char name[TB_RESOLVER_NAME_MAX + 1];
};

/* "_ujmmovf2vn55tgye": "_", and the first octets of SHA-256 of the account URL in lower-case base32 (section 3.1). */
void tb_dns_account_label(char out[static TB_DNS_ACCOUNT_LABEL_LEN + 1], const char *account_url);

#endif
