/* Problem documents of a server (RFC 8555 section 6.7, RFC 7807), made into one sentence. */
#ifndef TB_CLIENT_PROBLEM_H
#define TB_CLIENT_PROBLEM_H

#include "client/https.h"
#include "lib/json/json.h"

#define TB_ACME_PROBLEM_TEXT_MAX 1023

/* "detail (type); identifier: detail (type) ..." of a problem object, printable; type gets its last word. */
void tb_acme_problem_text(const json_t *problem, char text[static TB_ACME_PROBLEM_TEXT_MAX + 1],
                          char type[static TB_FAIL_TYPE_MAX + 1]);
/* An answer that is no success becomes a failure; always negative. */
int tb_acme_problem(const struct tb_https_answer *a, const char *url, struct tb_fail *fail) TB_MUST_USE;
/* Last word of the problem type of an answer; empty when it is none. */
void tb_acme_problem_type(const struct tb_https_answer *a, char type[static TB_FAIL_TYPE_MAX + 1]);

#endif
