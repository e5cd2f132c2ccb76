/* Function under test: tb_judge_decide, what it makes of the CSR and of its names.  Each test is named after the attack
 * or the rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/param_build.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "tests/unit/ca/judge/world.h"

static int setup(void **state)
{
    *state = w_new();
    return 0;
}

static int teardown(void **state)
{
    w_free(*state);
    return 0;
}

/* Payload and CSR. */

static void payloads_other_than_one_csr_are_refused(void **state)
{
    struct world *w = *state;
    const struct {
        const char *payload, *reason;
    } rows[] = {{"", "payload-form"},
                {"[]", "payload-form"},
                {"{\"csr\":\"AAAA\",\"csr\":\"AAAA\"}", "payload-form"},
                {"{}", "payload-members"},
                {"{\"csr\":1}", "payload-members"},
                {"{\"csr\":\"AAAA\",\"notAfter\":\"x\"}", "payload-members"},
                {"{\"csr\":\"\"}", "csr-base64url"},
                {"{\"csr\":\"AAAA=\"}", "csr-base64url"},
                {"{\"csr\":\"AA+A\"}", "csr-base64url"},
                {"{\"csr\":\"AAAA\"}", "csr-form"}};

    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        w->payload = rows[i].payload;
        w_refused(w, rows[i].reason);
    }
}

static void keys_of_account_and_ca_are_not_certified(void **state)
{
    struct world *w = *state;

    w->csr.key = w->account;
    w_refused(w, "csr-account-key");
    w->csr.key = w->ca_key[TB_ISSUER_SERVER];
    w_refused(w, "csr-ca-key");
    w->csr.key = w->ca_key[TB_ISSUER_CLIENT];
    w_refused(w, "csr-ca-key");
    w_spki(w->other_subject, w->s->foreign[w->s->num_foreign++]); /* as the HTTPS key is entered */
    w->csr.key = w->other_subject;
    w_refused(w, "csr-ca-key");
}

/* RSA whose second prime is the next one after the first: Fermat's method finds both at once. */
static EVP_PKEY *close_rsa(void)
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *p = BN_new(), *q = BN_new(), *n = BN_new(), *e = BN_new(), *d = BN_new(), *phi = BN_new();
    EVP_PKEY_CTX *kctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    BN_set_word(e, 65537);
    BN_generate_prime_ex(p, 1024, 0, NULL, NULL, NULL);
    BN_copy(q, p);
    do
        BN_add_word(q, 2);
    while (BN_check_prime(q, ctx, NULL) != 1);
    BN_mul(n, p, q, ctx);
    BN_sub_word(p, 1);
    BN_sub_word(q, 1);
    BN_mul(phi, p, q, ctx);
    assert_non_null(BN_mod_inverse(d, e, phi, ctx));
    OSSL_PARAM_BLD_push_BN(bld, "n", n);
    OSSL_PARAM_BLD_push_BN(bld, "e", e);
    OSSL_PARAM_BLD_push_BN(bld, "d", d);
    params = OSSL_PARAM_BLD_to_param(bld);
    assert_int_equal(EVP_PKEY_fromdata_init(kctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(kctx, &key, EVP_PKEY_KEYPAIR, params), 1);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(bld);
    EVP_PKEY_CTX_free(kctx);
    BN_free(p);
    BN_free(q);
    BN_free(n);
    BN_free(e);
    BN_free(d);
    BN_free(phi);
    BN_CTX_free(ctx);
    return key;
}

static void weak_and_blocked_keys_are_not_certified(void **state)
{
    struct world *w = *state;
    char list[2 * TB_DIGEST_LEN + 1];
    uint8_t digest[TB_DIGEST_LEN];
    EVP_PKEY *weak = close_rsa();
    size_t line;

    w->csr.key = weak;
    w_refused(w, "csr-weak-key");
    w_spki(w->subject, digest);
    tb_hex_encode(list, tb_span_of(digest, sizeof(digest)));
    tb_weak_keys_free(w->s->weak);
    assert_int_equal(tb_weak_keys_new(tb_span_str(list), &w->s->weak, &line), 0);
    w->csr.key = NULL;
    w_refused(w, "csr-weak-key");
    w->csr.key = w->other_subject;
    w_signed(w);
    EVP_PKEY_free(weak);
}

static void an_extra_san_is_refused(void **state)
{
    struct world *w = *state;

    w_name(w, "DNS:b.example");
    w_refused(w, "caa-missing");
    w_caa(w, "b.example");
    w_refused(w, "control-missing");
    w_control(w, "b.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_DNS_01);
    w_signed(w);
}

static void a_cn_outside_the_sans_must_be_proved_too(void **state)
{
    struct world *w = *state;

    w->csr.cn = "b.example";
    w_refused(w, "caa-missing");
    w->csr.cn = "a.example";
    w_signed(w);
}

static void ekus_ca_true_and_key_usage_in_the_csr_change_nothing(void **state)
{
    struct world *w = *state;
    struct tb_decision d;

    w->csr.extra_ext[0][0] = "basicConstraints";
    w->csr.extra_ext[0][1] = "critical,CA:TRUE";
    w->csr.extra_ext[1][0] = "extendedKeyUsage";
    w->csr.extra_ext[1][1] = "clientAuth,codeSigning,anyExtendedKeyUsage";
    w->csr.extra_ext[2][0] = "keyUsage";
    w->csr.extra_ext[2][1] = "keyCertSign,cRLSign";
    w_decide(w, &d);
    assert_int_equal(d.verdict, TB_VERDICT_SIGN);
    assert_int_equal(d.leaf.purposes, TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH));
    assert_int_equal(d.leaf.num_idents, 1);
    tb_decision_clear(&d);
}

