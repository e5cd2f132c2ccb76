/* Functions under test: tb_judge_decide_revoke, tb_judge_decide_revoke_order.  The certificate is one of the world. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "ca/judge/revoke.h"
#include "lib/base/b64u.h"
#include "tests/unit/ca/judge/world.h"

#define SEQ 7

struct fix {
    struct world *w;
    struct tb_issue_rec issue;
    struct tb_wr names, cert;
    char payload[8192];
    const char *members; /* behind the certificate */
    uint64_t hint;
    tb_time_t not_after;
};

static int read_issuance(void *arg, uint64_t seq, struct tb_issue_rec *out)
{
    const struct fix *f = arg;

    *out = f->issue;
    return seq == SEQ ? 0 : TB_E_NOTFOUND;
}

/* The certificate of the world's honest request, with a signature that nobody looks at. */
static void make_certificate(struct fix *f)
{
    static const uint8_t sig[] = {0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01};
    struct tb_decision d;
    struct tb_wr tbs;

    w_decide(f->w, &d);
    assert_int_equal(d.verdict, TB_VERDICT_SIGN);
    tb_wr_init(&tbs, TB_TBS_MAX);
    tb_wr_init(&f->cert, TB_CERT_MAX);
    tb_wr_init(&f->names, 65536);
    assert_ok(tb_tbs_write(&tbs, &d.leaf));
    assert_ok(tb_cert_assemble(&f->cert, tb_wr_span(&tbs), d.leaf.sig_alg, tb_span_of(sig, sizeof(sig))));
    for (size_t i = 0; i < d.leaf.num_idents; i++)
        tb_ident_write(&f->names, &d.leaf.idents[i]);
    f->issue = (struct tb_issue_rec){.ref = d.ref,
                                     .issuer = d.profile->issuer,
                                     .num_names = d.leaf.num_idents,
                                     .names_wire = tb_wr_span(&f->names),
                                     .cert = tb_wr_span(&f->cert)};
    memcpy(f->issue.serial, d.leaf.serial, TB_SERIAL_LEN);
    memcpy(f->issue.account_url, d.account_url, sizeof(d.account_url));
    f->not_after = d.leaf.not_after;
    tb_wr_clear(&tbs);
    tb_decision_clear(&d);
}

static int setup(void **state)
{
    static struct fix f;

    memset(&f, 0, sizeof(f));
    f.w = w_new();
    make_certificate(&f);
    f.w->url = W_BASE "/acme/revoke-cert";
    f.members = "";
    f.hint = SEQ;
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fix *f = *state;

    w_free(f->w);
    tb_wr_clear(&f->names);
    tb_wr_clear(&f->cert);
    return 0;
}

static void decide(struct fix *f, struct tb_revoke_decision *d)
{
    char text[TB_B64U_LEN(TB_CERT_MAX) + 1];
    struct tb_msg_finalize_req again;
    struct tb_msg_revoke_req req = {.issuance = f->hint};
    struct tb_wr body;

    tb_b64u_encode(text, tb_wr_span(&f->cert));
    if (f->w->payload == NULL || f->w->payload == f->payload) {
        snprintf(f->payload, sizeof(f->payload), "{\"certificate\":\"%s\"%s}", text, f->members);
        f->w->payload = f->payload;
    }
    tb_wr_init(&body, 1u << 20);
    w_request(f->w, &body);
    assert_ok(tb_msg_finalize_req_read(tb_wr_span(&body), &again));
    req.jws = again.jws;
    if (f->w->kid != NULL)
        req.account_jwk = again.account_jwk;
    req.account_statement = again.account_statement;
    req.num_statements = again.num_statements;
    req.statement = again.statement;
    tb_judge_decide_revoke(f->w->s, &req, read_issuance, f, f->w->now, d);
    tb_msg_finalize_req_clear(&again);
    tb_wr_clear(&body);
}

