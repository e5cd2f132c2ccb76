#include "tests/unit/test.h"

#include "lib/pki/name_proofs.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"

#define SERVER TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH)
#define CLIENT TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH)
#define BIT(p) TB_POLICY_BIT(TB_POLICY_##p)

static struct tb_name_proofs proofs(enum tb_method server, enum tb_method client, enum tb_method use)
{
    struct tb_name_proofs p = {0};

    p.control[TB_PURPOSE_SERVER_AUTH] = (uint8_t)server;
    p.control[TB_PURPOSE_CLIENT_AUTH] = (uint8_t)client;
    p.use[TB_PURPOSE_CLIENT_AUTH] = (uint8_t)use;
    return p;
}

#define HTTP TB_METHOD_HTTP_01
#define DNS  TB_METHOD_DNS_01
#define USE  TB_METHOD_TLS_CLIENT_01
#define NONE TB_METHOD_NONE

static struct tb_arc arc_of(const char *text)
{
    struct tb_arc arc;

    assert_ok(tb_arc_parse(text, &arc));
    return arc;
}

/* The vectors of doc/formats.md, section 9. */
static void the_test_vectors(void **state)
{
    static const struct {
        const char *evidence;
        tb_purposes_t purposes;
        size_t num;
        struct {
            enum tb_method server, client, use;
        } name[2];
    } rows[] = {
        {"300a30083006020101020101", SERVER, 1, {{HTTP, NONE, NONE}}},
        {"300d300b3009020102020102020106", CLIENT, 1, {{NONE, DNS, USE}}},
        {"302a301330060201010201013009020102020102020106301330060201010201023009020102020101020106",
         SERVER | CLIENT,
         2,
         {{HTTP, DNS, USE}, {DNS, HTTP, USE}}},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_name_proofs in[2], out[2];
        tb_purposes_t purposes;
        char hex[256];
        struct tb_wr wr;
        size_t num;

        for (size_t k = 0; k < 2; k++)
            in[k] = proofs(rows[i].name[k].server, rows[i].name[k].client, rows[i].name[k].use);
        tb_wr_init(&wr, 256);
        tb_name_proofs_write(&wr, in, rows[i].num, rows[i].purposes);
        assert_ok(tb_wr_err(&wr));
        tb_hex_encode(hex, tb_wr_span(&wr));
        if (strcmp(hex, rows[i].evidence) != 0)
            fail_msg("vector %zu is now %s", i, hex);
        assert_ok(tb_name_proofs_read(tb_wr_span(&wr), out, 2, &num, &purposes));
        assert_int_equal(num, rows[i].num);
        assert_int_equal(purposes, rows[i].purposes);
        assert_memory_equal(in, out, num * sizeof(in[0]));
        if (num == 2)
            assert_int_equal(tb_name_proofs_read(tb_wr_span(&wr), out, 1, &num, &purposes), TB_E_LIMIT);
        tb_wr_clear(&wr);
    }
}

static void the_vectors_of_policies(void **state)
{
    static const struct {
        tb_proof_policies_t set;
        const char *der;
    } rows[] = {
        {BIT(QUORUM_1) | BIT(DNS_INSECURE), "301c300c060a2b0601040181fd590202300c060a2b0601040181fd590203"},
        {BIT(CONTROL_DNS) | BIT(USE_PUBLISHED) | BIT(QUORUM_2),
         "302b300c060a2b0601040181fd590101300c060a2b0601040181fd590102300d060b2b0601040181fd59010302"},
    };
    struct tb_arc arc = arc_of("1.3.6.1.4.1.32473"), other = arc_of("1.3.6.1.4.1.32474"),
                  longer = arc_of("1.3.6.1.4.1.32473.1");

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        tb_proof_policies_t set;
        bool unknown;
        char hex[256];
        struct tb_wr wr;

        tb_wr_init(&wr, 256);
        tb_proof_policies_write(&wr, &arc, rows[i].set);
        tb_hex_encode(hex, tb_wr_span(&wr));
        if (strcmp(hex, rows[i].der) != 0)
            fail_msg("vector %zu is now %s", i, hex);
        assert_ok(tb_proof_policies_read(tb_wr_span(&wr), &arc, &set, &unknown));
        assert_int_equal(set, rows[i].set);
        assert_false(unknown);
        assert_ok(tb_proof_policies_read(tb_wr_span(&wr), &other, &set, &unknown));
        assert_true(unknown && set == 0);
        assert_ok(tb_proof_policies_read(tb_wr_span(&wr), &longer, &set, &unknown));
        assert_true(unknown);
        tb_wr_clear(&wr);
    }
}

