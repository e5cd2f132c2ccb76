#include "lib/pki/use_cert.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/x509.h>

#include "lib/acme/tls_client.h"
#include "lib/base/hash.h"
#include "lib/pki/proof_cert.h"
#include "tests/unit/lib/pki/fixture.h"
#include "tests/unit/test.h"

_Static_assert(TB_USE_CERT_MAX == TB_TLS_CLIENT_CERT_MAX, "one limit for those who make and those who check");

#define KA         "token.thumbprint"
#define EKU_CLIENT "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"
#define EKU_SERVER "\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01"
#define EKU_BOTH   "\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x01\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"
#define EKU_TWICE  "\x30\x14\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02"
#define EKU_ANY    "\x30\x06\x06\x04\x55\x1d\x25\x00"
#define EKU_EMPTY  "\x30\x00"
#define SAN_A                                                                                                          \
    "\x30\x08\x82\x06"                                                                                                 \
    "a.test"
#define SAN_UPPER                                                                                                      \
    "\x30\x08\x82\x06"                                                                                                 \
    "A.Test"
#define SAN_B                                                                                                          \
    "\x30\x08\x82\x06"                                                                                                 \
    "b.test"
#define SAN_TWO                                                                                                        \
    "\x30\x10\x82\x06"                                                                                                 \
    "a.test"                                                                                                           \
    "\x82\x06"                                                                                                         \
    "b.test"
#define SAN_TWICE                                                                                                      \
    "\x30\x10\x82\x06"                                                                                                 \
    "a.test"                                                                                                           \
    "\x82\x06"                                                                                                         \
    "a.test"
#define SAN_WILD                                                                                                       \
    "\x30\x0a\x82\x08"                                                                                                 \
    "*.a.test"
#define SAN_V4 "\x30\x06\x87\x04\xc0\x00\x02\x01"
#define SAN_MAIL                                                                                                       \
    "\x30\x08\x81\x06"                                                                                                 \
    "a.test"
#define BASIC "\x30\x00"
#define RAW(text)                                                                                                      \
    {                                                                                                                  \
        (const uint8_t *)(text), sizeof(text) - 1                                                                      \
    }

/* Zeroed but for what differs from a right one. */
struct spec {
    enum fix_key key;
    struct tb_span eku, san;
    bool no_eku, no_san, no_acme, acme_not_critical, acme_alpn, acme_flat, acme_other, eku_second, other_issuer,
        other_signer, other_critical, other_uncritical, basic;
    size_t padding;
};

static const struct tb_ident dns = {.type = TB_IDENT_DNS, .value = "a.test"};
static const struct tb_ident v4 = {.type = TB_IDENT_IP, .value = "192.0.2.1"};
static uint8_t der[16384];
static uint8_t digest[TB_DIGEST_LEN];
static const char *reason, *why;
static struct tb_spki key;

static void ext_add(X509 *cert, const char *oid, bool critical, struct tb_span value)
{
    ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *data = ASN1_OCTET_STRING_new();
    X509_EXTENSION *ext;

    assert_int_equal(ASN1_OCTET_STRING_set(data, value.p, (int)value.len), 1);
    ext = X509_EXTENSION_create_by_OBJ(NULL, obj, critical, data);
    assert_non_null(ext);
    assert_int_equal(X509_add_ext(cert, ext, -1), 1);
    X509_EXTENSION_free(ext);
    ASN1_OCTET_STRING_free(data);
    ASN1_OBJECT_free(obj);
}

static void acme_add(X509 *cert, const struct spec *s)
{
    uint8_t value[2 + TB_DIGEST_LEN] = {0x04, TB_DIGEST_LEN};

    if (s->acme_alpn)
        tb_sha256(value + 2, tb_span_str(KA));
    else
        tb_tls_client_digest(value + 2, tb_span_str(KA));
    value[2] ^= s->acme_other;
    ext_add(cert, "1.3.6.1.5.5.7.1.31", !s->acme_not_critical,
            s->acme_flat ? tb_span_of(value + 2, TB_DIGEST_LEN) : tb_span_of(value, sizeof(value)));
}

