/* Audience: the one CA, directory and validation policy that a token or statement is for. */
#ifndef TB_STATEMENT_AUDIENCE_H
#define TB_STATEMENT_AUDIENCE_H

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define TB_CA_ID_LEN    16
#define TB_BASE_URL_MAX 255

struct tb_audience {
    uint8_t ca_id[TB_CA_ID_LEN];          /* random, made by init */
    char directory[TB_BASE_URL_MAX + 1];  /* base URL, "https://ca.example:14000", no final slash */
    uint8_t policy_digest[TB_DIGEST_LEN]; /* of the validation policy (configuration) */
};

void tb_audience_write(struct tb_wr *wr, const struct tb_audience *a);
int tb_audience_read(struct tb_rd *rd, struct tb_audience *out) TB_MUST_USE;
bool tb_audience_eq(const struct tb_audience *a, const struct tb_audience *b);

#endif
