/* Reading one PEM object (RFC 7468). */
#ifndef TB_PKI_PEM_READ_H
#define TB_PKI_PEM_READ_H

#include "lib/base/bytes.h"

#define TB_PEM_MAX       65536
#define TB_PEM_LABEL_MAX 31

/*
 * Exactly one PEM object, nothing but white space around it.  *out is owned by the caller: tb_free_secret(out, len).
 * TB_E_FORMAT, TB_E_TRAIL for a second object, TB_E_LIMIT above TB_PEM_MAX.
 */
int tb_pem_read(struct tb_span pem, char label[static TB_PEM_LABEL_MAX + 1], uint8_t **out,
                size_t *out_len) TB_MUST_USE;

#endif
