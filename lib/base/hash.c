#include "lib/base/hash.h"

#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 64

/* SHA256_* is deprecated in OpenSSL 3 in favour of a path that costs several times as much for short input. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

void tb_sha256(uint8_t out[static TB_DIGEST_LEN], struct tb_span in)
{
    tb_sha256v(out, &in, 1);
}

/* SHA256_* have no failing path; a libcrypto in which they have one must not go on.  No call: libraries use this file.
 */
static void ensure(int ok)
{
    if (ok != 1)
        __builtin_trap();
}

void tb_sha256v(uint8_t out[static TB_DIGEST_LEN], const struct tb_span *in, size_t n)
{
    SHA256_CTX ctx;

    ensure(SHA256_Init(&ctx));
    for (size_t i = 0; i < n; i++)
        if (in[i].len > 0)
            ensure(SHA256_Update(&ctx, in[i].p, in[i].len));
    ensure(SHA256_Final(out, &ctx));
}

/* RFC 2104 with a key shorter than the block. */
void tb_hmac_sha256(uint8_t out[static TB_DIGEST_LEN], const struct tb_key *key, struct tb_span in)
{
    uint8_t pad[BLOCK];
    uint8_t inner[TB_DIGEST_LEN];

    memset(pad, 0x36, sizeof(pad));
    for (size_t i = 0; i < TB_KEY_LEN; i++)
        pad[i] ^= key->b[i];
    tb_sha256v(inner, (struct tb_span[]){tb_span_of(pad, BLOCK), in}, 2);
    for (size_t i = 0; i < BLOCK; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    tb_sha256v(out, (struct tb_span[]){tb_span_of(pad, BLOCK), tb_span_of(inner, TB_DIGEST_LEN)}, 2);
    tb_wipe(pad, sizeof(pad));
    tb_wipe(inner, sizeof(inner));
}

void tb_random(void *out, size_t len)
{
    if (RAND_bytes(out, (int)len) != 1)
        abort();
}
