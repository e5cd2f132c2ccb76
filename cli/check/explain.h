/* OpenSSL's error in words: what it means here, which RFC says so, what helps. */
#ifndef TB_CLI_CHECK_EXPLAIN_H
#define TB_CLI_CHECK_EXPLAIN_H

#include "cli/check/handshake.h"

/* What is at fault, as the object of a sentence: "leaf", "intermediate", "anchor"; "" when it is no certificate. */
const char *tb_check_object(const struct tb_check_measure *m, const struct tb_check_peer *peer);
/* "RFC 5280 section 4.2.1.12"; "" */
const char *tb_check_rfc(const struct tb_check_measure *m);
/* "its extended key usage is serverAuth and lacks clientAuth"; "" when OpenSSL's own words must do. */
void tb_check_detail(const struct tb_check_measure *m, enum tb_check_role role, const struct tb_check_peer *peer,
                     char out[static TB_CHECK_LINE_MAX + 1]);
/* The measured sentence, without the role in front and with a full stop. kind CSR speaks in the conditional. */
void tb_check_sentence(const struct tb_check_measure *m, enum tb_check_role role, const struct tb_check_peer *peer,
                       enum tb_check_kind kind, char out[static TB_CHECK_LINE_MAX + 1]);

#endif
