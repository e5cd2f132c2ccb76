/* A record that its maker's key seals: fields, then HMAC-SHA-256(key, domain with its NUL || fields). */
#ifndef TB_STATEMENT_SEALED_H
#define TB_STATEMENT_SEALED_H

#include "lib/base/hash.h"
#include "lib/base/mem.h"

#define TB_SEAL_LEN TB_DIGEST_LEN

/* What is sealed, and how long it may be with its seal; domain is a constant that no other kind of record has. */
struct tb_seal {
    const char *domain;
    size_t domain_len; /* its NUL counts */
    size_t max;        /* at most TB_SEALED_MAX */
};
#define TB_SEALED_MAX 12288
#define TB_SEAL_OF(d, m)                                                                                               \
    {                                                                                                                  \
        .domain = (d), .domain_len = sizeof(d), .max = (m)                                                             \
    }

/* Fields and seal to wr, whose error is returned. */
int tb_seal_write(struct tb_wr *wr, const struct tb_seal *seal, const struct tb_key *key,
                  struct tb_span fields) TB_MUST_USE;
/* TB_E_FORMAT: it is too short or too long. TB_E_BADSIG. */
int tb_seal_open(struct tb_span blob, const struct tb_seal *seal, const struct tb_key *key,
                 struct tb_span *out_fields) TB_MUST_USE;
/* The same, and nobody says who wrote it. */
int tb_seal_peek(struct tb_span blob, const struct tb_seal *seal, struct tb_span *out_fields) TB_MUST_USE;

#endif
