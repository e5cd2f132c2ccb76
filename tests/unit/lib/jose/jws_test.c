#include "tests/unit/test.h"

#include "lib/jose/jws.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "lib/jose/sign.h"
#include "tests/unit/lib/jose/keys.h"

#define URL "https://ca.example/acme/new-order"
#define KID "https://ca.example/acme/acct/1"

static struct tb_wr sign(enum tb_jws_alg alg, const char *kid, const char *nonce, const char *payload)
{
    struct tb_jws_fields fields = {.url = URL, .nonce = nonce, .kid = kid};
    struct tb_wr wr;

    tb_wr_init(&wr, TB_JWS_BODY_MAX);
    assert_ok(tb_jws_sign(&wr, test_key(alg), &fields, tb_span_str(payload)));
    return wr;
}

static void what_is_signed_verifies(void **state)
{
    (void)state;
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++) {
        struct tb_jwk *key = test_jwk(test_key((enum tb_jws_alg)a));

        for (int i = 0; i < 8; i++) {
            struct tb_wr wr = sign((enum tb_jws_alg)a, i % 2 ? KID : NULL, "bm9uY2U", i < 4 ? "{\"a\":1}" : "");
            struct tb_jws jws;

            assert_ok(tb_jws_parse(tb_wr_span(&wr), &jws, NULL));
            assert_int_equal(jws.alg, a);
            assert_string_equal(jws.url, URL);
            assert_string_equal(jws.nonce, "bm9uY2U");
            assert_true(jws.has_nonce);
            assert_string_equal(jws.kid, i % 2 ? KID : "");
            assert_int_equal(jws.jwk != NULL, i % 2 == 0);
            assert_span_equal(jws.payload, i < 4 ? "{\"a\":1}" : "", i < 4 ? 7 : 0);
            assert_ok(tb_jws_verify(&jws, key));
            if (jws.jwk != NULL) {
                assert_ok(tb_jws_verify(&jws, jws.jwk));
                assert_memory_equal(tb_jwk_thumbprint(jws.jwk), tb_jwk_thumbprint(key), TB_DIGEST_LEN);
            }
            tb_jws_clear(&jws);
            tb_wr_clear(&wr);
        }
        tb_jwk_free(key);
    }
}

/* One bit anywhere in the signature or the text, a byte more or less, another key, another algorithm. */
struct verifier {
    const struct tb_jws *good, *bad;
    struct tb_jwk *key;
    unsigned wrong;
};

static void *verify_often(void *arg)
{
    struct verifier *v = arg;

    for (unsigned i = 0; i < 300; i++)
        v->wrong += tb_jws_verify(v->good, v->key) != 0 || tb_jws_verify(v->bad, v->key) != TB_E_BADSIG;
    return NULL;
}

static void threads_verify_with_one_key(void **state)
{
    (void)state;
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++) {
        struct tb_jwk *key = test_jwk(test_key((enum tb_jws_alg)a));
        struct tb_wr wr = sign((enum tb_jws_alg)a, KID, "bm9uY2U", "{}");
        struct tb_jws good, bad;
        struct verifier v[4];
        pthread_t t[TB_ARRAY_LEN(v)];

        assert_ok(tb_jws_parse(tb_wr_span(&wr), &good, NULL));
        bad = good;
        bad.signing_input.len--;
        for (size_t i = 0; i < TB_ARRAY_LEN(v); i++) {
            v[i] = (struct verifier){.good = &good, .bad = &bad, .key = key};
            assert_int_equal(pthread_create(&t[i], NULL, verify_often, &v[i]), 0);
        }
        for (size_t i = 0; i < TB_ARRAY_LEN(v); i++) {
            assert_int_equal(pthread_join(t[i], NULL), 0);
            assert_int_equal(v[i].wrong, 0);
        }
        tb_jws_clear(&good);
        tb_wr_clear(&wr);
        tb_jwk_free(key);
    }
}

