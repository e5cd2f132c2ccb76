#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/statement/statement.h"

#define NOW INT64_C(1795472160)

static const struct tb_key key = {{1, 2, 3, 4}};

static struct tb_statement common(enum tb_proof_kind kind)
{
    struct tb_statement s = {
        .audience = {.directory = "https://ca.example:14000"},
        .perspective = 0x0102,
        .kind = kind,
        .ident = {.type = TB_IDENT_DNS, .value = "www.example.org"},
        .dnssec = TB_DNSSEC_SECURE,
        .made_at = NOW,
    };

    memset(s.audience.ca_id, 0xca, sizeof(s.audience.ca_id));
    memset(s.audience.policy_digest, 0xdd, sizeof(s.audience.policy_digest));
    return s;
}

static struct tb_statement control(void)
{
    struct tb_statement s = common(TB_PROOF_CONTROL);

    s.method = TB_METHOD_HTTP_01;
    s.purpose = TB_PURPOSE_SERVER_AUTH;
    strcpy(s.account_url, "https://ca.example:14000/acme/acct/AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA");
    memset(s.thumbprint, 0x11, sizeof(s.thumbprint));
    memset(s.token_digest, 0x33, sizeof(s.token_digest));
    memset(s.peer_addr + 10, 0xff, 2);
    s.peer_addr[12] = 192;
    return s;
}

static struct tb_statement use(void)
{
    struct tb_statement s = control();

    s.kind = TB_PROOF_USE;
    s.method = TB_METHOD_TLS_CLIENT_01;
    s.purpose = TB_PURPOSE_CLIENT_AUTH;
    memset(s.spki_digest, 0x22, sizeof(s.spki_digest));
    s.egress_kind = TB_EGRESS_DECLARED;
    s.egress_prefix = 24;
    return s;
}

static struct tb_statement caa(void)
{
    struct tb_statement s = common(TB_PROOF_CAA);

    s.ident.wildcard = true;
    s.caa.num_grants = 2;
    s.caa.grants[0].has_account = true;
    strcpy(s.caa.grants[0].account_url, "https://ca.example:14000/acme/acct/x");
    s.caa.grants[1].has_methods = true;
    s.caa.grants[1].methods = TB_METHOD_BIT(TB_METHOD_DNS_01);
    s.caa.grants[1].has_purposes = true;
    s.caa.grants[1].purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH);
    return s;
}

static struct tb_statement (*const samples[])(void) = {control, use, caa};

static size_t encode(uint8_t buf[static TB_STATEMENT_MAX], const struct tb_statement *s)
{
    struct tb_wr wr;

    tb_wr_fixed(&wr, buf, TB_STATEMENT_MAX);
    assert_ok(tb_statement_write(&wr, s, &key));
    return wr.len;
}

static void expect_empty(const struct tb_statement *s)
{
    static const struct tb_statement zero;

    assert_memory_equal(s, &zero, sizeof(zero));
}

static void a_statement_round_trips(void **state)
{
    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(samples); i++) {
        const struct tb_statement s = samples[i]();
        uint8_t blob[TB_STATEMENT_MAX], again[TB_STATEMENT_MAX];
        struct tb_statement got;
        uint16_t perspective;
        size_t len = encode(blob, &s);

        assert_ok(tb_statement_read(tb_span_of(blob, len), &key, &got));
        assert_memory_equal(&got.audience, &s.audience, sizeof(s.audience));
        assert_true(tb_ident_eq(&got.ident, &s.ident));
        assert_int_equal(got.perspective, 0x0102);
        assert_int_equal(got.kind, s.kind);
        assert_int_equal(got.method, s.method);
        assert_int_equal(got.purpose, s.purpose);
        assert_false(got.subtree);
        assert_string_equal(got.account_url, s.account_url);
        assert_memory_equal(got.thumbprint, s.thumbprint, TB_DIGEST_LEN);
        assert_memory_equal(got.spki_digest, s.spki_digest, TB_DIGEST_LEN);
        assert_memory_equal(got.token_digest, s.token_digest, TB_DIGEST_LEN);
        assert_memory_equal(got.peer_addr, s.peer_addr, 16);
        assert_int_equal(got.egress_kind, s.egress_kind);
        assert_int_equal(got.egress_prefix, s.egress_prefix);
        assert_int_equal(got.dnssec, s.dnssec);
        assert_memory_equal(&got.caa, &s.caa, sizeof(s.caa));
        assert_true(got.made_at == NOW);
        assert_int_equal(encode(again, &got), len);
        assert_memory_equal(blob, again, len);
        assert_ok(tb_statement_perspective(tb_span_of(blob, len), &perspective));
        assert_int_equal(perspective, 0x0102);
    }
}

