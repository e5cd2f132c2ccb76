#include "lib/pki/signer.h"

#include <openssl/err.h>
#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"

struct tb_signer {
    enum tb_sig_alg alg;
    EVP_PKEY_CTX *ctx; /* holds the key */
};

int tb_signer_new(EVP_PKEY *key, struct tb_signer **out)
{
    struct tb_signer *s = NULL;
    enum tb_sig_alg alg;
    int r;

    *out = NULL;
    if ((r = tb_key_sig_alg(key, &alg)) < 0)
        return r;
    if ((s = calloc(1, sizeof(*s))) == NULL)
        return TB_E_NOMEM;
    s->alg = alg;
    s->ctx = EVP_PKEY_CTX_new(key, NULL);
    if (s->ctx == NULL || EVP_PKEY_sign_init(s->ctx) != 1) {
        ERR_clear_error();
        tb_signer_free(s);
        return TB_E_CRYPTO;
    }
    *out = s;
    return 0;
}

void tb_signer_free(struct tb_signer *s)
{
    if (s == NULL)
        return;
    EVP_PKEY_CTX_free(s->ctx);
    free(s);
}

static size_t digest_of(enum tb_sig_alg alg, struct tb_span in, uint8_t out[static SHA384_DIGEST_LENGTH])
{
    if (alg == TB_SIG_ECDSA_SHA384)
        return SHA384(in.p, in.len, out) != NULL ? SHA384_DIGEST_LENGTH : 0;
    tb_sha256(out, in);
    return TB_DIGEST_LEN;
}

int tb_signer_sign(struct tb_signer *s, enum tb_sig_alg alg, struct tb_span tbs, uint8_t out[static TB_SIG_MAX],
                   size_t *out_len)
{
    uint8_t digest[SHA384_DIGEST_LENGTH];
    uint8_t sig[TB_SIG_MAX];
    size_t digest_len;
    size_t len = sizeof(sig);

    *out_len = 0;
    if (tbs.len == 0 || alg != s->alg)
        return TB_E_INVAL;
    digest_len = digest_of(alg, tbs, digest);
    if (digest_len == 0 || EVP_PKEY_sign(s->ctx, sig, &len, digest, digest_len) != 1) {
        ERR_clear_error();
        return TB_E_CRYPTO;
    }
    memcpy(out, sig, len);
    *out_len = len;
    return 0;
}
