#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>

#include "ca/judge/log_record.h"

static const struct tb_ident names[] = {{.type = TB_IDENT_DNS, .value = "a.example"},
                                        {.type = TB_IDENT_DNS, .wildcard = true, .value = "a.example"}};
static const struct tb_evidence evidence[] = {{.name = 0,
                                               .purpose = TB_PURPOSE_SERVER_AUTH,
                                               .kind = TB_PROOF_CONTROL,
                                               .method = TB_METHOD_DNS_01,
                                               .perspective = 3,
                                               .made_at = 1800000000,
                                               .digest = {7}},
                                              {.name = 1, .kind = TB_PROOF_CAA, .perspective = 1, .made_at = 5}};

static struct tb_issue_rec sample(void)
{
    return (struct tb_issue_rec){.ref = {"server", "2026-01", 1, 2, 0x123456789abcdef0},
                                 .jws_digest = {1, 2, 3},
                                 .account_url = "https://ca.example/acme/acct/x",
                                 .thumbprint = {4, 5},
                                 .issuer = TB_ISSUER_SERVER,
                                 .serial = {0x11, 0x22},
                                 .num_names = TB_ARRAY_LEN(names),
                                 .names = names,
                                 .num_evidence = TB_ARRAY_LEN(evidence),
                                 .evidence = evidence,
                                 .cert = tb_span_str("certificate")};
}

static void issue_record_round_trip(void **state)
{
    struct tb_issue_rec in = sample(), out;
    struct tb_evidence e;
    struct tb_ident id;
    tb_order_no_t order;
    struct tb_span digest;
    struct tb_rd rd;
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, 4096);
    tb_issue_rec_write(&wr, &in);
    assert_int_equal(tb_wr_err(&wr), 0);
    assert_int_equal(tb_issue_rec_read(tb_wr_span(&wr), &out), 0);
    assert_memory_equal(&out.ref, &in.ref, sizeof(in.ref));
    assert_memory_equal(out.jws_digest, in.jws_digest, TB_DIGEST_LEN);
    assert_memory_equal(out.thumbprint, in.thumbprint, TB_DIGEST_LEN);
    assert_memory_equal(out.serial, in.serial, TB_SERIAL_LEN);
    assert_string_equal(out.account_url, in.account_url);
    assert_int_equal(out.issuer, TB_ISSUER_SERVER);
    assert_true(tb_span_eq_str(out.cert, "certificate"));
    rd = tb_rd_of(out.names_wire);
    for (size_t i = 0; i < out.num_names; i++) {
        assert_int_equal(tb_ident_read(&rd, &id), 0);
        assert_true(tb_ident_eq(&id, &names[i]));
    }
    assert_int_equal(tb_rd_end(&rd), 0);
    rd = tb_rd_of(out.evidence_wire);
    for (size_t i = 0; i < out.num_evidence; i++) {
        assert_int_equal(tb_evidence_read(&rd, &e), 0);
        assert_memory_equal(e.digest, evidence[i].digest, TB_DIGEST_LEN);
        assert_int_equal(e.kind, evidence[i].kind);
        assert_int_equal(e.made_at, evidence[i].made_at);
    }
    assert_int_equal(tb_issue_rec_peek(tb_wr_span(&wr), &order, &digest), 0);
    assert_int_equal(order, in.ref.order);
    assert_memory_equal(digest.p, in.jws_digest, TB_DIGEST_LEN);
    tb_wr_clear(&wr);
}

static void issue_record_refuses_truncation_and_trailing_bytes(void **state)
{
    struct tb_issue_rec in = sample(), out;
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, 4096);
    tb_issue_rec_write(&wr, &in);
    for (size_t len = 0; len < wr.len; len++)
        assert_true(tb_issue_rec_read(tb_span_of(wr.buf, len), &out) < 0);
    tb_wr_u8(&wr, 0);
    assert_int_equal(tb_issue_rec_read(tb_wr_span(&wr), &out), TB_E_TRAIL);
    tb_wr_clear(&wr);
}

