/* Reasons of a revocation (CRLReason, RFC 5280 section 5.3.1): those that a certificate may stay revoked for. */
#ifndef TB_PKI_REASON_H
#define TB_PKI_REASON_H

#include "lib/base/bytes.h"

/* The numbers are RFC 5280's. certificateHold (6) and removeFromCRL (8) would undo a revocation: they do not exist. */
enum tb_reason {
    TB_REASON_UNSPECIFIED = 0,
    TB_REASON_KEY_COMPROMISE = 1,
    TB_REASON_AFFILIATION_CHANGED = 3,
    TB_REASON_SUPERSEDED = 4,
    TB_REASON_CESSATION_OF_OPERATION = 5,
    TB_REASON_PRIVILEGE_WITHDRAWN = 9,
    TB_REASON__COUNT
};

/* The RFC's word; NULL for what is no reason here. */
const char *tb_reason_name(int reason);
/* The reason with that word or number.  TB_E_NOTFOUND. */
int tb_reason_parse(const char *text, enum tb_reason *out) TB_MUST_USE;
/* Reasons that a subscriber may give: all but privilegeWithdrawn, which is the CA's own. */
bool tb_reason_for_subscriber(int reason);

#endif
