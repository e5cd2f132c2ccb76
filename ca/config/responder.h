/* Where clients find the responder of tls-client-01: HOST:PORT, HOST a DNS name of two labels or more. */
#ifndef TB_CA_CONFIG_RESPONDER_H
#define TB_CA_CONFIG_RESPONDER_H

#include "ca/config/config.h"

/* Is it HOST:PORT?  Puts HOST into its normal form, in place, never longer. */
bool tb_responder_address_normalise(char *text);
/*
 * What a CA of that name has unless its configuration says otherwise: its name, "responder." in front of a name of one
 * label.  False, and out empty, for an address and for a name that is too long.
 */
bool tb_responder_address_default(char out[static TB_RESPONDER_ADDRESS_MAX + 1], const struct tb_ident *host,
                                  uint16_t port);
/* HOST of the responder in force; empty when there is none. */
void tb_responder_host(char out[static TB_TLS_CLIENT_HOST_MAX + 1], const struct tb_config *cfg);

#endif
