#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/hash.h"
#include "lib/statement/statement.h"
#include "lib/statement/token.h"

#define NOW    INT64_C(1795472160)
#define EXPIRY (NOW + 86400)

static const struct tb_key key = {{1, 2, 3, 4}};
static struct tb_audience audience = {{9}, "https://ca.example:14000", {8}};
static struct tb_ident ident = {.type = TB_IDENT_DNS, .value = "www.example.org"};
static const uint8_t thumbprint[TB_DIGEST_LEN] = {7, 7, 7};

static struct tb_token_context context(void)
{
    return (struct tb_token_context){
        .audience = &audience,
        .method = TB_METHOD_DNS_01,
        .ident = &ident,
        .purposes = TB_PURPOSE_BIT(TB_PURPOSE_SERVER_AUTH),
        .account_url = "https://ca.example:14000/acme/acct/A",
        .thumbprint = thumbprint,
    };
}

static void a_token_is_recognised_by_its_maker(void **state)
{
    const struct tb_token_context ctx = context();
    char token[TB_TOKEN_LEN + 1], other[TB_TOKEN_LEN + 1];

    (void)state;
    assert_ok(tb_token_make(&key, &ctx, EXPIRY, token));
    assert_int_equal(strlen(token), 52);
    assert_true(tb_b64u_alphabet(tb_span_str(token)));
    assert_ok(tb_token_check(&key, &ctx, tb_span_str(token), NOW));
    assert_ok(tb_token_make(&key, &ctx, EXPIRY, other));
    assert_string_not_equal(token, other);
}

/* The format, computed by hand: tokens outlive a release. */
static void the_octets_are_as_specified(void **state)
{
    const struct tb_token_context ctx = context();
    char token[TB_TOKEN_LEN + 1];
    uint8_t raw[TB_TOKEN_RAW_LEN], mac[TB_DIGEST_LEN], buf[1024];
    struct tb_wr wr;
    size_t n;

    (void)state;
    assert_ok(tb_token_make(&key, &ctx, EXPIRY, token));
    assert_ok(tb_b64u_decode(raw, sizeof(raw), &n, tb_span_str(token)));
    assert_int_equal(n, 39);
    assert_int_equal(raw[0], 1);
    assert_memory_equal(raw + 17, "\0\0\x6b\x06\x0c\xa0", 6);
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_wr_bytes(&wr, "\0\x16tabard challenge token", 24);
    tb_wr_bytes(&wr, raw, 23);
    tb_wr_bytes(&wr, audience.ca_id, 16);
    tb_wr_bytes(&wr, "\0\x18https://ca.example:14000", 26);
    tb_wr_bytes(&wr, audience.policy_digest, 32);
    tb_wr_bytes(&wr, "\2\1\0\0\xfwww.example.org\0\0\0\2", 24);
    tb_wr_bytes(&wr, "\0\x24https://ca.example:14000/acme/acct/A", 38);
    tb_wr_bytes(&wr, thumbprint, 32);
    assert_ok(tb_wr_err(&wr));
    tb_hmac_sha256(mac, &key, tb_wr_span(&wr));
    assert_memory_equal(raw + 23, mac, 16);
}

/* A token moved to anything that it does not name is not a token. */

struct moved {
    struct tb_audience audience;
    struct tb_ident ident;
    uint8_t thumbprint[TB_DIGEST_LEN];
    struct tb_token_context ctx;
};
typedef void move_fn(struct moved *m);

#define MOVE(fn, statement)                                                                                            \
    static void fn(struct moved *m)                                                                                    \
    {                                                                                                                  \
        statement;                                                                                                     \
    }
MOVE(to_method, m->ctx.method = TB_METHOD_HTTP_01)
MOVE(to_unknown_method, m->ctx.method = TB_METHOD__COUNT)
MOVE(to_name, strcpy(m->ident.value, "ww.example.org"))
MOVE(to_name_below, strcpy(m->ident.value, "a.www.example.org"))
MOVE(to_parent, strcpy(m->ident.value, "example.org"))
MOVE(to_wildcard, m->ident.wildcard = true)
MOVE(to_type, m->ident.type = TB_IDENT_EMAIL)
MOVE(to_purpose, m->ctx.purposes = TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH))
MOVE(to_more_purposes, m->ctx.purposes |= TB_PURPOSE_BIT(TB_PURPOSE_CLIENT_AUTH))
MOVE(to_no_purpose, m->ctx.purposes = 0)
MOVE(to_account, m->ctx.account_url = "https://ca.example:14000/acme/acct/B")
MOVE(to_longer_account, m->ctx.account_url = "https://ca.example:14000/acme/acct/AA")
MOVE(to_no_account, m->ctx.account_url = "")
MOVE(to_key, m->thumbprint[31] ^= 1)
MOVE(to_ca, m->audience.ca_id[15] ^= 1)
MOVE(to_directory, strcpy(m->audience.directory, "https://ca.example:14001"))
MOVE(to_policy, m->audience.policy_digest[31] ^= 1)
MOVE(to_scope, m->ctx.subtree = !m->ctx.subtree)