/* The format, octet by octet (doc/formats.md): statements outlive a release. */
static void the_octets_are_as_specified(void **state)
{
    const struct tb_statement s = use();
    uint8_t blob[TB_STATEMENT_MAX], buf[1024], mac[TB_DIGEST_LEN];
    size_t len = encode(blob, &s), url = strlen(s.account_url), domain = sizeof(TB_STATEMENT_DOMAIN);
    struct tb_wr wr;

    (void)state;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_wr_bytes(&wr, "tabard statement\0", 17);
    tb_wr_bytes(&wr, "\1\1\2", 3);
    tb_wr_bytes(&wr, s.audience.ca_id, 16);
    tb_wr_bytes(&wr, "\0\x18https://ca.example:14000", 26);
    tb_wr_bytes(&wr, s.audience.policy_digest, 32);
    tb_wr_bytes(&wr, "\2\6\2\1\0\0\xfwww.example.org\0", 23);
    tb_wr_u16(&wr, (uint16_t)url);
    tb_wr_bytes(&wr, s.account_url, url);
    tb_wr_bytes(&wr, s.thumbprint, 32);
    tb_wr_bytes(&wr, s.spki_digest, 32);
    tb_wr_bytes(&wr, s.token_digest, 32);
    tb_wr_bytes(&wr, s.peer_addr, 16);
    tb_wr_bytes(&wr, "\2\x18\2\0\0\0\0\0\0", 9);
    tb_wr_bytes(&wr, "\x6b\x04\xbb\x20", 4);
    assert_ok(tb_wr_err(&wr));
    tb_hmac_sha256(mac, &key, tb_wr_span(&wr));
    assert_int_equal(len, wr.len - domain + 32);
    assert_memory_equal(blob, buf + domain, len - 32);
    assert_memory_equal(blob + len - 32, mac, 32);
}

static void every_changed_bit_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(samples); i++) {
        const struct tb_statement s = samples[i]();
        uint8_t blob[TB_STATEMENT_MAX];
        struct tb_statement got;
        size_t len = encode(blob, &s);

        for (size_t at = 0; at < len; at++)
            for (unsigned bit = 0; bit < 8; bit++) {
                blob[at] ^= (uint8_t)(1u << bit);
                assert_int_equal(tb_statement_read(tb_span_of(blob, len), &key, &got), TB_E_BADSIG);
                blob[at] ^= (uint8_t)(1u << bit);
            }
        expect_empty(&got);
        assert_ok(tb_statement_read(tb_span_of(blob, len), &key, &got));
    }
}

/* Each length on a block of exactly that size, so that reading beyond is seen by the sanitizer. */
static void every_cut_is_refused(void **state)
{
    const struct tb_statement s = caa();
    uint8_t blob[TB_STATEMENT_MAX];
    struct tb_statement got;
    size_t len = encode(blob, &s);

    (void)state;
    for (size_t cut = 0; cut < len; cut++) {
        uint8_t *exact = malloc(cut + (cut == 0));
        int r;

        assert_non_null(exact);
        memcpy(exact, blob, cut);
        r = tb_statement_read(tb_span_of(exact, cut), &key, &got);
        assert_int_equal(r, cut <= TB_STATEMENT_MAC_LEN ? TB_E_FORMAT : TB_E_BADSIG);
        expect_empty(&got);
        free(exact);
    }
}

static void another_key_is_refused(void **state)
{
    const struct tb_statement s = control();
    uint8_t blob[TB_STATEMENT_MAX];
    struct tb_statement got;
    size_t len = encode(blob, &s);

    (void)state;
    for (size_t i = 0; i < TB_KEY_LEN; i++) {
        struct tb_key other = key;

        other.b[i] ^= 1;
        assert_int_equal(tb_statement_read(tb_span_of(blob, len), &other, &got), TB_E_BADSIG);
    }
}

