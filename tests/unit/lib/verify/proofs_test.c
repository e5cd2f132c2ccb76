/* Proof methods that an entry wants, and what the issuer says in the certificate. */
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "lib/pki/name_proofs.h"
#include "tests/unit/lib/verify/objects.h"
#include "tests/unit/test.h"

#define ARC    "1.3.6.1.4.1.32473.7"
#define CLIENT TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)
#define SERVER TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)

/* What a test says about the leaf: a.example.test by dns-01, b.example.test by http-01. */
struct wish {
    const char *san;        /* NULL: DNS:a.example.test,DNS:b.example.test */
    const char *oid;        /* NULL: under ARC */
    const char *octets;     /* hex; NULL: evidence of both names */
    tb_purposes_t purposes; /* 0: both */
    bool critical;
    int others;        /* extensions before it that nobody knows */
    const char *curve; /* NULL: P-256 */
};

struct made {
    unsigned char *root, *leaf;
    int root_len, leaf_len;
    char key[80];
};

static void set_name(X509_NAME *name, const char *cn)
{
    assert_int_equal(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)cn, -1, -1, 0), 1);
}

static void add_text(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    assert_non_null(ext);
    assert_int_equal(X509_add_ext(x, ext, -1), 1);
    X509_EXTENSION_free(ext);
}

static void add_octets(X509 *x, const char *oid, struct tb_span value, bool critical)
{
    ASN1_OBJECT *obj = OBJ_txt2obj(oid, 1);
    ASN1_OCTET_STRING *octets = ASN1_OCTET_STRING_new();
    X509_EXTENSION *ext;

    assert_int_equal(ASN1_OCTET_STRING_set(octets, value.p, (int)value.len), 1);
    ext = X509_EXTENSION_create_by_OBJ(NULL, obj, critical, octets);
    assert_non_null(ext);
    assert_int_equal(X509_add_ext(x, ext, -1), 1);
    X509_EXTENSION_free(ext);
    ASN1_OCTET_STRING_free(octets);
    ASN1_OBJECT_free(obj);
}

static X509 *new_cert(const char *cn, long serial, EVP_PKEY *key)
{
    X509 *x = X509_new();

    assert_non_null(x);
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    set_name(X509_get_issuer_name(x), "Root");
    set_name(X509_get_subject_name(x), cn);
    ASN1_TIME_set(X509_getm_notBefore(x), (time_t)(OBJ_TIME - 3600));
    ASN1_TIME_set(X509_getm_notAfter(x), (time_t)(OBJ_TIME + 3600));
    X509_set_pubkey(x, key);
    return x;
}

static void put_evidence(struct tb_wr *wr, tb_purposes_t purposes)
{
    struct tb_name_proofs proofs[2] = {0};

    for (int i = 0; i < 2; i++) {
        uint8_t method = i == 0 ? TB_METHOD_DNS_01 : TB_METHOD_HTTP_01;

        proofs[i].control[TB_PURPOSE_SERVER_AUTH] = (purposes & SERVER) != 0 ? method : 0;
        proofs[i].control[TB_PURPOSE_CLIENT_AUTH] = (purposes & CLIENT) != 0 ? method : 0;
        proofs[i].use[TB_PURPOSE_CLIENT_AUTH] = (purposes & CLIENT) != 0 ? TB_METHOD_TLS_CLIENT_01 : 0;
    }
    tb_wr_init(wr, 256);
    tb_name_proofs_write(wr, proofs, 2, purposes);
}

static void make(struct made *m, const struct wish *w)
{
    EVP_PKEY *root_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen(w->curve != NULL ? w->curve : "P-256");
    X509 *root = new_cert("Root", 1, root_key), *leaf = new_cert("leaf", 2, key);
    uint8_t octets[256], digest[TB_DIGEST_LEN];
    unsigned char *spki = NULL;
    struct tb_wr evidence;
    int n;

    add_text(root, NID_basic_constraints, "critical,CA:TRUE");
    add_text(root, NID_key_usage, "critical,keyCertSign");
    assert_true(X509_sign(root, root_key, EVP_sha256()) > 0);
    add_text(leaf, NID_key_usage, "critical,digitalSignature");
    add_text(leaf, NID_ext_key_usage, "clientAuth,serverAuth");
    add_text(leaf, NID_subject_alt_name, w->san != NULL ? w->san : "DNS:a.example.test,DNS:b.example.test");
    for (int i = 0; i < w->others; i++) {
        char oid[32];

        snprintf(oid, sizeof(oid), "2.999.%d", i);
        add_octets(leaf, oid, tb_span_of("\5\0", 2), false);
    }
    if (w->octets != NULL) {
        assert_ok(tb_hex_decode(octets, strlen(w->octets) / 2, tb_span_str(w->octets)));
        add_octets(leaf, w->oid != NULL ? w->oid : ARC ".3", tb_span_of(octets, strlen(w->octets) / 2), w->critical);
    } else {
        put_evidence(&evidence, w->purposes != 0 ? w->purposes : CLIENT | SERVER);
        add_octets(leaf, w->oid != NULL ? w->oid : ARC ".3", tb_wr_span(&evidence), w->critical);
        tb_wr_clear(&evidence);
    }
    assert_true(X509_sign(leaf, root_key, EVP_sha256()) > 0);
    *m = (struct made){0};
    m->root_len = i2d_X509(root, &m->root);
    m->leaf_len = i2d_X509(leaf, &m->leaf);
    n = i2d_PUBKEY(root_key, &spki);
    tb_sha256(digest, tb_span_of(spki, (size_t)n));
    strcpy(m->key, "sha256:");
    tb_hex_encode(m->key + 7, tb_span_of(digest, sizeof(digest)));
    OPENSSL_free(spki);
    X509_free(root);
    X509_free(leaf);
    EVP_PKEY_free(root_key);
    EVP_PKEY_free(key);
}

