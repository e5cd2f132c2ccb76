/* Cache of parsed account keys, least recently used out first. What is stored decides; this only saves parsing. */
#ifndef TB_CA_FRONT_KEY_CACHE_H
#define TB_CA_FRONT_KEY_CACHE_H

#include "ca/store/object.h"
#include "lib/jose/jwk.h"

#define TB_KEY_CACHE_MAX 8192

struct tb_key_cache;

int tb_key_cache_new(size_t max, struct tb_key_cache **out) TB_MUST_USE;
void tb_key_cache_free(struct tb_key_cache *kc); /* NULL-safe */
/* The account's current key; borrowed until the next call. */
int tb_key_cache_get(struct tb_key_cache *kc, const struct tb_account *a, struct tb_jwk **out) TB_MUST_USE;
/* Hand over a key that was parsed already; always taken. */
void tb_key_cache_put(struct tb_key_cache *kc, struct tb_jwk *jwk);
size_t tb_key_cache_num(const struct tb_key_cache *kc);

#endif
