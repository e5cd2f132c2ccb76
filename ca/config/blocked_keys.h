/* The list of blocked keys that the configuration names, ready for comparing. */
#ifndef TB_CA_CONFIG_BLOCKED_KEYS_H
#define TB_CA_CONFIG_BLOCKED_KEYS_H

#include "ca/config/config.h"
#include "lib/pki/weak_key.h"

/*
 * Reads blocked_keys of cfg, a path from the state directory or an absolute one; without one the list is empty.  On
 * failure why is a sentence with file, line and reason.  TB_E_IO, TB_E_CONFIG, TB_E_NOMEM.
 */
int tb_blocked_keys_read(const struct tb_config *cfg, struct tb_weak_keys **out,
                         char why[static TB_CONFIG_WHY_MAX + 1]) TB_MUST_USE;

#endif