/* The policy: one entry for the name, with these proofs; arc "" is none. */
static enum tabard_reason decide(const struct wish *w, const char *arc, const char *who, enum tabard_role role,
                                 struct tabard_decision *d)
{
    struct tabard_anchors *anchors = tabard_anchors_new();
    struct tabard_policy *policy = tabard_policy_new();
    struct tabard_request req;
    struct tabard_problem problem;
    struct tabard_cert chain;
    struct made m;
    char text[1024];
    bool allowed;

    make(&m, w);
    snprintf(text, sizeof(text),
             "version: 1\nissuers:\n  one: {keys: %s%s%s}\nentries:\n"
             "  - {name: e, who: {purpose: %s, %s}, what: x, until: never, as: acc}\n...\n",
             m.key, arc[0] != '\0' ? ", policy_arc: " : "", arc,
             role == TABARD_ROLE_CLIENT ? "clientAuth" : "serverAuth", who);
    if (tabard_policy_load(policy, text, strlen(text), &problem) != 0)
        fail_msg("%u: %s", problem.line, problem.why);
    assert_int_equal(tabard_anchors_add_der(anchors, m.root, (size_t)m.root_len, OBJ_BOTH), 0);
    req = obj_request(role, anchors);
    req.policy = policy;
    req.resource = "x";
    chain = (struct tabard_cert){m.leaf, (size_t)m.leaf_len};
    allowed = tabard_decide(&req, &chain, 1, d);
    assert_int_equal(allowed, tabard_decision_reason(d) == TABARD_R_ALLOWED);
    tabard_policy_free(policy);
    tabard_anchors_free(anchors);
    OPENSSL_free(m.root);
    OPENSSL_free(m.leaf);
    return tabard_decision_reason(d);
}

#define A       "issuer: one, dns: a.example.test"
#define B       "issuer: one, dns: b.example.test"
#define OK      TABARD_R_ALLOWED
#define OTHER   TABARD_R_PROOF_METHOD_OTHER
#define UNKNOWN TABARD_R_PROOF_METHOD_UNKNOWN

static void methods_are_judged_for_the_name_that_matched(void **state)
{
    static const struct {
        const char *who;
        enum tabard_role role;
        enum tabard_reason reason;
        const char *expected, *seen;
    } rows[] = {
        {A, TABARD_ROLE_CLIENT, OK, "", ""},
        {A ", proofs: dns-01", TABARD_ROLE_CLIENT, OK, "", ""},
        {A ", proofs: tls-client-01", TABARD_ROLE_CLIENT, OK, "", ""},
        {A ", proofs: [dns-01, tls-client-01]", TABARD_ROLE_CLIENT, OK, "", ""},
        {A ", proofs: [http-01, dns-01]", TABARD_ROLE_CLIENT, OK, "", ""},
        {A ", proofs: http-01", TABARD_ROLE_CLIENT, OTHER, "http-01", "dns-01, tls-client-01"},
        {A ", proofs: [http-01, tls-client-01]", TABARD_ROLE_CLIENT, OTHER, "http-01, tls-client-01",
         "dns-01, tls-client-01"},
        {B ", proofs: http-01", TABARD_ROLE_CLIENT, OK, "", ""},
        {B ", proofs: dns-01", TABARD_ROLE_CLIENT, OTHER, "dns-01", "http-01, tls-client-01"},
        {"issuer: one, dns: [a.example.test, b.example.test], proofs: dns-01", TABARD_ROLE_CLIENT, OK, "", ""},
        {A ", proofs: dns-01", TABARD_ROLE_SERVER, OK, "", ""},
        {B ", proofs: dns-01", TABARD_ROLE_SERVER, OTHER, "dns-01", "http-01"},
        {A ", proofs: tls-client-01", TABARD_ROLE_SERVER, OTHER, "tls-client-01", "dns-01"},
        {"issuer: one, dns: \"*.example.test\", proofs: http-01", TABARD_ROLE_CLIENT, OK, "", ""},
        {"issuer: any, dns: a.example.test", TABARD_ROLE_CLIENT, OK, "", ""},
        {"issuer: any, dns: a.example.test, proofs: dns-01", TABARD_ROLE_CLIENT, UNKNOWN, "dns-01", "none"},
    };
    static const char *const curves[] = {NULL, "P-521"}; /* our own reader, and OpenSSL's */
    struct tabard_decision *d = tabard_decision_new();

    (void)state;
    for (size_t c = 0; c < TB_ARRAY_LEN(curves); c++)
        for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
            struct wish w = {.curve = curves[c]};

            if (decide(&w, ARC, rows[i].who, rows[i].role, d) != rows[i].reason)
                fail_msg("row %zu: %s", i, tabard_reason_text(tabard_decision_reason(d)));
            assert_string_equal(tabard_decision_expected(d), rows[i].expected);
            assert_string_equal(tabard_decision_seen(d), rows[i].seen);
        }
    tabard_decision_free(d);
}

