/* An arc of object identifiers that is the operator's own: what stands below it, this CA defines. */
#ifndef TB_PKI_ARC_H
#define TB_PKI_ARC_H

#include "lib/base/bytes.h"

#define TB_ARC_TEXT_MAX 127
#define TB_ARC_DER_MAX  48 /* content octets; a suffix still fits an object identifier that our reader takes */

/* Zeroed: none. */
struct tb_arc {
    uint8_t der[TB_ARC_DER_MAX];
    size_t len;
};

/*
 * "1.3.6.1.4.1.32473.1": two numbers or more, in their shortest form and below 2^31, because verifiers in use take no
 * larger ones.  TB_E_FORMAT; TB_E_LIMIT above a maximum.
 */
int tb_arc_parse(const char *text, struct tb_arc *out) TB_MUST_USE;
/* The text of an object identifier, "1.3.6.1"; TB_E_FORMAT for what tb_arc_parse would not read, TB_E_LIMIT. */
int tb_arc_text(struct tb_span oid, char out[static TB_ARC_TEXT_MAX + 1]) TB_MUST_USE;

#endif
