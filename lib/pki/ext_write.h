/* Writing X.509 extensions (RFC 5280 sections 4.2 and 5.2): what certificates and CRLs have in common. */
#ifndef TB_PKI_EXT_WRITE_H
#define TB_PKI_EXT_WRITE_H

#include "lib/der/der.h"

/* Where an extension and its value began. */
struct tb_ext_marks {
    size_t ext;
    size_t value;
};

struct tb_ext_marks tb_ext_begin(struct tb_wr *wr, struct tb_span oid, bool critical);
void tb_ext_end(struct tb_wr *wr, struct tb_ext_marks m);
/* Authority key identifier: the key identifier alone. */
void tb_ext_put_aki(struct tb_wr *wr, struct tb_span keyid);
/* Printable ASCII without blanks, at most TB_URI_MAX octets; an empty one too. */
bool tb_ext_uri_ok(const char *uri);

#endif
