/*
 * Serial numbers that this keyholder signed lately: one serial serves one TBS.  The same TBS may come again (the judge
 * resends after its edge broke); another TBS under a remembered serial is refused.
 */
#ifndef TB_CA_KEYHOLDER_SERIALS_H
#define TB_CA_KEYHOLDER_SERIALS_H

#include "lib/base/mem.h"
#include "lib/pki/tbs.h"

#define TB_SERIALS_MAX (1u << 16) /* remembered; the oldest makes room for the newest */

struct tb_serials;

/* max: a power of two, 2..TB_SERIALS_MAX; else TB_E_INVAL. */
int tb_serials_new(size_t max, struct tb_serials **out) TB_MUST_USE;
void tb_serials_free(struct tb_serials *s); /* NULL-safe */
/* Remember the pair. TB_E_DUP, and nothing remembered, when the serial already serves another TBS. */
int tb_serials_claim(struct tb_serials *s, const uint8_t serial[static TB_SERIAL_LEN],
                     const uint8_t tbs_digest[static TB_DIGEST_LEN]) TB_MUST_USE;

#endif
