/* Function under test: tb_judge_decide.  Each test is named after the attack or the rule. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <openssl/bn.h>
#include <openssl/param_build.h>
#include <stdio.h>
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

/* The honest request. */

static void an_honest_request_is_signed(void **state)
{
    struct world *w = *state;
    struct tb_decision d;

    w_decide(w, &d);
    assert_int_equal(d.verdict, TB_VERDICT_SIGN);
    assert_int_equal(d.leaf.num_idents, 1);
    assert_string_equal(d.leaf.idents[0].value, "a.example");
    assert_int_equal(d.leaf.purposes, TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH));
    assert_int_equal(d.leaf.not_before, W_NOW - 3600);
    assert_int_equal(d.leaf.not_after, W_NOW - 3600 + 45 * 86400 - 1);
    assert_in_range(d.leaf.serial[0], 1, 0x7f);
    assert_string_equal(d.account_url, w->account_url);
    assert_int_equal(w->s->proofs.num_evidence, 2);
    tb_decision_clear(&d);
}

/* Replay and order numbers. */

static void the_same_jws_joins_while_it_flies_and_gets_its_certificate_again_after(void **state)
{
    struct world *w = *state;
    struct tb_decision d;

    w_signed(w);
    w->resend = true;
    w_decide(w, &d);
    assert_int_equal(d.verdict, TB_VERDICT_JOIN);
    tb_decision_clear(&d);
    tb_used_done(&w->s->used, w->ref.order, 4711);
    w_decide(w, &d);
    assert_int_equal(d.verdict, TB_VERDICT_AGAIN);
    assert_int_equal(d.offset, 4711);
    tb_decision_clear(&d);
}

static void another_jws_for_a_used_order_is_refused(void **state)
{
    struct world *w = *state;

    w_signed(w);
    w_refused(w, "order-in-flight"); /* ECDSA signs anew: another JWS */
    tb_used_done(&w->s->used, w->ref.order, 4711);
    w_refused(w, "order-already-used");
    w->csr.key = w->other_subject;
    w_refused(w, "order-already-used");
}

static void a_hundred_jwss_for_one_order_give_one_signature(void **state)
{
    struct world *w = *state;
    struct tb_decision d;
    unsigned signatures = 0;

    for (unsigned i = 0; i < 100; i++) {
        w_decide(w, &d);
        signatures += d.verdict == TB_VERDICT_SIGN;
        tb_decision_clear(&d);
    }
    assert_int_equal(signatures, 1);
}

static void a_refused_request_does_not_use_up_the_order(void **state)
{
    struct world *w = *state;

    w->st[0].s.made_at = W_NOW + 3600;
    w_refused(w, "statement-future");
    w->st[0].s.made_at = W_NOW;
    w_signed(w);
}

/* The value of a member of a flattened JWS, and where it starts. */
static struct tb_span member(const struct tb_wr *jws, const char *name)
{
    const char *start = strstr((const char *)jws->buf, name), *end;

    assert_non_null(start);
    start += strlen(name) + 3; /* ":" and its quotes */
    end = strchr(start, '"');
    return tb_span_of(start, (size_t)(end - start));
}

/* The number is inside the signed url: a front that writes another one has no signature for it. */
static void the_same_jws_under_another_order_number_is_refused(void **state)
{
    struct world *w = *state;
    struct tb_span header;
    struct tb_wr first;
    uint8_t *at;

    w_signed(w);
    tb_wr_init(&first, TB_JWS_BODY_MAX);
    tb_wr_u8(&w->jws, 0);
    tb_wr_bytes(&first, w->jws.buf, w->jws.len);
    w->ref.order++;
    w_signed(w);
    tb_wr_u8(&w->jws, 0);
    header = member(&w->jws, "protected");
    at = first.buf + (member(&first, "protected").p - first.buf);
    assert_int_equal(member(&first, "protected").len, header.len);
    memcpy(at, header.p, header.len);
    tb_wr_reset(&w->jws);
    tb_wr_bytes(&w->jws, first.buf, first.len - 1);
    w->resend = true;
    w_refused(w, "jws-signature");
    tb_wr_clear(&first);
}

static void order_numbers_outside_the_window_are_refused(void **state)
{
    struct world *w = *state;
    const struct {
        tb_time_t made;
        const char *reason;
    } rows[] = {{W_NOW - TB_ORDER_WINDOW_S - 1, "order-too-old"},
                {1, "order-too-old"},
                {W_NOW + TB_CLOCK_SKEW_S + 1, "order-in-future"},
                {W_NOW * 2, "order-in-future"},
                {W_NOW - TB_ORDER_WINDOW_S, NULL},
                {W_NOW + TB_CLOCK_SKEW_S, NULL}};

    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        w->ref.order = (tb_order_no_t)rows[i].made << TB_ORDER_SEQ_BITS;
        if (rows[i].reason != NULL)
            w_refused(w, rows[i].reason);
        else
            w_signed(w);
    }
}

