/* Certificates made on the spot, for this process only: the verifier's own, and what a CA would make of a request. */
#ifndef TB_CLI_CHECK_TRIAL_H
#define TB_CLI_CHECK_TRIAL_H

#include <openssl/ssl.h>

#include "cli/check/check.h"
#include "lib/base/err.h"

/* Give a server context a key and a certificate that nobody has to believe. */
bool tb_check_trial_identity(SSL_CTX *ctx);
/*
 * Issue what the request asks for (subject, SAN, KU, EKU), from a root made for it: fills in->chain and in->anchors.
 * TB_E_BADSIG when the request's own signature does not verify, TB_E_FORMAT, TB_E_CRYPTO.
 */
int tb_check_trial_issue(struct tb_check_input *in, int64_t at) TB_MUST_USE;

#endif
