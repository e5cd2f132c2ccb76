#include "tests/unit/test.h"

#include "lib/pki/crl_tbs.h"
#include "tests/unit/lib/pki/fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/der/der.h"
#include "lib/pki/oid.h"

#define URI "http://ca.example.org:8080/crl/server/3.crl"

static struct fix_ca ca;

static struct tb_crl crl_of(void)
{
    return (struct tb_crl){.sig_alg = ca.ca.sig_alg,
                           .issuer_name = tb_span_of(ca.ca.subject, ca.ca.subject_len),
                           .issuer_keyid = tb_span_of(ca.ca.keyid, ca.ca.keyid_len),
                           .this_update = FIX_NOW,
                           .next_update = FIX_NOW + 86400,
                           .number = 0x1234567890,
                           .uri = URI};
}

static struct tb_crl_entry entry_of(uint32_t n, enum tb_reason reason)
{
    struct tb_crl_entry e = {.revoked_at = FIX_NOW - n, .reason = reason};

    memset(e.serial, 0xab, sizeof(e.serial));
    e.serial[0] = 0x01;
    e.serial[12] = (uint8_t)(n >> 24);
    e.serial[13] = (uint8_t)(n >> 16);
    e.serial[14] = (uint8_t)(n >> 8);
    e.serial[15] = (uint8_t)n;
    return e;
}

static struct tb_crl_entry *entries_of(size_t num)
{
    struct tb_crl_entry *e = calloc(num + 1, sizeof(*e));

    assert_non_null(e);
    for (size_t i = 0; i < num; i++)
        e[i] = entry_of((uint32_t)i, i % 3 == 0   ? TB_REASON_UNSPECIFIED
                                     : i % 3 == 1 ? TB_REASON_KEY_COMPROMISE
                                                  : TB_REASON_CESSATION_OF_OPERATION);
    return e;
}

static X509_CRL *openssl_reads(struct tb_span tbs)
{
    uint8_t sig[TB_SIG_MAX];
    size_t sig_len;
    struct tb_wr der;
    const unsigned char *p;
    X509_CRL *x;

    tb_wr_init(&der, TB_CRL_MAX);
    assert_ok(tb_key_sign(ca.key, ca.ca.sig_alg, tbs, sig, &sig_len));
    assert_ok(tb_cert_assemble(&der, tbs, ca.ca.sig_alg, tb_span_of(sig, sig_len)));
    p = der.buf;
    x = d2i_X509_CRL(NULL, &p, (long)der.len);
    assert_non_null(x);
    assert_ptr_equal(p, der.buf + der.len);
    assert_int_equal(X509_CRL_verify(x, ca.key), 1);
    tb_wr_clear(&der);
    return x;
}

static void serial_agrees(const ASN1_INTEGER *got, const struct tb_crl_entry *want)
{
    uint8_t octets[TB_SERIAL_LEN];
    BIGNUM *bn = ASN1_INTEGER_to_BN(got, NULL);

    assert_int_equal(BN_bn2binpad(bn, octets, sizeof(octets)), TB_SERIAL_LEN);
    assert_memory_equal(octets, want->serial, TB_SERIAL_LEN);
    BN_free(bn);
}

static void entries_agree(X509_CRL *x, const struct tb_crl_entry *want, size_t num)
{
    STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(x);

    assert_int_equal(list == NULL ? 0 : sk_X509_REVOKED_num(list), num);
    for (size_t i = 0; i < num; i++) {
        X509_REVOKED *rev = sk_X509_REVOKED_value(list, (int)i);
        ASN1_ENUMERATED *reason = X509_REVOKED_get_ext_d2i(rev, NID_crl_reason, NULL, NULL);
        time_t at = (time_t)want[i].revoked_at;

        serial_agrees(X509_REVOKED_get0_serialNumber(rev), &want[i]);
        assert_int_equal(ASN1_TIME_cmp_time_t(X509_REVOKED_get0_revocationDate(rev), at), 0);
        assert_int_equal(reason == NULL, want[i].reason == 0);
        if (reason != NULL)
            assert_int_equal(ASN1_ENUMERATED_get(reason), want[i].reason);
        ASN1_ENUMERATED_free(reason);
    }
}