static void orders_of_another_epoch_or_signer_are_refused(void **state)
{
    struct world *w = *state;

    for (uint32_t epoch = 2; epoch <= 4; epoch += 2) {
        w->ref.epoch = epoch;
        w_refused(w, "other-epoch");
    }
    w->ref.epoch = 3;
    w->ref.signer = 2;
    w_refused(w, "other-signer");
    w->ref.signer = 1;
    w_signed(w);
}

static void a_clock_step_backwards_revives_nothing(void **state)
{
    struct world *w = *state;

    w->st[0].s.made_at = W_NOW - 7 * 86400;
    w->now = W_NOW + 10;
    w_refused(w, "statement-expired");
    w->now = W_NOW - 10; /* the statement would be young enough again */
    w_refused(w, "statement-expired");
    w->ref.order = (tb_order_no_t)(W_NOW - TB_ORDER_WINDOW_S + 9) << TB_ORDER_SEQ_BITS;
    w_refused(w, "order-too-old");
}

static void a_clock_step_backwards_backdates_nothing(void **state)
{
    struct world *w = *state;
    struct tb_decision d;

    w->s->floor = W_NOW + 20;
    w_decide(w, &d);
    assert_int_equal(d.verdict, TB_VERDICT_SIGN);
    assert_int_equal(d.now, W_NOW + 20);
    assert_int_equal(d.leaf.not_before, W_NOW + 20 - 3600);
    tb_decision_clear(&d);
}

/* JWS, URL, account. */

static void what_is_no_jws_is_refused(void **state)
{
    struct world *w = *state;
    static uint8_t big[TB_JWS_BODY_MAX + 1];

    w->resend = true;
    w_refused(w, "jws-size");
    tb_wr_str(&w->jws, "{}");
    w_refused(w, "jws-form");
    /* More than the message can carry, so straight to the decision. */
    struct tb_msg_finalize_req req = {.jws = tb_span_of(big, sizeof(big))};
    struct tb_decision d;
    tb_judge_decide(w->s, &req, w->now, &d);
    assert_string_equal(d.reason, "jws-size");
    tb_decision_clear(&d);
}

static void a_jws_with_an_embedded_key_is_refused(void **state)
{
    struct world *w = *state;

    w->kid = NULL;
    w_refused(w, "jws-without-kid");
}

static void kids_that_are_no_account_url_are_refused(void **state)
{
    struct world *w = *state;
    static char kid[TB_ACCOUNT_URL_MAX + 8];
    const char *const before[] = {"x", "", "", ""}, *const after[] = {"", "/", "?a", "A"};

    for (size_t i = 0; i < TB_ARRAY_LEN(before); i++) {
        snprintf(kid, sizeof(kid), "%s%s%s", before[i], w->account_url, after[i]);
        w->kid = kid;
        w_refused(w, "kid-form");
    }
    snprintf(kid, sizeof(kid), "%.*s", (int)strlen(w->account_url) - 1, w->account_url);
    w_refused(w, "kid-form");
    snprintf(kid, sizeof(kid), "https://evil.example:14000%s", strstr(w->account_url, "/acme"));
    w_refused(w, "kid-form");
}

static void finalize_urls_of_another_directory_or_shape_are_refused(void **state)
{
    struct world *w = *state;

    w->base = "https://ca.example";
    w_refused(w, "url-form");
    w->base = "https://evil.example:14000";
    w_refused(w, "url-form");
    w->base = W_BASE;
    w->url = W_BASE "/acme/new-order";
    w_refused(w, "url-form");
    w->url = W_BASE "/acme/finalize/server@2026-01/1/3/0";
    w_refused(w, "url-form");
    w->url = W_BASE "/acme/finalize/server@2026-01/1/3/030198988800000007";
    w_refused(w, "url-form");
}

static void another_accounts_finalize_is_refused(void **state)
{
    struct world *w = *state;

    w->signer = w->jwk = w->other_account; /* signs for the first account's URL */
    w_refused(w, "account-other-key");
}

static void a_jws_that_the_accounts_key_did_not_sign_is_refused(void **state)
{
    struct world *w = *state;

    w->signer = w->other_account;
    w_refused(w, "jws-signature");
}

static void account_url_swap_does_not_move_statements(void **state)
{
    struct world *w = *state;

    w->signer = w->jwk = w->other_account;
    w->kid = w->other_account_url;
    w_refused(w, "statement-other-account");
}

static void account_statements_that_the_judge_did_not_make_are_refused(void **state)
{
    struct world *w = *state;

    w->account_statement = tb_span_str("x");
    w_refused(w, "account-statement-forged");
}

