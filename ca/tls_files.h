/*
 * Certificate chain and key of a TLS listener, as they lie in the state directory.  Two files cannot change at once: a
 * renewal writes the new key beside the old one (TB_NEW_SUFFIX), replaces the chain, then the key.  Whoever reads in
 * between, or after a renewal that was killed there, takes the key that belongs to the chain.
 */
#ifndef TB_CA_TLS_FILES_H
#define TB_CA_TLS_FILES_H

#include "ca/config/config.h"

struct tb_tls_files {
    uint8_t *chain, *key; /* PEM */
    size_t chain_len, key_len;
};

/*
 * Read both; the caller clears in any case.  When no key belongs to the chain the one with the right name is returned,
 * and tb_tls_identity_use refuses it.  Logs what cannot be read.
 */
int tb_tls_files_read(const struct tb_config *cfg, enum tb_state_file chain, enum tb_state_file key,
                      struct tb_tls_files *out) TB_MUST_USE;
void tb_tls_files_clear(struct tb_tls_files *f);

#endif