/* Fields whose MAC is right; what follows is about the decoding alone. */
static int read_signed(const uint8_t *fields, size_t len, struct tb_statement *out)
{
    uint8_t buf[sizeof(TB_STATEMENT_DOMAIN) + TB_STATEMENT_MAX + 64];
    size_t at = sizeof(TB_STATEMENT_DOMAIN);

    assert_true(len + TB_STATEMENT_MAC_LEN <= TB_STATEMENT_MAX + 64);
    memcpy(buf, TB_STATEMENT_DOMAIN, at);
    memcpy(buf + at, fields, len);
    tb_hmac_sha256(buf + at + len, &key, tb_span_of(buf, at + len));
    return tb_statement_read(tb_span_of(buf + at, len + TB_STATEMENT_MAC_LEN), &key, out);
}

/* The MAC covers the domain: one made over the fields alone, as another record's would be, is nothing. */
static void the_domain_is_under_the_mac(void **state)
{
    const struct tb_statement s = control();
    uint8_t blob[TB_STATEMENT_MAX];
    struct tb_statement got;
    size_t len = encode(blob, &s), fields = len - TB_STATEMENT_MAC_LEN;

    (void)state;
    assert_ok(read_signed(blob, fields, &got));
    tb_hmac_sha256(blob + fields, &key, tb_span_of(blob, fields));
    assert_int_equal(tb_statement_read(tb_span_of(blob, len), &key, &got), TB_E_BADSIG);
}

static void other_versions_are_unsupported(void **state)
{
    const struct tb_statement s = control();
    uint8_t blob[TB_STATEMENT_MAX];
    struct tb_statement got;
    uint16_t perspective = 7;
    size_t fields = encode(blob, &s) - TB_STATEMENT_MAC_LEN;

    (void)state;
    for (unsigned v = 0; v < 256; v++) {
        blob[0] = (uint8_t)v;
        assert_int_equal(read_signed(blob, fields, &got), v == TB_STATEMENT_VERSION ? 0 : TB_E_UNSUPPORTED);
        assert_int_equal(tb_statement_perspective(tb_span_of(blob, fields), &perspective),
                         v == TB_STATEMENT_VERSION ? 0 : TB_E_UNSUPPORTED);
    }
    blob[0] = TB_STATEMENT_VERSION;
    for (size_t len = 0; len < 3; len++) {
        assert_int_equal(tb_statement_perspective(tb_span_of(blob, len), &perspective), TB_E_FORMAT);
        assert_int_equal(perspective, 0);
    }
    assert_ok(tb_statement_perspective(tb_span_of(blob, 3), &perspective));
}

static void fields_cut_or_longer_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(samples); i++) {
        const struct tb_statement s = samples[i]();
        uint8_t blob[TB_STATEMENT_MAX];
        struct tb_statement got;
        size_t fields = encode(blob, &s) - TB_STATEMENT_MAC_LEN;

        assert_ok(read_signed(blob, fields, &got));
        for (size_t len = 1; len < fields; len++) {
            assert_int_equal(read_signed(blob, len, &got), TB_E_FORMAT);
            expect_empty(&got);
        }
        blob[fields] = 0;
        assert_int_equal(read_signed(blob, fields + 1, &got), TB_E_FORMAT);
    }
}

/* Present and absent, kind by kind: the writer does not look, the reader refuses. */

typedef void change_fn(struct tb_statement *s);
#define CHANGE(fn, statement)                                                                                          \
    static void fn(struct tb_statement *s)                                                                             \
    {                                                                                                                  \
        statement;                                                                                                     \
    }
