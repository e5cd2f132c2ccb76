#include "tests/unit/test.h"

#include "lib/pki/tbs.h"
#include "tests/unit/lib/pki/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"

#define SPKI_MAX 600

static struct fix_ca ca;

struct made {
    struct tb_ident idents[4];
    uint8_t spki[SPKI_MAX];
    struct tb_leaf leaf;
    struct tb_wr tbs;
};

static void made_init(struct made *m, enum fix_key key, enum tb_key_kind kind)
{
    memset(m, 0, sizeof(*m));
    m->idents[0] = fix_ident("*.example.org");
    m->idents[1] = fix_ident("example.org");
    m->idents[2] = fix_ident("192.0.2.7");
    m->idents[3] = fix_ident("2001:db8::7");
    m->leaf = (struct tb_leaf){
        .serial = {0x01, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
        .sig_alg = ca.ca.sig_alg,
        .issuer_name = tb_span_of(ca.ca.subject, ca.ca.subject_len),
        .issuer_keyid = tb_span_of(ca.ca.keyid, ca.ca.keyid_len),
        .not_before = FIX_NOW - 3600,
        .not_after = FIX_NOW + 86400,
        .idents = m->idents,
        .num_idents = 4,
        .spki = fix_spki(fix_key(key), m->spki, sizeof(m->spki)),
        .key_kind = kind,
        .purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH),
        .crl_uri = "http://crl.example.org/1.crl",
        .aia_uri = "http://aia.example.org/ca.cer",
    };
    tb_wr_init(&m->tbs, TB_TBS_MAX);
}

static X509 *certify(struct made *m)
{
    uint8_t sig[TB_SIG_MAX];
    size_t sig_len;
    struct tb_wr cert;
    struct tb_span inner;
    const unsigned char *p;
    X509 *x;

    tb_wr_init(&cert, TB_CERT_MAX);
    assert_ok(tb_tbs_write(&m->tbs, &m->leaf));
    assert_ok(tb_key_sign(ca.key, m->leaf.sig_alg, tb_wr_span(&m->tbs), sig, &sig_len));
    assert_ok(tb_cert_assemble(&cert, tb_wr_span(&m->tbs), m->leaf.sig_alg, tb_span_of(sig, sig_len)));
    assert_ok(tb_cert_tbs(tb_wr_span(&cert), &inner));
    assert_true(tb_span_eq(inner, tb_wr_span(&m->tbs)));
    for (size_t cut = 0; cut < cert.len; cut++)
        assert_int_not_equal(tb_cert_tbs(tb_span_of(cert.buf, cut), &inner), 0);
    p = cert.buf;
    x = d2i_X509(NULL, &p, (long)cert.len);
    assert_non_null(x);
    assert_ptr_equal(p, cert.buf + cert.len);
    tb_wr_clear(&cert);
    return x;
}

static X509 *ca_x509(const struct tb_cacert *c)
{
    const unsigned char *p = c->der;

    return d2i_X509(NULL, &p, (long)c->der_len);
}

static int chain_verify(X509 *leaf, int purpose)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *root = ca_x509(&ca.root);
    X509 *mid = ca_x509(&ca.ca);
    int err;

    X509_STORE_add_cert(store, root);
    sk_X509_push(chain, mid);
    X509_STORE_CTX_init(ctx, store, leaf, chain);
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), FIX_NOW);
    X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT | X509_V_FLAG_POLICY_CHECK);
    X509_STORE_CTX_set_purpose(ctx, purpose);
    err = X509_verify_cert(ctx) == 1 ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
    X509_STORE_CTX_free(ctx);
    X509_STORE_free(store);
    sk_X509_pop_free(chain, X509_free);
    X509_free(root);
    return err;
}

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
        x = certify(&m);
        assert_int_equal(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why), 0);
        assert_int_equal(chain_verify(x, X509_PURPOSE_SSL_SERVER), X509_V_OK);
        assert_int_equal(chain_verify(x, X509_PURPOSE_SSL_CLIENT), X509_V_ERR_INVALID_PURPOSE);
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
    X509_free(certify(&m));
    assert_ok(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why));
    tb_wr_clear(&m.tbs);
}

/*
 * The bytes of each profile's certificate, so that a change of the writer shows as a change of a file: alone, with
 * pointers to CRL and issuer, and with policies and evidence under an arc as well.
 */
static const char golden_server[] =
#include "tests/golden/server.tbs.inc"
    ;
static const char golden_server_pointers[] =
#include "tests/golden/server-pointers.tbs.inc"
    ;
