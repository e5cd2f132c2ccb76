/* GeneralNames (RFC 5280 section 4.2.1.6) of the two kinds that we certify: dNSName and iPAddress. */
#ifndef TB_PKI_SAN_H
#define TB_PKI_SAN_H

#include "lib/base/ident.h"

/*
 * Read the content of a SubjectAltName extension, in its order, into newly allocated *out.  spare more elements are
 * allocated and left zeroed.  TB_E_LIMIT above TB_IDENT_NUM_MAX names, TB_E_UNSUPPORTED for other kinds of names,
 * TB_E_FORMAT for malformed and empty lists and for names that tb_ident_parse refuses.  *out_why, a constant sentence
 * part, is set on failure.
 */
int tb_san_read(struct tb_span ext, size_t spare, struct tb_ident **out, size_t *out_num,
                const char **out_why) TB_MUST_USE;

#endif
