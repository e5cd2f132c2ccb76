/*
 * Anti-replay nonces (RFC 8555 section 6.5) without a store: a number, enciphered under a key made at start, and one
 * bit for each of the last TB_NONCE_WINDOW numbers. Older ones, and those of an earlier start, are badNonce, which
 * clients answer by trying again.
 */
#ifndef TB_CA_FRONT_NONCE_H
#define TB_CA_FRONT_NONCE_H

#include "lib/base/err.h"

#define TB_NONCE_WINDOW   (UINT32_C(1) << 20)
#define TB_NONCE_TEXT_MAX 63

struct tb_nonces;

int tb_nonces_new(struct tb_nonces **out) TB_MUST_USE;
void tb_nonces_free(struct tb_nonces *n); /* NULL-safe */
void tb_nonces_make(struct tb_nonces *n, char out[static TB_NONCE_TEXT_MAX + 1]);
/* 0 once for each nonce; TB_E_FORMAT for text that is no base64url; TB_E_EXPIRED for foreign, old and used ones. */
int tb_nonces_use(struct tb_nonces *n, const char *text) TB_MUST_USE;

#endif
