/*
 * Name constraints of a CA certificate (RFC 5280 section 4.2.1.10).  The relying party's library and the CA ask the
 * same function: what verifiers would refuse is not signed.
 */
#ifndef TB_PKI_CONSTRAINTS_H
#define TB_PKI_CONSTRAINTS_H

#include <openssl/x509v3.h>

#include "lib/base/ident.h"

enum tb_constraint { TB_CONSTRAINT_KEPT, TB_CONSTRAINT_OUTSIDE, TB_CONSTRAINT_EXCLUDED, TB_CONSTRAINT_UNKNOWN };

/*
 * cert against the constraints; san is what its SubjectAltName holds (NULL: none).  A wildcard is EXCLUDED also when
 * only one of its names lies in an excluded subtree.  UNKNOWN: forms that OpenSSL does not understand; *out_code, if
 * wanted, then is its X509_V_ERR_.
 */
enum tb_constraint tb_constraints_check(NAME_CONSTRAINTS *nc, X509 *cert, const GENERAL_NAMES *san, int *out_code);
/* The constraints of a CA certificate in DER; NULL when it has none.  TB_E_FORMAT, also for malformed ones. */
int tb_constraints_read(struct tb_span ca_der, NAME_CONSTRAINTS **out) TB_MUST_USE;
/* A certificate that would name this alone, with it as common name, too, or with an empty subject.  TB_E_NOMEM. */
int tb_constraints_check_ident(NAME_CONSTRAINTS *nc, const struct tb_ident *ident, bool cn,
                               enum tb_constraint *out) TB_MUST_USE;

#endif
