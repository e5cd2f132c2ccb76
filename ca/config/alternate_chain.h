/* Alternate chains that the configuration names, read and checked. */
#ifndef TB_CA_CONFIG_ALTERNATE_CHAIN_H
#define TB_CA_CONFIG_ALTERNATE_CHAIN_H

#include "ca/config/config.h"
#include "lib/pki/cacert.h"

#define TB_CHAIN_CERTS_MAX 4

/*
 * A PEM file of 1 to TB_CHAIN_CERTS_MAX CA certificates, nothing between them: the first has subject, key, key
 * identifier and usages of the issuing CA, each next one signed the one before, and none has ended.  *out_pem is owned
 * by the caller (free).  On failure why is a sentence with the file; TB_E_IO, TB_E_CONFIG, TB_E_NOMEM.
 */
int tb_alternate_chain_read(const struct tb_config *cfg, const struct tb_chain *chain, const struct tb_cacert *issuing,
                            tb_time_t now, char **out_pem, char why[static TB_CONFIG_WHY_MAX + 1]) TB_MUST_USE;

#endif
