#include "tests/unit/test.h"

#include <string.h>

#include "lib/dns/caa.h"

#define ACCOUNT "https://ca.example/acme/acct/1"
#define SERVER  TB_PURPOSE_SERVER_AUTH
#define CLIENT  TB_PURPOSE_CLIENT_AUTH

static const char *const ours[] = {"ca1.example.net", "Ca2.Example.Org"};
static const struct tb_ident name = {.type = TB_IDENT_DNS, .value = "certs.example.com"};
static const struct tb_ident wildcard = {.type = TB_IDENT_DNS, .wildcard = true, .value = "certs.example.com"};

#define SET_MAX 6

struct record {
    uint8_t flags;
    const char *tag, *value;
};

/* Record data of up to SET_MAX records; a NULL tag ends. */
struct set {
    uint8_t buf[SET_MAX][512];
    struct tb_span rdata[SET_MAX];
    size_t num;
};

static void set_make(struct set *set, const struct record *records)
{
    for (set->num = 0; set->num < SET_MAX && records[set->num].tag != NULL; set->num++) {
        const struct record *r = &records[set->num];
        struct tb_wr wr;

        tb_wr_fixed(&wr, set->buf[set->num], sizeof(set->buf[0]));
        tb_wr_u8(&wr, r->flags);
        tb_wr_u8(&wr, (uint8_t)strlen(r->tag));
        tb_wr_str(&wr, r->tag);
        tb_wr_str(&wr, r->value);
        assert_ok(tb_wr_err(&wr));
        set->rdata[set->num] = tb_wr_span(&wr);
    }
}

static int evaluate(const struct record *records, const struct tb_ident *ident, struct tb_caa_result *out)
{
    struct set set;

    set_make(&set, records);
    return tb_caa_evaluate(set.rdata, set.num, ident, ours, TB_ARRAY_LEN(ours), out);
}

/* --- record data (RFC 8659 section 4.1) --- */

static void record_data(void **state)
{
    static const struct {
        const char *rdata;
        size_t len;
        int r;
    } rows[] = {
        {"", 0, TB_E_FORMAT},
        {"\0", 1, TB_E_FORMAT},
        {"\0\0", 2, TB_E_FORMAT},
        {"\0\0ca.example", 12, TB_E_FORMAT},
        {"\0\5issu", 6, TB_E_FORMAT},
        {"\0\5issue", 7, 0},
        {"\x80\5issueca", 9, 0},
        {"\0\5is-ue", 7, TB_E_FORMAT},
        {"\0\5is ue", 7, TB_E_FORMAT},
        {"\0\5is\0ue", 7, TB_E_FORMAT},
        {"\0\5is\xc3\xa4u", 7, TB_E_FORMAT},
        {"\0\1a", 3, 0},
        {"\0\xff"
         "a",
         3, TB_E_FORMAT},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_caa_rdata c = {.flags = 7};

        if (tb_caa_rdata_parse(tb_span_of(rows[i].rdata, rows[i].len), &c) != rows[i].r)
            fail_msg("row %zu", i);
        if (rows[i].r != 0)
            assert_int_equal(c.flags + c.tag.len + c.value.len, 0);
    }
}

static void record_data_has_its_limits(void **state)
{
    uint8_t rdata[2 + 255 + TB_CAA_VALUE_MAX + 1];
    struct tb_caa_rdata c;

    (void)state;
    memset(rdata, 'a', sizeof(rdata));
    rdata[1] = 255;
    assert_ok(tb_caa_rdata_parse(tb_span_of(rdata, sizeof(rdata) - 1), &c));
    assert_int_equal(c.tag.len, 255);
    assert_int_equal(c.value.len, TB_CAA_VALUE_MAX);
    assert_int_equal(tb_caa_rdata_parse(tb_span_of(rdata, sizeof(rdata)), &c), TB_E_LIMIT);
}

/* --- who may issue --- */

enum outcome { FREE, GRANTED, NOBODY, REFUSED };

static enum outcome outcome_of(const struct record *records, const struct tb_ident *ident)
{
    struct tb_caa_result r;
    int err = evaluate(records, ident, &r);

    if (err != 0) {
        assert_int_equal(err, TB_E_DENIED);
        assert_false(r.unrestricted);
        assert_int_equal(r.num_grants, 0);
        return REFUSED;
    }
    assert_false(r.unrestricted && r.num_grants > 0);
    return r.unrestricted ? FREE : r.num_grants > 0 ? GRANTED : NOBODY;
}

