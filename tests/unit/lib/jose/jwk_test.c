#include "tests/unit/test.h"

#include "lib/jose/jwk.h"

#include <openssl/ec.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/b64u.h"
#include "lib/base/hash.h"
#include "lib/jose/sign.h"
#include "tests/unit/lib/jose/keys.h"

#define RFC7638_N                                                                                                      \
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknj" \
    "hMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQ" \
    "vRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzK" \
    "nqDKgw"
#define A3_X  "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define A3_Y  "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define OKP_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"

static void expect_thumbprint(const char *json, const char *want)
{
    char text[TB_B64U_DIGEST_LEN + 1];
    struct tb_jwk *jwk;

    assert_ok(tb_jwk_parse(tb_span_str(json), &jwk, NULL));
    tb_b64u_encode(text, tb_span_of(tb_jwk_thumbprint(jwk), TB_DIGEST_LEN));
    assert_string_equal(text, want);
    tb_jwk_free(jwk);
}

static void thumbprints_of_rfc_7638_and_8037(void **state)
{
    (void)state;
    expect_thumbprint("{\"kty\":\"RSA\",\"n\":\"" RFC7638_N
                      "\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}",
                      "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    expect_thumbprint("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" OKP_X "\"}",
                      "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

static void the_numbers_of_an_rsa_key_are_lent(void **state)
{
    struct tb_jwk *jwk = NULL;
    struct tb_span n, e;
    char text[TB_B64U_LEN(512) + 1];

    (void)state;
    assert_ok(tb_jwk_parse(tb_span_str("{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\"}"), &jwk, NULL));
    tb_jwk_rsa(jwk, &n, &e);
    assert_int_equal(n.len, 256);
    tb_b64u_encode(text, n);
    assert_string_equal(text, RFC7638_N);
    assert_span_equal(e, "\1\0\1", 3);
    tb_jwk_free(jwk);
    assert_ok(tb_jwk_parse(tb_span_str("{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" OKP_X "\"}"), &jwk, NULL));
    tb_jwk_rsa(jwk, &n, &e);
    assert_int_equal(n.len, 0);
    assert_int_equal(e.len, 0);
    tb_jwk_free(jwk);
}

static struct tb_span decode(const char *text, uint8_t *out, size_t cap)
{
    size_t n;

    assert_ok(tb_b64u_decode(out, cap, &n, tb_span_str(text)));
    return tb_span_of(out, n);
}

static void signatures_of_rfc_7515_and_8037(void **state)
{
    static const struct {
        const char *jwk;
        const char *msg;
        const char *sig;
    } rows[] = {
        {"{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" A3_X "\",\"y\":\"" A3_Y "\"}",
         "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290"
         "Ijp0cnVlfQ",
         "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" OKP_X "\"}",
         "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc",
         "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"},
    };
    uint8_t buf[128];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_span sig = decode(rows[i].sig, buf, sizeof(buf));
        struct tb_jwk *jwk;

        assert_ok(tb_jwk_parse(tb_span_str(rows[i].jwk), &jwk, NULL));
        for (int again = 0; again < 3; again++) {
            assert_ok(tb_jwk_verify(jwk, tb_span_str(rows[i].msg), sig));
            assert_int_equal(tb_jwk_verify(jwk, tb_span_str(rows[i].msg + 1), sig), TB_E_BADSIG);
        }
        tb_jwk_free(jwk);
    }
}

/* OpenSSL's own encoder is the oracle for the DER that is made by hand. */
static void spki_digest_is_that_of_openssl(void **state)
{
    (void)state;
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++) {
        EVP_PKEY *key = test_key((enum tb_jws_alg)a);
        struct tb_jwk *jwk = test_jwk(key);
        uint8_t want[TB_DIGEST_LEN];
        uint8_t *der = NULL;
        int n = i2d_PUBKEY(key, &der);

        assert_true(n > 0);
        tb_sha256(want, tb_span_of(der, (size_t)n));
        assert_memory_equal(tb_jwk_spki_digest(jwk), want, TB_DIGEST_LEN);
        assert_int_equal(tb_jwk_alg(jwk), a);
        OPENSSL_free(der);
        tb_jwk_free(jwk);
    }
}

static void canonical_form_survives_a_round(void **state)
{
    (void)state;
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++) {
        char *text = test_jwk_text(test_key((enum tb_jws_alg)a));
        struct tb_jwk *jwk = test_jwk(test_key((enum tb_jws_alg)a));
        uint8_t want[TB_DIGEST_LEN];

        assert_span_equal(tb_jwk_canonical(jwk), text, strlen(text));
        tb_sha256(want, tb_span_str(text));
        assert_memory_equal(tb_jwk_thumbprint(jwk), want, sizeof(want));
        tb_jwk_free(jwk);
        free(text);
    }
}