static void revoked_by(struct fix *f, enum tb_revoker who, enum tb_reason reason)
{
    struct tb_revoke_decision d;
    uint8_t spki[TB_DIGEST_LEN];

    decide(f, &d);
    if (d.verdict != TB_REVOKE_LOG)
        fail_msg("refused: %s (%s)", d.reason, d.problem.detail);
    w_spki(f->w->subject, spki);
    assert_int_equal(d.rec.who, who);
    assert_int_equal(d.rec.reason, reason);
    assert_int_equal(d.rec.issuance, SEQ);
    assert_int_equal(d.rec.issuer, TB_ISSUER_SERVER);
    assert_int_equal(d.rec.not_after, f->not_after);
    assert_memory_equal(d.rec.serial, f->issue.serial, TB_SERIAL_LEN);
    assert_memory_equal(d.rec.spki_digest, spki, TB_DIGEST_LEN);
    assert_int_equal(d.rec.account_url[0] == '\0', who == TB_REVOKER_KEY);
    tb_revoke_decision_clear(&d);
}

static void refused(struct fix *f, const char *reason, enum tb_problem_type type)
{
    struct tb_revoke_decision d;

    decide(f, &d);
    assert_int_equal(d.verdict, TB_REVOKE_REFUSE);
    assert_string_equal(d.reason, reason);
    assert_int_equal(d.problem.type, type);
    tb_revoke_decision_clear(&d);
}

static void as_other_account(struct fix *f)
{
    f->w->signer = f->w->jwk = f->w->other_account;
    f->w->kid = f->w->other_account_url;
    f->w->num_st = 0;
}

static void by_key(struct fix *f, EVP_PKEY *key)
{
    f->w->kid = NULL;
    f->w->signer = f->w->jwk = key;
}

static struct tb_statement *others(struct fix *f, enum tb_purpose purpose)
{
    struct tb_statement *s = w_control(f->w, "a.example", purpose, TB_METHOD_HTTP_01);

    memcpy(s->account_url, f->w->other_account_url, sizeof(s->account_url));
    memcpy(s->thumbprint, f->w->other_thumbprint, TB_DIGEST_LEN);
    return s;
}

static void the_account_that_ordered_may_and_needs_no_proofs(void **state)
{
    struct fix *f = *state;

    f->w->num_st = 0;
    f->members = ",\"reason\":4,\"unknown\":[]";
    revoked_by(f, TB_REVOKER_ACCOUNT, TB_REASON_SUPERSEDED);
}

static void the_certificates_key_may_and_no_other(void **state)
{
    struct fix *f = *state;

    by_key(f, f->w->subject);
    f->members = ",\"reason\":1";
    revoked_by(f, TB_REVOKER_KEY, TB_REASON_KEY_COMPROMISE);
    by_key(f, f->w->other_subject);
    refused(f, "other-key", TB_P_UNAUTHORIZED);
    by_key(f, f->w->account);
    refused(f, "other-key", TB_P_UNAUTHORIZED);
}

static void another_account_needs_control_of_all_names_for_all_purposes(void **state)
{
    struct fix *f = *state;
    struct tb_statement *s;

    as_other_account(f);
    refused(f, "no-proofs", TB_P_UNAUTHORIZED);
    s = others(f, TB_PURPOSE_SERVER_AUTH);
    revoked_by(f, TB_REVOKER_AUTHORIZATIONS, TB_REASON_UNSPECIFIED);
    s->made_at = f->w->now - 400 * 86400;
    refused(f, "statement-expired", TB_P_UNAUTHORIZED);
    s->made_at = f->w->now;
    memcpy(s->thumbprint, f->w->thumbprint, TB_DIGEST_LEN);
    refused(f, "statement-other-account-key", TB_P_UNAUTHORIZED);
    f->w->num_st = 0;
    (void)others(f, TB_PURPOSE_CLIENT_AUTH);
    refused(f, "statement-other-purpose", TB_P_UNAUTHORIZED);
    f->w->num_st = 0;
    (void)w_control(f->w, "a.example", TB_PURPOSE_SERVER_AUTH, TB_METHOD_HTTP_01); /* the first account's */
    refused(f, "statement-other-account", TB_P_UNAUTHORIZED);
}

