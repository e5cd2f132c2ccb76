/* dns-01 (RFC 8555 section 8.4): the name and the value of the TXT record. */
#ifndef TB_CLIENT_DNS01_H
#define TB_CLIENT_DNS01_H

#include "client/proofs.h"
#include "lib/base/b64u.h"

#define TB_DNS01_NAME_MAX (sizeof("_acme-challenge.") + TB_IDENT_VALUE_MAX)

void tb_dns01_record(const struct tb_proof *p, char name[static TB_DNS01_NAME_MAX],
                     char value[static TB_B64U_DIGEST_LEN + 1]);

#endif