static void what_is_changed_does_not(void **state)
{
    (void)state;
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++) {
        struct tb_jwk *key = test_jwk(test_key((enum tb_jws_alg)a));
        struct tb_wr wr = sign((enum tb_jws_alg)a, KID, NULL, "payload");
        uint8_t sig[TB_JWK_RSA_BITS_MAX / 8 + 1] = {0};
        struct tb_jws jws;
        size_t n;

        assert_ok(tb_jws_parse(tb_wr_span(&wr), &jws, NULL));
        n = jws.sig.len;
        memcpy(sig, jws.sig.p, n);
        for (size_t i = 0; i < n; i += 5) {
            sig[i] ^= 1;
            assert_int_equal(tb_jwk_verify(key, jws.signing_input, tb_span_of(sig, n)), TB_E_BADSIG);
            sig[i] ^= 1;
        }
        assert_int_equal(tb_jwk_verify(key, jws.signing_input, tb_span_of(sig, n - 1)), TB_E_BADSIG);
        assert_int_equal(tb_jwk_verify(key, jws.signing_input, tb_span_of(sig, n + 1)), TB_E_BADSIG);
        assert_int_equal(tb_jwk_verify(key, jws.signing_input, tb_span_of(sig, 0)), TB_E_BADSIG);
        assert_int_equal(
            tb_jwk_verify(key, tb_span_of(jws.signing_input.p, jws.signing_input.len - 1), tb_span_of(sig, n)),
            TB_E_BADSIG);
        for (int b = TB_ALG_NONE + 1; b < TB_ALG__COUNT; b++) {
            struct tb_jwk *other = test_jwk(test_key((enum tb_jws_alg)b));

            assert_int_equal(tb_jws_verify(&jws, other), a == b ? 0 : TB_E_BADSIG);
            tb_jwk_free(other);
        }
        /* The header's algorithm counts, even where the key would verify the bytes. */
        jws.alg = a == TB_ALG_ES256 ? TB_ALG_RS256 : TB_ALG_ES256;
        assert_int_equal(tb_jws_verify(&jws, key), TB_E_BADSIG);
        tb_jws_clear(&jws);
        tb_wr_clear(&wr);
        tb_jwk_free(key);
    }
}

/* Zero, and values of the group order's width: no crash, no success. */
static void ecdsa_numbers_out_of_range(void **state)
{
    static const uint8_t fill[] = {0x00, 0x7f, 0x80, 0xff};

    (void)state;
    for (int a = TB_ALG_ES256; a <= TB_ALG_ES384; a++) {
        struct tb_jwk *key = test_jwk(test_key((enum tb_jws_alg)a));
        size_t n = a == TB_ALG_ES256 ? 64 : 96;

        for (size_t i = 0; i < TB_ARRAY_LEN(fill) * TB_ARRAY_LEN(fill); i++) {
            uint8_t sig[96];

            memset(sig, fill[i % 4], n / 2);
            memset(sig + n / 2, fill[i / 4], n / 2);
            assert_int_equal(tb_jwk_verify(key, tb_span_str("m"), tb_span_of(sig, n)), TB_E_BADSIG);
        }
        tb_jwk_free(key);
    }
}

/* r or s with leading zero bytes must be padded and stripped on the way; enough signatures meet one. */
static void short_numbers_of_ecdsa(void **state)
{
    struct tb_jwk *key = test_jwk(test_key(TB_ALG_ES256));
    size_t met = 0;

    (void)state;
    for (int i = 0; i < 4000 && met < 2; i++) {
        struct tb_wr wr = sign(TB_ALG_ES256, KID, NULL, "x");
        struct tb_jws jws;

        assert_ok(tb_jws_parse(tb_wr_span(&wr), &jws, NULL));
        assert_int_equal(jws.sig.len, 64);
        if (jws.sig.p[0] == 0 || jws.sig.p[32] == 0) {
            assert_ok(tb_jws_verify(&jws, key));
            met++;
        }
        tb_jws_clear(&jws);
        tb_wr_clear(&wr);
    }
    assert_int_equal(met, 2);
    tb_jwk_free(key);
}

