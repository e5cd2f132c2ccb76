#include "lib/pki/cacert.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/pki/pem_read.h"
#include "lib/pki/signer.h"

#define SALT_LEN     16
#define SCRYPT_N     16384 /* RFC 7914 section 2; with r = 8 it takes 16 MiB, below OpenSSL's limit of 32 */
#define SCRYPT_R     8
#define SCRYPT_P     1
#define LABEL_PLAIN  "PRIVATE KEY"
#define LABEL_SECRET "ENCRYPTED PRIVATE KEY"

int tb_key_generate(enum tb_curve curve, EVP_PKEY **out)
{
    *out = EVP_EC_gen(curve == TB_CURVE_P384 ? "P-384" : "P-256");
    return *out != NULL ? 0 : TB_E_CRYPTO;
}

/* PKCS #8, RFC 5958, encrypted with PBES2 of scrypt (RFC 7914) and AES-256-CBC. */
static X509_SIG *encrypt(PKCS8_PRIV_KEY_INFO *p8, const char *passphrase)
{
    uint8_t salt[SALT_LEN];
    X509_ALGOR *pbe;
    X509_SIG *sig;

    tb_random(salt, sizeof(salt));
    pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof(salt), NULL, SCRYPT_N, SCRYPT_R, SCRYPT_P);
    if (pbe == NULL)
        return NULL;
    sig = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), p8, pbe);
    if (sig == NULL)
        X509_ALGOR_free(pbe);
    return sig;
}

int tb_key_write_pem(struct tb_wr *wr, EVP_PKEY *key, const char *passphrase)
{
    PKCS8_PRIV_KEY_INFO *p8 = EVP_PKEY2PKCS8(key);
    X509_SIG *sealed = NULL;
    uint8_t *der = NULL;
    int len = -1;

    if (p8 != NULL && passphrase != NULL) {
        sealed = encrypt(p8, passphrase);
        len = sealed != NULL ? i2d_X509_SIG(sealed, &der) : -1;
    } else if (p8 != NULL) {
        len = i2d_PKCS8_PRIV_KEY_INFO(p8, &der);
    }
    if (len > 0)
        tb_pem_write(wr, passphrase != NULL ? LABEL_SECRET : LABEL_PLAIN, tb_span_of(der, (size_t)len));
    OPENSSL_clear_free(der, len > 0 ? (size_t)len : 0);
    X509_SIG_free(sealed);
    PKCS8_PRIV_KEY_INFO_free(p8);
    ERR_clear_error();
    return len > 0 ? tb_wr_err(wr) : TB_E_CRYPTO;
}

static PKCS8_PRIV_KEY_INFO *plain_read(struct tb_span der)
{
    const unsigned char *p = der.p;
    PKCS8_PRIV_KEY_INFO *p8 = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)der.len);

    if (p8 == NULL || p == der.p + der.len)
        return p8;
    PKCS8_PRIV_KEY_INFO_free(p8);
    return NULL;
}

static PKCS8_PRIV_KEY_INFO *sealed_read(struct tb_span der, const char *passphrase)
{
    const unsigned char *p = der.p;
    X509_SIG *sealed = d2i_X509_SIG(NULL, &p, (long)der.len);
    PKCS8_PRIV_KEY_INFO *p8 = NULL;

    if (sealed != NULL && p == der.p + der.len)
        p8 = PKCS8_decrypt(sealed, passphrase, (int)strlen(passphrase));
    X509_SIG_free(sealed);
    return p8;
}

int tb_key_sig_alg(EVP_PKEY *key, enum tb_sig_alg *out)
{
    char group[32];

    *out = TB_SIG_NONE;
    if (EVP_PKEY_get_base_id(key) != EVP_PKEY_EC || EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) != 1)
        return TB_E_UNSUPPORTED;
    if (strcmp(group, SN_X9_62_prime256v1) == 0 || strcmp(group, "P-256") == 0)
        *out = TB_SIG_ECDSA_SHA256;
    else if (strcmp(group, SN_secp384r1) == 0 || strcmp(group, "P-384") == 0)
        *out = TB_SIG_ECDSA_SHA384;
    return *out != TB_SIG_NONE ? 0 : TB_E_UNSUPPORTED;
}

/* Not only a key of a kind that issues: its halves belong together. */
static int key_check(EVP_PKEY *key, struct tb_problem *pb)
{
    EVP_PKEY_CTX *ctx = NULL;
    enum tb_sig_alg alg;
    int r;

    if (tb_key_sig_alg(key, &alg) < 0)
        return tb_problem_set(pb, TB_E_UNSUPPORTED, TB_P_MALFORMED, "the key is neither P-256 nor P-384");
    ctx = EVP_PKEY_CTX_new(key, NULL);
    r = ctx != NULL && EVP_PKEY_check(ctx) == 1 ? 0 : TB_E_FORMAT;
    EVP_PKEY_CTX_free(ctx);
    return r == 0 ? 0 : tb_problem_set(pb, r, TB_P_MALFORMED, "the key is damaged");
}

static int key_unpack(const char *label, struct tb_span der, const char *passphrase, EVP_PKEY **out,
                      struct tb_problem *pb)
{
    bool sealed = strcmp(label, LABEL_SECRET) == 0;
    PKCS8_PRIV_KEY_INFO *p8;

    if (!sealed && strcmp(label, LABEL_PLAIN) != 0)
        return tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED, "it holds no PKCS #8 private key");
    if (sealed && passphrase == NULL)
        return tb_problem_set(pb, TB_E_DENIED, TB_P_MALFORMED, "the key is encrypted and there is no passphrase");
    p8 = sealed ? sealed_read(der, passphrase) : plain_read(der);
    if (p8 == NULL)
        return tb_problem_set(pb, sealed ? TB_E_DENIED : TB_E_FORMAT, TB_P_MALFORMED,
                              sealed ? "the passphrase is wrong or the key is damaged" : "the key is damaged");
    *out = EVP_PKCS82PKEY(p8);
    PKCS8_PRIV_KEY_INFO_free(p8);
    return *out != NULL ? 0 : tb_problem_set(pb, TB_E_FORMAT, TB_P_MALFORMED, "the key is damaged");
}

int tb_key_read_pem(struct tb_span pem, const char *passphrase, EVP_PKEY **out, struct tb_problem *pb)
{
    char label[TB_PEM_LABEL_MAX + 1];
    uint8_t *der = NULL;
    size_t len = 0;
    EVP_PKEY *key = NULL;
    int r;

    *out = NULL;
    r = tb_pem_read(pem, label, &der, &len);
    if (r < 0)
        return tb_problem_set(pb, r, TB_P_MALFORMED, "it is not one PEM object");
    r = key_unpack(label, tb_span_of(der, len), passphrase, &key, pb);
    tb_free_secret(der, len);
    if (r == 0)
        r = key_check(key, pb);
    ERR_clear_error();
    if (r < 0) {
        EVP_PKEY_free(key);
        return r;
    }
    *out = key;
    return 0;
}

int tb_key_sign(EVP_PKEY *key, enum tb_sig_alg alg, struct tb_span tbs, uint8_t out[static TB_SIG_MAX], size_t *out_len)
{
    struct tb_signer *s;
    int r;

    *out_len = 0;
    if ((r = tb_signer_new(key, &s)) < 0)
        return r == TB_E_UNSUPPORTED ? TB_E_INVAL : r;
    r = tb_signer_sign(s, alg, tbs, out, out_len);
    tb_signer_free(s);
    return r;
}