static void exts_add(X509 *cert, const struct spec *s)
{
    static const struct tb_span eku = RAW(EKU_CLIENT), san = RAW(SAN_A), basic = RAW(BASIC), server = RAW(EKU_SERVER);
    static uint8_t zeros[8192];

    if (!s->no_eku)
        ext_add(cert, "2.5.29.37", false, s->eku.p != NULL ? s->eku : eku);
    if (s->eku_second)
        ext_add(cert, "2.5.29.37", false, server);
    if (!s->no_san)
        ext_add(cert, "2.5.29.17", true, s->san.p != NULL ? s->san : san);
    if (!s->no_acme)
        acme_add(cert, s);
    if (s->basic)
        ext_add(cert, "2.5.29.19", true, basic);
    if (s->other_critical || s->other_uncritical)
        ext_add(cert, "1.3.6.1.4.1.32473.9", s->other_critical, basic);
    if (s->padding > 0)
        ext_add(cert, "1.3.6.1.4.1.32473.8", false, tb_span_of(zeros, s->padding));
}

static size_t cert_make(const struct spec *s)
{
    EVP_PKEY *own = fix_key(s->key);
    X509 *cert = X509_new();
    X509_NAME *name = X509_NAME_new();
    unsigned char *p = der;
    int len;

    X509_set_version(cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
    X509_gmtime_adj(X509_getm_notBefore(cert), 0);
    X509_gmtime_adj(X509_getm_notAfter(cert), 60);
    if (s->other_issuer)
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"x", -1, -1, 0);
    X509_set_issuer_name(cert, name);
    X509_set_pubkey(cert, own);
    exts_add(cert, s);
    if (s->other_signer)
        own = fix_key(FIX_P384);
    assert_true(X509_sign(cert, own, s->key == FIX_ED25519 && !s->other_signer ? NULL : EVP_sha256()) > 0);
    len = i2d_X509(cert, NULL);
    assert_in_range(len, 1, sizeof(der));
    assert_int_equal(i2d_X509(cert, &p), len);
    X509_NAME_free(name);
    X509_free(cert);
    return (size_t)len;
}

/* From memory of its exact size, for sanitizers. */
static int check_der(const uint8_t *bytes, size_t len, const struct tb_ident *ident)
{
    static uint8_t *copy;
    int r;

    free(copy);
    copy = malloc(len + (len == 0));
    assert_non_null(copy);
    memcpy(copy, bytes, len);
    tb_tls_client_digest(digest, tb_span_str(KA));
    r = tb_use_cert_check(tb_span_of(copy, len), ident, digest, &key, &reason, &why);
    assert_int_equal(r == 0, why == NULL);
    assert_int_equal(r == 0, reason == NULL);
    assert_int_equal(r == 0, key.kind != TB_KEY_NONE);
    return r;
}

static int check(const struct spec *s, const struct tb_ident *ident)
{
    return check_der(der, cert_make(s), ident);
}

static void what_the_document_wants_is_accepted(void **state)
{
    uint8_t spki[1024];
    struct tb_span want;

    (void)state;
    for (enum fix_key k = FIX_P256; k < FIX_OTHER; k++) {
        assert_ok(check(&(struct spec){.key = k}, &dns));
        want = fix_spki(fix_key(k), spki, sizeof(spki));
        assert_span_equal(key.der, want.p, want.len);
    }
    assert_ok(check(&(struct spec){.san = RAW(SAN_UPPER)}, &dns));
    assert_ok(check(&(struct spec){.san = RAW(SAN_V4)}, &v4));
    assert_ok(check(&(struct spec){.basic = true, .other_uncritical = true}, &dns));
}