static void refused(struct tb_span body, enum tb_problem_type type)
{
    struct tb_problem pb = {0};
    struct tb_jws jws;
    int r;

    memset(&jws, 0xff, sizeof(jws));
    r = tb_jws_parse(body, &jws, &pb);
    if (r >= 0 || pb.type != type)
        fail_msg("%d, problem %d (%s): %.*s", r, pb.type, pb.detail, (int)body.len, (const char *)body.p);
    assert_null(jws.mem);
    assert_null(jws.jwk);
    assert_int_equal(jws.alg, TB_ALG_NONE);
    tb_problem_clear(&pb);
}

/* "eyJ..." is {"alg":"ES256","kid":"k","url":"u"} */
#define GOOD "eyJhbGciOiJFUzI1NiIsImtpZCI6ImsiLCJ1cmwiOiJ1In0"

static void row20_outer_members(void **state)
{
    static const char *const bad[] = {
        "",
        "[]",
        "{}",
        "{\"payload\":\"\",\"signature\":\"\"}",
        "{\"protected\":\"" GOOD "\",\"signature\":\"\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"\"}",
        "{\"protected\":\"\",\"payload\":\"\",\"signature\":\"\"}",
        "{\"protected\":{},\"payload\":\"\",\"signature\":\"\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":{},\"signature\":\"\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"\",\"signature\":1}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"\",\"signature\":\"\",\"header\":{}}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"\",\"signature\":\"\",\"signatures\":[]}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"\",\"signature\":\"\",\"x\":1}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"\",\"signature\":\"\"}{}",
        GOOD ".e30.AAAA",
    };
    struct tb_jws jws;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        refused(tb_span_str(bad[i]), TB_P_MALFORMED);
    assert_ok(
        tb_jws_parse(tb_span_str("{\"protected\":\"" GOOD "\",\"payload\":\"\",\"signature\":\"\"}"), &jws, NULL));
    assert_string_equal(jws.kid, "k");
    assert_false(jws.has_nonce);
    tb_jws_clear(&jws);
    tb_jws_clear(&jws);
    tb_jws_clear(NULL);
}

/* The short way for the usual shape and the JSON parser agree: blanks, order and escapes make no difference. */
static void spelling_of_the_outer_object_does_not_matter(void **state)
{
    static const char *const same[] = {
        "{\"protected\":\"" GOOD "\",\"payload\":\"e30\",\"signature\":\"AAAA\"}",
        "{\"signature\":\"AAAA\",\"payload\":\"e30\",\"protected\":\"" GOOD "\"}",
        " {\n \"protected\" : \"" GOOD "\" ,\r\n\t\"payload\":\"e30\",\"signature\":\"AAAA\" } \n",
        "{\"protected\":\"" GOOD "\",\"payload\":\"\\u006530\",\"signature\":\"AAAA\"}",
        "{\"prot\\u0065cted\":\"" GOOD "\",\"payload\":\"e30\",\"signature\":\"AAA\\u0041\"}",
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(same); i++) {
        struct tb_jws jws;

        assert_ok(tb_jws_parse(tb_span_str(same[i]), &jws, NULL));
        assert_span_equal(jws.signing_input, GOOD ".e30", strlen(GOOD) + 4);
        assert_span_equal(jws.payload, "{}", 2);
        assert_span_equal(jws.sig, "\0\0\0", 3);
        tb_jws_clear(&jws);
    }
}