static const char golden_server_proofs[] =
#include "tests/golden/server-proofs.tbs.inc"
    ;
static const char golden_shortlived[] =
#include "tests/golden/shortlived.tbs.inc"
    ;
static const char golden_shortlived_pointers[] =
#include "tests/golden/shortlived-pointers.tbs.inc"
    ;
static const char golden_shortlived_proofs[] =
#include "tests/golden/shortlived-proofs.tbs.inc"
    ;
static const char golden_client[] =
#include "tests/golden/client.tbs.inc"
    ;
static const char golden_client_pointers[] =
#include "tests/golden/client-pointers.tbs.inc"
    ;
static const char golden_client_proofs[] =
#include "tests/golden/client-proofs.tbs.inc"
    ;
static const char golden_client_preproved[] =
#include "tests/golden/client-preproved.tbs.inc"
    ;
static const char golden_client_preproved_pointers[] =
#include "tests/golden/client-preproved-pointers.tbs.inc"
    ;
static const char golden_client_preproved_proofs[] =
#include "tests/golden/client-preproved-proofs.tbs.inc"
    ;
static const char golden_peer[] =
#include "tests/golden/peer.tbs.inc"
    ;
static const char golden_peer_pointers[] =
#include "tests/golden/peer-pointers.tbs.inc"
    ;
static const char golden_peer_proofs[] =
#include "tests/golden/peer-proofs.tbs.inc"
    ;

static void golden_check(const char *name, const char *want, struct tb_leaf leaf)
{
    static const uint8_t issuer[] = {0x30, 0x0f, 0x31, 0x0d, 0x30, 0x0b, 0x06, 0x03, 0x55,
                                     0x04, 0x03, 0x0c, 0x04, 'T',  'e',  's',  't'};
    static const uint8_t keyid[20] = {0xaa, 0xbb, 0xcc};
    static const char spki_hex[] = "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
                                   "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
                                   "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
    uint8_t spki[91];
    char got[4096];
    struct tb_wr wr;

    assert_ok(tb_hex_decode(spki, sizeof(spki), tb_span_str(spki_hex)));
    memset(leaf.serial, 0x42, sizeof(leaf.serial));
    leaf.sig_alg = TB_SIG_ECDSA_SHA256;
    leaf.issuer_name = tb_span_of(issuer, sizeof(issuer));
    leaf.issuer_keyid = tb_span_of(keyid, sizeof(keyid));
    leaf.not_before = FIX_NOW;
    leaf.spki = tb_span_of(spki, sizeof(spki));
    leaf.key_kind = TB_KEY_P256;
    tb_wr_init(&wr, TB_TBS_MAX);
    assert_ok(tb_tbs_write(&wr, &leaf));
    tb_hex_encode(got, tb_wr_span(&wr));
    tb_wr_clear(&wr);
    if (strcmp(got, want) != 0)
        fail_msg("%s is now\n%s", name, got);
}

static struct tb_name_proofs proved_by(enum tb_method control)
{
    struct tb_name_proofs p = {0};

    p.control[TB_PURPOSE_SERVER_AUTH] = p.control[TB_PURPOSE_CLIENT_AUTH] = (uint8_t)control;
    p.use[TB_PURPOSE_CLIENT_AUTH] = TB_METHOD_TLS_CLIENT_01;
    return p;
}

static const char *const golden_files[][3] = {
    {golden_server, golden_server_pointers, golden_server_proofs},
    {golden_shortlived, golden_shortlived_pointers, golden_shortlived_proofs},
    {golden_client, golden_client_pointers, golden_client_proofs},
    {golden_client_preproved, golden_client_preproved_pointers, golden_client_preproved_proofs},
    {golden_peer, golden_peer_pointers, golden_peer_proofs},
};