/* RFC 8659 sections 4.1 to 4.4, with the RFC's own examples. */
static void record_sets(void **state)
{
    static const struct {
        struct record records[SET_MAX];
        enum outcome plain, wild;
    } rows[] = {
        /* section 4.2 */
        {{{0, "issue", "ca1.example.net"}, {0, "issue", "ca2.example.org"}}, GRANTED, GRANTED},
        {{{0, "issue", "ca1.example.net"}}, GRANTED, GRANTED},
        {{{0, "issue", ";"}}, NOBODY, NOBODY},
        {{{0, "issue", ""}}, NOBODY, NOBODY},
        {{{0, "issue", "ca1.example.net; account=230123"}}, GRANTED, GRANTED},
        {{{0, "issue", "%%%%%"}}, NOBODY, NOBODY},
        {{{0, "issue", "other.example"}}, NOBODY, NOBODY},
        {{{0, "issue", ";"}, {0, "issue", "ca1.example.net"}}, GRANTED, GRANTED},
        {{{0, "issue", "%%%%%"}, {0, "issue", "ca1.example.net"}}, GRANTED, GRANTED},
        /* section 4.3 */
        {{{0, "issue", "other.example"}, {0, "issuewild", "ca1.example.net"}}, NOBODY, GRANTED},
        {{{0, "issue", "ca1.example.net"}, {0, "issuewild", "other.example"}}, GRANTED, NOBODY},
        {{{0, "issue", "ca1.example.net"}, {0, "issuewild", ";"}}, GRANTED, NOBODY},
        {{{0, "issuewild", "other.example"}, {0, "issue", "ca1.example.net"}}, GRANTED, NOBODY},
        {{{0, "issuewild", "ca1.example.net"}}, FREE, GRANTED},
        {{{0, "issuewild", ";"}}, FREE, NOBODY},
        {{{0, "issuewild", "%%"}}, FREE, NOBODY},
        /* section 4.4: a report address restricts nobody; nor do other kinds of certificate (RFC 9495) */
        {{{0, "iodef", "mailto:security@example.com"}}, FREE, FREE},
        {{{0, "iodef", "mailto:x@example.com"}, {0, "issue", "ca1.example.net"}}, GRANTED, GRANTED},
        {{{0, "issuemail", ";"}}, FREE, FREE},
        {{{0, "issuemail", "ca1.example.net"}, {0, "issue", ";"}}, NOBODY, NOBODY},
        {{{128, "issuemail", ";"}}, FREE, FREE},
        /* section 4.1: tags without regard to case, critical and other flags */
        {{{0, "ISSUE", ";"}}, NOBODY, NOBODY},
        {{{0, "IssueWild", ";"}}, FREE, NOBODY},
        {{{128, "issue", "ca1.example.net"}}, GRANTED, GRANTED},
        {{{128, "iodef", "mailto:x@example.com"}}, FREE, FREE},
        {{{0, "tbs", "Unknown"}}, FREE, FREE},
        {{{128, "tbs", "Unknown"}}, REFUSED, REFUSED},
        {{{255, "tbs", "Unknown"}}, REFUSED, REFUSED},
        {{{127, "tbs", "Unknown"}}, FREE, FREE},
        {{{0, "issue", "ca1.example.net"}, {128, "tbs", "Unknown"}}, REFUSED, REFUSED},
        {{{128, "tbs", "Unknown"}, {0, "issue", "ca1.example.net"}}, REFUSED, REFUSED},
        {{{0, "issu", ";"}}, FREE, FREE},
        {{{0, "issuewil", ";"}}, FREE, FREE},
        {{{128, "issuex", "ca1.example.net"}}, REFUSED, REFUSED},
        /* a malformed record beside a sound one is not overlooked */
        {{{0, "issue", "ca1.example.net"}, {0, "", "x"}}, REFUSED, REFUSED},
        {{{0, "is-sue", ";"}, {0, "issue", "ca1.example.net"}}, REFUSED, REFUSED},
        /* issuer domain names are compared without regard to case, and whole */
        {{{0, "issue", "CA1.example.NET"}}, GRANTED, GRANTED},
        {{{0, "issue", "ca2.example.org"}}, GRANTED, GRANTED},
        {{{0, "issue", "a1.example.net"}}, NOBODY, NOBODY},
        {{{0, "issue", "x.ca1.example.net"}}, NOBODY, NOBODY},
        {{{0, "issue", "xca1.example.net"}}, NOBODY, NOBODY},
        {{{0, "issue", "example.net"}}, NOBODY, NOBODY},
        {{{0, "issue", "ca1.example.ne"}}, NOBODY, NOBODY},
        {{{0, "issue", "ca1.example.net.evil"}}, NOBODY, NOBODY},
        {{{0, "issue", "ca1.example.net."}}, NOBODY, NOBODY},
        /* a property whose parameters nothing satisfies restricts all the same */
        {{{0, "issue", "ca1.example.net; accounturi=a; accounturi=a"}}, NOBODY, NOBODY},
        {{{0, "issue", "ca1.example.net; a=1;"}}, NOBODY, NOBODY},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        enum outcome plain = outcome_of(rows[i].records, &name), wild = outcome_of(rows[i].records, &wildcard);

        if (plain != rows[i].plain || wild != rows[i].wild)
            fail_msg("%s %s: %d %d", rows[i].records[0].tag, rows[i].records[0].value, plain, wild);
    }
}