static void w_eku(struct world *w, enum tb_csr_eku_mode mode, const char *eku)
{
    w->server->csr_eku = mode;
    w->csr.extra_ext[0][0] = "extendedKeyUsage";
    w->csr.extra_ext[0][1] = eku;
}

static void a_csr_that_asks_for_other_usages_is_refused_where_the_profile_rejects_it(void **state)
{
    struct world *w = *state;
    struct tb_decision d;

    w_eku(w, TB_CSR_EKU_REJECT, "serverAuth,clientAuth");
    w_refused(w, "csr-eku");
    w_eku(w, TB_CSR_EKU_REJECT, "serverAuth,1.3.6.1.4.1.32473.1");
    w_refused(w, "csr-eku");
    w_eku(w, TB_CSR_EKU_REJECT, "serverAuth");
    w_decide(w, &d);
    assert_int_equal(d.verdict, TB_VERDICT_SIGN);
    assert_int_equal(d.leaf.purposes, TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH));
    tb_decision_clear(&d);
}

static void invariant_13_narrowing_never_gives_none_and_never_more(void **state)
{
    struct world *w = *state;
    struct tb_decision d;

    w_eku(w, TB_CSR_EKU_NARROW, "clientAuth");
    w_refused(w, "csr-eku");
    w_eku(w, TB_CSR_EKU_NARROW, "anyExtendedKeyUsage");
    w_refused(w, "csr-eku");
    w_eku(w, TB_CSR_EKU_NARROW, "clientAuth,serverAuth,anyExtendedKeyUsage");
    w_decide(w, &d);
    assert_int_equal(d.verdict, TB_VERDICT_SIGN);
    assert_int_equal(d.leaf.purposes, TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH));
    tb_decision_clear(&d);
}

static void names_that_the_profile_does_not_serve_are_refused(void **state)
{
    struct world *w = *state;

    w->server->ident_ip = false;
    w_name(w, "IP:192.0.2.1");
    w_refused(w, "name-not-served");
    w->csr.num_names = 1;
    w->server->ident_wildcard = false;
    w_name(w, "DNS:*.a.example");
    w_refused(w, "name-not-served");
}

static void names_max_is_the_profiles(void **state)
{
    struct world *w = *state;

    w->server->names_max = 2;
    w_name(w, "DNS:b.example");
    w_control(w, "b.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01);
    w_caa(w, "b.example");
    w_name(w, "DNS:c.example");
    w_refused(w, "too-many-names");
    w->csr.num_names = 2;
    w_signed(w);
}

static void a_csr_without_names_is_refused(void **state)
{
    struct world *w = *state;

    w->csr.num_names = 0;
    w_refused(w, "csr-form");
}

/* Names. */

static void names_that_the_lists_refuse_are_not_certified(void **state)
{
    struct world *w = *state;
    struct tb_names *n = &w->cfg->names[0];

    w->cfg->num_names = 1;
    n->num_allow = 1;
    strcpy(n->allow[0], ".example");
    n->num_deny = 1;
    strcpy(n->deny[0], "a.example");
    w_policy(w);
    w_refused(w, "name-denied");
    n->num_deny = 0;
    strcpy(n->allow[0], ".le");
    w_policy(w);
    w_refused(w, "name-not-allowed");
    n->num_allow = 0;
    w_policy(w);
    w_refused(w, "name-not-allowed");
    strcpy(n->profile, "client"); /* which is not this order's */
    w_policy(w);
    w_signed(w);
}

static void names_outside_the_ca_certificate_are_not_certified(void **state)
{
    static const struct {
        const char *constraints;
        bool allowed;
    } rows[] = {
        {"permitted;DNS:other.example", false}, {"excluded;DNS:a.example", false}, {"permitted;DNS:example", true}};

    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct world *w = i == 0 ? *state : w_new();
        uint8_t *der = NULL;
        int len = w_constrained_ca(w, rows[i].constraints, &der);

        assert_int_equal(tb_policy_add_ca(w->s->policy, TB_ISSUER_SERVER, tb_span_of(der, (size_t)len)), 0);
        if (rows[i].allowed)
            w_signed(w);
        else
            w_refused(w, "name-constraint");
        free(der);
        if (i > 0)
            w_free(w);
    }
}

static void a_wildcard_below_a_public_suffix_is_not_certified(void **state)
{
    struct world *w = *state;

    w->csr.num_names = 0;
    w->num_st = 0;
    w_name(w, "DNS:*.example");
    w_control(w, "*.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_DNS_01);
    w_caa(w, "*.example");
    w_refused(w, "wildcard-public-suffix");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(payloads_other_than_one_csr_are_refused),
        T(keys_of_account_and_ca_are_not_certified),
        T(weak_and_blocked_keys_are_not_certified),
        T(an_extra_san_is_refused),
        T(a_cn_outside_the_sans_must_be_proved_too),
        T(ekus_ca_true_and_key_usage_in_the_csr_change_nothing),
        T(a_csr_that_asks_for_other_usages_is_refused_where_the_profile_rejects_it),
        T(invariant_13_narrowing_never_gives_none_and_never_more),
        T(names_that_the_profile_does_not_serve_are_refused),
        T(names_max_is_the_profiles),
        T(a_csr_without_names_is_refused),
        T(names_that_the_lists_refuse_are_not_certified),
        T(names_outside_the_ca_certificate_are_not_certified),
        T(a_wildcard_below_a_public_suffix_is_not_certified),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
