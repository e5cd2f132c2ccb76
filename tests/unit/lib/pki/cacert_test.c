#include "tests/unit/test.h"

#include "lib/pki/cacert.h"
#include "tests/unit/lib/pki/fixture.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

static struct fix_ca ca;

static void root_and_issuing_are_what_they_say(void **state)
{
    const unsigned char *p = ca.ca.der;
    X509 *x = d2i_X509(NULL, &p, (long)ca.ca.der_len);
    CERTIFICATEPOLICIES *pol;

    (void)state;
    assert_true(ca.root.is_ca && ca.ca.is_ca);
    assert_false(ca.root.has_eku);
    assert_int_equal(ca.root.path_len, -1);
    assert_true(ca.ca.has_eku);
    assert_int_equal(ca.ca.purposes, TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH));
    assert_int_equal(ca.ca.path_len, 0);
    assert_int_equal(ca.ca.sig_alg, TB_SIG_ECDSA_SHA384);
    assert_int_equal(ca.ca.keyid_len, 20);
    assert_true(ca.ca.not_before <= FIX_NOW && ca.ca.not_after == FIX_NOW + 86400 * 365);
    assert_ok(tb_cacert_verify(&ca.root, &ca.root));
    assert_ok(tb_cacert_verify(&ca.root, &ca.ca));
    assert_int_equal(tb_cacert_verify(&ca.ca, &ca.root), TB_E_BADSIG);
    pol = X509_get_ext_d2i(x, NID_certificate_policies, NULL, NULL);
    assert_int_equal(sk_POLICYINFO_num(pol), 1);
    assert_int_equal(OBJ_obj2nid(sk_POLICYINFO_value(pol, 0)->policyid), NID_any_policy);
    CERTIFICATEPOLICIES_free(pol);
    assert_int_equal(X509_get_key_usage(x), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
    assert_int_equal(ASN1_STRING_length(X509_get0_authority_key_id(x)), (int)ca.root.keyid_len);
    assert_memory_equal(ASN1_STRING_get0_data(X509_get0_authority_key_id(x)), ca.root.keyid, ca.root.keyid_len);
    X509_free(x);
}

static void broken_wishes_are_refused(void **state)
{
    struct tb_wr wr;
    char cn[66];

    (void)state;
    memset(cn, 'a', 65);
    cn[65] = '\0';
    tb_wr_init(&wr, 8192);
    assert_int_equal(tb_root_make(&wr, ca.key, cn, FIX_NOW, FIX_NOW + 1), TB_E_INVAL);
    assert_int_equal(tb_root_make(&wr, ca.key, "", FIX_NOW, FIX_NOW + 1), TB_E_INVAL);
    assert_int_equal(tb_root_make(&wr, ca.key, "x", FIX_NOW, FIX_NOW), TB_E_INVAL);
    assert_int_equal(tb_root_make(&wr, fix_key(FIX_RSA2048), "x", FIX_NOW, FIX_NOW + 1), TB_E_UNSUPPORTED);
    assert_int_equal(tb_issuing_make(&wr, ca.key, "Test root", TB_ISSUER_CLIENT, tb_wr_span(&ca.root_pem), ca.root_key,
                                     FIX_NOW, FIX_NOW + 1),
                     TB_E_INVAL);
    assert_int_equal(
        tb_issuing_make(&wr, ca.key, "x", TB_ISSUER_NONE, tb_wr_span(&ca.root_pem), ca.root_key, FIX_NOW, FIX_NOW + 1),
        TB_E_INVAL);
    assert_int_equal(
        tb_issuing_make(&wr, ca.key, "x", TB_ISSUER_CLIENT, tb_wr_span(&ca.root_pem), ca.key, FIX_NOW, FIX_NOW + 1),
        TB_E_INVAL);
    assert_int_equal(wr.len, 0);
    cn[64] = '\0';
    assert_ok(tb_root_make(&wr, ca.key, cn, FIX_NOW, FIX_NOW + 1));
    tb_wr_clear(&wr);
}

static void read_refuses(void **state)
{
    struct tb_cacert got;
    struct tb_problem pb = {0};
    struct tb_wr two;
    X509 *leaf = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem;
    long len;

    (void)state;
    tb_wr_init(&two, 16384);
    tb_wr_bytes(&two, ca.pem.buf, ca.pem.len);
    tb_wr_bytes(&two, ca.pem.buf, ca.pem.len);
    assert_int_equal(tb_cacert_read(tb_wr_span(&two), &got, &pb), TB_E_TRAIL);
    assert_null(got.der);
    assert_int_not_equal(pb.type, TB_P_NONE);
    tb_problem_clear(&pb);
    for (size_t cut = 0; cut + 1 < ca.pem.len; cut += 7)
        assert_int_not_equal(tb_cacert_read(tb_span_of(ca.pem.buf, cut), &got, NULL), 0);
    X509_set_version(leaf, X509_VERSION_3);
    X509_set_pubkey(leaf, ca.key);
    ASN1_INTEGER_set(X509_get_serialNumber(leaf), 5);
    X509_gmtime_adj(X509_getm_notBefore(leaf), 0);
    X509_gmtime_adj(X509_getm_notAfter(leaf), 10);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(leaf), "CN", MBSTRING_ASC, (const unsigned char *)"x", -1, -1, 0);
    X509_set_issuer_name(leaf, X509_get_subject_name(leaf));
    assert_true(X509_sign(leaf, ca.key, EVP_sha384()) > 0);
    PEM_write_bio_X509(bio, leaf);
    len = BIO_get_mem_data(bio, &pem);
    assert_int_equal(tb_cacert_read(tb_span_of(pem, (size_t)len), &got, NULL), TB_E_DENIED);
    BIO_free(bio);
    X509_free(leaf);
    tb_wr_clear(&two);
}