CHANGE(kind_none, s->kind = TB_PROOF_NONE)
CHANGE(kind_foreign, s->kind = TB_PROOF__COUNT)
CHANGE(method_none, s->method = TB_METHOD_NONE)
CHANGE(method_foreign, s->method = TB_METHOD__COUNT)
CHANGE(method_some, s->method = TB_METHOD_DNS_01)
CHANGE(purpose_none, s->purpose = TB_PURPOSE_NONE)
CHANGE(purpose_unassigned, s->purpose = (enum tb_purpose)5)
CHANGE(purpose_foreign, s->purpose = TB_PURPOSE__COUNT)
CHANGE(purpose_some, s->purpose = TB_PURPOSE_SERVER_AUTH)
CHANGE(ident_none, s->ident.type = TB_IDENT_NONE)
CHANGE(ident_foreign, s->ident.type = TB_IDENT__COUNT)
CHANGE(ident_empty, s->ident.value[0] = '\0')
CHANGE(ident_upper, s->ident.value[0] = 'W')
CHANGE(ident_dot, strcat(s->ident.value, "."))
CHANGE(ident_address, (s->ident.type = TB_IDENT_IP, s->ident.wildcard = false, strcpy(s->ident.value, "192.0.2.1")))
CHANGE(account_none, s->account_url[0] = '\0')
CHANGE(account_some, strcpy(s->account_url, "u"))
CHANGE(thumbprint_none, memset(s->thumbprint, 0, TB_DIGEST_LEN))
CHANGE(thumbprint_some, s->thumbprint[31] = 1)
CHANGE(spki_none, memset(s->spki_digest, 0, TB_DIGEST_LEN))
CHANGE(spki_some, s->spki_digest[31] = 1)
CHANGE(token_none, memset(s->token_digest, 0, TB_DIGEST_LEN))
CHANGE(token_some, s->token_digest[31] = 1)
CHANGE(peer_none, memset(s->peer_addr, 0, sizeof(s->peer_addr)))
CHANGE(egress_none, (s->egress_kind = TB_EGRESS_NONE, s->egress_prefix = 0))
CHANGE(egress_foreign, s->egress_kind = TB_EGRESS_DECLARED + 1)
CHANGE(egress_published, (s->egress_kind = TB_EGRESS_PUBLISHED, s->egress_prefix = 0))
CHANGE(egress_published_prefix, (s->egress_kind = TB_EGRESS_PUBLISHED, s->egress_prefix = 24))
CHANGE(egress_prefix_zero, s->egress_prefix = 0)
CHANGE(egress_prefix_max, s->egress_prefix = 128)
CHANGE(egress_prefix_long, s->egress_prefix = 129)
CHANGE(egress_prefix_alone, s->egress_prefix = 24)
CHANGE(dnssec_foreign, s->dnssec = (enum tb_dnssec)3)
CHANGE(dnssec_none, s->dnssec = TB_DNSSEC_NONE)
CHANGE(caa_unrestricted, s->caa = (struct tb_caa_result){.unrestricted = true})
CHANGE(caa_granted, s->caa.num_grants = 1)
CHANGE(caa_nobody, s->caa = (struct tb_caa_result){.num_grants = 0})
CHANGE(caa_unknown_method, s->caa.grants[1].methods |= 1)
CHANGE(caa_unknown_purpose, s->caa.grants[1].purposes |= TB_PURPOSE_BIT(5))
CHANGE(caa_empty_account, s->caa.grants[0].account_url[0] = '\0')
CHANGE(time_negative, s->made_at = -1)
CHANGE(subtree, s->subtree = true)
CHANGE(subtree_of_wildcard, s->subtree = s->ident.wildcard = true)
CHANGE(subtree_of_address, (ident_address(s), s->subtree = true))
CHANGE(longest_url, memset(s->account_url, 'u', TB_ACCOUNT_URL_MAX))
CHANGE(longest_directory, memset(s->audience.directory, 'd', TB_BASE_URL_MAX))