static void no_set_is_no_restriction(void **state)
{
    struct tb_caa_result r;

    (void)state;
    assert_ok(tb_caa_evaluate(NULL, 0, &name, ours, 2, &r));
    assert_true(r.unrestricted);
    assert_int_equal(r.num_grants, 0);
}

/* Invariant: over an empty list of our names, a set that restricts refuses. */
static void without_identities_nobody_is_named(void **state)
{
    const struct record records[] = {{0, "issue", "ca1.example.net"}, {0, "issue", ";"}, {0, NULL, NULL}};
    const char *const empty[] = {""};
    struct tb_caa_result r;
    struct set set;

    (void)state;
    set_make(&set, records);
    assert_ok(tb_caa_evaluate(set.rdata, set.num, &name, NULL, 0, &r));
    assert_false(r.unrestricted);
    assert_int_equal(r.num_grants, 0);
    assert_ok(tb_caa_evaluate(set.rdata, set.num, &name, empty, 1, &r));
    assert_int_equal(r.num_grants, 0);
}

static void caa_is_for_dns_names(void **state)
{
    const struct tb_ident ip = {.type = TB_IDENT_IP, .value = "192.0.2.1"};
    struct tb_caa_result r = {.unrestricted = true};

    (void)state;
    assert_int_equal(tb_caa_evaluate(NULL, 0, &ip, ours, 2, &r), TB_E_INVAL);
    assert_false(r.unrestricted);
    assert_int_equal(tb_caa_evaluate(NULL, 0, &(struct tb_ident){0}, ours, 2, &r), TB_E_INVAL);
}

/* Invariant: a truncated record is never "no record". */
static void a_cut_record_refuses(void **state)
{
    const struct record records[] = {{0, "issue", "ca1.example.net"}, {0, "issue", "ca2.example.org"}, {0, NULL, NULL}};
    struct tb_caa_result r;
    struct set set;

    (void)state;
    set_make(&set, records);
    for (size_t len = 0; len < 7; len++) {
        set.rdata[1].len = len;
        assert_int_equal(tb_caa_evaluate(set.rdata, set.num, &name, ours, 2, &r), TB_E_DENIED);
        assert_false(r.unrestricted);
        assert_int_equal(r.num_grants, 0);
    }
}

static void sets_and_grants_have_limits(void **state)
{
    static const uint8_t one[] = "\0\5issueca1.example.net";
    struct tb_span rdata[TB_CAA_RECORDS_MAX + 1];
    struct tb_caa_result r;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rdata); i++)
        rdata[i] = tb_span_of(one, sizeof(one) - 1);
    assert_ok(tb_caa_evaluate(rdata, TB_CAA_GRANTS_MAX, &name, ours, 2, &r));
    assert_int_equal(r.num_grants, TB_CAA_GRANTS_MAX);
    assert_ok(tb_caa_evaluate(rdata, TB_CAA_GRANTS_MAX + 1, &name, ours, 2, &r));
    assert_int_equal(r.num_grants, TB_CAA_GRANTS_MAX);
    assert_ok(tb_caa_evaluate(rdata, TB_CAA_RECORDS_MAX, &name, ours, 2, &r));
    assert_int_equal(tb_caa_evaluate(rdata, TB_CAA_RECORDS_MAX + 1, &name, ours, 2, &r), TB_E_DENIED);
    assert_int_equal(r.num_grants, 0);
}

/* --- for whom, how, for what (RFC 8657, and the purposes of our own) --- */

