/* TXT record data (RFC 1035 section 3.3.14): one or more character-strings, read as one text (RFC 7208 section 3.3). */
#ifndef TB_DNS_TXT_H
#define TB_DNS_TXT_H

#include "lib/base/bytes.h"

#define TB_TXT_MAX 1024 /* joined character-strings of one TXT record that we look at */

/*
 * Join the character-strings of one record, without anything between them.  TB_E_TRUNC when one ends too early and
 * when there is none at all, TB_E_LIMIT when they are longer than TB_TXT_MAX.
 */
int tb_txt_join(struct tb_span rdata, uint8_t out[static TB_TXT_MAX], size_t *out_len) TB_MUST_USE;

#endif
