#include "lib/acme/public_id.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"

#define BLOCK 16

struct tb_public_id {
    EVP_CIPHER_CTX *enc;
    EVP_CIPHER_CTX *dec;
};

static EVP_CIPHER_CTX *keyed(const struct tb_key *key, int enc)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

    if (ctx == NULL || EVP_CipherInit_ex(ctx, EVP_aes_128_ecb(), NULL, key->b, NULL, enc) != 1 ||
        EVP_CIPHER_CTX_set_padding(ctx, 0) != 1) {
        EVP_CIPHER_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

int tb_public_id_new(const struct tb_key *key, struct tb_public_id **out)
{
    struct tb_public_id *p = calloc(1, sizeof(*p));

    *out = NULL;
    if (p == NULL)
        return TB_E_NOMEM;
    p->enc = keyed(key, 1);
    p->dec = keyed(key, 0);
    if (p->enc == NULL || p->dec == NULL) {
        tb_public_id_free(p);
        return TB_E_CRYPTO;
    }
    *out = p;
    return 0;
}

void tb_public_id_free(struct tb_public_id *p)
{
    if (p == NULL)
        return;
    EVP_CIPHER_CTX_free(p->enc);
    EVP_CIPHER_CTX_free(p->dec);
    free(p);
}

static int one_block(EVP_CIPHER_CTX *ctx, uint8_t out[static BLOCK], const uint8_t in[static BLOCK])
{
    int n = 0;

    return EVP_CipherUpdate(ctx, out, &n, in, BLOCK) == 1 && n == BLOCK ? 0 : TB_E_CRYPTO;
}

int tb_public_id_encode(struct tb_public_id *p, enum tb_public_id_kind kind, uint64_t number,
                        char out[static TB_PUBLIC_ID_LEN + 1])
{
    uint8_t plain[BLOCK] = {(uint8_t)kind};
    uint8_t coded[BLOCK];
    int r;

    out[0] = '\0';
    if (kind <= TB_ID_NONE || kind > TB_ID_NONCE)
        return TB_E_INVAL;
    for (int i = 0; i < 8; i++)
        plain[8 + i] = (uint8_t)(number >> (8 * (7 - i)));
    if ((r = one_block(p->enc, coded, plain)) == 0)
        tb_b64u_encode(out, tb_span_of(coded, BLOCK));
    return r;
}

int tb_public_id_decode(struct tb_public_id *p, enum tb_public_id_kind kind, struct tb_span text, uint64_t *out)
{
    static const uint8_t zero[7];
    uint8_t coded[BLOCK];
    uint8_t plain[BLOCK];
    size_t n;
    int r;

    *out = 0;
    if (text.len != TB_PUBLIC_ID_LEN || tb_b64u_decode(coded, BLOCK, &n, text) < 0 || n != BLOCK)
        return TB_E_FORMAT;
    if ((r = one_block(p->dec, plain, coded)) < 0)
        return r;
    if (plain[0] != kind || kind == TB_ID_NONE || memcmp(plain + 1, zero, sizeof(zero)) != 0)
        return TB_E_FORMAT;
    for (int i = 0; i < 8; i++)
        *out = *out << 8 | plain[8 + i];
    return 0;
}