static void keys_survive_pem(void **state)
{
    static const char *const passphrases[] = {NULL, "correct horse", ""};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(passphrases); i++) {
        struct tb_problem pb = {0};
        EVP_PKEY *key = NULL;
        struct tb_wr wr;

        tb_wr_init(&wr, 4096);
        assert_ok(tb_key_write_pem(&wr, ca.key, passphrases[i]));
        assert_ok(tb_key_read_pem(tb_wr_span(&wr), passphrases[i], &key, &pb));
        assert_int_equal(EVP_PKEY_eq(key, ca.key), 1);
        EVP_PKEY_free(key);
        if (passphrases[i] != NULL) {
            assert_int_equal(tb_key_read_pem(tb_wr_span(&wr), NULL, &key, &pb), TB_E_DENIED);
            assert_null(key);
            assert_int_equal(tb_key_read_pem(tb_wr_span(&wr), "wrong", &key, NULL), TB_E_DENIED);
            assert_null(key);
        }
        tb_problem_clear(&pb);
        tb_wr_clear_secret(&wr);
    }
}

static void other_keys_are_refused(void **state)
{
    struct tb_wr wr;
    EVP_PKEY *key;

    (void)state;
    tb_wr_init(&wr, 8192);
    assert_ok(tb_key_write_pem(&wr, fix_key(FIX_RSA2048), NULL));
    assert_int_equal(tb_key_read_pem(tb_wr_span(&wr), NULL, &key, NULL), TB_E_UNSUPPORTED);
    assert_int_equal(tb_key_read_pem(tb_wr_span(&ca.pem), NULL, &key, NULL), TB_E_FORMAT);
    assert_int_equal(tb_key_read_pem(tb_span_str("nonsense"), NULL, &key, NULL), TB_E_FORMAT);
    tb_wr_clear_secret(&wr);
}

static void signatures(void **state)
{
    uint8_t sig[TB_SIG_MAX];
    size_t len = 7;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    (void)state;
    assert_int_equal(tb_key_sign(ca.key, TB_SIG_ECDSA_SHA256, tb_span_str("x"), sig, &len), TB_E_INVAL);
    assert_int_equal(len, 0);
    assert_int_equal(tb_key_sign(ca.key, TB_SIG_ECDSA_SHA384, tb_span_str(""), sig, &len), TB_E_INVAL);
    assert_ok(tb_key_sign(ca.key, TB_SIG_ECDSA_SHA384, tb_span_str("x"), sig, &len));
    assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha384(), NULL, ca.key), 1);
    assert_int_equal(EVP_DigestVerify(ctx, sig, len, (const uint8_t *)"x", 1), 1);
    EVP_MD_CTX_free(ctx);
}

static void crl_of_the_root(void **state)
{
    struct tb_wr wr;
    BIO *bio;
    X509_CRL *crl;
    ASN1_INTEGER *number;

    (void)state;
    tb_wr_init(&wr, 8192);
    assert_ok(tb_root_crl_make(&wr, tb_wr_span(&ca.root_pem), ca.root_key, 7, FIX_NOW, FIX_NOW + 86400));
    bio = BIO_new_mem_buf(wr.buf, (int)wr.len);
    crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
    assert_non_null(crl);
    assert_int_equal(X509_CRL_verify(crl, ca.root_key), 1);
    assert_int_equal(X509_CRL_get_version(crl), 1);
    number = X509_CRL_get_ext_d2i(crl, NID_crl_number, NULL, NULL);
    assert_int_equal(ASN1_INTEGER_get(number), 7);
    assert_null(X509_CRL_get_REVOKED(crl));
    ASN1_INTEGER_free(number);
    X509_CRL_free(crl);
    BIO_free(bio);
    tb_wr_reset(&wr);
    assert_int_equal(tb_root_crl_make(&wr, tb_wr_span(&ca.root_pem), ca.key, 7, FIX_NOW, FIX_NOW + 1), TB_E_INVAL);
    assert_int_equal(tb_root_crl_make(&wr, tb_wr_span(&ca.root_pem), ca.root_key, 7, FIX_NOW, FIX_NOW), TB_E_INVAL);
    tb_wr_clear(&wr);
}

static void pem_lines(void **state)
{
    static const char want[] = "-----BEGIN X-----\n"
                               "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
                               "AA==\n"
                               "-----END X-----\n";
    uint8_t zeros[49] = {0};
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, 512);
    tb_pem_write(&wr, "X", tb_span_of(zeros, sizeof(zeros)));
    assert_ok(tb_wr_err(&wr));
    assert_span_equal(tb_wr_span(&wr), want, sizeof(want) - 1);
    tb_wr_clear(&wr);
}

static int setup(void **state)
{
    (void)state;
    fix_ca_make(&ca, TB_CURVE_P384, TB_ISSUER_CLIENT);
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
        cmocka_unit_test(root_and_issuing_are_what_they_say),
        cmocka_unit_test(broken_wishes_are_refused),
        cmocka_unit_test(read_refuses),
        cmocka_unit_test(keys_survive_pem),
        cmocka_unit_test(other_keys_are_refused),
        cmocka_unit_test(signatures),
        cmocka_unit_test(crl_of_the_root),
        cmocka_unit_test(pem_lines),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
