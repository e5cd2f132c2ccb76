#include "tests/unit/test.h"

#include <string.h>

#include "ca/judge/log_record.h"

static const struct tb_revoke_rec sample = {.issuer = TB_ISSUER_CLIENT,
                                            .serial = {1, 2, 3},
                                            .not_after = 1900000000,
                                            .reason = TB_REASON_KEY_COMPROMISE,
                                            .who = TB_REVOKER_ACCOUNT,
                                            .issuance = 7,
                                            .spki_digest = {9},
                                            .account_url = "https://ca.example/acme/acct/x",
                                            .jws_digest = {8}};

static int read_back(const struct tb_revoke_rec *in, struct tb_revoke_rec *out)
{
    uint8_t buf[1024];
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_revoke_rec_write(&wr, in);
    assert_ok(tb_wr_err(&wr));
    return tb_revoke_rec_read(tb_wr_span(&wr), out);
}

static void what_is_written_reads_alike(void **state)
{
    struct tb_revoke_rec out;

    (void)state;
    assert_ok(read_back(&sample, &out));
    assert_memory_equal(&out, &sample, sizeof(out));
}

static void every_truncation_and_every_surplus_is_refused(void **state)
{
    uint8_t buf[1024] = {0};
    struct tb_revoke_rec out;
    struct tb_wr wr;
    size_t len;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_revoke_rec_write(&wr, &sample);
    len = tb_wr_span(&wr).len;
    for (size_t i = 0; i < len; i++)
        assert_true(tb_revoke_rec_read(tb_span_of(buf, i), &out) < 0);
    assert_true(tb_revoke_rec_read(tb_span_of(buf, len + 1), &out) < 0);
    assert_int_equal(out.issuance, 0);
}

#define REFUSED(...)                                                                                                   \
    do {                                                                                                               \
        struct tb_revoke_rec in_ = sample, out_;                                                                       \
        __VA_ARGS__;                                                                                                   \
        assert_int_equal(read_back(&in_, &out_), TB_E_FORMAT);                                                         \
    } while (0)

static void what_no_revocation_can_say_is_refused(void **state)
{
    (void)state;
    REFUSED(in_.issuer = TB_ISSUER_NONE);
    REFUSED(in_.issuer = TB_ISSUER__COUNT);
    REFUSED(in_.not_after = -1);
    REFUSED(in_.reason = (enum tb_reason)6); /* certificateHold */
    REFUSED(in_.reason = (enum tb_reason)8); /* removeFromCRL */
    REFUSED(in_.reason = TB_REASON__COUNT);
    REFUSED(in_.who = TB_REVOKER_NONE);
    REFUSED(in_.who = TB_REVOKER__COUNT);
    REFUSED(in_.issuance = 0);
    REFUSED(in_.account_url[0] = '\0');
    REFUSED(in_.who = TB_REVOKER_KEY);
    REFUSED(in_.jws_digest[0] = 0);
    REFUSED(in_.who = TB_REVOKER_OPERATOR, in_.account_url[0] = '\0');
}

static void a_key_is_blocked_by_itself_or_the_operator_only(void **state)
{
    struct tb_revoke_rec r = sample;

    (void)state;
    assert_false(tb_revoke_rec_blocks_key(&r));
    r.who = TB_REVOKER_AUTHORIZATIONS;
    assert_false(tb_revoke_rec_blocks_key(&r));
    r.who = TB_REVOKER_KEY;
    assert_true(tb_revoke_rec_blocks_key(&r));
    r.who = TB_REVOKER_OPERATOR;
    assert_true(tb_revoke_rec_blocks_key(&r));
    r.reason = TB_REASON_UNSPECIFIED;
    assert_false(tb_revoke_rec_blocks_key(&r));
}

static void reasons_have_names_and_none_undoes(void **state)
{
    enum tb_reason reason;

    (void)state;
    for (int i = -1; i <= 12; i++)
        assert_int_equal(tb_reason_name(i) != NULL, i == 0 || i == 1 || i == 3 || i == 4 || i == 5 || i == 9);
    assert_ok(tb_reason_parse("superseded", &reason));
    assert_int_equal(reason, TB_REASON_SUPERSEDED);
    assert_ok(tb_reason_parse("1", &reason));
    assert_int_equal(reason, TB_REASON_KEY_COMPROMISE);
    assert_int_equal(tb_reason_parse("6", &reason), TB_E_NOTFOUND);
    assert_int_equal(tb_reason_parse("certificateHold", &reason), TB_E_NOTFOUND);
    assert_int_equal(tb_reason_parse("01", &reason), TB_E_NOTFOUND);
    assert_int_equal(tb_reason_parse("", &reason), TB_E_NOTFOUND);
    assert_true(tb_reason_for_subscriber(5));
    assert_false(tb_reason_for_subscriber(9));
    assert_false(tb_reason_for_subscriber(6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_reads_alike),
        cmocka_unit_test(every_truncation_and_every_surplus_is_refused),
        cmocka_unit_test(what_no_revocation_can_say_is_refused),
        cmocka_unit_test(a_key_is_blocked_by_itself_or_the_operator_only),
        cmocka_unit_test(reasons_have_names_and_none_undoes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
