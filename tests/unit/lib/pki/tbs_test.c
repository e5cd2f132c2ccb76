#include "tests/unit/test.h"

#include "lib/base/b64u.h"
#include "lib/pki/tbs.h"
#include "tests/unit/lib/pki/made.h"

#include <string.h>

static void openssl_agrees_for_every_key(void **state)
{
    static const struct {
        enum fix_key key;
        enum tb_key_kind kind;
    } rows[] = {{FIX_P256, TB_KEY_P256},
                {FIX_P384, TB_KEY_P384},
                {FIX_ED25519, TB_KEY_ED25519},
                {FIX_RSA2048, TB_KEY_RSA},
                {FIX_RSA4096, TB_KEY_RSA}};
    const char *why;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct made m;
        X509 *x;

        made_init(&m, rows[i].key, rows[i].kind);
        x = made_certify(&m);
        assert_int_equal(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why), 0);
        assert_int_equal(made_chain_verify(x, X509_PURPOSE_SSL_SERVER), X509_V_OK);
        assert_int_equal(made_chain_verify(x, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_INVALID_PURPOSE);
        assert_int_equal(X509_check_host(x, "a.example.org", 0, 0, NULL), 1);
        assert_int_equal(X509_check_ip_asc(x, "2001:db8::7", 0), 1);
        assert_int_equal(X509_check_ip_asc(x, "192.0.2.7", 0), 1);
        assert_int_equal(X509_check_ca(x), 0);
        assert_int_equal(X509_get_key_usage(x), KU_DIGITAL_SIGNATURE);
        assert_int_equal(X509_get_extended_key_usage(x), XKU_SSL_SERVER);
        assert_int_equal(ASN1_STRING_length(X509_get0_serialNumber(x)), TB_SERIAL_LEN);
        assert_int_equal(EVP_PKEY_eq(X509_get0_pubkey(x), fix_key(rows[i].key)), 1);
        X509_free(x);
        tb_wr_clear(&m.tbs);
    }
}

static void common_name_is_the_first_that_fits(void **state)
{
    struct made m;
    struct tb_tbs t;
    const char *why;

    (void)state;
    made_init(&m, FIX_P256, TB_KEY_P256);
    m.idents[0] = fix_ident("192.0.2.7");
    m.idents[1] = fix_ident("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org"); /* 65 */
    m.idents[2] = fix_ident("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.org");  /* 64 */
    m.leaf.cn = TB_CN_FIRST_DNS;
    assert_ok(tb_tbs_write(&m.tbs, &m.leaf));
    assert_ok(tb_tbs_read(tb_wr_span(&m.tbs), &t));
    assert_int_equal(t.cn.len, 64);
    assert_false(t.san_critical);
    tb_tbs_clear(&t);
    assert_ok(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why));
    m.leaf.num_idents = 2;
    tb_wr_reset(&m.tbs);
    assert_ok(tb_tbs_write(&m.tbs, &m.leaf));
    assert_ok(tb_tbs_read(tb_wr_span(&m.tbs), &t));
    assert_int_equal(t.cn.len, 0);
    assert_true(t.san_critical);
    tb_tbs_clear(&t);
    tb_wr_clear(&m.tbs);
}

/* Each row changes one field of the wish after the TBS was written. */
static const uint8_t other_bytes[] = {0x30, 0x02, 0x31, 0x00};
static struct tb_ident other_idents[4];
static uint8_t other_spki[SPKI_MAX];

#define CHANGE(name, stmt)                                                                                             \
    static void change_##name(struct tb_leaf *l)                                                                       \
    {                                                                                                                  \
        stmt;                                                                                                          \
    }
