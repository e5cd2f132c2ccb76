/* SHA-256, HMAC-SHA-256 and random bytes, in their cheapest OpenSSL form. */
#ifndef TB_BASE_HASH_H
#define TB_BASE_HASH_H

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

/* Cannot fail (an unusable OpenSSL aborts: it is our own invariant). */
void tb_sha256(uint8_t out[static TB_DIGEST_LEN], struct tb_span in);
/* Over the concatenation of n spans. */
void tb_sha256v(uint8_t out[static TB_DIGEST_LEN], const struct tb_span *in, size_t n);
void tb_hmac_sha256(uint8_t out[static TB_DIGEST_LEN], const struct tb_key *key, struct tb_span in);
/* Random bytes of the operating system's quality; aborts when there are none. */
void tb_random(void *out, size_t len);

#endif
