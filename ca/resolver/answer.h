/* A DNS answer in wire form (RFC 1035 section 4): the records of one type at the end of the question's CNAME chain. */
#ifndef TB_CA_RESOLVER_ANSWER_H
#define TB_CA_RESOLVER_ANSWER_H

#include "lib/base/ident.h"

#define TB_DNS_TYPE_A     1
#define TB_DNS_TYPE_CNAME 5
#define TB_DNS_TYPE_SOA   6
#define TB_DNS_TYPE_TXT   16
#define TB_DNS_TYPE_AAAA  28
#define TB_DNS_TYPE_CAA   257

#define TB_ANSWER_RECORDS_MAX 64 /* of the wanted type; an answer with more is an error */
#define TB_ANSWER_CHAIN_MAX   16 /* CNAMEs; resolvers stop at 8 to 16 */
#define TB_DNS_WIRE_NAME_MAX  255

struct tb_answer {
    size_t num;
    bool chained;                                /* a CNAME was followed */
    bool denied;                                 /* no record, and an SOA says so (RFC 2308 section 2) */
    uint32_t ttl;                                /* the smallest of the chain and the records; 0 when num is 0 */
    struct tb_span rdata[TB_ANSWER_RECORDS_MAX]; /* borrowed from the packet */
};

/*
 * qname: normalised text without trailing dot; underscores allowed.  A record of the wanted type that does not stand
 * at the end of the chain is TB_E_FORMAT: to drop it could turn a restriction into "no record".  TB_E_TRUNC for the
 * TC bit or a short packet, TB_E_LIMIT for too many records or CNAMEs.
 */
int tb_answer_parse(struct tb_span packet, const char *qname, uint16_t type, struct tb_answer *out) TB_MUST_USE;

#endif