static const struct {
    const char *what;
    enum tb_proof_kind kind;
    change_fn *change;
    bool fine;
} rows[] = {
    {"kind none", TB_PROOF_CONTROL, kind_none, false},
    {"kind foreign", TB_PROOF_CONTROL, kind_foreign, false},
    {"identifier none", TB_PROOF_CONTROL, ident_none, false},
    {"identifier foreign", TB_PROOF_CONTROL, ident_foreign, false},
    {"identifier empty", TB_PROOF_CONTROL, ident_empty, false},
    {"identifier not normal", TB_PROOF_CONTROL, ident_upper, false},
    {"identifier with final dot", TB_PROOF_CONTROL, ident_dot, false},
    {"DNSSEC foreign", TB_PROOF_CONTROL, dnssec_foreign, false},
    {"DNSSEC none", TB_PROOF_CONTROL, dnssec_none, true},
    {"time negative", TB_PROOF_CONTROL, time_negative, false},
    {"address", TB_PROOF_CONTROL, ident_address, true},
    {"subtree", TB_PROOF_CONTROL, subtree, true},
    {"subtree of a wildcard", TB_PROOF_CONTROL, subtree_of_wildcard, false},
    {"subtree of an address", TB_PROOF_CONTROL, subtree_of_address, false},
    {"longest account URL", TB_PROOF_CONTROL, longest_url, true},
    {"longest directory", TB_PROOF_CONTROL, longest_directory, true},

    {"control: no method", TB_PROOF_CONTROL, method_none, false},
    {"control: foreign method", TB_PROOF_CONTROL, method_foreign, false},
    {"control: no purpose", TB_PROOF_CONTROL, purpose_none, false},
    {"control: unassigned purpose", TB_PROOF_CONTROL, purpose_unassigned, false},
    {"control: foreign purpose", TB_PROOF_CONTROL, purpose_foreign, false},
    {"control: no account", TB_PROOF_CONTROL, account_none, false},
    {"control: no thumbprint", TB_PROOF_CONTROL, thumbprint_none, false},
    {"control: no token", TB_PROOF_CONTROL, token_none, false},
    {"control: subject key", TB_PROOF_CONTROL, spki_some, false},
    {"control: egress", TB_PROOF_CONTROL, egress_published, false},
    {"control: egress prefix", TB_PROOF_CONTROL, egress_prefix_alone, false},
    {"control: CAA unrestricted", TB_PROOF_CONTROL, caa_unrestricted, false},
    {"control: CAA grant", TB_PROOF_CONTROL, caa_granted, false},
    {"control: no peer", TB_PROOF_CONTROL, peer_none, true},

    {"use: no method", TB_PROOF_USE, method_none, false},
    {"use: no purpose", TB_PROOF_USE, purpose_none, false},
    {"use: no account", TB_PROOF_USE, account_none, false},
    {"use: no thumbprint", TB_PROOF_USE, thumbprint_none, false},
    {"use: no token", TB_PROOF_USE, token_none, false},
    {"use: no subject key", TB_PROOF_USE, spki_none, false},
    {"use: no peer", TB_PROOF_USE, peer_none, false},
    {"use: no egress", TB_PROOF_USE, egress_none, false},
    {"use: foreign egress", TB_PROOF_USE, egress_foreign, false},
    {"use: published egress", TB_PROOF_USE, egress_published, true},
    {"use: published egress with prefix", TB_PROOF_USE, egress_published_prefix, false},
    {"use: declared egress of everybody", TB_PROOF_USE, egress_prefix_zero, false},
    {"use: longest prefix", TB_PROOF_USE, egress_prefix_max, true},
    {"use: too long a prefix", TB_PROOF_USE, egress_prefix_long, false},
    {"use: CAA unrestricted", TB_PROOF_USE, caa_unrestricted, false},
    {"use: subtree", TB_PROOF_USE, subtree, false},

    {"caa: method", TB_PROOF_CAA, method_some, false},
    {"caa: subtree", TB_PROOF_CAA, subtree, false},
    {"caa: purpose", TB_PROOF_CAA, purpose_some, false},
    {"caa: account", TB_PROOF_CAA, account_some, false},
    {"caa: thumbprint", TB_PROOF_CAA, thumbprint_some, false},
    {"caa: token", TB_PROOF_CAA, token_some, false},
    {"caa: subject key", TB_PROOF_CAA, spki_some, false},
    {"caa: egress", TB_PROOF_CAA, egress_published, false},
    {"caa: address", TB_PROOF_CAA, ident_address, false},
    {"caa: unrestricted", TB_PROOF_CAA, caa_unrestricted, true},
    {"caa: nobody", TB_PROOF_CAA, caa_nobody, true},
    {"caa: unknown method", TB_PROOF_CAA, caa_unknown_method, false},
    {"caa: unknown purpose", TB_PROOF_CAA, caa_unknown_purpose, false},
    {"caa: account of nobody", TB_PROOF_CAA, caa_empty_account, false},
};

static void each_kind_has_exactly_its_fields(void **state)
{
    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_statement s = samples[rows[i].kind - TB_PROOF_CONTROL]();
        uint8_t blob[TB_STATEMENT_MAX];
        struct tb_statement got;
        int r;

        rows[i].change(&s);
        r = tb_statement_read(tb_span_of(blob, encode(blob, &s)), &key, &got);
        if (r != (rows[i].fine ? 0 : TB_E_FORMAT))
            fail_msg("%s: %d", rows[i].what, r);
        if (r != 0)
            expect_empty(&got);
    }
}