static void extensions_agree(X509_CRL *x, const struct tb_crl *want)
{
    int critical = -1;
    AUTHORITY_KEYID *aki = X509_CRL_get_ext_d2i(x, NID_authority_key_identifier, &critical, NULL);
    ASN1_INTEGER *number;
    ISSUING_DIST_POINT *idp;
    GENERAL_NAME *name;
    uint64_t n = 0;

    assert_int_equal(X509_CRL_get_ext_count(x), 3);
    assert_non_null(aki);
    assert_int_equal(critical, 0);
    assert_span_equal(want->issuer_keyid, ASN1_STRING_get0_data(aki->keyid), (size_t)ASN1_STRING_length(aki->keyid));
    number = X509_CRL_get_ext_d2i(x, NID_crl_number, &critical, NULL);
    assert_int_equal(critical, 0);
    assert_int_equal(ASN1_INTEGER_get_uint64(&n, number), 1);
    assert_true(n == want->number);
    idp = X509_CRL_get_ext_d2i(x, NID_issuing_distribution_point, &critical, NULL);
    assert_int_equal(critical, 1);
    assert_true(idp->onlyuser > 0 && idp->onlyCA <= 0 && idp->onlyattr <= 0 && idp->indirectCRL <= 0);
    assert_null(idp->onlysomereasons);
    assert_int_equal(sk_GENERAL_NAME_num(idp->distpoint->name.fullname), 1);
    name = sk_GENERAL_NAME_value(idp->distpoint->name.fullname, 0);
    assert_int_equal(name->type, GEN_URI);
    assert_string_equal((const char *)ASN1_STRING_get0_data(name->d.uniformResourceIdentifier), want->uri);
    ISSUING_DIST_POINT_free(idp);
    ASN1_INTEGER_free(number);
    AUTHORITY_KEYID_free(aki);
}

static void same(const struct tb_crl *got, const struct tb_crl *want, const struct tb_crl_entry *entry, size_t num)
{
    struct tb_rd rd = tb_rd_of(got->entries);
    struct tb_crl_entry e;

    assert_int_equal(got->sig_alg, want->sig_alg);
    assert_true(tb_span_eq(got->issuer_name, want->issuer_name) && tb_span_eq(got->issuer_keyid, want->issuer_keyid));
    assert_true(got->this_update == want->this_update && got->next_update == want->next_update);
    assert_true(got->number == want->number);
    assert_string_equal(got->uri, want->uri);
    assert_int_equal(got->num_entries, num);
    for (size_t i = 0; i < num; i++) {
        assert_ok(tb_crl_entry_read(&rd, &e));
        assert_memory_equal(e.serial, entry[i].serial, TB_SERIAL_LEN);
        assert_true(e.revoked_at == entry[i].revoked_at && e.reason == entry[i].reason);
    }
    assert_ok(tb_rd_end(&rd));
}

static void openssl_agrees_on_entries_and_extensions(void **state)
{
    static const size_t nums[] = {0, 1, 3, 2000};
    static const uint64_t numbers[] = {0, 127, 128, 0x123456789abcdef, INT64_MAX};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(nums); i++)
        for (size_t k = 0; k < TB_ARRAY_LEN(numbers); k++) {
            struct tb_crl_entry *e = entries_of(nums[i]);
            struct tb_crl want = crl_of();
            struct tb_crl got;
            struct tb_wr tbs;
            X509_CRL *x;

            want.number = numbers[k];
            tb_wr_init(&tbs, TB_CRL_TBS_MAX);
            assert_ok(tb_crl_tbs_write(&tbs, &want, e, nums[i]));
            assert_ok(tb_crl_tbs_read(tb_wr_span(&tbs), &got));
            same(&got, &want, e, nums[i]);
            x = openssl_reads(tb_wr_span(&tbs));
            assert_int_equal(X509_CRL_get_version(x), 1);
            assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_lastUpdate(x), FIX_NOW), 0);
            assert_int_equal(ASN1_TIME_cmp_time_t(X509_CRL_get0_nextUpdate(x), FIX_NOW + 86400), 0);
            entries_agree(x, e, nums[i]);
            extensions_agree(x, &want);
            X509_CRL_free(x);
            tb_wr_clear(&tbs);
            free(e);
        }
}

