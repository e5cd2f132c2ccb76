/* Decisions over real connections in memory: the role is what the connection says. */
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/lib/verify/objects.h"
#include "tests/unit/test.h"

struct pair {
    EVP_PKEY *ca_key, *key;
    X509 *ca, *leaf;
    SSL_CTX *server_ctx, *client_ctx;
    SSL *server, *client;
};

static void add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *ext;

    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(ext);
    assert_int_equal(X509_add_ext(x, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

static X509 *mint(const char *cn, EVP_PKEY *key, X509 *issuer, EVP_PKEY *issuer_key, bool ca)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);

    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ca ? 1 : 2);
    ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "20260101000000Z");
    ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "20460101000000Z");
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(x, issuer != NULL ? X509_get_subject_name(issuer) : name);
    X509_set_pubkey(x, key);
    add_ext(x, issuer != NULL ? issuer : x, NID_basic_constraints, ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (!ca) {
        add_ext(x, issuer, NID_ext_key_usage, "clientAuth,serverAuth");
        add_ext(x, issuer, NID_subject_alt_name, "DNS:peer.example.test");
    }
    assert_true(X509_sign(x, issuer_key, EVP_sha256()) > 0);
    return x;
}

static int accept_any(int ok, X509_STORE_CTX *ctx)
{
    (void)ok;
    (void)ctx;
    return 1;
}

static SSL_CTX *context(struct pair *p, bool with_cert)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_method());

    if (with_cert) {
        assert_int_equal(SSL_CTX_use_certificate(ctx, p->leaf), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(ctx, p->key), 1);
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, accept_any);
    return ctx;
}

static void pair_open(struct pair *p, bool client_cert, bool handshake)
{
    BIO *a;
    BIO *b;

    p->ca_key = EVP_EC_gen("P-256");
    p->key = EVP_EC_gen("P-256");
    p->ca = mint("CA", p->ca_key, NULL, p->ca_key, true);
    p->leaf = mint("leaf", p->key, p->ca, p->ca_key, false);
    p->server_ctx = context(p, true);
    p->client_ctx = context(p, client_cert);
    p->server = SSL_new(p->server_ctx);
    p->client = SSL_new(p->client_ctx);
    assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
    SSL_set_bio(p->server, a, a);
    SSL_set_bio(p->client, b, b);
    SSL_set_accept_state(p->server);
    SSL_set_connect_state(p->client);
    for (int i = 0; handshake && i < 10; i++) {
        SSL_do_handshake(p->client);
        SSL_do_handshake(p->server);
    }
}

static void pair_close(struct pair *p)
{
    SSL_free(p->server);
    SSL_free(p->client);
    SSL_CTX_free(p->server_ctx);
    SSL_CTX_free(p->client_ctx);
    X509_free(p->ca);
    X509_free(p->leaf);
    EVP_PKEY_free(p->ca_key);
    EVP_PKEY_free(p->key);
}

static struct tabard_anchors *anchors_of(const struct pair *p)
{
    struct tabard_anchors *anchors = tabard_anchors_new();
    unsigned char *der = NULL;
    int len = i2d_X509(p->ca, &der);

    assert_int_equal(tabard_anchors_add_der(anchors, der, (size_t)len, OBJ_BOTH), 0);
    OPENSSL_free(der);
    return anchors;
}

static const char text[] = "version: 1\nentries:\n"
                           "  - {name: c, who: {dns: peer.example.test, issuer: any, purpose: clientAuth}, what: in, "
                           "until: never, as: caller}\n"
                           "  - {name: s, who: {dns: peer.example.test, issuer: any, purpose: serverAuth}, what: in, "
                           "until: never, as: called}\n"
                           "...\n";

static void test_both_ends(void **state)
{
    struct pair p;
    struct tabard_policy *policy = tabard_policy_new();
    struct tabard_decision *decision = tabard_decision_new();
    struct tabard_anchors *anchors;
    struct tabard_request req;

    (void)state;
    pair_open(&p, true, true);
    anchors = anchors_of(&p);
    assert_int_equal(tabard_policy_load(policy, text, sizeof(text) - 1, NULL), 0);
    req = obj_request((enum tabard_role)0, anchors);
    req.resource = "in";
    req.policy = policy;
    assert_true(tabard_decide_ssl(&req, p.server, decision));
    assert_string_equal(tabard_decision_account(decision), "caller");
    assert_true(tabard_decide_ssl(&req, p.client, decision));
    assert_string_equal(tabard_decision_account(decision), "called");
    /* A wish for the other role is refused. */
    req.role = TABARD_ROLE_SERVER;
    assert_false(tabard_decide_ssl(&req, p.server, decision));
    assert_int_equal(tabard_decision_reason(decision), TABARD_R_ARGUMENT);
    req.role = TABARD_ROLE_CLIENT;
    assert_true(tabard_decide_ssl(&req, p.server, NULL));
    req.anchors = NULL;
    assert_false(tabard_decide_ssl(&req, p.server, decision));
    assert_int_equal(tabard_decision_reason(decision), TABARD_R_NO_ANCHOR_FOR_ROLE);
    tabard_anchors_free(anchors);
    tabard_policy_free(policy);
    tabard_decision_free(decision);
    pair_close(&p);
}

static void test_nothing_shown(void **state)
{
    struct pair p;
    struct tabard_policy *policy = tabard_policy_new();
    struct tabard_decision *decision = tabard_decision_new();
    struct tabard_anchors *anchors;
    struct tabard_request req;

    (void)state;
    for (int handshake = 0; handshake < 2; handshake++) {
        pair_open(&p, false, handshake == 1);
        anchors = anchors_of(&p);
        assert_int_equal(tabard_policy_load(policy, text, sizeof(text) - 1, NULL), 0);
        req = obj_request((enum tabard_role)0, anchors);
        req.policy = policy;
        assert_false(tabard_decide_ssl(&req, p.server, decision));
        assert_int_equal(tabard_decision_reason(decision),
                         handshake == 1 ? TABARD_R_NO_CERTIFICATE : TABARD_R_ARGUMENT);
        tabard_anchors_free(anchors);
        pair_close(&p);
    }
    assert_false(tabard_decide_ssl(&req, NULL, decision));
    tabard_policy_free(policy);
    tabard_decision_free(decision);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ends),
        cmocka_unit_test(test_nothing_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