static void refuse_moved(bool subtree)
{
    static const struct {
        const char *what;
        move_fn *move;
    } rows[] = {
        {"method", to_method},
        {"unknown method", to_unknown_method},
        {"name", to_name},
        {"name below", to_name_below},
        {"parent", to_parent},
        {"wildcard", to_wildcard},
        {"identifier type", to_type},
        {"purpose", to_purpose},
        {"more purposes", to_more_purposes},
        {"no purpose", to_no_purpose},
        {"account", to_account},
        {"longer account", to_longer_account},
        {"no account", to_no_account},
        {"account key", to_key},
        {"CA", to_ca},
        {"directory", to_directory},
        {"policy", to_policy},
        {"scope", to_scope},
    };
    struct tb_token_context ctx = context();
    char token[TB_TOKEN_LEN + 1];

    ctx.subtree = subtree;
    assert_ok(tb_token_make(&key, &ctx, EXPIRY, token));
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct moved m = {.audience = audience, .ident = ident, .ctx = ctx};

        memcpy(m.thumbprint, thumbprint, sizeof(thumbprint));
        m.ctx.audience = &m.audience;
        m.ctx.ident = &m.ident;
        m.ctx.thumbprint = m.thumbprint;
        assert_ok(tb_token_check(&key, &m.ctx, tb_span_str(token), NOW));
        rows[i].move(&m);
        if (tb_token_check(&key, &m.ctx, tb_span_str(token), NOW) != TB_E_BADSIG)
            fail_msg("moved to another %s: accepted", rows[i].what);
    }
}

static void a_moved_token_is_refused(void **state)
{
    (void)state;
    refuse_moved(false);
    refuse_moved(true);
}

/* Text may not run from one field of the context into the next. */
static void fields_do_not_run_together(void **state)
{
    struct tb_token_context ctx = context();
    char token[TB_TOKEN_LEN + 1];
    struct tb_audience a = audience;
    struct tb_ident longer = ident;

    (void)state;
    assert_ok(tb_token_make(&key, &ctx, EXPIRY, token));
    a.directory[strlen(a.directory) - 1] = '\0';
    ctx.audience = &a;
    assert_int_equal(tb_token_check(&key, &ctx, tb_span_str(token), NOW), TB_E_BADSIG);
    ctx = context();
    strcat(longer.value, "h");
    ctx.ident = &longer;
    ctx.account_url = "ttps://ca.example:14000/acme/acct/A";
    assert_int_equal(tb_token_check(&key, &ctx, tb_span_str(token), NOW), TB_E_BADSIG);
}

static void another_key_or_a_changed_character_is_refused(void **state)
{
    const struct tb_key other = {{1, 2, 3, 5}};
    const struct tb_token_context ctx = context();
    char token[TB_TOKEN_LEN + 1];

    (void)state;
    assert_ok(tb_token_make(&key, &ctx, EXPIRY, token));
    assert_int_equal(tb_token_check(&other, &ctx, tb_span_str(token), NOW), TB_E_BADSIG);
    for (size_t i = 0; i < TB_TOKEN_LEN; i++) {
        char was = token[i];
        int r;

        token[i] = was == 'A' ? 'B' : 'A';
        r = tb_token_check(&key, &ctx, tb_span_str(token), NOW);
        assert_true(r == TB_E_BADSIG || (i < 2 && r == TB_E_FORMAT));
        token[i] = '=';
        assert_int_equal(tb_token_check(&key, &ctx, tb_span_str(token), NOW), TB_E_FORMAT);
        token[i] = was;
    }
}

static void only_52_characters_are_a_token(void **state)
{
    const struct tb_token_context ctx = context();
    char token[TB_TOKEN_LEN + 5];

    (void)state;
    assert_ok(tb_token_make(&key, &ctx, EXPIRY, token));
    for (size_t len = 0; len < TB_TOKEN_LEN; len++)
        assert_int_equal(tb_token_check(&key, &ctx, tb_span_of(token, len), NOW), TB_E_FORMAT);
    memcpy(token + TB_TOKEN_LEN, "AAAA", 5);
    for (size_t len = TB_TOKEN_LEN + 1; len <= TB_TOKEN_LEN + 4; len++)
        assert_int_equal(tb_token_check(&key, &ctx, tb_span_of(token, len), NOW), TB_E_FORMAT);
}

