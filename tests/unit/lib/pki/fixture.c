#include "tests/unit/test.h"

#include "tests/unit/lib/pki/fixture.h"

#include <string.h>

static EVP_PKEY *keys[FIX_KEYS];

EVP_PKEY *fix_key(enum fix_key which)
{
    if (keys[which] == NULL) {
        switch (which) {
        case FIX_P256:
            keys[which] = EVP_EC_gen("P-256");
            break;
        case FIX_P384:
            keys[which] = EVP_EC_gen("P-384");
            break;
        case FIX_ED25519:
            keys[which] = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
            break;
        case FIX_RSA2048:
            keys[which] = EVP_RSA_gen(2048);
            break;
        case FIX_RSA4096:
            keys[which] = EVP_RSA_gen(4096);
            break;
        case FIX_OTHER:
        case FIX_KEYS:
            keys[which] = EVP_EC_gen("P-521");
            break;
        }
    }
    assert_non_null(keys[which]);
    return keys[which];
}

void fix_keys_free(void)
{
    for (int i = 0; i < FIX_KEYS; i++) {
        EVP_PKEY_free(keys[i]);
        keys[i] = NULL;
    }
}

struct tb_span fix_spki(EVP_PKEY *key, uint8_t *buf, size_t cap)
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(key, &der);

    assert_true(len > 0 && (size_t)len <= cap);
    memcpy(buf, der, (size_t)len);
    OPENSSL_free(der);
    return tb_span_of(buf, (size_t)len);
}

void fix_ca_make(struct fix_ca *f, enum tb_curve curve, enum tb_issuer issuer)
{
    tb_time_t end = FIX_NOW + 86400 * 365;

    memset(f, 0, sizeof(*f));
    tb_wr_init(&f->root_pem, 8192);
    tb_wr_init(&f->pem, 8192);
    assert_ok(tb_key_generate(curve, &f->root_key));
    assert_ok(tb_key_generate(curve, &f->key));
    assert_ok(tb_root_make(&f->root_pem, f->root_key, "Test root", FIX_NOW, end));
    assert_ok(
        tb_issuing_make(&f->pem, f->key, "Test issuer", issuer, tb_wr_span(&f->root_pem), f->root_key, FIX_NOW, end));
    assert_ok(tb_cacert_read(tb_wr_span(&f->root_pem), &f->root, NULL));
    assert_ok(tb_cacert_read(tb_wr_span(&f->pem), &f->ca, NULL));
}

void fix_ca_clear(struct fix_ca *f)
{
    tb_cacert_clear(&f->root);
    tb_cacert_clear(&f->ca);
    tb_wr_clear(&f->root_pem);
    tb_wr_clear(&f->pem);
    EVP_PKEY_free(f->root_key);
    EVP_PKEY_free(f->key);
}

struct tb_ident fix_ident(const char *text)
{
    struct tb_ident id;

    if (tb_ident_parse(TB_IDENT_IP, tb_span_str(text), &id, NULL) != 0)
        assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str(text), &id, NULL));
    return id;
}

uint32_t fix_rand(uint32_t below)
{
    static uint64_t s = 88172645463325252U;

    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return (uint32_t)((s >> 20) % below);
}