/* A u16 length of max + 1, with as many octets behind it. */
static void texts_have_their_limits(void **state)
{
    static const struct {
        size_t at; /* of the length, in the control sample */
        size_t max;
    } texts[] = {
        {3 + 16, TB_BASE_URL_MAX},
        {3 + 16 + 26 + 32 + 3 + 2 + 17 + 1, TB_ACCOUNT_URL_MAX},
    };
    const struct tb_statement s = control();
    uint8_t blob[TB_STATEMENT_MAX];
    size_t fields = encode(blob, &s) - TB_STATEMENT_MAC_LEN;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(texts); i++)
        for (size_t len = texts[i].max; len <= texts[i].max + 1; len++) {
            size_t was = (size_t)blob[texts[i].at] << 8 | blob[texts[i].at + 1];
            uint8_t buf[TB_STATEMENT_MAX];
            struct tb_statement got;
            struct tb_wr wr;

            tb_wr_fixed(&wr, buf, sizeof(buf));
            tb_wr_bytes(&wr, blob, texts[i].at);
            tb_wr_u16(&wr, (uint16_t)len);
            memset(tb_wr_reserve(&wr, len), 'x', len);
            tb_wr_bytes(&wr, blob + texts[i].at + 2 + was, fields - texts[i].at - 2 - was);
            assert_ok(tb_wr_err(&wr));
            assert_int_equal(read_signed(buf, wr.len, &got), len == texts[i].max ? 0 : TB_E_FORMAT);
        }
}

static void the_largest_statement_fits(void **state)
{
    struct tb_statement s = caa();
    uint8_t blob[TB_STATEMENT_MAX];
    struct tb_statement got;
    struct tb_wr wr;
    size_t len;

    (void)state;
    longest_directory(&s);
    memset(s.ident.value, 'a', TB_IDENT_VALUE_MAX);
    for (size_t i = 63; i < TB_IDENT_VALUE_MAX; i += 64)
        s.ident.value[i] = '.';
    s.ident.value[TB_IDENT_VALUE_MAX] = '\0';
    s.ident.wildcard = false;
    s.caa.num_grants = TB_CAA_GRANTS_MAX;
    for (size_t i = 0; i < TB_CAA_GRANTS_MAX; i++) {
        s.caa.grants[i] = s.caa.grants[1];
        s.caa.grants[i].has_account = true;
        memset(s.caa.grants[i].account_url, 'u', TB_CAA_URI_MAX);
        s.caa.grants[i].account_url[TB_CAA_URI_MAX] = '\0';
    }
    len = encode(blob, &s);
    assert_ok(tb_statement_read(tb_span_of(blob, len), &key, &got));
    assert_memory_equal(&got.caa, &s.caa, sizeof(s.caa));
    tb_wr_fixed(&wr, blob, len - 1);
    assert_int_equal(tb_statement_write(&wr, &s, &key), TB_E_LIMIT);
    s.caa.num_grants = TB_CAA_GRANTS_MAX + 1;
    tb_wr_fixed(&wr, blob, sizeof(blob));
    assert_int_equal(tb_statement_write(&wr, &s, &key), TB_E_INVAL);
    assert_int_equal(wr.len, 0);
}

static void too_large_a_blob_is_refused_unread(void **state)
{
    static const uint8_t big[TB_STATEMENT_MAX + 1];
    struct tb_statement got;

    (void)state;
    assert_int_equal(tb_statement_read(tb_span_of(big, TB_STATEMENT_MAX), &key, &got), TB_E_BADSIG);
    assert_int_equal(tb_statement_read(tb_span_of(big, TB_STATEMENT_MAX + 1), &key, &got), TB_E_FORMAT);
    assert_int_equal(tb_statement_read(tb_span_of(NULL, 0), &key, &got), TB_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_statement_round_trips),          cmocka_unit_test(the_octets_are_as_specified),
        cmocka_unit_test(every_changed_bit_is_refused),     cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(another_key_is_refused),           cmocka_unit_test(the_domain_is_under_the_mac),
        cmocka_unit_test(other_versions_are_unsupported),   cmocka_unit_test(fields_cut_or_longer_are_refused),
        cmocka_unit_test(each_kind_has_exactly_its_fields), cmocka_unit_test(texts_have_their_limits),
        cmocka_unit_test(the_largest_statement_fits),       cmocka_unit_test(too_large_a_blob_is_refused_unread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
