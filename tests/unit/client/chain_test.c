#include "client/chain.h"
#include "tests/unit/test.h"

#include <string.h>

#include "client/keys.h"
#include "client/self_signed.h"

static EVP_PKEY *key;
static struct tb_ident id;

static void put(struct tb_wr *pem, size_t num)
{
    uint8_t digest[TB_DIGEST_LEN] = {0};
    struct tb_client_chain chain = {.num = 1};

    for (size_t i = 0; i < num; i++) {
        assert_ok(tb_self_signed(key, &id, digest, false, &chain.certs[0]));
        assert_ok(tb_client_chain_pem(&chain, 0, 1, pem));
        X509_free(chain.certs[0]);
    }
}

/* All signed by one key, so each is signed by the next. */
static void chains_up_to_the_maximum_are_read(void **state)
{
    struct tb_client_chain chain;
    struct tb_wr pem;
    const char *why;

    (void)state;
    tb_wr_init(&pem, TB_CLIENT_CHAIN_PEM_MAX);
    put(&pem, TB_CLIENT_CHAIN_MAX);
    assert_ok(tb_client_chain_parse(tb_wr_span(&pem), &chain, &why));
    assert_int_equal(chain.num, TB_CLIENT_CHAIN_MAX);
    assert_true(tb_client_chain_names(&chain, &id, 1));
    assert_true(tb_client_chain_key(&chain, key));
    tb_client_chain_clear(&chain);
    put(&pem, 1);
    assert_int_equal(tb_client_chain_parse(tb_wr_span(&pem), &chain, &why), TB_E_LIMIT);
    tb_wr_clear(&pem);
}

static void text_between_and_foreign_objects_are_refused(void **state)
{
    struct tb_client_chain chain;
    struct tb_wr pem;
    const char *why;

    (void)state;
    tb_wr_init(&pem, TB_CLIENT_CHAIN_PEM_MAX);
    assert_int_equal(tb_client_chain_parse(tb_wr_span(&pem), &chain, &why), TB_E_FORMAT);
    tb_wr_str(&pem, "subject=x\n");
    put(&pem, 1);
    assert_int_equal(tb_client_chain_parse(tb_wr_span(&pem), &chain, &why), TB_E_FORMAT);
    tb_wr_reset(&pem);
    put(&pem, 1);
    tb_wr_str(&pem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    assert_int_equal(tb_client_chain_parse(tb_wr_span(&pem), &chain, &why), TB_E_FORMAT);
    tb_wr_clear(&pem);
}

static void a_certificate_that_the_next_did_not_sign_is_refused(void **state)
{
    struct tb_client_chain chain;
    EVP_PKEY *mine = key;
    struct tb_wr pem;
    const char *why;

    (void)state;
    tb_wr_init(&pem, TB_CLIENT_CHAIN_PEM_MAX);
    put(&pem, 1);
    assert_ok(tb_client_key_generate("p256", &key));
    put(&pem, 1);
    assert_int_equal(tb_client_chain_parse(tb_wr_span(&pem), &chain, &why), TB_E_BADSIG);
    EVP_PKEY_free(key);
    key = mine;
    tb_wr_clear(&pem);
}

static int setup(void **state)
{
    (void)state;
    return tb_client_key_generate("p256", &key) < 0 ||
           tb_ident_parse(TB_IDENT_DNS, tb_span_str("a.example"), &id, NULL) < 0;
}

static int teardown(void **state)
{
    (void)state;
    EVP_PKEY_free(key);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chains_up_to_the_maximum_are_read),
        cmocka_unit_test(text_between_and_foreign_objects_are_refused),
        cmocka_unit_test(a_certificate_that_the_next_did_not_sign_is_refused),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
