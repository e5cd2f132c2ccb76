/* Names, headers and records of DNS messages (RFC 1035 section 4). Private to client/. */
#ifndef TB_CLIENT_DNS_NAME_H
#define TB_CLIENT_DNS_NAME_H

#include "client/dns_message.h"

struct tb_dns_header {
    uint16_t id, flags, counts[4];
};
struct tb_dns_record {
    char name[TB_DNS_NAME_MAX + 1];
    uint16_t type, class;
    uint32_t ttl;
    struct tb_rd rdata; /* within the message */
    size_t at;          /* where the record begins */
};

/* Uncompressed, in lower case. TB_E_FORMAT for empty and long labels and names. "" is the root. */
int tb_dns_name_write(struct tb_wr *wr, const char *name) TB_MUST_USE;
/* Compression pointers lead backwards only, so that reading ends. Labels with dots or unprintable octets are refused.
 */
int tb_dns_name_read(struct tb_span message, struct tb_rd *rd, char out[static TB_DNS_NAME_MAX + 1]) TB_MUST_USE;
int tb_dns_header_read(struct tb_span message, struct tb_rd *out_rest, struct tb_dns_header *out) TB_MUST_USE;
int tb_dns_record_read(struct tb_span message, struct tb_rd *rd, struct tb_dns_record *out) TB_MUST_USE;

#endif
