/*
 * Where this CA's CRLs and issuing certificates are found: under the plain HTTP listener of the configuration, at its
 * name.  Leaves carry these URIs, the judge's CRLs name them, the keyholder demands them, the front serves them.
 */
#ifndef TB_CA_CONFIG_POINTERS_H
#define TB_CA_CONFIG_POINTERS_H

#include "ca/config/config.h"
#include "lib/pki/crl_tbs.h"

/* "http://NAME:PORT/crl/ISSUER/SHARD.crl"; "" when the configuration has no such listener or there is no such issuer.
 */
void tb_pointer_crl(char out[static TB_URI_MAX + 1], const struct tb_config *cfg, enum tb_issuer issuer,
                    unsigned shard);
/* "http://NAME:PORT/aia/issuing-ISSUER.cer"; likewise. */
void tb_pointer_aia(char out[static TB_URI_MAX + 1], const struct tb_config *cfg, enum tb_issuer issuer);
/* Is the name short enough for every such URI? */
bool tb_pointers_fit(const struct tb_config *cfg);

#endif