static void issue_record_refuses_what_no_issuance_is(void **state)
{
    static struct tb_ident many[TB_IDENT_NUM_MAX + 1];
    struct tb_issue_rec out, bad[6];
    struct tb_wr wr;
    const struct tb_evidence stray = {.name = 2, .kind = TB_PROOF_CAA};
    const struct tb_evidence unkind = {.name = 0, .kind = TB_PROOF_NONE};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(many); i++)
        many[i] = names[0];
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        bad[i] = sample();
    bad[0].num_names = 0;
    bad[1].num_evidence = 0;
    bad[2].cert.len = 0;
    bad[3].issuer = TB_ISSUER_NONE;
    bad[4].num_evidence = 1;
    bad[4].evidence = &stray;
    bad[5].num_evidence = 1;
    bad[5].evidence = &unkind;
    tb_wr_init(&wr, 65536);
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        tb_wr_reset(&wr);
        tb_issue_rec_write(&wr, &bad[i]);
        assert_true(tb_issue_rec_read(tb_wr_span(&wr), &out) < 0);
    }
    for (size_t n = TB_IDENT_NUM_MAX; n <= TB_IDENT_NUM_MAX + 1; n++) {
        struct tb_issue_rec in = sample();
        in.names = many;
        in.num_names = n;
        tb_wr_reset(&wr);
        tb_issue_rec_write(&wr, &in);
        assert_int_equal(tb_issue_rec_read(tb_wr_span(&wr), &out), n <= TB_IDENT_NUM_MAX ? 0 : TB_E_LIMIT);
    }
    tb_wr_clear(&wr);
}

static void profile_record_round_trip_and_truncation(void **state)
{
    struct tb_profile_rec in = {.name = "server", .version = "2026-01", .digest = {9}}, out;
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, 256);
    tb_profile_rec_write(&wr, &in);
    assert_int_equal(tb_profile_rec_read(tb_wr_span(&wr), &out), 0);
    assert_memory_equal(&in, &out, sizeof(in));
    for (size_t len = 0; len < wr.len; len++)
        assert_true(tb_profile_rec_read(tb_span_of(wr.buf, len), &out) < 0);
    tb_wr_u8(&wr, 0);
    assert_int_equal(tb_profile_rec_read(tb_wr_span(&wr), &out), TB_E_TRAIL);
    tb_wr_reset(&wr);
    in.name[0] = '\0';
    tb_profile_rec_write(&wr, &in);
    assert_int_equal(tb_profile_rec_read(tb_wr_span(&wr), &out), TB_E_FORMAT);
    tb_wr_clear(&wr);
}

static void frame_refuses_and_leaves_reader_and_chain(void **state)
{
    struct tb_log_rec in = {.type = TB_LOG_REC_ISSUE, .seq = 1, .time = 5, .body = tb_span_str("body")}, out;
    uint8_t chain[TB_DIGEST_LEN] = {1}, reading[TB_DIGEST_LEN] = {1}, before[TB_DIGEST_LEN] = {1};
    struct tb_rd rd;
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, 4096);
    assert_int_equal(tb_log_rec_write(&wr, &in, chain), 0);
    for (size_t len = 0; len < wr.len; len++) {
        rd = tb_rd_of(tb_span_of(wr.buf, len));
        assert_int_equal(tb_log_rec_read(&rd, &out, reading), TB_E_TRUNC);
        assert_int_equal(rd.left, len);
        assert_memory_equal(reading, before, sizeof(before));
    }
    for (size_t at = 4; at < wr.len; at++) {
        wr.buf[at] ^= 1;
        rd = tb_rd_of(tb_wr_span(&wr));
        assert_int_equal(tb_log_rec_read(&rd, &out, reading), TB_E_BADSIG);
        assert_memory_equal(reading, before, sizeof(before));
        wr.buf[at] ^= 1;
    }
    rd = tb_rd_of(tb_wr_span(&wr));
    assert_int_equal(tb_log_rec_read(&rd, &out, reading), 0);
    assert_memory_equal(reading, chain, sizeof(chain));
    assert_int_equal(tb_rd_end(&rd), 0);
    in.type = TB_LOG_REC__COUNT;
    assert_int_equal(tb_log_rec_write(&wr, &in, chain), TB_E_INVAL);
    in.type = TB_LOG_REC_ISSUE;
    in.seq = 0;
    assert_int_equal(tb_log_rec_write(&wr, &in, chain), TB_E_INVAL);
    tb_wr_clear(&wr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(issue_record_round_trip),
        cmocka_unit_test(issue_record_refuses_truncation_and_trailing_bytes),
        cmocka_unit_test(issue_record_refuses_what_no_issuance_is),
        cmocka_unit_test(profile_record_round_trip_and_truncation),
        cmocka_unit_test(frame_refuses_and_leaves_reader_and_chain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