/* Names by http-01 and dns-01 in turn, so that no strength of control stands but where there is one name alone. */
static void golden(void **state)
{
    const struct tb_ident ids[3] = {fix_ident("example.org"), fix_ident("www.example.org"), fix_ident("2001:db8::1")};
    const struct tb_name_proofs proofs[3] = {proved_by(TB_METHOD_DNS_01), proved_by(TB_METHOD_HTTP_01),
                                             proved_by(TB_METHOD_TLS_ALPN_01)};
    struct tb_arc arc;

    (void)state;
    assert_ok(tb_arc_parse("1.3.6.1.4.1.32473", &arc));
    for (size_t i = 0; i < TB_ARRAY_LEN(golden_files); i++) {
        const struct tb_profile *p = tb_profile_builtin(i);
        bool client = (p->purposes & TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)) != 0;
        struct tb_leaf leaf = {.not_after = FIX_NOW + p->lifetime_s,
                               .idents = ids,
                               .num_idents = p->ident_ip           ? 3
                                             : p->cn == TB_CN_NONE ? 2
                                                                   : 1,
                               .cn = p->cn,
                               .purposes = p->purposes};
        char name[64];

        snprintf(name, sizeof(name), "%s", p->name);
        golden_check(name, golden_files[i][0], leaf);
        leaf.crl_uri = p->crl_pointer ? "http://ca.example/crl/1.crl" : NULL;
        leaf.aia_uri = "http://ca.example/aia/issuing.cer";
        snprintf(name, sizeof(name), "%s-pointers", p->name);
        golden_check(name, golden_files[i][1], leaf);
        leaf.arc = &arc;
        leaf.proofs = proofs;
        leaf.policies = TB_POLICY_BIT(TB_POLICY_QUORUM_1) | TB_POLICY_BIT(TB_POLICY_DNS_INSECURE) |
                        (leaf.num_idents == 1 ? TB_POLICY_BIT(TB_POLICY_CONTROL_DNS) : 0) |
                        (client ? TB_POLICY_BIT(TB_POLICY_USE_PUBLISHED) : 0);
        snprintf(name, sizeof(name), "%s-proofs", p->name);
        golden_check(name, golden_files[i][2], leaf);
    }
}

/* The made leaf, with an arc and what stands under it. */
static struct tb_arc test_arc, other_arc;
static struct tb_name_proofs test_proofs[4], other_proofs[4];

static void made_with_proofs(struct made *m)
{
    made_init(m, FIX_P256, TB_KEY_P256);
    assert_ok(tb_arc_parse("1.3.6.1.4.1.32473", &test_arc));
    assert_ok(tb_arc_parse("1.3.6.1.4.1.32474", &other_arc));
    for (size_t i = 0; i < 4; i++) {
        test_proofs[i] = (struct tb_name_proofs){0};
        test_proofs[i].control[TB_PURPOSE_SERVER_AUTH] = i < 2 ? TB_METHOD_DNS_01 : TB_METHOD_HTTP_01;
    }
    m->leaf.arc = &test_arc;
    m->leaf.proofs = test_proofs;
    m->leaf.policies = TB_POLICY_BIT(TB_POLICY_QUORUM_1) | TB_POLICY_BIT(TB_POLICY_DNS_INSECURE);
}

CHANGE(other_arc, l->arc = &other_arc)
CHANGE(no_arc, l->arc = NULL)
CHANGE(policy_less, l->policies = TB_POLICY_BIT(TB_POLICY_QUORUM_1))
CHANGE(policy_more, l->policies |= TB_POLICY_BIT(TB_POLICY_CONTROL_ABOVE))
CHANGE(first_proof, other_proofs[0].control[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_HTTP_01; l->proofs = other_proofs)
CHANGE(last_proof, other_proofs[3].control[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_TLS_ALPN_01; l->proofs = other_proofs)

static void lint_catches_what_is_told_of_proofs(void **state)
{
    static void (*const changes[])(struct tb_leaf *) = {change_other_arc,   change_no_arc,      change_policy_less,
                                                        change_policy_more, change_first_proof, change_last_proof};
    struct made m;
    const char *why;
    X509 *x;

    (void)state;
    made_with_proofs(&m);
    x = certify(&m);
    assert_int_equal(chain_verify(x, X509_PURPOSE_SSL_SERVER), X509_V_OK); /* RFC 5280 section 6.1.2 included */
    assert_int_equal(X509_get_extension_flags(x) & (EXFLAG_INVALID | EXFLAG_CRITICAL | EXFLAG_INVALID_POLICY), 0);
    X509_free(x);
    assert_ok(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why));
    for (size_t i = 0; i < TB_ARRAY_LEN(changes); i++) {
        struct tb_leaf want = m.leaf;

        memcpy(other_proofs, test_proofs, sizeof(other_proofs));
        changes[i](&want);
        if (tb_tbs_lint(tb_wr_span(&m.tbs), &want, &why) != TB_E_DENIED || why == NULL)
            fail_msg("change %zu was not seen", i);
    }
    for (size_t i = 0; i < m.tbs.len * 8; i++) {
        m.tbs.buf[i / 8] ^= (uint8_t)(1U << (i % 8));
        if (tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why) != TB_E_DENIED)
            fail_msg("bit %zu", i);
        m.tbs.buf[i / 8] ^= (uint8_t)(1U << (i % 8));
    }
    tb_wr_clear(&m.tbs);
}