static const struct {
    int err;
    const char *reason;
    struct spec s;
} wrong[] = {
    {TB_E_DENIED, "certificate", {.no_eku = true}},         {TB_E_DENIED, "certificate", {.eku = RAW(EKU_SERVER)}},
    {TB_E_DENIED, "certificate", {.eku = RAW(EKU_BOTH)}},   {TB_E_DENIED, "certificate", {.eku = RAW(EKU_TWICE)}},
    {TB_E_DENIED, "certificate", {.eku = RAW(EKU_ANY)}},    {TB_E_DENIED, "certificate", {.eku = RAW(EKU_EMPTY)}},
    {TB_E_DENIED, "certificate", {.eku_second = true}},     {TB_E_DENIED, "certificate", {.no_san = true}},
    {TB_E_DENIED, "certificate", {.san = RAW(SAN_B)}},      {TB_E_DENIED, "certificate", {.san = RAW(SAN_TWO)}},
    {TB_E_DENIED, "certificate", {.san = RAW(SAN_TWICE)}},  {TB_E_DENIED, "certificate", {.san = RAW(SAN_WILD)}},
    {TB_E_DENIED, "certificate", {.san = RAW(SAN_V4)}},     {TB_E_DENIED, "certificate", {.san = RAW(SAN_MAIL)}},
    {TB_E_DENIED, "certificate", {.no_acme = true}},        {TB_E_DENIED, "certificate", {.acme_not_critical = true}},
    {TB_E_DENIED, "certificate", {.other_issuer = true}},   {TB_E_DENIED, "certificate", {.other_signer = true}},
    {TB_E_DENIED, "certificate", {.other_critical = true}}, {TB_E_BADSIG, "digest", {.acme_alpn = true}},
    {TB_E_BADSIG, "digest", {.acme_flat = true}},           {TB_E_BADSIG, "digest", {.acme_other = true}},
    {TB_E_UNSUPPORTED, "key", {.key = FIX_OTHER}},          {TB_E_LIMIT, "certificate", {.padding = 4096}},
};

static void everything_else_is_refused_with_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(wrong); i++) {
        assert_int_equal(check(&wrong[i].s, &dns), wrong[i].err);
        assert_string_equal(reason, wrong[i].reason);
    }
}

static void the_maximum_length_is_accepted_and_one_more_is_not(void **state)
{
    struct spec s = {.padding = 3000};
    size_t len;

    (void)state;
    /* Signatures vary in length by an octet or two. */
    do {
        s.padding += TB_USE_CERT_MAX - (len = cert_make(&s));
        len = cert_make(&s);
    } while (len != TB_USE_CERT_MAX);
    assert_ok(check_der(der, len, &dns));
    s.padding++;
    do
        len = cert_make(&s);
    while (len != TB_USE_CERT_MAX + 1);
    assert_int_equal(check_der(der, len, &dns), TB_E_LIMIT);
}

static void truncated_and_trailing_octets_are_refused(void **state)
{
    size_t len = cert_make(&(struct spec){.basic = true});

    (void)state;
    for (size_t n = 0; n < len; n++)
        assert_int_equal(check_der(der, n, &dns), TB_E_FORMAT);
    der[len] = 0;
    assert_int_equal(check_der(der, len + 1, &dns), TB_E_FORMAT);
}

/* Every octet counts: what is signed, the signature, and how both are wrapped. */
static void a_flipped_bit_anywhere_is_refused(void **state)
{
    size_t len = cert_make(&(struct spec){.basic = true});

    (void)state;
    for (size_t i = 0; i < len; i++) {
        der[i] ^= 1;
        assert_int_not_equal(check_der(der, len, &dns), 0);
        der[i] ^= 1;
    }
    assert_ok(check_der(der, len, &dns));
}

static int free_keys(void **state)
{
    (void)state;
    fix_keys_free();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_document_wants_is_accepted),
        cmocka_unit_test(everything_else_is_refused_with_its_reason),
        cmocka_unit_test(the_maximum_length_is_accepted_and_one_more_is_not),
        cmocka_unit_test(truncated_and_trailing_octets_are_refused),
        cmocka_unit_test(a_flipped_bit_anywhere_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, free_keys);
}
