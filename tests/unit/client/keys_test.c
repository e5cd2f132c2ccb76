#include "client/keys.h"
#include "tests/unit/test.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/private_jwk.h"
#include "lib/jose/sign.h"

/* RFC 7517 appendix A.2: an EC key with its private part. */
static const char ec_jwk[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
                             "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\","
                             "\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"}";
/* RFC 8037 appendix A.1. */
static const char okp_jwk[] =
    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\","
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}";

static void private_jwks_are_read(void **state)
{
    EVP_PKEY *key;
    const char *why;

    (void)state;
    assert_ok(tb_client_key_parse(tb_span_str(ec_jwk), &key, &why));
    assert_int_equal(tb_jws_alg_of_pkey(key), TB_ALG_ES256);
    EVP_PKEY_free(key);
    assert_ok(tb_client_key_parse(tb_span_str(okp_jwk), &key, &why));
    assert_int_equal(tb_jws_alg_of_pkey(key), TB_ALG_EDDSA);
    EVP_PKEY_free(key);
}

static void a_public_part_that_is_anothers_is_refused(void **state)
{
    char text[sizeof(ec_jwk)];
    EVP_PKEY *key = NULL;
    const char *why;

    (void)state;
    strcpy(text, ec_jwk);
    memcpy(strstr(text, "870MB6"), "970MB6", 6);
    assert_true(tb_client_key_parse(tb_span_str(text), &key, &why) < 0);
    assert_null(key);
}

static void what_is_no_private_key_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "{}",
        "{\"kty\":\"EC\"}",
        "{\"kty\":\"oct\",\"k\":\"AAAA\"}",
        "-----BEGIN PRIVATE KEY-----\n",
        ("{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\","
         "\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}")};
    char big[TB_CLIENT_KEY_FILE_MAX + 1];
    EVP_PKEY *key;
    const char *why;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        assert_true(tb_client_key_parse(tb_span_str(bad[i]), &key, &why) < 0);
        assert_null(key);
    }
    memset(big, ' ', sizeof(big));
    assert_int_equal(tb_client_key_parse(tb_span_of(big, sizeof(big)), &key, &why), TB_E_LIMIT);
}

static void invariant_39_every_type_is_made_written_0600_and_read_again(void **state)
{
    static const char *const types[] = {"p256", "p384", "ed25519", "rsa2048"};
    char dir[] = "/tmp/tabard-keys-XXXXXX";
    char path[64];
    struct tb_fail fail = {0};
    EVP_PKEY *key;
    EVP_PKEY *again;
    struct stat st;

    (void)state;
    umask(0);
    assert_non_null(mkdtemp(dir));
    for (size_t i = 0; i < TB_ARRAY_LEN(types); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, types[i]);
        assert_ok(tb_client_key_generate(types[i], &key));
        assert_ok(tb_client_key_write(path, key, &fail));
        assert_ok(stat(path, &st));
        assert_int_equal(st.st_mode & 07777, 0600);
        assert_ok(tb_client_key_read(path, &again, &fail));
        assert_int_equal(EVP_PKEY_eq(key, again), 1);
        assert_int_equal(tb_client_key_write(path, key, NULL), TB_E_EXISTS);
        EVP_PKEY_free(key);
        EVP_PKEY_free(again);
        unlink(path);
    }
    rmdir(dir);
    assert_int_equal(tb_client_key_generate("rsa1024", &key), TB_E_INVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_jwks_are_read),
        cmocka_unit_test(a_public_part_that_is_anothers_is_refused),
        cmocka_unit_test(what_is_no_private_key_is_refused),
        cmocka_unit_test(invariant_39_every_type_is_made_written_0600_and_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
