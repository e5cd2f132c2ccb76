#include "tests/unit/test.h"

#include "tests/unit/lib/pki/made.h"

#include <string.h>

struct fix_ca made_ca;

int made_setup(void **state)
{
    (void)state;
    fix_ca_make(&made_ca, TB_CURVE_P256, TB_ISSUER_SERVER);
    return 0;
}

int made_teardown(void **state)
{
    (void)state;
    fix_ca_clear(&made_ca);
    fix_keys_free();
    return 0;
}

void made_init(struct made *m, enum fix_key key, enum tb_key_kind kind)
{
    memset(m, 0, sizeof(*m));
    m->idents[0] = fix_ident("*.example.org");
    m->idents[1] = fix_ident("example.org");
    m->idents[2] = fix_ident("192.0.2.7");
    m->idents[3] = fix_ident("2001:db8::7");
    m->leaf = (struct tb_leaf){
        .serial = {0x01, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
        .sig_alg = made_ca.ca.sig_alg,
        .issuer_name = tb_span_of(made_ca.ca.subject, made_ca.ca.subject_len),
        .issuer_keyid = tb_span_of(made_ca.ca.keyid, made_ca.ca.keyid_len),
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

X509 *made_certify(struct made *m)
{
    uint8_t sig[TB_SIG_MAX];
    size_t sig_len;
    struct tb_wr cert;
    struct tb_span inner;
    const unsigned char *p;
    X509 *x;

    tb_wr_init(&cert, TB_CERT_MAX);
    assert_ok(tb_tbs_write(&m->tbs, &m->leaf));
    assert_ok(tb_key_sign(made_ca.key, m->leaf.sig_alg, tb_wr_span(&m->tbs), sig, &sig_len));
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

int made_chain_verify(X509 *leaf, int purpose)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    STACK_OF(X509) *chain = sk_X509_new_null();
    X509 *root = ca_x509(&made_ca.root);
    X509 *mid = ca_x509(&made_ca.ca);
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
