#include "lib/pki/csr_sig.h"

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "lib/base/hash.h"
#include "lib/der/der.h"
#include "lib/pki/oid.h"

enum hash { HASH_NONE, HASH_SHA256, HASH_SHA384, HASH_SHA512 };

struct alg_info {
    uint8_t oid[9];
    size_t oid_len;
    enum tb_key_kind kind; /* P-256 stands for both curves */
    enum hash hash;
};

#define OID_OF(...) .oid = {__VA_ARGS__}, .oid_len = sizeof((const uint8_t[]){__VA_ARGS__})

static const struct alg_info algs[] = {
    {OID_OF(TB_OID_ECDSA_SHA256), .kind = TB_KEY_P256, .hash = HASH_SHA256},
    {OID_OF(TB_OID_ECDSA_SHA384), .kind = TB_KEY_P256, .hash = HASH_SHA384},
    {OID_OF(TB_OID_ECDSA_SHA512), .kind = TB_KEY_P256, .hash = HASH_SHA512},
    {OID_OF(TB_OID_RSA_SHA256), .kind = TB_KEY_RSA, .hash = HASH_SHA256},
    {OID_OF(TB_OID_RSA_SHA384), .kind = TB_KEY_RSA, .hash = HASH_SHA384},
    {OID_OF(TB_OID_RSA_SHA512), .kind = TB_KEY_RSA, .hash = HASH_SHA512},
    {OID_OF(TB_OID_ED25519), .kind = TB_KEY_ED25519, .hash = HASH_NONE},
};

/* The algorithm, when it fits the key. */
static const struct alg_info *alg_find(struct tb_rd alg, enum tb_key_kind kind)
{
    const struct alg_info *found = NULL;
    struct tb_span oid;
    struct tb_span null;

    if (tb_der_oid(&alg, &oid) < 0)
        return NULL;
    for (size_t i = 0; i < TB_ARRAY_LEN(algs); i++)
        if (tb_span_eq(oid, tb_span_of(algs[i].oid, algs[i].oid_len)))
            found = &algs[i];
    if (found == NULL || found->kind != (kind == TB_KEY_P384 ? TB_KEY_P256 : kind))
        return NULL;
    /* RSA: NULL or absent, RFC 4055 section 5; the others: absent, RFC 5758 section 3.2, RFC 8410 section 3. */
    if (kind == TB_KEY_RSA && alg.left > 0 && (tb_der_get(&alg, TB_DER_NULL, &null) < 0 || null.len != 0))
        return NULL;
    return tb_rd_end(&alg) == 0 ? found : NULL;
}

static size_t digest_of(enum hash hash, struct tb_span in, uint8_t out[static SHA512_DIGEST_LENGTH])
{
    switch (hash) {
    case HASH_SHA256:
        tb_sha256(out, in);
        return SHA256_DIGEST_LENGTH;
    case HASH_SHA384:
        return SHA384(in.p, in.len, out) != NULL ? SHA384_DIGEST_LENGTH : 0;
    case HASH_SHA512:
        return SHA512(in.p, in.len, out) != NULL ? SHA512_DIGEST_LENGTH : 0;
    case HASH_NONE:
        break;
    }
    return 0;
}

static const EVP_MD *md_of(enum hash hash)
{
    return hash == HASH_SHA256 ? EVP_sha256() : hash == HASH_SHA384 ? EVP_sha384() : EVP_sha512();
}

static int ed25519_verify(EVP_PKEY *key, struct tb_span tbs, struct tb_span sig)
{
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    int r = TB_E_NOMEM;

    if (ctx != NULL && EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1)
        r = EVP_DigestVerify(ctx, sig.p, sig.len, tbs.p, tbs.len) == 1 ? 0 : TB_E_BADSIG;
    EVP_MD_CTX_free(ctx);
    return r;
}

/* Over a digest made before: a third of the cost of EVP_DigestVerify's set-up is its search for the hash. */
static int digest_verify(EVP_PKEY *key, const struct alg_info *alg, struct tb_span tbs, struct tb_span sig)
{
    uint8_t digest[SHA512_DIGEST_LENGTH];
    size_t len = digest_of(alg->hash, tbs, digest);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    int r = TB_E_CRYPTO;

    if (len == 0 || ctx == NULL || EVP_PKEY_verify_init(ctx) != 1)
        goto out;
    if (alg->kind == TB_KEY_RSA && (EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1 ||
                                    EVP_PKEY_CTX_set_signature_md(ctx, md_of(alg->hash)) != 1))
        goto out;
    r = EVP_PKEY_verify(ctx, sig.p, sig.len, digest, len) == 1 ? 0 : TB_E_BADSIG;
out:
    EVP_PKEY_CTX_free(ctx);
    return r;
}

static int once_verify(const struct tb_spki *spki, const struct alg_info *info, struct tb_span tbs, struct tb_span sig)
{
    EVP_PKEY *key = NULL;
    int r = tb_spki_pkey(spki, &key);

    if (r < 0)
        return TB_E_CRYPTO;
    r = info->hash == HASH_NONE ? ed25519_verify(key, tbs, sig) : digest_verify(key, info, tbs, sig);
    EVP_PKEY_free(key);
    return r;
}

static int kept_verify(struct tb_verifier *verifier, const struct tb_spki *spki, const struct alg_info *info,
                       struct tb_span tbs, struct tb_span sig)
{
    uint8_t digest[SHA512_DIGEST_LENGTH];
    size_t len = digest_of(info->hash, tbs, digest);

    return len > 0 ? tb_verifier_verify(verifier, spki, tb_span_of(digest, len), sig) : TB_E_CRYPTO;
}

int tb_csr_sig_verify(struct tb_verifier *verifier, const struct tb_spki *spki, struct tb_rd alg, struct tb_span tbs,
                      struct tb_span sig, struct tb_problem *pb)
{
    const struct alg_info *info = alg_find(alg, spki->kind);
    int r;

    if (info == NULL)
        return tb_problem_set(pb, TB_E_UNSUPPORTED, TB_P_BAD_CSR,
                              "the signature algorithm is not supported or does not fit the %s key",
                              tb_key_kind_name(spki->kind));
    r = verifier != NULL && tb_verifier_serves(spki->kind) ? kept_verify(verifier, spki, info, tbs, sig)
                                                           : once_verify(spki, info, tbs, sig);
    if (r == 0)
        return 0;
    /* What a stranger's bytes left in OpenSSL's queue must not be taken for the next call's failure. */
    ERR_clear_error();
    if (r == TB_E_CRYPTO)
        return tb_problem_set(pb, r, TB_P_BAD_CSR, "the public key is not a valid %s key",
                              tb_key_kind_name(spki->kind));
    return tb_problem_set(pb, r, TB_P_BAD_CSR, "the signature does not verify under the key of the request");
}
