/* The value of an issue or issuewild property: issuer and parameters (RFC 8659 section 4.2, RFC 8657). Private to
 * lib/dns. */
#ifndef TB_DNS_CAA_VALUE_H
#define TB_DNS_CAA_VALUE_H

#include "lib/dns/caa.h"

/*
 * *out_issuer: the issuer domain name, borrowed, empty when there is none (then nobody is named).  TB_E_FORMAT when the
 * value is not of the grammar, a parameter that we act on stands twice, or its content is unusable: such a
 * property permits nobody.
 */
int tb_caa_value_parse(struct tb_span value, struct tb_span *out_issuer, struct tb_caa_grant *out) TB_MUST_USE;

#endif
