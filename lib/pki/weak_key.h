/* Public keys whose private half others know or can find: blocked ones by digest, and RSA keys made badly. */
#ifndef TB_PKI_WEAK_KEY_H
#define TB_PKI_WEAK_KEY_H

#include "lib/base/bytes.h"
#include "lib/base/mem.h"

#define TB_BLOCKED_KEYS_MAX 1000000     /* the lists of Debian's weak keys together have a third of it */
#define TB_BLOCKED_TEXT_MAX (70u << 20) /* that many lines, with room for comments */
#define TB_SMALL_PRIME_MAX  16384       /* prime factors below are looked for */
#define TB_FERMAT_ROUNDS    100         /* steps from the square root of a modulus */

/* What keys are compared with.  Does not change once made. */
struct tb_weak_keys;

/*
 * list: text of blocked keys, one lower- or upper-case hex SHA-256 of a SubjectPublicKeyInfo a line; empty lines and
 * lines that begin with "#" do not count.  TB_E_FORMAT or TB_E_LIMIT with the line's number, from 1, in *out_line.
 */
int tb_weak_keys_new(struct tb_span list, struct tb_weak_keys **out, size_t *out_line) TB_MUST_USE;
void tb_weak_keys_free(struct tb_weak_keys *w); /* NULL-safe */
size_t tb_weak_keys_num_blocked(const struct tb_weak_keys *w);

/*
 * Of any key the digest; of an RSA key modulus and exponent, too (big-endian; empty for other kinds).  TB_E_DENIED with
 * a constant sentence part in *out_why ("the key <why>") when the key is blocked, its exponent is even or below 65537
 * (CA/Browser Forum BR 6.1.6), its modulus has a small prime factor, two factors that lie close
 * together (Fermat's method), or the fingerprint of ROCA (CVE-2017-15361).  TB_E_NOMEM.  Only RSA keys cost time: half
 * a millisecond for 2048 bits, one for 4096.
 */
int tb_weak_key_check(const struct tb_weak_keys *w, const uint8_t spki_digest[static TB_DIGEST_LEN],
                      struct tb_span rsa_n, struct tb_span rsa_e, const char **out_why) TB_MUST_USE;

#endif
