/* Reading X.509 extensions (RFC 5280 sections 4.2 and 5.2): what certificates and CRLs have in common. */
#ifndef TB_PKI_EXT_READ_H
#define TB_PKI_EXT_READ_H

#include "lib/der/der.h"
#include "lib/pki/tbs.h"

/* criticality and value behind the OID of an Extension, and nothing else: DER leaves a FALSE out. */
int tb_ext_rest_read(struct tb_rd *ext, bool *out_critical, struct tb_span *out_value) TB_MUST_USE;
/* The content of a value that is one SEQUENCE. */
int tb_ext_enter(struct tb_span value, struct tb_rd *out) TB_MUST_USE;
/* Authority key identifier: the key identifier alone, of 1 to TB_KEYID_MAX octets. */
int tb_ext_aki_read(struct tb_span value, struct tb_span *out_keyid) TB_MUST_USE;
/* The last element of rd: a URI that tb_ext_uri_ok likes, and that is not empty. */
int tb_ext_uri_read(struct tb_rd *rd, char out[static TB_URI_MAX + 1]) TB_MUST_USE;

#endif