static void every_policy_reads_back(void **state)
{
    struct tb_arc arc = arc_of("2.999");

    (void)state;
    for (tb_proof_policies_t set = 1; set < TB_POLICY_BIT(TB_POLICY__COUNT); set++) {
        tb_proof_policies_t got;
        bool unknown;
        struct tb_wr wr;

        tb_wr_init(&wr, 256);
        tb_proof_policies_write(&wr, &arc, set);
        assert_ok(tb_proof_policies_read(tb_wr_span(&wr), &arc, &got, &unknown));
        assert_int_equal(got, set);
        assert_false(unknown);
        tb_wr_clear(&wr);
    }
    for (unsigned p = 0; p < TB_POLICY__COUNT; p++)
        assert_non_null(tb_proof_policy_name((enum tb_proof_policy)p));
    assert_null(tb_proof_policy_name(TB_POLICY__COUNT));
}

static int read_hex(const char *hex, size_t *num, tb_purposes_t *purposes)
{
    struct tb_name_proofs out[4];
    size_t len = strlen(hex) / 2;
    uint8_t *der = malloc(len + 1);
    int r;

    assert_ok(tb_hex_decode(der, len, tb_span_str(hex)));
    r = tb_name_proofs_read(tb_span_of(der, len), out, 4, num, purposes);
    free(der);
    return r;
}

static void there_is_one_encoding_and_nothing_else(void **state)
{
    static const char *const rows[] = {
        "",
        "3000",                                     /* no name */
        "30023000",                                 /* no claim */
        "300430023000",                             /* an empty claim */
        "30073005300302010102",                     /* cut */
        "300a3008300602010102010100",               /* something after it */
        "300a30083006020101020106",                 /* use in place of control */
        "300a30083006020101020100",                 /* no method */
        "300a3008300602010102010f",                 /* a method that is none */
        "300a30083006020100020101",                 /* no purpose */
        "300a30083006020105020101",                 /* a purpose that is none */
        "300a30083006020109020101",                 /* above all of them */
        "300d300b3009020101020101020106",           /* use for a server */
        "300a30083006020102020101",                 /* a client without use */
        "300d300b3009020102020101020101",           /* control in place of use */
        "300d300b3009020102020101020100",           /* use that is none */
        "3010300e300c020102020101020106020106",     /* four numbers */
        "3012301030060201010201013006020101020101", /* a purpose twice */
        "301530133009020102020101020106300602010102010"
        "1",                          /* descending */
        "300b3009300702010102020001", /* not the shortest */
        "300b30093007020101040201"
        "01",                                                 /* another type */
        "301730083006020101020101300b3009020102020101020106", /* other purposes than the first */
    };
    tb_purposes_t purposes;
    size_t num;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        if (read_hex(rows[i], &num, &purposes) >= 0)
            fail_msg("row %zu: %s", i, rows[i]);
        assert_true(num == 0 && purposes == 0);
    }
}

