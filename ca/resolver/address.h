/* Addresses that validation may contact: IANA's special-purpose ranges are refused unless a zone allows them. */
#ifndef TB_CA_RESOLVER_ADDRESS_H
#define TB_CA_RESOLVER_ADDRESS_H

#include "ca/config/config.h"

#define TB_ADDRESS_TEXT_MAX    46
#define TB_ADDRESS_REVERSE_MAX 73

struct tb_address {
    uint8_t b[16]; /* IPv4 in v4-mapped form */
    bool v4;       /* contacted over IPv4; false for a v4-mapped address that came as IPv6 */
};

/* From the data of an A (4 octets) or AAAA (16 octets) record; TB_E_FORMAT otherwise. */
int tb_address_from_rdata(struct tb_span rdata, struct tb_address *out) TB_MUST_USE;
/* From the normal text of an `ip` identifier. TB_E_FORMAT. */
int tb_address_from_text(const char *text, struct tb_address *out) TB_MUST_USE;
void tb_address_text(char out[static TB_ADDRESS_TEXT_MAX], const struct tb_address *a);
/* The name of its reverse mapping (RFC 1035 section 3.5, RFC 3596 section 2.5), without trailing dot. */
void tb_address_reverse(char out[static TB_ADDRESS_REVERSE_MAX], const struct tb_address *a);
socklen_t tb_address_sockaddr(const struct tb_address *a, uint16_t port, struct sockaddr_storage *out);

/* Does the network cover it?  One of IPv6 never covers IPv4. */
bool tb_address_in(const struct tb_address *a, const struct tb_net *net);

/*
 * May validation contact it, under this zone's policy?  TB_E_DENIED with a constant noun phrase in *out_why
 * ("loopback (RFC 1122)"); *out_why may be NULL.
 */
int tb_address_check(const struct tb_address *a, const struct tb_zone *zone, const char **out_why) TB_MUST_USE;

#endif
