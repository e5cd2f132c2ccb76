/*
 * CAA record sets of ancestors, kept for seconds: thousands of names share a parent, and without this each of them
 * would ask for it.  Only sound answers are kept.  What a name itself has is always asked.
 */
#ifndef TB_CA_VALIDATOR_CAA_CACHE_H
#define TB_CA_VALIDATOR_CAA_CACHE_H

#include "ca/resolver/resolver.h"

#define TB_CAA_CACHE_ENTRIES  1024 /* four of them in each of 256 rows; the one that ends first makes room */
#define TB_CAA_CACHE_SET_MAX  2048 /* octets of a kept set; a longer one is asked each time */
/* A set, and never longer than its TTL; that there is none: a new restriction is to be seen soon. */
#define TB_CAA_CACHE_FOUND_MS (TB_RESOLVER_CACHE_S * 1000)
#define TB_CAA_CACHE_NONE_MS  5000

struct tb_caa_cache;

/* Times in ms, at most those above (TB_E_INVAL); 0 keeps nothing of the sort. */
int tb_caa_cache_new(uint32_t found_ms, uint32_t none_ms, struct tb_caa_cache **out) TB_MUST_USE;
void tb_caa_cache_free(struct tb_caa_cache *c); /* NULL-safe */
/* now: tb_clock_mono_ms.  Errors, sets that are too long and those without a TTL are passed over. */
void tb_caa_cache_put(struct tb_caa_cache *c, const char *name, const struct tb_dns_result *res, uint64_t now);
/*
 * True with the answer in *out when there is one; rdata must have room for TB_ANSWER_RECORDS_MAX spans and is borrowed,
 * as is what they point to, until the next put.
 */
bool tb_caa_cache_get(struct tb_caa_cache *c, const char *name, uint64_t now, struct tb_span *rdata,
                      struct tb_dns_result *out);
uint64_t tb_caa_cache_hits(const struct tb_caa_cache *c);

#endif