static void row21_duplicate_members_are_refused(void **state)
{
    (void)state;
    refused(tb_span_str("{\"protected\":\"" GOOD "\",\"payload\":\"\",\"payload\":\"\",\"signature\":\"\"}"),
            TB_P_MALFORMED);
    refused(tb_span_str("{\"protected\":\"" GOOD "\",\"payload\":\"\",\"payload\":\"\"}"), TB_P_MALFORMED);
    refused(tb_span_str("{\"protected\":\"" GOOD "\",\"payload\":\"\",\"p\\u0061yload\":\"\",\"signature\":\"\"}"),
            TB_P_MALFORMED);
}

static void row22_padding_and_foreign_characters_are_refused(void **state)
{
    static const char *const bad[] = {
        "{\"protected\":\"" GOOD "=\",\"payload\":\"\",\"signature\":\"\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"e30=\",\"signature\":\"\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"e 30\",\"signature\":\"\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"e+30\",\"signature\":\"\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"e31\",\"signature\":\"\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"A\",\"signature\":\"\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"\",\"signature\":\"AA==\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"\",\"signature\":\"A/AA\"}",
        "{\"protected\":\"" GOOD "\",\"payload\":\"\",\"signature\":\"\\n\"}",
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        refused(tb_span_str(bad[i]), TB_P_MALFORMED);
}

static struct tb_wr with_header(const char *header)
{
    struct tb_wr wr;

    tb_wr_init(&wr, 2 * TB_JWS_BODY_MAX);
    assert_ok(tb_jws_sign_header(&wr, test_key(TB_ALG_ES256), tb_span_str(header), tb_span_str("{}")));
    return wr;
}

#define K ",\"kid\":\"k\""
#define U ",\"url\":\"u\""

static void row20_header_members(void **state)
{
    static const struct {
        const char *header;
        enum tb_problem_type type;
    } rows[] = {
        {"", TB_P_MALFORMED},
        {"{}", TB_P_MALFORMED},
        {"[]", TB_P_MALFORMED},
        {"{\"kid\":\"k\"" U "}", TB_P_MALFORMED},
        {"{\"alg\":1" K U "}", TB_P_MALFORMED},
        {"{\"alg\":\"\"" K U "}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" K "}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" K ",\"url\":1}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" K ",\"url\":\"\"}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U "}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U K ",\"jwk\":{}}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U ",\"kid\":\"\"}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U ",\"kid\":1}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U ",\"kid\":null,\"jwk\":{}}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U ",\"jwk\":\"x\"}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U ",\"jwk\":null}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U K ",\"crit\":[\"x\"]}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U K ",\"crit\":null}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U K ",\"b64\":true}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U K ",\"alg\":\"ES256\"}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U K ",\"nonce\":1}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U K ",\"nonce\":\"\"}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U K ",\"nonce\":\"AA==\"}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U K ",\"nonce\":\"a b\"}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U ",\"kid\":\"k\\u0000\"}", TB_P_MALFORMED},
        {"{\"alg\":\"ES256\"" U ",\"jwk\":{\"kty\":\"EC\",\"kty\":\"EC\"}}", TB_P_MALFORMED},
        {"{\"alg\":\"none\"" U K "}", TB_P_BAD_SIGNATURE_ALGORITHM},
        {"{\"alg\":\"HS256\"" U K "}", TB_P_BAD_SIGNATURE_ALGORITHM},
        {"{\"alg\":\"es256\"" U K "}", TB_P_BAD_SIGNATURE_ALGORITHM},
        {"{\"alg\":\"ES512\"" U K "}", TB_P_BAD_SIGNATURE_ALGORITHM},
        {"{\"alg\":\"ES256\"" U ",\"jwk\":{}}", TB_P_BAD_PUBLIC_KEY},
        {"{\"alg\":\"ES256\"" U ",\"jwk\":{\"kty\":\"oct\",\"k\":\"AA\"}}", TB_P_BAD_PUBLIC_KEY},
    };
    struct tb_jws jws;
    struct tb_wr wr;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        wr = with_header(rows[i].header);
        refused(tb_wr_span(&wr), rows[i].type);
        tb_wr_clear(&wr);
    }
    wr = with_header("{\"alg\":\"ES256\"" U K ",\"typ\":\"x\",\"other\":[1]}");
    assert_ok(tb_jws_parse(tb_wr_span(&wr), &jws, NULL));
    tb_jws_clear(&jws);
    tb_wr_clear(&wr);
}