static void a_full_shard_fits_and_one_more_does_not(void **state)
{
    struct tb_crl_entry *e = entries_of(TB_CRL_ENTRIES_MAX + 1);
    struct tb_crl want = crl_of();
    struct tb_crl got;
    struct tb_wr tbs;

    (void)state;
    for (size_t i = 0; i <= TB_CRL_ENTRIES_MAX; i++) {
        e[i].reason = TB_REASON_PRIVILEGE_WITHDRAWN;
        e[i].revoked_at = INT64_C(2524608000); /* 2050: GeneralizedTime, the longest entry there is */
    }
    memset(want.uri, 'a', TB_URI_MAX);
    want.uri[TB_URI_MAX] = '\0';
    tb_wr_init(&tbs, TB_CRL_TBS_MAX);
    assert_int_equal(tb_crl_tbs_write(&tbs, &want, e, TB_CRL_ENTRIES_MAX + 1), TB_E_INVAL);
    tb_wr_reset(&tbs);
    assert_ok(tb_crl_tbs_write(&tbs, &want, e, TB_CRL_ENTRIES_MAX));
    assert_ok(tb_crl_tbs_read(tb_wr_span(&tbs), &got));
    assert_int_equal(got.num_entries, TB_CRL_ENTRIES_MAX);
    tb_wr_clear(&tbs);
    free(e);
}

static void the_writer_refuses_what_breaks_its_contract(void **state)
{
    struct tb_crl_entry twice[] = {entry_of(1, 0), entry_of(1, 0)};
    struct tb_crl_entry falling[] = {entry_of(2, 0), entry_of(1, 0)};
    struct tb_crl_entry e = entry_of(1, 0);
    struct tb_crl crl;
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, TB_CRL_TBS_MAX);
    crl = crl_of();
    assert_int_equal(tb_crl_tbs_write(&wr, &crl, twice, 2), TB_E_INVAL);
    assert_int_equal(tb_crl_tbs_write(&wr, &crl, falling, 2), TB_E_INVAL);
    for (unsigned reason = 0; reason < 256; reason++) {
        bool ok = reason <= 9 && reason != 2 && reason != 6 && reason != 7 && reason != 8;

        e.reason = (enum tb_reason)reason;
        tb_wr_reset(&wr);
        assert_int_equal(tb_crl_tbs_write(&wr, &crl, &e, 1), ok ? 0 : TB_E_INVAL);
    }
    e.reason = TB_REASON_UNSPECIFIED;
    e.serial[0] = 0x80;
    assert_int_equal(tb_crl_tbs_write(&wr, &crl, &e, 1), TB_E_INVAL);
#define BROKEN(change)                                                                                                 \
    crl = crl_of();                                                                                                    \
    change;                                                                                                            \
    assert_int_equal(tb_crl_tbs_write(&wr, &crl, NULL, 0), TB_E_INVAL)
    BROKEN(crl.uri[0] = '\0');
    BROKEN(crl.uri[3] = ' ');
    BROKEN(crl.next_update = crl.this_update);
    BROKEN(crl.sig_alg = TB_SIG_NONE);
    BROKEN(crl.issuer_keyid.len = 0);
    BROKEN(crl.number = (uint64_t)INT64_MAX + 1);
    tb_wr_clear(&wr);
}

/* Replaces the first occurrence; the lengths are the same. */
static void patch(struct tb_wr *wr, const uint8_t *from, const uint8_t *to, size_t len)
{
    for (size_t i = 0; i + len <= wr->len; i++)
        if (memcmp(wr->buf + i, from, len) == 0) {
            memcpy(wr->buf + i, to, len);
            return;
        }
    fail_msg("nothing to patch");
}

