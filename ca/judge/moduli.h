/* The RSA moduli of certificates in the log, for finding a new one that shares a factor with them. */
#ifndef TB_CA_JUDGE_MODULI_H
#define TB_CA_JUDGE_MODULI_H

#include "lib/pki/shared_factor.h"

/* Takes up the modulus of the certificate in an issuance record, if it has one.  TB_E_FORMAT, TB_E_NOMEM. */
int tb_moduli_replay(struct tb_shared_factors *s, struct tb_span issue_body) TB_MUST_USE;

#endif
