/* Account keys, parsed once and kept: the least recently used makes room. */
#ifndef TB_CA_JUDGE_ACCOUNTS_H
#define TB_CA_JUDGE_ACCOUNTS_H

#include "lib/jose/jwk.h"

#define TB_ACCOUNTS_MAX 4096

struct tb_accounts;

/* max: 1..TB_ACCOUNTS_MAX. */
int tb_accounts_new(size_t max, struct tb_accounts **out) TB_MUST_USE;
void tb_accounts_free(struct tb_accounts *a); /* NULL-safe */
/*
 * The key of a canonical JWK; borrowed until the next call.  TB_E_FORMAT when it is sound but not in its canonical
 * form, else as tb_jwk_parse.
 */
int tb_accounts_get(struct tb_accounts *a, struct tb_span canonical, struct tb_jwk **out,
                    struct tb_problem *pb) TB_MUST_USE;
size_t tb_accounts_count(const struct tb_accounts *a);

#endif