CHANGE(serial, l->serial[15] ^= 1)
CHANGE(alg, l->sig_alg = l->sig_alg == TB_SIG_ECDSA_SHA256 ? TB_SIG_ECDSA_SHA384 : TB_SIG_ECDSA_SHA256)
CHANGE(issuer, l->issuer_name = tb_span_of(other_bytes, 4))
CHANGE(keyid, l->issuer_keyid.len--)
CHANGE(before, l->not_before++)
CHANGE(after, l->not_after--)
CHANGE(cn, l->cn = TB_CN_FIRST_DNS)
CHANGE(ident, other_idents[3] = fix_ident("2001:db8::8"); l->idents = other_idents)
CHANGE(wildcard, other_idents[0].wildcard = false; l->idents = other_idents)
CHANGE(order, other_idents[1] = l->idents[2]; other_idents[2] = l->idents[1]; l->idents = other_idents)
CHANGE(fewer, l->num_idents--)
CHANGE(none, l->num_idents = 0)
CHANGE(spki, l->spki = tb_span_of(other_spki, l->spki.len); other_spki[l->spki.len - 1] ^= 1)
CHANGE(kind, l->key_kind = TB_KEY_P384)
CHANGE(purpose, l->purposes = TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH))
CHANGE(less, l->purposes = 0)
CHANGE(more, l->purposes |= TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH))
CHANGE(crl, l->crl_uri = NULL)
CHANGE(aia, l->aia_uri = "http://aia.example.org/cb.cer")

static void lint_catches_each_field(void **state)
{
    static void (*const changes[])(struct tb_leaf *) = {
        change_serial, change_alg,   change_issuer, change_keyid, change_before,  change_after, change_cn,
        change_ident,  change_order, change_fewer,  change_none,  change_spki,    change_kind,  change_purpose,
        change_less,   change_more,  change_crl,    change_aia,   change_wildcard};
    struct made m;
    const char *why;

    (void)state;
    made_init(&m, FIX_P256, TB_KEY_P256);
    assert_ok(tb_tbs_write(&m.tbs, &m.leaf));
    assert_ok(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why));
    assert_null(why);
    for (size_t i = 0; i < TB_ARRAY_LEN(changes); i++) {
        struct tb_leaf want = m.leaf;

        memcpy(other_idents, m.idents, sizeof(other_idents));
        memcpy(other_spki, m.spki, sizeof(other_spki));
        changes[i](&want);
        if (tb_tbs_lint(tb_wr_span(&m.tbs), &want, &why) != TB_E_DENIED || why == NULL)
            fail_msg("change %zu was not seen", i);
    }
    tb_wr_clear(&m.tbs);
}

/* Deviations that the writer cannot make: patched into its output. */
static void lint_catches_each_patch(void **state)
{
    static const struct {
        const char *what;
        const char *find;
        const char *put;
    } rows[] = {
        {"digitalSignature and another bit", "040403020780", "0404030206c0"},
        {"another usage bit", "040403020780", "040403020640"},
        {"clientAuth", "06082b06010505070301", "06082b06010505070302"},
        {"unknown purpose", "06082b06010505070301", "06082b06010505070331"},
        {"basicConstraints not critical", "0603551d130101ff0402", "0603551d130101000402"},
        {"basicConstraints under another name", "0603551d13", "0603551d63"},
        {"key usage under another name", "0603551d0f", "0603551d63"},
        {"EKU under another name", "0603551d25", "0603551d63"},
        {"AKI under another name", "0603551d23", "0603551d63"},
        {"EKU twice", "0603551d23", "0603551d25"},
        {"upper case in a dNSName", "6578616d706c652e6f72678704", "4578616d706c652e6f72678704"},
        {"NUL in a dNSName", "6578616d706c652e6f72678704", "6500616d706c652e6f72678704"},
        {"trailing dot in a dNSName", "6578616d706c652e6f72678704", "6578616d706c652e6f722e8704"},
        {"version 2", "a003020102", "a003020101"},
    };
    struct made m;
    const char *why;
    char hex[4096];

    (void)state;
    made_init(&m, FIX_P256, TB_KEY_P256);
    assert_ok(tb_tbs_write(&m.tbs, &m.leaf));
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        uint8_t der[2048];
        char *at;

        tb_hex_encode(hex, tb_wr_span(&m.tbs));
        at = strstr(hex, rows[i].find);
        if (at == NULL)
            fail_msg("%s: pattern not found", rows[i].what);
        memcpy(at, rows[i].put, strlen(rows[i].put));
        assert_ok(tb_hex_decode(der, m.tbs.len, tb_span_str(hex)));
        if (tb_tbs_lint(tb_span_of(der, m.tbs.len), &m.leaf, &why) != TB_E_DENIED || why == NULL)
            fail_msg("%s", rows[i].what);
    }
    tb_wr_clear(&m.tbs);
}