static void parameters_narrow(void **state)
{
    static const struct {
        const char *value;
        const char *account;
        enum tb_method method;
        enum tb_purpose purpose;
        bool allowed;
    } rows[] = {
        {"ca1.example.net", ACCOUNT, TB_METHOD_HTTP_01, SERVER, true},
        {"ca1.example.net", "", TB_METHOD_TLS_CLIENT_01, CLIENT, true},
        /* RFC 8657 section 3: the whole URI, exactly */
        {"ca1.example.net; accounturi=" ACCOUNT, ACCOUNT, TB_METHOD_HTTP_01, SERVER, true},
        {"ca1.example.net; accounturi=" ACCOUNT, ACCOUNT "0", TB_METHOD_HTTP_01, SERVER, false},
        {"ca1.example.net; accounturi=" ACCOUNT "0", ACCOUNT, TB_METHOD_HTTP_01, SERVER, false},
        {"ca1.example.net; accounturi=HTTPS://ca.example/acme/acct/1", ACCOUNT, TB_METHOD_HTTP_01, SERVER, false},
        {"ca1.example.net; accounturi=" ACCOUNT, "", TB_METHOD_HTTP_01, SERVER, false},
        {"ca1.example.net; accounturi=mailto:a@b.example", ACCOUNT, TB_METHOD_HTTP_01, SERVER, false},
        /* section 4 */
        {"ca1.example.net; validationmethods=dns-01", ACCOUNT, TB_METHOD_DNS_01, SERVER, true},
        {"ca1.example.net; validationmethods=dns-01", ACCOUNT, TB_METHOD_HTTP_01, SERVER, false},
        {"ca1.example.net; validationmethods=dns-01,http-01", ACCOUNT, TB_METHOD_HTTP_01, SERVER, true},
        {"ca1.example.net; validationmethods=dns-01,http-01", ACCOUNT, TB_METHOD_TLS_ALPN_01, SERVER, false},
        {"ca1.example.net; validationmethods=", ACCOUNT, TB_METHOD_DNS_01, SERVER, false},
        {"ca1.example.net; validationmethods=ca-other", ACCOUNT, TB_METHOD_DNS_01, SERVER, false},
        {"ca1.example.net; validationmethods=dns-01", ACCOUNT, TB_METHOD_DNS_ACCOUNT_01, SERVER, false},
        /* purposes */
        {"ca1.example.net; purposes=serverAuth", ACCOUNT, TB_METHOD_DNS_01, SERVER, true},
        {"ca1.example.net; purposes=serverAuth", ACCOUNT, TB_METHOD_DNS_01, CLIENT, false},
        {"ca1.example.net; purposes=serverAuth,clientAuth", ACCOUNT, TB_METHOD_DNS_01, CLIENT, true},
        {"ca1.example.net; purposes=", ACCOUNT, TB_METHOD_DNS_01, SERVER, false},
        /* all together */
        {"ca1.example.net; accounturi=" ACCOUNT "; validationmethods=dns-01; purposes=clientAuth", ACCOUNT,
         TB_METHOD_DNS_01, CLIENT, true},
        {"ca1.example.net; accounturi=" ACCOUNT "; validationmethods=dns-01; purposes=clientAuth", ACCOUNT,
         TB_METHOD_DNS_01, SERVER, false},
        {"ca1.example.net; accounturi=" ACCOUNT "; validationmethods=dns-01; purposes=clientAuth", ACCOUNT,
         TB_METHOD_HTTP_01, CLIENT, false},
        {"ca1.example.net; accounturi=x:y; validationmethods=dns-01; purposes=clientAuth", ACCOUNT, TB_METHOD_DNS_01,
         CLIENT, false},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        for (int wild = 0; wild < 2; wild++) {
            const struct record records[] = {{0, wild ? "issuewild" : "issue", rows[i].value}, {0, NULL, NULL}};
            struct tb_caa_result r;

            assert_ok(evaluate(records, wild ? &wildcard : &name, &r));
            if (tb_caa_allows(&r, rows[i].account, rows[i].method, rows[i].purpose) != rows[i].allowed)
                fail_msg("row %zu: %s", i, rows[i].value);
        }
}

/* RFC 8657 section 5 and appendix A: properties are alternatives, their parameters are not mixed. */
static void one_property_has_to_allow_it_all(void **state)
{
    const struct record records[] = {
        {0, "issue", "ca1.example.net; accounturi=" ACCOUNT "; validationmethods=dns-01"},
        {0, "issue", "ca2.example.org; accounturi=x:y; validationmethods=http-01"},
        {0, "issue", "other.example"},
        {0, NULL, NULL},
    };
    struct tb_caa_result r;

    (void)state;
    assert_ok(evaluate(records, &name, &r));
    assert_int_equal(r.num_grants, 2);
    assert_true(tb_caa_allows(&r, ACCOUNT, TB_METHOD_DNS_01, SERVER));
    assert_true(tb_caa_allows(&r, "x:y", TB_METHOD_HTTP_01, SERVER));
    assert_false(tb_caa_allows(&r, ACCOUNT, TB_METHOD_HTTP_01, SERVER));
    assert_false(tb_caa_allows(&r, "x:y", TB_METHOD_DNS_01, SERVER));
    assert_false(tb_caa_allows(&r, "other.example", TB_METHOD_DNS_01, SERVER));
}

static void what_is_unknown_is_never_allowed(void **state)
{
    static const struct tb_caa_result all = {.unrestricted = true}, nobody;
    struct tb_caa_result any = {.num_grants = 1};

    (void)state;
    any.grants[0].has_methods = any.grants[0].has_purposes = true;
    any.grants[0].methods = any.grants[0].purposes = UINT32_MAX;
    assert_true(tb_caa_allows(&all, ACCOUNT, TB_METHOD_HTTP_01, SERVER));
    assert_true(tb_caa_allows(&any, ACCOUNT, TB_METHOD_HTTP_01, SERVER));
    assert_false(tb_caa_allows(&nobody, ACCOUNT, TB_METHOD_HTTP_01, SERVER));
    assert_false(tb_caa_allows(&all, ACCOUNT, TB_METHOD_NONE, SERVER));
    assert_false(tb_caa_allows(&all, ACCOUNT, TB_METHOD__COUNT, SERVER));
    assert_false(tb_caa_allows(&any, ACCOUNT, (enum tb_method)33, SERVER));
    assert_false(tb_caa_allows(&all, ACCOUNT, TB_METHOD_HTTP_01, TB_PURPOSE_NONE));
    assert_false(tb_caa_allows(&all, ACCOUNT, TB_METHOD_HTTP_01, (enum tb_purpose)5));
    assert_false(tb_caa_allows(&any, ACCOUNT, TB_METHOD_HTTP_01, (enum tb_purpose)33));
}

/* --- the result on the wire --- */

static struct tb_caa_result sample(void)
{
    struct tb_caa_result r = {.num_grants = 3};

    r.grants[0].has_account = true;
    strcpy(r.grants[0].account_url, ACCOUNT);
    r.grants[1].has_methods = true;
    r.grants[2].has_methods = r.grants[2].has_purposes = true;
    r.grants[2].methods = TB_METHOD_BIT(TB_METHOD_DNS_01);
    r.grants[2].purposes = TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH);
    return r;
}