static void every_octet_counts(void **state)
{
    struct tb_name_proofs in[2] = {proofs(HTTP, DNS, USE), proofs(DNS, HTTP, USE)}, out[2];
    struct tb_wr wr, again;

    (void)state;
    tb_wr_init(&wr, 256);
    tb_name_proofs_write(&wr, in, 2, SERVER | CLIENT);
    for (size_t cut = 0; cut < wr.len; cut++) {
        uint8_t *exact = malloc(cut + 1);
        tb_purposes_t purposes;
        size_t num;

        memcpy(exact, wr.buf, cut);
        assert_true(tb_name_proofs_read(tb_span_of(exact, cut), out, 2, &num, &purposes) < 0);
        free(exact);
    }
    for (size_t i = 0; i < wr.len * 8; i++) {
        tb_purposes_t purposes;
        size_t num;

        wr.buf[i / 8] ^= (uint8_t)(1u << i % 8);
        if (tb_name_proofs_read(tb_wr_span(&wr), out, 2, &num, &purposes) == 0) {
            tb_wr_init(&again, 256);
            tb_name_proofs_write(&again, out, num, purposes);
            assert_true(tb_span_eq(tb_wr_span(&again), tb_wr_span(&wr))); /* what is read has no other encoding */
            assert_memory_not_equal(in, out, sizeof(in));
            tb_wr_clear(&again);
        }
        wr.buf[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    tb_wr_clear(&wr);
}

static void a_hundred_names_and_not_one_more(void **state)
{
    struct tb_name_proofs in[TB_IDENT_NUM_MAX + 1], out[TB_IDENT_NUM_MAX];
    tb_purposes_t purposes;
    struct tb_wr wr;
    size_t num;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(in); i++)
        in[i] = proofs(HTTP, DNS, USE);
    for (size_t n = TB_IDENT_NUM_MAX; n <= TB_IDENT_NUM_MAX + 1; n++) {
        tb_wr_init(&wr, 4096);
        tb_name_proofs_write(&wr, in, n, SERVER | CLIENT);
        assert_int_equal(tb_name_proofs_read(tb_wr_span(&wr), out, TB_IDENT_NUM_MAX, &num, &purposes),
                         n == TB_IDENT_NUM_MAX ? 0 : TB_E_LIMIT);
        tb_wr_clear(&wr);
    }
}

static void policies_never_contradict_the_methods(void **state)
{
    struct tb_name_proofs all_dns[2] = {proofs(DNS, DNS, USE), proofs(DNS, DNS, USE)};
    struct tb_name_proofs one_http[2] = {proofs(DNS, DNS, USE), proofs(DNS, HTTP, USE)};
    const struct {
        tb_proof_policies_t set;
        tb_purposes_t purposes;
        bool dns, http; /* good with the one, with the other */
    } rows[] = {
        {BIT(QUORUM_1), SERVER, true, true},
        {BIT(QUORUM_1) | BIT(CONTROL_DNS), SERVER, true, true},
        {BIT(QUORUM_1) | BIT(CONTROL_DNS) | BIT(USE_PUBLISHED), CLIENT, true, false},
        {BIT(QUORUM_1) | BIT(USE_PUBLISHED), SERVER | CLIENT, true, true},
        {BIT(QUORUM_1) | BIT(EGRESS_DECLARED) | BIT(DNS_INSECURE) | BIT(CONTROL_ABOVE), CLIENT, true, true},
        {BIT(QUORUM_1) | BIT(CONTROL_DNS) | BIT(USE_PUBLISHED), SERVER | CLIENT, true, false},
        {BIT(QUORUM_2), SERVER, true, true},
        {BIT(QUORUM_2) | BIT(QUORUM_3) | BIT(QUORUM_4), SERVER, true, true},
        {BIT(QUORUM_3), SERVER, false, false},
        {BIT(QUORUM_2) | BIT(QUORUM_4), SERVER, false, false},
        {BIT(QUORUM_2) | BIT(QUORUM_1), SERVER, false, false},
        {0, SERVER, false, false},
        {BIT(QUORUM_1), CLIENT, false, false},
        {BIT(QUORUM_1) | BIT(USE_PUBLISHED), SERVER, false, false},
        {BIT(QUORUM_1) | BIT(EGRESS_DECLARED), SERVER, false, false},
        {BIT(QUORUM_1) | BIT(USE_PUBLISHED) | BIT(EGRESS_DECLARED), CLIENT, false, false},
        {BIT(QUORUM_1) | BIT(CONTROL_DNS) | BIT(CONTROL_ABOVE), SERVER, false, false},
        {BIT(QUORUM_1) | TB_POLICY_BIT(TB_POLICY__COUNT), SERVER, false, false},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        if (tb_proof_policies_ok(rows[i].set, all_dns, 2, rows[i].purposes) != rows[i].dns ||
            tb_proof_policies_ok(rows[i].set, one_http, 2, rows[i].purposes) != rows[i].http)
            fail_msg("row %zu", i);
    assert_false(tb_proof_policies_ok(BIT(QUORUM_1) | BIT(CONTROL_DNS), all_dns, 0, SERVER));
}

static void the_extension_stands_under_its_arc_alone(void **state)
{
    struct tb_arc arc = arc_of("1.3.6.1.4.1.32473.5"), none = {0};
    uint8_t oid[TB_ARC_DER_MAX + 1], want[] = {0x2b, 0x06, 0x01, 0x04, 0x01, 0x81, 0xfd, 0x59, 0x05, 0x03};

    (void)state;
    assert_int_equal(tb_name_proofs_oid(&arc, oid), sizeof(want));
    assert_memory_equal(oid, want, sizeof(want));
    assert_true(tb_name_proofs_oid_is(&arc, tb_span_of(want, sizeof(want))));
    assert_false(tb_name_proofs_oid_is(&arc, tb_span_of(want, sizeof(want) - 1)));
    assert_false(tb_name_proofs_oid_is(&none, tb_span_of("\3", 1)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_test_vectors),
        cmocka_unit_test(the_vectors_of_policies),
        cmocka_unit_test(every_policy_reads_back),
        cmocka_unit_test(there_is_one_encoding_and_nothing_else),
        cmocka_unit_test(every_octet_counts),
        cmocka_unit_test(a_hundred_names_and_not_one_more),
        cmocka_unit_test(policies_never_contradict_the_methods),
        cmocka_unit_test(the_extension_stands_under_its_arc_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
