/*
 * RSA moduli that share a prime factor: whoever has both has both private keys.  Bad random numbers make such pairs,
 * and neither key is weak by itself.  A new modulus is held against the distinct ones seen last.
 */
#ifndef TB_PKI_SHARED_FACTOR_H
#define TB_PKI_SHARED_FACTOR_H

#include "lib/base/bytes.h"

#define TB_SHARED_BLOCK_MODULI 256 /* forgotten together, the oldest first */
#define TB_SHARED_BLOCKS       8
#define TB_SHARED_MODULI_MAX   (TB_SHARED_BLOCKS * TB_SHARED_BLOCK_MODULI)

struct tb_shared_factors;

int tb_shared_factors_new(struct tb_shared_factors **out) TB_MUST_USE;
void tb_shared_factors_free(struct tb_shared_factors *s); /* NULL-safe */
/*
 * 0; TB_E_DENIED when n has a factor in common with one of the moduli but is none of them itself (such a key was
 * looked at when it came first); TB_E_NOMEM.  Costs nothing while there are no moduli.
 */
int tb_shared_factors_check(const struct tb_shared_factors *s, struct tb_span n) TB_MUST_USE;
/* Take n up, once.  Big-endian. */
int tb_shared_factors_add(struct tb_shared_factors *s, struct tb_span n) TB_MUST_USE;
size_t tb_shared_factors_num(const struct tb_shared_factors *s);

#endif