/* Likewise inside: what the short way reads, and what is left to the JSON parser. */
static void spelling_of_the_header_does_not_matter(void **state)
{
    static const char *const same[] = {
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"nonce\":\"n_-0\",\"url\":\"https://a/ b~\"}",
        "{\"url\":\"https://a/ b~\",\"nonce\":\"n_-0\",\"kid\":\"k\",\"alg\":\"ES256\"}",
        "\n{ \"alg\" : \"ES256\" ,\t\"kid\":\"k\",\"nonce\":\"n_-0\",\r\"url\":\"https://a/ b~\" } ",
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"nonce\":\"n_-0\",\"url\":\"https:\\/\\/a/ b~\"}",
        "{\"alg\":\"ES256\",\"kid\":\"\\u006b\",\"nonce\":\"n_-0\",\"url\":\"https://a/ b~\"}",
        "{\"\\u0061lg\":\"ES256\",\"kid\":\"k\",\"nonce\":\"n_-0\",\"url\":\"https://a/ b~\"}",
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"nonce\":\"n_-0\",\"url\":\"https://a/ b~\",\"typ\":\"\"}",
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(same); i++) {
        struct tb_wr wr = with_header(same[i]);
        struct tb_jws jws;

        assert_ok(tb_jws_parse(tb_wr_span(&wr), &jws, NULL));
        assert_int_equal(jws.alg, TB_ALG_ES256);
        assert_string_equal(jws.kid, "k");
        assert_string_equal(jws.nonce, "n_-0");
        assert_true(jws.has_nonce);
        assert_string_equal(jws.url, "https://a/ b~");
        assert_null(jws.jwk);
        tb_jws_clear(&jws);
        tb_wr_clear(&wr);
    }
}

static void what_is_no_json_is_no_header(void **state)
{
    static const char *const bad[] = {
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"url\":\"u\",}",
        "{\"alg\":\"ES256\",\"kid\":\"k\",,\"url\":\"u\"}",
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"url\":\"u\"}}",
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"url\":\"u\"",
        "{\"alg\":\"ES256\" \"kid\":\"k\",\"url\":\"u\"}",
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"url\":\"u\\\"}",
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"url\":\"u\t\"}",
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"url\":\"\xff\"}",
        "{\"alg\":\"ES256\",\"kid\":\"k\",\"url\":\"u\",\"url\":\"u\"}",
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        struct tb_wr wr = with_header(bad[i]);

        refused(tb_wr_span(&wr), TB_P_MALFORMED);
        tb_wr_clear(&wr);
    }
}

static void row20_truncation_is_refused(void **state)
{
    struct tb_wr wr = sign(TB_ALG_ES256, NULL, "bm9uY2U", "{}");

    (void)state;
    for (size_t n = 0; n < wr.len; n++) {
        uint8_t *exact = malloc(n + (n == 0));

        memcpy(exact, wr.buf, n);
        refused(tb_span_of(exact, n), TB_P_MALFORMED);
        free(exact);
    }
    tb_wr_clear(&wr);
}

/* A header whose member holds n characters. */
static int parse_member(const char *name, size_t n)
{
    char value[TB_JWS_HEADER_MAX];
    char header[TB_JWS_HEADER_MAX + 64];
    struct tb_jws jws;
    struct tb_wr wr;
    int r;

    memset(value, 'a', n);
    value[n] = '\0';
    snprintf(header, sizeof(header), "{\"alg\":\"ES256\",\"%s\":\"%s\"%s}", name, value,
             strcmp(name, "url") == 0   ? K
             : strcmp(name, "kid") == 0 ? U
                                        : K U);
    wr = with_header(header);
    r = tb_jws_parse(tb_wr_span(&wr), &jws, NULL);
    if (r == 0)
        tb_jws_clear(&jws);
    tb_wr_clear(&wr);
    return r;
}

