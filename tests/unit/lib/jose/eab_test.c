/* Functions under test: tb_eab_parse, tb_eab_verify. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "lib/base/b64u.h"
#include "lib/jose/eab.h"

#define JWK                                                                                                            \
    "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","                         \
    "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}"
#define HEADER "{\"alg\":\"HS256\",\"kid\":\"id\",\"url\":\"https://ca.example/acme/new-acct\"}"

static const struct tb_key key = {{1, 2, 3}}, other_key = {{3}};

/* A binding with a right MAC. */
static json_t *make(const char *header, const char *payload, const EVP_MD *md)
{
    char p64[2048], b64[2048], input[4096], s64[256];
    uint8_t mac[EVP_MAX_MD_SIZE];
    unsigned n = 0;

    tb_b64u_encode(p64, tb_span_str(header));
    tb_b64u_encode(b64, tb_span_str(payload));
    snprintf(input, sizeof(input), "%s.%s", p64, b64);
    assert_non_null(HMAC(md, key.b, sizeof(key.b), (const unsigned char *)input, strlen(input), mac, &n));
    tb_b64u_encode(s64, tb_span_of(mac, n));
    return json_pack("{s:s,s:s,s:s}", "protected", p64, "payload", b64, "signature", s64);
}

static void all_three_algorithms_verify_and_only_under_their_key(void **state)
{
    static const struct {
        const char *name;
        const EVP_MD *(*md)(void);
    } algs[] = {{"HS256", EVP_sha256}, {"HS384", EVP_sha384}, {"HS512", EVP_sha512}};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(algs); i++) {
        struct tb_eab eab;
        char header[256];
        json_t *obj;

        snprintf(header, sizeof(header), "{\"alg\":\"%s\",\"kid\":\"id\",\"url\":\"u\"}", algs[i].name);
        obj = make(header, JWK, algs[i].md());
        assert_ok(tb_eab_parse(obj, &eab, NULL));
        assert_string_equal(eab.kid, "id");
        assert_string_equal(eab.url, "u");
        assert_ok(tb_eab_verify(&eab, tb_span_of(key.b, sizeof(key.b))));
        assert_int_equal(tb_eab_verify(&eab, tb_span_of(other_key.b, sizeof(other_key.b))), TB_E_BADSIG);
        eab.mac.len--;
        assert_int_equal(tb_eab_verify(&eab, tb_span_of(key.b, sizeof(key.b))), TB_E_BADSIG);
        tb_eab_clear(&eab);
        json_decref(obj);
    }
}

static void headers_and_payloads_that_are_none_are_refused(void **state)
{
    static const struct {
        const char *header, *payload;
        enum tb_problem_type type;
    } cases[] = {
        {"{\"alg\":\"ES256\",\"kid\":\"id\",\"url\":\"u\"}", JWK, TB_P_BAD_SIGNATURE_ALGORITHM},
        {"{\"alg\":\"none\",\"kid\":\"id\",\"url\":\"u\"}", JWK, TB_P_BAD_SIGNATURE_ALGORITHM},
        {"{\"kid\":\"id\",\"url\":\"u\"}", JWK, TB_P_MALFORMED},
        {"{\"alg\":\"HS256\",\"url\":\"u\"}", JWK, TB_P_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"\",\"url\":\"u\"}", JWK, TB_P_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"id\"}", JWK, TB_P_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"id\",\"url\":\"u\",\"nonce\":\"x\"}", JWK, TB_P_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"id\",\"url\":\"u\",\"jwk\":{}}", JWK, TB_P_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"id\",\"url\":\"u\",\"crit\":[]}", JWK, TB_P_MALFORMED},
        {"{\"alg\":\"HS256\",\"kid\":\"id\",\"url\":\"u\",\"b64\":false}", JWK, TB_P_MALFORMED},
        {"[]", JWK, TB_P_MALFORMED},
        {HEADER, "{\"kty\":\"oct\"}", TB_P_MALFORMED},
        {HEADER, "x", TB_P_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(cases); i++) {
        json_t *obj = make(cases[i].header, cases[i].payload, EVP_sha256());
        struct tb_problem pb = {0};
        struct tb_eab eab;

        assert_true(tb_eab_parse(obj, &eab, &pb) < 0);
        assert_int_equal(pb.type, cases[i].type);
        assert_null(eab.mem);
        tb_problem_clear(&pb);
        json_decref(obj);
    }
}

static void the_id_has_a_limit_and_members_are_exactly_three(void **state)
{
    char header[256], kid[TB_EAB_KID_TEXT_MAX + 2];
    struct tb_eab eab;
    json_t *obj;

    (void)state;
    for (size_t len = TB_EAB_KID_TEXT_MAX; len <= TB_EAB_KID_TEXT_MAX + 1; len++) {
        memset(kid, 'k', len);
        kid[len] = '\0';
        snprintf(header, sizeof(header), "{\"alg\":\"HS256\",\"kid\":\"%s\",\"url\":\"u\"}", kid);
        obj = make(header, JWK, EVP_sha256());
        assert_int_equal(tb_eab_parse(obj, &eab, NULL), len <= TB_EAB_KID_TEXT_MAX ? 0 : TB_E_FORMAT);
        tb_eab_clear(&eab);
        json_decref(obj);
    }
    obj = make(HEADER, JWK, EVP_sha256());
    assert_ok(json_object_set_new(obj, "header", json_object()));
    assert_int_equal(tb_eab_parse(obj, &eab, NULL), TB_E_FORMAT);
    json_object_del(obj, "header");
    json_object_del(obj, "signature");
    assert_int_equal(tb_eab_parse(obj, &eab, NULL), TB_E_FORMAT);
    assert_ok(json_object_set_new(obj, "signature", json_string("=")));
    assert_int_equal(tb_eab_parse(obj, &eab, NULL), TB_E_FORMAT);
    assert_int_equal(tb_eab_parse(NULL, &eab, NULL), TB_E_FORMAT);
    json_decref(obj);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_three_algorithms_verify_and_only_under_their_key),
        cmocka_unit_test(headers_and_payloads_that_are_none_are_refused),
        cmocka_unit_test(the_id_has_a_limit_and_members_are_exactly_three),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
