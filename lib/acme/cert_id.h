/* Certificate identifier of renewal information (RFC 9773 section 4.1): key identifier of the issuer, and serial. */
#ifndef TB_ACME_CERT_ID_H
#define TB_ACME_CERT_ID_H

#include "lib/base/b64u.h"
#include "lib/pki/tbs.h"

#define TB_CERT_ID_SERIAL_MAX 21 /* twenty octets (RFC 5280 section 4.1.2.2) and a sign octet */
#define TB_CERT_ID_TEXT_MAX   (TB_B64U_LEN(TB_KEYID_MAX) + 1 + TB_B64U_LEN(TB_CERT_ID_SERIAL_MAX))

struct tb_cert_id {
    uint8_t keyid[TB_KEYID_MAX];
    size_t keyid_len;
    uint8_t serial[TB_CERT_ID_SERIAL_MAX]; /* content octets of the INTEGER */
    size_t serial_len;
};

/* Strict, in canonical form; TB_E_FORMAT, TB_E_LIMIT. *out is zeroed on failure. */
int tb_cert_id_parse(struct tb_span text, struct tb_cert_id *out) TB_MUST_USE;
/* keyid and serial are within the limits above. */
void tb_cert_id_text(char out[static TB_CERT_ID_TEXT_MAX + 1], struct tb_span keyid, struct tb_span serial);

#endif
