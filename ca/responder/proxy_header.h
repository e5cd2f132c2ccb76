/*
 * PROXY protocol version 2 (HAProxy's proxy-protocol.txt, section 2.2): what a configured proxy says in front of a
 * connection about who made it.
 */
#ifndef TB_CA_RESPONDER_PROXY_HEADER_H
#define TB_CA_RESPONDER_PROXY_HEADER_H

#include "ca/resolver/address.h"

#define TB_PROXY_HEADER_MAX 536 /* with what a proxy adds to the addresses, which says nothing to us */

/*
 * The header as far as it has come.  0: it is whole, peer and port are the client's.  TB_E_AGAIN: *out_want more octets
 * belong to it for certain.  TB_E_CLOSED: the proxy speaks for itself (LOCAL), there is no client.  TB_E_LIMIT: longer
 * than the maximum.  TB_E_TRAIL: more than the header was given.  TB_E_FORMAT for everything else, other families and
 * UDP included.
 */
int tb_proxy_header_read(struct tb_span in, size_t *out_want, struct tb_address *out_peer,
                         uint16_t *out_port) TB_MUST_USE;

#endif
