#include "client/keys.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <string.h>

#include "client/files.h"
#include "client/private_jwk.h"
#include "lib/base/mem.h"
#include "lib/jose/sign.h"
#include "lib/pki/cacert.h"

static const struct {
    const char *name;
    const char *algorithm;
    const char *group;
    unsigned bits;
} types[] = {
    {"p256", "EC", "P-256", 0},     {"p384", "EC", "P-384", 0},     {"ed25519", "ED25519", NULL, 0},
    {"rsa2048", "RSA", NULL, 2048}, {"rsa3072", "RSA", NULL, 3072}, {"rsa4096", "RSA", NULL, 4096},
};

static int type_find(const char *name)
{
    for (size_t i = 0; i < TB_ARRAY_LEN(types); i++)
        if (strcmp(types[i].name, name) == 0)
            return (int)i;
    return -1;
}

bool tb_client_key_type_ok(const char *type)
{
    return type_find(type) >= 0;
}

int tb_client_key_generate(const char *type, EVP_PKEY **out)
{
    int i = type_find(type);

    *out = NULL;
    if (i < 0)
        return TB_E_INVAL;
    if (types[i].group != NULL)
        *out = EVP_EC_gen(types[i].group);
    else if (types[i].bits != 0)
        *out = EVP_RSA_gen(types[i].bits);
    else
        *out = EVP_PKEY_Q_keygen(NULL, NULL, types[i].algorithm);
    return *out != NULL ? 0 : TB_E_CRYPTO;
}

/* A passphrase would have to be asked for. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static int parse_pem(struct tb_span text, EVP_PKEY **out, const char **out_why)
{
    BIO *bio = BIO_new_mem_buf(text.p, (int)text.len);

    if (bio == NULL)
        return TB_E_NOMEM;
    *out = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
    BIO_free(bio);
    ERR_clear_error();
    if (*out != NULL)
        return 0;
    *out_why = "holds no private key in PEM or JWK form that can be read without a passphrase";
    return TB_E_FORMAT;
}

int tb_client_key_parse(struct tb_span text, EVP_PKEY **out, const char **out_why)
{
    size_t i = 0;
    int r;

    *out = NULL;
    *out_why = "is too long for a private key";
    if (text.len > TB_CLIENT_KEY_FILE_MAX)
        return TB_E_LIMIT;
    while (i < text.len && (text.p[i] == ' ' || text.p[i] == '\n' || text.p[i] == '\r' || text.p[i] == '\t'))
        i++;
    r = i < text.len && text.p[i] == '{' ? tb_private_jwk_parse(text, out, out_why) : parse_pem(text, out, out_why);
    if (r == 0 && tb_jws_alg_of_pkey(*out) == TB_ALG_NONE) {
        EVP_PKEY_free(*out);
        *out = NULL;
        *out_why = "holds a key that is neither P-256, P-384, Ed25519 nor RSA";
        r = TB_E_UNSUPPORTED;
    }
    return r;
}

int tb_client_key_read(const char *path, EVP_PKEY **out, struct tb_fail *fail)
{
    struct tb_wr text;
    const char *why;
    int r;

    *out = NULL;
    tb_wr_init(&text, TB_CLIENT_KEY_FILE_MAX);
    r = tb_file_read(path, &text, fail);
    if (r == 0 && (r = tb_client_key_parse(tb_wr_span(&text), out, &why)) < 0)
        r = tb_fail_set(fail, TB_EXIT_LOCAL, r, "%s %s", path, why);
    tb_wr_clear_secret(&text);
    return r;
}

int tb_client_key_write(const char *path, EVP_PKEY *key, struct tb_fail *fail)
{
    struct tb_wr pem;
    int r;

    tb_wr_init(&pem, TB_CLIENT_KEY_FILE_MAX);
    r = tb_key_write_pem(&pem, key, NULL);
    if (r < 0)
        r = tb_fail_set(fail, TB_EXIT_FAILURE, r, "%s: the key cannot be written as PEM", path);
    else
        r = tb_file_create(path, tb_wr_span(&pem), 0600, fail);
    tb_wr_clear_secret(&pem);
    return r;
}
