/* The applicant's web server: answers http-01 (RFC 8555 section 8.3) for the tokens of all clients. */
#ifndef TB_BENCH_ANSWERER_H
#define TB_BENCH_ANSWERER_H

#include <event2/event.h>

#include "bench/options.h"

#define TB_LOAD_TOKEN_MAX 255

/* One for each client: it has at most one challenge at a time. */
struct tb_load_challenge {
    char token[TB_LOAD_TOKEN_MAX + 1]; /* empty: none */
    const char *thumbprint;            /* base64url, of the account key */
};

struct tb_load_answerer;
/* challenges is borrowed. Reason on standard error. */
int tb_load_answerer_new(struct event_base *base, const char *addr_port, const struct tb_load_challenge *challenges,
                         size_t num, struct tb_load_answerer **out) __attribute__((warn_unused_result));
void tb_load_answerer_free(struct tb_load_answerer *a); /* NULL-safe */

#endif