static void no_bit_flip_passes_the_lint(void **state)
{
    struct made m;
    const char *why;

    (void)state;
    made_init(&m, FIX_P256, TB_KEY_P256);
    assert_ok(tb_tbs_write(&m.tbs, &m.leaf));
    for (size_t i = 0; i < m.tbs.len * 8; i++) {
        m.tbs.buf[i / 8] ^= (uint8_t)(1U << (i % 8));
        if (tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why) != TB_E_DENIED)
            fail_msg("bit %zu", i);
        m.tbs.buf[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    for (size_t cut = 0; cut < m.tbs.len; cut++) {
        uint8_t *exact = malloc(cut + 1);

        memcpy(exact, m.tbs.buf, cut);
        assert_int_equal(tb_tbs_lint(tb_span_of(exact, cut), &m.leaf, &why), TB_E_DENIED);
        free(exact);
    }
    assert_ok(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why));
    tb_wr_clear(&m.tbs);
}

CHANGE(serial_zero, l->serial[0] = 0)
CHANGE(serial_negative, l->serial[0] = 0x80)
CHANGE(no_alg, l->sig_alg = TB_SIG_NONE)
CHANGE(no_issuer, l->issuer_name.len = 0)
CHANGE(no_keyid, l->issuer_keyid.len = 0)
CHANGE(long_keyid, l->issuer_keyid.len = TB_KEYID_MAX + 1)
CHANGE(backwards, l->not_after = l->not_before - 1)
CHANGE(no_spki, l->spki.len = 0)
CHANGE(strange_purpose, l->purposes |= TB_PURPOSE_BIT(5))
CHANGE(purpose_zero, l->purposes |= TB_PURPOSE_BIT(TB_PURPOSE_NONE))
CHANGE(high_purpose, l->purposes |= TB_PURPOSE_BIT(TB_PURPOSE__COUNT))
CHANGE(bad_uri, l->crl_uri = "http://a b")
CHANGE(email, other_idents[0].type = TB_IDENT_EMAIL; l->idents = other_idents)
CHANGE(too_many, l->num_idents = TB_IDENT_NUM_MAX + 1)

static void writer_refuses_broken_contracts(void **state)
{
    static void (*const changes[])(struct tb_leaf *) = {
        change_serial_zero, change_serial_negative, change_no_alg,       change_no_issuer,    change_no_keyid,
        change_long_keyid,  change_backwards,       change_no_spki,      change_none,         change_less,
        change_too_many,    change_strange_purpose, change_purpose_zero, change_high_purpose, change_bad_uri,
        change_email};
    struct made m;

    (void)state;
    made_init(&m, FIX_P256, TB_KEY_P256);
    for (size_t i = 0; i < TB_ARRAY_LEN(changes); i++) {
        struct tb_leaf want = m.leaf;

        memcpy(other_idents, m.idents, sizeof(other_idents));
        changes[i](&want);
        if (tb_tbs_write(&m.tbs, &want) != TB_E_INVAL || m.tbs.len != 0)
            fail_msg("change %zu was taken", i);
    }
    tb_wr_clear(&m.tbs);
}

static void a_hundred_long_names_fit(void **state)
{
    static struct tb_ident many[TB_IDENT_NUM_MAX];
    struct made m;
    const char *why;

    (void)state;
    made_init(&m, FIX_RSA4096, TB_KEY_RSA);
    for (size_t i = 0; i < TB_IDENT_NUM_MAX; i++) {
        char name[TB_IDENT_VALUE_MAX + 1];

        memset(name, 'a', TB_IDENT_VALUE_MAX);
        name[TB_IDENT_VALUE_MAX] = '\0';
        for (size_t dot = 60; dot < TB_IDENT_VALUE_MAX - 1; dot += 60)
            name[dot] = '.';
        name[0] = (char)('a' + i / 10);
        name[1] = (char)('a' + i % 10);
        many[i] = fix_ident(name);
    }
    m.leaf.idents = many;
    m.leaf.num_idents = TB_IDENT_NUM_MAX;
    X509_free(made_certify(&m));
    assert_ok(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why));
    tb_wr_clear(&m.tbs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_agrees_for_every_key), cmocka_unit_test(common_name_is_the_first_that_fits),
        cmocka_unit_test(lint_catches_each_field),      cmocka_unit_test(lint_catches_each_patch),
        cmocka_unit_test(no_bit_flip_passes_the_lint),  cmocka_unit_test(writer_refuses_broken_contracts),
        cmocka_unit_test(a_hundred_long_names_fit),
    };

    return cmocka_run_group_tests(tests, made_setup, made_teardown);
}
