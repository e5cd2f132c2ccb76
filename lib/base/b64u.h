/* base64url without padding (RFC 4648 section 5, RFC 8555 section 6.1), and lower-case hex. */
#ifndef TB_BASE_B64U_H
#define TB_BASE_B64U_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/bytes.h"

/* Characters for n bytes, without NUL. */
#define TB_B64U_LEN(n)     (((n)*4 + 2) / 3)
/* Length of a b64u SHA-256. */
#define TB_B64U_DIGEST_LEN 43

/* Writes TB_B64U_LEN(in.len) characters and a NUL. */
void tb_b64u_encode(char *out, struct tb_span in);
/*
 * Strict: padding, foreign characters, an impossible length and non-zero
 * left-over bits are TB_E_FORMAT; more than cap bytes TB_E_LIMIT.
 */
int tb_b64u_decode(uint8_t *out, size_t cap, size_t *out_len, struct tb_span in) TB_MUST_USE;
/* True when every character is of the base64url alphabet and in is not empty. */
bool tb_b64u_alphabet(struct tb_span in);

/* Writes 2 * in.len characters and a NUL. */
void tb_hex_encode(char *out, struct tb_span in);
/* Both cases; odd length or foreign characters are TB_E_FORMAT; exact length n or TB_E_FORMAT. */
int tb_hex_decode(uint8_t *out, size_t n, struct tb_span in) TB_MUST_USE;

#endif