static void the_url_binds_the_jws_to_revocation(void **state)
{
    struct fix *f = *state;

    f->w->url = NULL; /* that of finalize */
    refused(f, "url-form", TB_P_UNAUTHORIZED);
    f->w->url = W_BASE "/acme/revoke-cert/";
    refused(f, "url-form", TB_P_UNAUTHORIZED);
    f->w->url = "https://other.example/acme/revoke-cert";
    refused(f, "url-form", TB_P_UNAUTHORIZED);
}

static void what_the_account_did_not_sign_is_refused(void **state)
{
    struct fix *f = *state;

    f->w->signer = f->w->other_account;
    refused(f, "jws-signature", TB_P_MALFORMED);
    f->w->jwk = f->w->other_account;
    refused(f, "account-other-key", TB_P_UNAUTHORIZED);
}

static void only_a_subscribers_reasons_are_taken(void **state)
{
    static const char *const bad[] = {",\"reason\":2", ",\"reason\":6",  ",\"reason\":7",          ",\"reason\":8",
                                      ",\"reason\":9", ",\"reason\":10", ",\"reason\":4294967297", ",\"reason\":-1"};
    struct fix *f = *state;

    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        f->members = bad[i];
        refused(f, "reason-not-allowed", TB_P_BAD_REVOCATION_REASON);
    }
    f->members = ",\"reason\":\"1\"";
    refused(f, "reason-form", TB_P_MALFORMED);
    f->members = ",\"reason\":1.0";
    refused(f, "reason-form", TB_P_MALFORMED);
    f->members = ",\"reason\":null";
    refused(f, "reason-form", TB_P_MALFORMED);
}

static void a_payload_that_shows_no_certificate_is_refused(void **state)
{
    struct fix *f = *state;

    f->w->payload = "{}";
    refused(f, "payload-members", TB_P_MALFORMED);
    f->w->payload = "[]";
    refused(f, "payload-form", TB_P_MALFORMED);
    f->w->payload = "{\"certificate\":\"\"}";
    refused(f, "certificate-base64url", TB_P_MALFORMED);
    f->w->payload = "{\"certificate\":\"MA==\"}";
    refused(f, "certificate-base64url", TB_P_MALFORMED);
}

/* Row 33: the whole certificate is compared, not its serial number. */
static void another_certificate_of_the_same_serial_number_is_unknown(void **state)
{
    struct fix *f = *state;

    f->cert.buf[f->cert.len - 1] ^= 1;
    f->issue.cert = tb_span_str("what the log has");
    refused(f, "certificate-unknown", TB_P_MALFORMED);
    by_key(f, f->w->subject);
    refused(f, "certificate-unknown", TB_P_MALFORMED);
}

static void a_wrong_hint_finds_nothing(void **state)
{
    struct fix *f = *state;

    for (f->hint = 0; f->hint < 12; f->hint++)
        if (f->hint != SEQ)
            refused(f, "certificate-unknown", TB_P_MALFORMED);
}

static void what_is_revoked_is_told_so_after_the_right_was_shown(void **state)
{
    struct tb_revoke_decision d;
    struct fix *f = *state;

    decide(f, &d);
    assert_ok(tb_revoked_add(&f->w->s->revoked, &d.rec, 9, f->w->now, f->w->now));
    tb_revoke_decision_clear(&d);
    decide(f, &d);
    assert_int_equal(d.verdict, TB_REVOKE_AGAIN);
    assert_int_equal(d.problem.type, TB_P_ALREADY_REVOKED);
    tb_revoke_decision_clear(&d);
    as_other_account(f);
    refused(f, "no-proofs", TB_P_UNAUTHORIZED);
}