CHANGE(no_proofs, l->proofs = NULL)
CHANGE(no_policy, l->policies = 0)
CHANGE(contradiction, l->policies |= TB_POLICY_BIT(TB_POLICY_CONTROL_DNS))
CHANGE(no_method, other_proofs[1].control[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_NONE; l->proofs = other_proofs)
CHANGE(use_as_control, other_proofs[1].control[TB_PURPOSE_SERVER_AUTH] = TB_METHOD_TLS_CLIENT_01;
       l->proofs = other_proofs)

static void nothing_false_is_told_of_proofs(void **state)
{
    static void (*const changes[])(struct tb_leaf *) = {change_no_proofs, change_no_policy, change_contradiction,
                                                        change_no_method, change_use_as_control};
    struct made m;

    (void)state;
    made_with_proofs(&m);
    for (size_t i = 0; i < TB_ARRAY_LEN(changes); i++) {
        struct tb_leaf want = m.leaf;

        memcpy(other_proofs, test_proofs, sizeof(other_proofs));
        changes[i](&want);
        if (tb_tbs_write(&m.tbs, &want) != TB_E_INVAL || m.tbs.len != 0)
            fail_msg("change %zu was taken", i);
    }
    tb_wr_clear(&m.tbs);
}

/* What the writer refuses to write, the lint refuses to find, whoever wants it. */
static void lint_finds_no_contradiction_good(void **state)
{
    static const uint8_t quorum_1[] = {0x81, 0xfd, 0x59, 2, 2};
    struct made m;
    const char *why;
    uint8_t *at;

    (void)state;
    made_with_proofs(&m);
    assert_ok(tb_tbs_write(&m.tbs, &m.leaf));
    at = memmem(m.tbs.buf, m.tbs.len, quorum_1, sizeof(quorum_1));
    assert_non_null(at);
    at[4] = 1;
    m.leaf.policies = TB_POLICY_BIT(TB_POLICY_EGRESS_DECLARED) | TB_POLICY_BIT(TB_POLICY_DNS_INSECURE);
    assert_int_equal(tb_tbs_lint(tb_wr_span(&m.tbs), &m.leaf, &why), TB_E_DENIED);
    assert_string_equal(why, "the policies contradict each other or the evidence");
    tb_wr_clear(&m.tbs);
}

/* Whoever knows no arc takes neither extension for one that he knows. */
static void without_the_arc_both_extensions_are_unknown(void **state)
{
    struct made m;
    struct tb_tbs t;

    (void)state;
    made_with_proofs(&m);
    assert_ok(tb_tbs_write(&m.tbs, &m.leaf));
    assert_ok(tb_tbs_read(tb_wr_span(&m.tbs), &t));
    assert_true(t.unknown_extension && !t.has_policies && t.proofs == NULL);
    tb_tbs_clear(&t);
    assert_ok(tb_tbs_read_under(tb_wr_span(&m.tbs), &other_arc, &t));
    assert_true(t.unknown_extension && t.has_policies && t.policy_unknown && t.proofs == NULL);
    tb_tbs_clear(&t);
    assert_ok(tb_tbs_read_under(tb_wr_span(&m.tbs), &test_arc, &t));
    assert_true(!t.unknown_extension && t.has_policies && !t.policy_unknown && t.num_proofs == 4);
    assert_memory_equal(t.proofs, test_proofs, sizeof(test_proofs));
    tb_tbs_clear(&t);
    tb_wr_clear(&m.tbs);
}

static int setup(void **state)
{
    (void)state;
    fix_ca_make(&ca, TB_CURVE_P256, TB_ISSUER_SERVER);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fix_ca_clear(&ca);
    fix_keys_free();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(openssl_agrees_for_every_key),
        cmocka_unit_test(common_name_is_the_first_that_fits),
        cmocka_unit_test(lint_catches_each_field),
        cmocka_unit_test(lint_catches_each_patch),
        cmocka_unit_test(no_bit_flip_passes_the_lint),
        cmocka_unit_test(writer_refuses_broken_contracts),
        cmocka_unit_test(a_hundred_long_names_fit),
        cmocka_unit_test(golden),
        cmocka_unit_test(lint_catches_what_is_told_of_proofs),
        cmocka_unit_test(nothing_false_is_told_of_proofs),
        cmocka_unit_test(lint_finds_no_contradiction_good),
        cmocka_unit_test(without_the_arc_both_extensions_are_unknown),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