#define PATCH(from, to)                                                                                                \
    do {                                                                                                               \
        static const uint8_t f_[] = from, t_[] = to;                                                                   \
        _Static_assert(sizeof(f_) == sizeof(t_), "same length");                                                       \
        struct tb_crl got_;                                                                                            \
        tb_wr_reset(&wr);                                                                                              \
        assert_ok(tb_crl_tbs_write(&wr, &crl, e, 2));                                                                  \
        assert_ok(tb_crl_tbs_read(tb_wr_span(&wr), &got_));                                                            \
        patch(&wr, f_, t_, sizeof(f_));                                                                                \
        assert_int_equal(tb_crl_tbs_read(tb_wr_span(&wr), &got_), TB_E_FORMAT);                                        \
    } while (0)
#define L(...)                                                                                                         \
    {                                                                                                                  \
        __VA_ARGS__                                                                                                    \
    }

static void the_reader_takes_no_other_shape(void **state)
{
    struct tb_crl_entry e[] = {entry_of(1, 0), entry_of(2, 1)};
    struct tb_crl crl = crl_of();
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, TB_CRL_TBS_MAX);
    PATCH(L(0x02, 0x01, 0x01), L(0x02, 0x01, 0x00));                                 /* version 1 */
    PATCH(L(TB_OID_CRL_IDP, 0x01, 0x01, 0xff), L(TB_OID_CRL_IDP, 0x01, 0x01, 0x00)); /* not critical */
    PATCH(L(0x81, 0x01, 0xff), L(0x82, 0x01, 0xff));                                 /* onlyContainsCACerts */
    PATCH(L(0x81, 0x01, 0xff), L(0x84, 0x01, 0xff));                                 /* indirectCRL */
    PATCH(L(0x81, 0x01, 0xff), L(0x81, 0x01, 0x00));                                 /* for everything */
    PATCH(L(TB_OID_CRL_NUMBER), L(0x55, 0x1d, 0x1b));                                /* a delta CRL */
    PATCH(L(0x0a, 0x01, 0x01), L(0x0a, 0x01, 0x08));                                 /* removeFromCRL */
    PATCH(L(0x0a, 0x01, 0x01), L(0x0a, 0x01, 0x00));                                 /* unspecified, written */
    PATCH(L(TB_OID_CRL_REASON), L(0x55, 0x1d, 0x18));                                /* invalidityDate */
    PATCH(L(0xab, 0, 0, 0, 1), L(0xab, 0, 0, 0, 2));                                 /* a serial twice */
    PATCH(L(0xab, 0, 0, 0, 1), L(0xab, 0, 0, 0, 3));                                 /* falling serials */
    PATCH(L(0x02, 0x10, 0x01), L(0x02, 0x10, 0x81));                                 /* a negative serial */
    PATCH(L('h', 't', 't', 'p', ':'), L('h', 't', 't', 'p', '\n'));
    tb_wr_clear(&wr);
}

static void no_prefix_and_no_trailer_is_a_crl(void **state)
{
    struct tb_crl_entry e[] = {entry_of(1, 0), entry_of(2, 1)};
    struct tb_crl crl = crl_of();
    struct tb_crl got;
    struct tb_wr wr;

    (void)state;
    tb_wr_init(&wr, TB_CRL_TBS_MAX);
    assert_ok(tb_crl_tbs_write(&wr, &crl, e, 2));
    for (size_t cut = 0; cut < wr.len; cut++)
        assert_int_not_equal(tb_crl_tbs_read(tb_span_of(wr.buf, cut), &got), 0);
    tb_wr_u8(&wr, 0);
    assert_int_not_equal(tb_crl_tbs_read(tb_wr_span(&wr), &got), 0);
    tb_wr_clear(&wr);
}

static int setup(void **state)
{
    (void)state;
    fix_ca_make(&ca, TB_CURVE_P256, TB_ISSUER_SERVER);
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
        cmocka_unit_test(openssl_agrees_on_entries_and_extensions),
        cmocka_unit_test(a_full_shard_fits_and_one_more_does_not),
        cmocka_unit_test(the_writer_refuses_what_breaks_its_contract),
        cmocka_unit_test(the_reader_takes_no_other_shape),
        cmocka_unit_test(no_prefix_and_no_trailer_is_a_crl),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