static void unknown_profiles_and_relabelled_ones_are_refused(void **state)
{
    struct world *w = *state;

    strcpy(w->ref.profile, "nonesuch");
    w_refused(w, "profile-unknown");
    strcpy(w->ref.profile, "server");
    strcpy(w->ref.version, "2025-01");
    w_refused(w, "profile-unknown");
    strcpy(w->ref.version, "2026-01");
    strcpy(w->ref.profile, "hidden");
    w_refused(w, "profile-not-offered");
    strcpy(w->ref.profile, "client"); /* proofs made for serverAuth serve no clientAuth */
    w_refused(w, "statement-other-purpose");
    w->s->has_ca[TB_ISSUER_SERVER] = false;
    strcpy(w->ref.profile, "server");
    w_refused(w, "issuer-missing");
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

static void a_leaf_above_the_cap_of_its_issuer_is_refused(void **state)
{
    struct world *w = *state;

    w->cfg->lifetime_max.server_s = w->server->lifetime_s - 1;
    w_refused(w, "lifetime-above-cap");
    w->cfg->lifetime_max.server_s = 0;
    w_refused(w, "lifetime-above-cap");
    w->cfg->lifetime_max.server_s = w->server->lifetime_s;
    w_signed(w);
}

/* The judge's policy again, after a change of the configuration. */
static void new_policy(struct world *w)
{
    char why[TB_CONFIG_WHY_MAX + 1];

    tb_policy_free(w->s->policy);
    assert_int_equal(tb_policy_new(w->cfg, &w->s->policy, why), 0);
}

static void names_that_the_lists_refuse_are_not_certified(void **state)
{
    struct world *w = *state;
    struct tb_names *n = &w->cfg->names[0];

    w->cfg->num_names = 1;
    n->num_allow = 1;
    strcpy(n->allow[0], ".example");
    n->num_deny = 1;
    strcpy(n->deny[0], "a.example");
    new_policy(w);
    w_refused(w, "name-denied");
    n->num_deny = 0;
    strcpy(n->allow[0], ".le");
    new_policy(w);
    w_refused(w, "name-not-allowed");
    n->num_allow = 0;
    new_policy(w);
    w_refused(w, "name-not-allowed");
    strcpy(n->profile, "client"); /* which is not this order's */
    new_policy(w);
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

static void a_leaf_that_outlives_its_issuer_is_refused(void **state)
{
    struct world *w = *state;
    struct tb_decision d;

    w->cfg->lifetime_max.server_s = UINT32_MAX;
    w->server->lifetime_s = W_CA_LIFE_S + 3600 + 2;
    w_refused(w, "outlives-issuer");
    w->server->lifetime_s = W_CA_LIFE_S + 3600 + 1;
    w_decide(w, &d);
    assert_int_equal(d.verdict, TB_VERDICT_SIGN);
    assert_int_equal(d.leaf.not_after, W_NOW + W_CA_LIFE_S);
    tb_decision_clear(&d);
}

static void a_full_used_set_refuses_new_orders(void **state)
{
    struct world *w = *state;

    tb_used_clear(&w->s->used);
    assert_int_equal(tb_used_init(&w->s->used, 4), 0);
    for (unsigned i = 0; i < 3; i++, w->ref.order++)
        w_signed(w);
    w_refused(w, "used-set-full");
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(an_honest_request_is_signed),
        T(the_same_jws_joins_while_it_flies_and_gets_its_certificate_again_after),
        T(another_jws_for_a_used_order_is_refused),
        T(a_hundred_jwss_for_one_order_give_one_signature),
        T(a_refused_request_does_not_use_up_the_order),
        T(the_same_jws_under_another_order_number_is_refused),
        T(order_numbers_outside_the_window_are_refused),
        T(orders_of_another_epoch_or_signer_are_refused),
        T(a_clock_step_backwards_revives_nothing),
        T(a_clock_step_backwards_backdates_nothing),
        T(what_is_no_jws_is_refused),
        T(a_jws_with_an_embedded_key_is_refused),
        T(kids_that_are_no_account_url_are_refused),
        T(finalize_urls_of_another_directory_or_shape_are_refused),
        T(another_accounts_finalize_is_refused),
        T(a_jws_that_the_accounts_key_did_not_sign_is_refused),
        T(account_url_swap_does_not_move_statements),
        T(account_statements_that_the_judge_did_not_make_are_refused),
        T(unknown_profiles_and_relabelled_ones_are_refused),
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
        T(a_leaf_above_the_cap_of_its_issuer_is_refused),
        T(names_that_the_lists_refuse_are_not_certified),
        T(names_outside_the_ca_certificate_are_not_certified),
        T(a_wildcard_below_a_public_suffix_is_not_certified),
        T(a_leaf_that_outlives_its_issuer_is_refused),
        T(a_full_used_set_refuses_new_orders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