static void row24_limits_of_the_header(void **state)
{
    static const struct {
        const char *name;
        size_t max;
    } rows[] = {{"url", TB_JWS_URL_MAX}, {"kid", TB_JWS_URL_MAX}, {"nonce", TB_JWS_NONCE_MAX}};
    size_t fixed = strlen("{\"alg\":\"ES256\",\"x\":\"\"" K U "}");

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        assert_ok(parse_member(rows[i].name, rows[i].max));
        assert_int_equal(parse_member(rows[i].name, rows[i].max + 1), TB_E_LIMIT);
    }
    assert_ok(parse_member("x", TB_JWS_HEADER_MAX - fixed));
    assert_true(parse_member("x", TB_JWS_HEADER_MAX - fixed + 1) < 0);
}

static void row24_limit_of_the_body(void **state)
{
    static const char good[] = "{\"protected\":\"" GOOD "\",\"payload\":\"\",\"signature\":\"\"}";
    char *text = malloc(TB_JWS_BODY_MAX + 1);
    struct tb_jws jws;

    (void)state;
    memset(text, ' ', TB_JWS_BODY_MAX + 1);
    memcpy(text, good, sizeof(good) - 1);
    assert_ok(tb_jws_parse(tb_span_of(text, TB_JWS_BODY_MAX), &jws, NULL));
    tb_jws_clear(&jws);
    refused(tb_span_of(text, TB_JWS_BODY_MAX + 1), TB_P_MALFORMED);
    free(text);
}

static void digest_is_over_all_three_parts(void **state)
{
    static const char one[] = "{\"protected\":\"" GOOD "\",\"payload\":\"e30\",\"signature\":\"AAAA\"}";
    static const char two[] = "{\"protected\":\"" GOOD "\",\"payload\":\"e30\",\"signature\":\"AAAB\"}";
    uint8_t got[TB_DIGEST_LEN];
    uint8_t want[TB_DIGEST_LEN];
    struct tb_jws jws;

    (void)state;
    assert_ok(tb_jws_parse(tb_span_str(one), &jws, NULL));
    tb_jws_digest(got, &jws);
    tb_sha256(want, tb_span_of(GOOD ".e30.\0\0\0", strlen(GOOD) + 8));
    assert_memory_equal(got, want, sizeof(want));
    tb_jws_clear(&jws);
    assert_ok(tb_jws_parse(tb_span_str(two), &jws, NULL));
    tb_jws_digest(got, &jws);
    assert_memory_not_equal(got, want, sizeof(want));
    tb_jws_clear(&jws);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_signed_verifies),
        cmocka_unit_test(threads_verify_with_one_key),
        cmocka_unit_test(what_is_changed_does_not),
        cmocka_unit_test(ecdsa_numbers_out_of_range),
        cmocka_unit_test(short_numbers_of_ecdsa),
        cmocka_unit_test(row20_outer_members),
        cmocka_unit_test(spelling_of_the_outer_object_does_not_matter),
        cmocka_unit_test(row21_duplicate_members_are_refused),
        cmocka_unit_test(row22_padding_and_foreign_characters_are_refused),
        cmocka_unit_test(row20_header_members),
        cmocka_unit_test(spelling_of_the_header_does_not_matter),
        cmocka_unit_test(what_is_no_json_is_no_header),
        cmocka_unit_test(row20_truncation_is_refused),
        cmocka_unit_test(row24_limits_of_the_header),
        cmocka_unit_test(row24_limit_of_the_body),
        cmocka_unit_test(digest_is_over_all_three_parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
