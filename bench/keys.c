#include "bench/keys.h"

#include <openssl/x509.h>
#include <string.h>

#include "lib/der/der.h"
#include "lib/pki/alg.h"
#include "lib/pki/cacert.h"
#include "lib/pki/oid.h"

int tb_load_key_make(EVP_PKEY **out)
{
    return tb_key_generate(TB_CURVE_P256, out);
}

static int make_one(struct tb_load_key *k)
{
    uint8_t *to = k->spki;
    int r = tb_load_key_make(&k->key);

    if (r < 0)
        return r;
    if (i2d_PUBKEY(k->key, NULL) != (int)sizeof(k->spki) || i2d_PUBKEY(k->key, &to) != (int)sizeof(k->spki))
        return TB_E_CRYPTO;
    return tb_signer_new(k->key, &k->signer);
}

int tb_load_pool_init(struct tb_load_pool *pool)
{
    int r = 0;

    memset(pool, 0, sizeof(*pool));
    for (size_t i = 0; i < TB_LOAD_POOL && r == 0; i++)
        r = make_one(&pool->key[i]);
    return r;
}

void tb_load_pool_clear(struct tb_load_pool *pool)
{
    for (size_t i = 0; i < TB_LOAD_POOL; i++) {
        tb_signer_free(pool->key[i].signer);
        EVP_PKEY_free(pool->key[i].key);
    }
    memset(pool, 0, sizeof(*pool));
}

const struct tb_load_key *tb_load_pool_next(struct tb_load_pool *pool)
{
    return &pool->key[pool->next++ % TB_LOAD_POOL];
}

static void put_extension_request(struct tb_wr *wr, const char *name)
{
    size_t attributes = tb_der_begin(wr, TB_DER_CTX_CONS(0));
    size_t attribute = tb_der_begin(wr, TB_DER_SEQUENCE);
    size_t set, list, ext, value, names;

    tb_der_put_oid(wr, TB_OID(TB_OID_EXT_REQUEST));
    set = tb_der_begin(wr, TB_DER_SET);
    list = tb_der_begin(wr, TB_DER_SEQUENCE);
    ext = tb_der_begin(wr, TB_DER_SEQUENCE);
    tb_der_put_oid(wr, TB_OID(TB_OID_SUBJECT_ALT));
    value = tb_der_begin(wr, TB_DER_OCTET_STRING);
    names = tb_der_begin(wr, TB_DER_SEQUENCE);
    tb_der_put(wr, TB_DER_CTX(2), tb_span_str(name));
    tb_der_end(wr, names);
    tb_der_end(wr, value);
    tb_der_end(wr, ext);
    tb_der_end(wr, list);
    tb_der_end(wr, set);
    tb_der_end(wr, attribute);
    tb_der_end(wr, attributes);
}

static void put_info(struct tb_wr *wr, const struct tb_load_key *key, const char *name)
{
    static const uint8_t version_and_no_subject[] = {TB_DER_INTEGER, 1, 0, TB_DER_SEQUENCE, 0};
    size_t mark = tb_der_begin(wr, TB_DER_SEQUENCE);

    tb_wr_bytes(wr, version_and_no_subject, sizeof(version_and_no_subject));
    tb_wr_bytes(wr, key->spki, sizeof(key->spki));
    put_extension_request(wr, name);
    tb_der_end(wr, mark);
}

int tb_load_csr_make(struct tb_wr *out, const struct tb_load_key *key, const char *name)
{
    uint8_t sig[TB_SIG_MAX];
    size_t sig_len = 0;
    uint8_t buf[TB_LOAD_CSR_MAX];
    struct tb_wr info;
    int r;

    tb_wr_fixed(&info, buf, sizeof(buf));
    put_info(&info, key, name);
    if ((r = tb_wr_err(&info)) < 0 ||
        (r = tb_signer_sign(key->signer, TB_SIG_ECDSA_SHA256, tb_wr_span(&info), sig, &sig_len)) < 0)
        return r;
    /* SIGNED{} has one shape (X.509): a request is assembled as a certificate is. */
    return tb_cert_assemble(out, tb_wr_span(&info), TB_SIG_ECDSA_SHA256, tb_span_of(sig, sig_len));
}