static void a_result_round_trips_and_is_refused_when_cut(void **state)
{
    const struct tb_caa_result r = sample();
    static const struct tb_caa_result zero;
    struct tb_caa_result got;
    uint8_t buf[256];
    struct tb_wr wr;
    struct tb_rd rd;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_caa_result_write(&wr, &r);
    assert_ok(tb_wr_err(&wr));
    rd = tb_rd_of(tb_wr_span(&wr));
    assert_ok(tb_caa_result_read(&rd, &got));
    assert_ok(tb_rd_end(&rd));
    assert_memory_equal(&got, &r, sizeof(r));
    for (size_t len = 0; len < wr.len; len++) {
        rd = tb_rd_of(tb_span_of(buf, len));
        assert_int_equal(tb_caa_result_read(&rd, &got), TB_E_TRUNC);
        assert_int_equal(rd.left, len);
        assert_memory_equal(&got, &zero, sizeof(zero));
    }
}

static void results_of_another_form_are_refused(void **state)
{
    static const struct {
        const char *octets;
        size_t len;
        int r;
    } rows[] = {
        {"\0\0", 2, 0},
        {"\1\0", 2, 0},
        {"\2\0", 2, 0},
        {"\3\0", 2, TB_E_FORMAT},
        {"\1\1\0", 3, TB_E_FORMAT},
        {"\0\1\0", 3, 0},
        {"\0\1\x8", 3, TB_E_FORMAT},
        {"\0\1\1\0\0", 5, TB_E_FORMAT},
        {"\0\1\1\0\1u", 6, 0},
        {"\0\1\1\0\1\0", 6, TB_E_FORMAT},
        {"\0\1\2\0\0\0\0", 7, 0},
        {"\0\1\2\0\0\0\1", 7, TB_E_FORMAT},
        {"\0\1\2\0\0\1\0", 7, TB_E_FORMAT},
        {"\0\1\4\0\0\0\2", 7, 0},
        {"\0\1\4\0\0\0\1", 7, TB_E_FORMAT},
        {"\0\1\4\0\0\0\x20", 7, TB_E_FORMAT},
        {"\0\x8\0\0\0\0\0\0\0\0", 10, 0},
        {"\0\x9\0\0\0\0\0\0\0\0\0", 11, TB_E_LIMIT},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_rd rd = tb_rd_of(tb_span_of(rows[i].octets, rows[i].len));
        struct tb_caa_result got;

        if (tb_caa_result_read(&rd, &got) != rows[i].r)
            fail_msg("row %zu", i);
        assert_int_equal(rd.left, rows[i].r == 0 ? 0 : rows[i].len);
    }
}