static void what_is_not_told_soundly_is_not_told(void **state)
{
    static const struct {
        const char *what, *arc;
        struct wish w;
    } rows[] = {
        {"no arc in the policy", "", {0}},
        {"another arc in the policy", "1.3.6.1.4.1.32473.8", {0}},
        {"a longer arc in the policy", ARC ".3", {0}},
        {"another extension under the arc", ARC, {.oid = ARC ".4"}},
        {"one name told of two", ARC, {.octets = "300d300b3009020102020102020106"}},
        {"three names told of two",
         ARC,
         {.octets = "3027300b3009020102020102020106300b3009020102020102020106300b3009020102020102020106"}},
        {"the other purpose alone", ARC, {.purposes = SERVER}},
        {"nothing", ARC, {.octets = ""}},
        {"not DER", ARC, {.octets = "3080"}},
        {"more after it", ARC, {.octets = "301a300b3009020102020102020106300b30090201020201020201060500"}},
        {"control without use",
         ARC,
         {.octets = "301430083006020102020102"
                    "30083006020102020102"}},
        {"a third name in the certificate", ARC, {.san = "DNS:a.example.test,DNS:b.example.test,email:c@example.test"}},
        {"too many extensions before it", ARC, {.others = 8}},
    };
    struct tabard_decision *d = tabard_decision_new();

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        if (decide(&rows[i].w, rows[i].arc, A ", proofs: [dns-01, tls-client-01]", TABARD_ROLE_CLIENT, d) != UNKNOWN)
            fail_msg("%s: %s", rows[i].what, tabard_reason_text(tabard_decision_reason(d)));
        if (decide(&rows[i].w, rows[i].arc, A, TABARD_ROLE_CLIENT, d) != OK) /* it is no fault of the certificate */
            fail_msg("%s: %s", rows[i].what, tabard_reason_text(tabard_decision_reason(d)));
    }
    tabard_decision_free(d);
}

/* Names are sorted for matching; evidence is not. */
static void the_place_in_the_certificate_counts(void **state)
{
    struct wish w = {.san = "email:c@example.test,DNS:a.example.test"}; /* a is the second: by http-01 */
    struct wish turned = {.san = "DNS:b.example.test,DNS:a.example.test"};
    struct wish one_more = {.others = 7};
    struct tabard_decision *d = tabard_decision_new();

    (void)state;
    assert_int_equal(decide(&w, ARC, A ", proofs: http-01", TABARD_ROLE_CLIENT, d), OK);
    assert_int_equal(decide(&w, ARC, A ", proofs: dns-01", TABARD_ROLE_CLIENT, d), OTHER);
    assert_int_equal(decide(&turned, ARC, A ", proofs: http-01", TABARD_ROLE_CLIENT, d), OK);
    assert_int_equal(decide(&turned, ARC, B ", proofs: dns-01", TABARD_ROLE_CLIENT, d), OK);
    assert_int_equal(decide(&one_more, ARC, A ", proofs: dns-01", TABARD_ROLE_CLIENT, d), OK);
    tabard_decision_free(d);
}

static void a_critical_one_is_an_extension_that_nobody_knows(void **state)
{
    struct wish w = {.critical = true};
    struct tabard_decision *d = tabard_decision_new();

    (void)state;
    assert_int_equal(decide(&w, ARC, A, TABARD_ROLE_CLIENT, d), TABARD_R_CRITICAL_EXTENSION);
    tabard_decision_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods_are_judged_for_the_name_that_matched),
        cmocka_unit_test(what_is_not_told_soundly_is_not_told),
        cmocka_unit_test(the_place_in_the_certificate_counts),
        cmocka_unit_test(a_critical_one_is_an_extension_that_nobody_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
