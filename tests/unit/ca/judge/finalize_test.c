/* Function under test: tb_judge_decide.  Each test is named after the attack or the rule; those
 * of the CSR are in finalize_csr_test.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

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

/* Lifetimes and limits. */

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
        T(a_leaf_above_the_cap_of_its_issuer_is_refused),
        T(a_leaf_that_outlives_its_issuer_is_refused),
        T(a_full_used_set_refuses_new_orders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