static void refused(const char *json, int err, enum tb_problem_type type)
{
    struct tb_jwk *jwk = (struct tb_jwk *)(uintptr_t)1;
    struct tb_problem pb = {0};
    int r = tb_jwk_parse(tb_span_str(json), &jwk, &pb);

    if (r != err || pb.type != type || jwk != NULL)
        fail_msg("%d, problem %d (%s): %s", r, pb.type, pb.detail, json);
    tb_problem_clear(&pb);
}

#define EC256(rest) "{\"kty\":\"EC\",\"crv\":\"P-256\"," rest "}"
#define OKP(x)      "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" x "\"}"
#define RSA(e)      "{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"" e "\"}"

static void row20_bad_keys_are_refused(void **state)
{
    static const struct {
        const char *json;
        int err;
        enum tb_problem_type type;
    } rows[] = {
        {"[]", TB_E_FORMAT, TB_P_MALFORMED},
        {"{", TB_E_FORMAT, TB_P_MALFORMED},
        {EC256("\"x\":\"" A3_X "\",\"x\":\"" A3_X "\",\"y\":\"" A3_Y "\""), TB_E_FORMAT, TB_P_MALFORMED},
        {"{}", TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":1}", TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"oct\"}", TB_E_UNSUPPORTED, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"oct\",\"k\":\"AAAA\"}", TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"EC\"}", TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"EC\",\"crv\":\"P-521\"}", TB_E_UNSUPPORTED, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"EC\",\"crv\":\"Ed25519\"}", TB_E_UNSUPPORTED, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"OKP\",\"crv\":\"Ed448\"}", TB_E_UNSUPPORTED, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"OKP\",\"crv\":\"X25519\"}", TB_E_UNSUPPORTED, TB_P_BAD_PUBLIC_KEY},
        {EC256("\"x\":\"" A3_X "\""), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {EC256("\"x\":\"" A3_X "\",\"y\":1"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {EC256("\"x\":\"" A3_X "\",\"y\":\"\""), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {EC256("\"x\":\"" A3_X "\",\"y\":\"" A3_X "\""), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {EC256("\"x\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
               "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\""),
         TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {EC256("\"x\":\"" A3_X "\",\"y\":\"" A3_Y "\",\"d\":\"AA\""), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {EC256("\"x\":\"" A3_X "\",\"y\":\"" A3_Y "\",\"d\":null"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        /* x of full width has 43 characters */
        {EC256("\"x\":\"" A3_X "A\",\"y\":\"" A3_Y "\""), TB_E_LIMIT, TB_P_BAD_PUBLIC_KEY},
        {EC256("\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA\",\"y\":\"" A3_Y "\""), TB_E_FORMAT,
         TB_P_BAD_PUBLIC_KEY},
        /* y = 0, 1, -1 and the points of order 8; each with the other sign; y = p, p + 1, 2^255 - 1 */
        {OKP("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {OKP("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {OKP("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {OKP("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {OKP("7P_______________________________________38"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {OKP("7f_______________________________________38"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {OKP("7v_______________________________________38"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {OKP("__________________________________________8"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {OKP("xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {OKP("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_AU"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {OKP("JuiVj8KyJ7BFw_SJ8u-Y8NXfrAXTxjM5sTgCiG1T_IU"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        /* y = 2 is on no point */
        {OKP("AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {RSA("AQ"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {RSA("BQ"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {RSA("__8"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {RSA("AQAA"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {RSA("AAEAAQ"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {RSA("AAM"), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {RSA("AQAAAAAAAAAB"), TB_E_LIMIT, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\"}", TB_E_LIMIT, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"RSA\",\"e\":\"AQAB\"}", TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\"}", TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
        {"{\"kty\":\"RSA\",\"n\":\"" RFC7638_N "\",\"e\":\"AQAB\",\"p\":\"AQ\"}", TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        refused(rows[i].json, rows[i].err, rows[i].type);
}

static void row22_foreign_base64url_is_refused(void **state)
{
    (void)state;
    refused(EC256("\"x\":\"" A3_X "=\",\"y\":\"" A3_Y "\""), TB_E_LIMIT, TB_P_BAD_PUBLIC_KEY);
    refused(EC256("\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVE+\",\"y\":\"" A3_Y "\""), TB_E_FORMAT,
            TB_P_BAD_PUBLIC_KEY);
    /* The last character carries bits that do not count: a second spelling of the same key. */
    refused(EC256("\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEV\",\"y\":\"" A3_Y "\""), TB_E_FORMAT,
            TB_P_BAD_PUBLIC_KEY);
    refused(RSA("AQAB=="), TB_E_FORMAT, TB_P_BAD_PUBLIC_KEY);
}

/* An RSA modulus of the given width with chosen top and last byte. */
static int parse_rsa(size_t bytes, uint8_t top, uint8_t last, size_t lead)
{
    char n_text[TB_B64U_LEN(600) + 1];
    char json[TB_JWK_JSON_MAX];
    struct tb_jwk *jwk = NULL;
    uint8_t n[600];
    int r;

    memset(n, 0xa5, sizeof(n));
    memset(n, 0, lead);
    n[lead] = top;
    n[lead + bytes - 1] = last;
    tb_b64u_encode(n_text, tb_span_of(n, lead + bytes));
    snprintf(json, sizeof(json), "{\"kty\":\"RSA\",\"n\":\"%s\",\"e\":\"Aw\"}", n_text);
    r = tb_jwk_parse(tb_span_str(json), &jwk, NULL);
    tb_jwk_free(jwk);
    return r;
}

static void row24_limits_of_rsa(void **state)
{
    (void)state;
    assert_ok(parse_rsa(256, 0x80, 1, 0));
    assert_ok(parse_rsa(512, 0xff, 1, 0));
    assert_int_equal(parse_rsa(256, 0x7f, 1, 0), TB_E_LIMIT);
    assert_int_equal(parse_rsa(513, 0x01, 1, 0), TB_E_LIMIT);
    assert_int_equal(parse_rsa(256, 0x80, 1, 1), TB_E_FORMAT);
    assert_int_equal(parse_rsa(256, 0x80, 2, 0), TB_E_FORMAT);
}

static void the_last_reference_frees(void **state)
{
    struct tb_jwk *jwk = test_jwk(test_key(TB_ALG_ES256));
    struct tb_jwk *again = tb_jwk_ref(jwk);

    (void)state;
    assert_ptr_equal(again, jwk);
    tb_jwk_free(jwk);
    assert_int_equal(tb_jwk_alg(again), TB_ALG_ES256);
    tb_jwk_free(again);
    tb_jwk_free(NULL);
}

static void algorithm_names(void **state)
{
    (void)state;
    for (int a = TB_ALG_NONE + 1; a < TB_ALG__COUNT; a++)
        assert_int_equal(tb_jws_alg_find(tb_span_str(tb_jws_alg_name((enum tb_jws_alg)a))), a);
    assert_null(tb_jws_alg_name(TB_ALG_NONE));
    assert_null(tb_jws_alg_name(TB_ALG__COUNT));
    assert_int_equal(tb_jws_alg_find(tb_span_str("none")), TB_ALG_NONE);
    assert_int_equal(tb_jws_alg_find(tb_span_str("es256")), TB_ALG_NONE);
    assert_int_equal(tb_jws_alg_find(tb_span_str("")), TB_ALG_NONE);
}

static void keys_that_we_do_not_speak(void **state)
{
    static const char *const curves[] = {"P-521", "secp256k1"};
    struct tb_wr wr;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(curves); i++) {
        EVP_PKEY *key = EVP_EC_gen(curves[i]);

        tb_wr_init(&wr, 1024);
        assert_int_equal(tb_jwk_of_pkey(key, &wr, NULL), TB_E_UNSUPPORTED);
        assert_int_equal(wr.len, 0);
        tb_wr_clear(&wr);
        EVP_PKEY_free(key);
    }
    tb_jwk_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thumbprints_of_rfc_7638_and_8037),   cmocka_unit_test(signatures_of_rfc_7515_and_8037),
        cmocka_unit_test(spki_digest_is_that_of_openssl),     cmocka_unit_test(canonical_form_survives_a_round),
        cmocka_unit_test(row20_bad_keys_are_refused),         cmocka_unit_test(row22_foreign_base64url_is_refused),
        cmocka_unit_test(the_numbers_of_an_rsa_key_are_lent), cmocka_unit_test(row24_limits_of_rsa),
        cmocka_unit_test(the_last_reference_frees),           cmocka_unit_test(algorithm_names),
        cmocka_unit_test(keys_that_we_do_not_speak),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