static void an_account_url_has_a_limit_on_the_wire(void **state)
{
    uint8_t buf[5 + TB_CAA_URI_MAX + 1];
    struct tb_caa_result got;
    struct tb_rd rd;

    (void)state;
    for (size_t len = TB_CAA_URI_MAX; len <= TB_CAA_URI_MAX + 1; len++) {
        memset(buf, 'u', sizeof(buf));
        memcpy(buf, "\0\1\1", 3);
        buf[3] = (uint8_t)(len >> 8);
        buf[4] = (uint8_t)len;
        rd = tb_rd_of(tb_span_of(buf, 5 + len));
        assert_int_equal(tb_caa_result_read(&rd, &got), len == TB_CAA_URI_MAX ? 0 : TB_E_LIMIT);
    }
}

static void what_was_not_asked_for_is_told_apart_from_what_is_not_there(void **state)
{
    static const uint8_t wire[][2] = {{0, 0}, {1, 0}, {2, 0}, {3, 0}, {2, 1}};
    static const int want[] = {0, 0, 0, TB_E_FORMAT, TB_E_FORMAT};
    struct tb_caa_result r;
    uint8_t buf[8];
    struct tb_wr wr;
    struct tb_rd rd;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(wire); i++) {
        rd = tb_rd_of(tb_span_of(wire[i], 2));
        assert_int_equal(tb_caa_result_read(&rd, &r), want[i]);
        if (want[i] < 0)
            continue;
        assert_int_equal(r.unrestricted, i > 0);
        assert_int_equal(r.not_asked, i == 2);
        tb_wr_fixed(&wr, buf, sizeof(buf));
        tb_caa_result_write(&wr, &r);
        assert_true(tb_span_eq(tb_wr_span(&wr), tb_span_of(wire[i], 2)));
    }
}

static void what_cannot_be_read_is_not_written(void **state)
{
    struct tb_caa_result r = {.num_grants = TB_CAA_GRANTS_MAX + 1};
    uint8_t buf[256];
    struct tb_wr wr;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_caa_result_write(&wr, &r);
    assert_int_equal(tb_wr_err(&wr), TB_E_INVAL);
    r = (struct tb_caa_result){.unrestricted = true, .num_grants = 1};
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_caa_result_write(&wr, &r);
    assert_int_equal(tb_wr_err(&wr), TB_E_INVAL);
    assert_int_equal(wr.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_data),
        cmocka_unit_test(what_was_not_asked_for_is_told_apart_from_what_is_not_there),
        cmocka_unit_test(record_data_has_its_limits),
        cmocka_unit_test(record_sets),
        cmocka_unit_test(no_set_is_no_restriction),
        cmocka_unit_test(without_identities_nobody_is_named),
        cmocka_unit_test(caa_is_for_dns_names),
        cmocka_unit_test(a_cut_record_refuses),
        cmocka_unit_test(sets_and_grants_have_limits),
        cmocka_unit_test(parameters_narrow),
        cmocka_unit_test(one_property_has_to_allow_it_all),
        cmocka_unit_test(what_is_unknown_is_never_allowed),
        cmocka_unit_test(a_result_round_trips_and_is_refused_when_cut),
        cmocka_unit_test(results_of_another_form_are_refused),
        cmocka_unit_test(an_account_url_has_a_limit_on_the_wire),
        cmocka_unit_test(what_cannot_be_read_is_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