static void a_token_ends_with_its_expiry(void **state)
{
    const tb_time_t last = (INT64_C(1) << 48) - 1;
    const struct tb_token_context ctx = context();
    char token[TB_TOKEN_LEN + 1];

    (void)state;
    assert_ok(tb_token_make(&key, &ctx, EXPIRY, token));
    assert_ok(tb_token_check(&key, &ctx, tb_span_str(token), EXPIRY - 1));
    assert_int_equal(tb_token_check(&key, &ctx, tb_span_str(token), EXPIRY), TB_E_EXPIRED);
    assert_int_equal(tb_token_check(&key, &ctx, tb_span_str(token), INT64_MAX), TB_E_EXPIRED);
    assert_ok(tb_token_make(&key, &ctx, last, token));
    assert_ok(tb_token_check(&key, &ctx, tb_span_str(token), last - 1));
    assert_int_equal(tb_token_check(&key, &ctx, tb_span_str(token), last), TB_E_EXPIRED);
    assert_int_equal(tb_token_make(&key, &ctx, last + 1, token), TB_E_INVAL);
    assert_string_equal(token, "");
    assert_int_equal(tb_token_make(&key, &ctx, -1, token), TB_E_INVAL);
}

static void a_token_for_nothing_is_not_made(void **state)
{
    struct tb_token_context ctx = context();
    char token[TB_TOKEN_LEN + 1] = "old";

    (void)state;
    ctx.purposes = 0;
    assert_int_equal(tb_token_make(&key, &ctx, EXPIRY, token), TB_E_INVAL);
    assert_string_equal(token, "");
    ctx = context();
    ctx.method = TB_METHOD_NONE;
    assert_int_equal(tb_token_make(&key, &ctx, EXPIRY, token), TB_E_INVAL);
}

static void the_largest_context_fits(void **state)
{
    struct tb_token_context ctx = context();
    struct tb_audience a = audience;
    struct tb_ident id = ident;
    char url[TB_ACCOUNT_URL_MAX + 1], token[TB_TOKEN_LEN + 1];

    (void)state;
    memset(a.directory, 'd', TB_BASE_URL_MAX);
    memset(id.value, 'v', TB_IDENT_VALUE_MAX);
    memset(url, 'u', TB_ACCOUNT_URL_MAX);
    a.directory[TB_BASE_URL_MAX] = id.value[TB_IDENT_VALUE_MAX] = url[TB_ACCOUNT_URL_MAX] = '\0';
    ctx.audience = &a;
    ctx.ident = &id;
    ctx.account_url = url;
    assert_ok(tb_token_make(&key, &ctx, EXPIRY, token));
    assert_ok(tb_token_check(&key, &ctx, tb_span_str(token), NOW));
}

/* RFC 8555 section 8.1. */
static void a_key_authorization_is_token_dot_thumbprint(void **state)
{
    char out[TB_KEY_AUTHORIZATION_LEN + 1], want[TB_KEY_AUTHORIZATION_LEN + 1], thumb[TB_B64U_DIGEST_LEN + 1];
    char token[TB_TOKEN_LEN + 1];

    (void)state;
    memset(token, 't', TB_TOKEN_LEN);
    token[TB_TOKEN_LEN] = '\0';
    tb_b64u_encode(thumb, tb_span_of(thumbprint, sizeof(thumbprint)));
    snprintf(want, sizeof(want), "%s.%s", token, thumb);
    tb_key_authorization(out, token, thumbprint);
    assert_string_equal(out, want);
    assert_int_equal(strlen(out), TB_KEY_AUTHORIZATION_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_is_recognised_by_its_maker),
        cmocka_unit_test(the_octets_are_as_specified),
        cmocka_unit_test(a_moved_token_is_refused),
        cmocka_unit_test(fields_do_not_run_together),
        cmocka_unit_test(another_key_or_a_changed_character_is_refused),
        cmocka_unit_test(only_52_characters_are_a_token),
        cmocka_unit_test(a_token_ends_with_its_expiry),
        cmocka_unit_test(a_token_for_nothing_is_not_made),
        cmocka_unit_test(the_largest_context_fits),
        cmocka_unit_test(a_key_authorization_is_token_dot_thumbprint),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