static void only_the_key_itself_and_the_operator_add_that_it_is_compromised(void **state)
{
    struct tb_revoke_decision d;
    struct fix *f = *state;

    decide(f, &d);
    assert_ok(tb_revoked_add(&f->w->s->revoked, &d.rec, 9, f->w->now, f->w->now));
    tb_revoke_decision_clear(&d);
    f->members = ",\"reason\":1";
    decide(f, &d);
    assert_int_equal(d.verdict, TB_REVOKE_AGAIN);
    tb_revoke_decision_clear(&d);
    tb_judge_decide_revoke_order(f->w->s, f->issue.serial, SEQ, TB_REASON_KEY_COMPROMISE, read_issuance, f, f->w->now,
                                 &d);
    assert_int_equal(d.verdict, TB_REVOKE_LOG);
    tb_revoke_decision_clear(&d);
    by_key(f, f->w->subject);
    revoked_by(f, TB_REVOKER_KEY, TB_REASON_KEY_COMPROMISE);
    f->members = ",\"reason\":4";
    decide(f, &d);
    assert_int_equal(d.verdict, TB_REVOKE_AGAIN);
    tb_revoke_decision_clear(&d);
    f->members = ",\"reason\":1";
    decide(f, &d);
    assert_ok(tb_revoked_add(&f->w->s->revoked, &d.rec, 10, f->w->now, f->w->now));
    tb_revoke_decision_clear(&d);
    decide(f, &d);
    assert_int_equal(d.verdict, TB_REVOKE_AGAIN);
    tb_revoke_decision_clear(&d);
}

static void an_expired_certificate_is_not_revoked(void **state)
{
    struct fix *f = *state;

    f->w->num_st = 0;
    f->w->now = f->not_after;
    revoked_by(f, TB_REVOKER_ACCOUNT, TB_REASON_UNSPECIFIED);
    f->w->now++;
    refused(f, "certificate-expired", TB_P_MALFORMED);
}

static void the_operator_names_serial_number_and_record(void **state)
{
    struct tb_revoke_decision d;
    struct fix *f = *state;
    uint8_t other[TB_SERIAL_LEN] = {1};

    tb_judge_decide_revoke_order(f->w->s, f->issue.serial, SEQ, TB_REASON_PRIVILEGE_WITHDRAWN, read_issuance, f,
                                 f->w->now, &d);
    assert_int_equal(d.verdict, TB_REVOKE_LOG);
    assert_int_equal(d.rec.who, TB_REVOKER_OPERATOR);
    assert_int_equal(d.rec.reason, TB_REASON_PRIVILEGE_WITHDRAWN);
    assert_int_equal(d.rec.not_after, f->not_after);
    tb_revoke_decision_clear(&d);
    tb_judge_decide_revoke_order(f->w->s, other, SEQ, TB_REASON_UNSPECIFIED, read_issuance, f, f->w->now, &d);
    assert_int_equal(d.verdict, TB_REVOKE_REFUSE);
    assert_string_equal(d.reason, "certificate-unknown");
    tb_revoke_decision_clear(&d);
}

static void a_compromised_key_is_not_certified(void **state)
{
    struct fix *f = *state;
    uint8_t spki[TB_DIGEST_LEN];

    f->w->url = f->w->payload = NULL;
    f->w->ref.order++;
    w_spki(f->w->subject, spki);
    assert_ok(tb_key_set_add(&f->w->s->blocked, spki));
    w_refused(f->w, "csr-compromised-key");
    f->w->csr.key = f->w->other_subject;
    w_signed(f->w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(the_account_that_ordered_may_and_needs_no_proofs),
        TEST(the_certificates_key_may_and_no_other),
        TEST(another_account_needs_control_of_all_names_for_all_purposes),
        TEST(the_url_binds_the_jws_to_revocation),
        TEST(what_the_account_did_not_sign_is_refused),
        TEST(only_a_subscribers_reasons_are_taken),
        TEST(a_payload_that_shows_no_certificate_is_refused),
        TEST(another_certificate_of_the_same_serial_number_is_unknown),
        TEST(a_wrong_hint_finds_nothing),
        TEST(what_is_revoked_is_told_so_after_the_right_was_shown),
        TEST(only_the_key_itself_and_the_operator_add_that_it_is_compromised),
        TEST(an_expired_certificate_is_not_revoked),
        TEST(the_operator_names_serial_number_and_record),
        TEST(a_compromised_key_is_not_certified),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
