/* Certificate and key behind the link belong together, whatever happened before. */
#include "client/lineage.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/keys.h"
#include "client/self_signed.h"

static char dir[] = "/tmp/tabard-lineage-XXXXXX";

static struct tb_client_chain chain_of(EVP_PKEY *key)
{
    uint8_t digest[TB_DIGEST_LEN] = {0};
    struct tb_client_chain chain = {.num = 1};
    struct tb_ident id;

    assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str("a.example"), &id, NULL));
    assert_ok(tb_self_signed(key, &id, digest, false, &chain.certs[0]));
    return chain;
}

static void link_is(const struct tb_lineage *l, const char *want)
{
    char text[256] = "";

    assert_true(readlink(l->live, text, sizeof(text) - 1) > 0);
    assert_string_equal(text, want);
}

static EVP_PKEY *finish_one(const struct tb_lineage *l)
{
    struct tb_fail fail = {0};
    struct tb_client_chain chain;
    EVP_PKEY *key;

    assert_ok(tb_lineage_begin(l, "p256", &key, &fail));
    chain = chain_of(key);
    assert_ok(tb_lineage_finish(l, &chain, key, &fail));
    tb_client_chain_clear(&chain);
    return key;
}

static void versions_follow_one_another(void **state)
{
    struct tb_client_chain chain;
    struct tb_fail fail = {0};
    struct tb_lineage l;
    EVP_PKEY *key;

    (void)state;
    assert_ok(tb_lineage_at(dir, "one", &l, &fail));
    assert_int_equal(tb_lineage_chain(&l, &chain, NULL), TB_E_NOTFOUND);
    EVP_PKEY_free(finish_one(&l));
    link_is(&l, "archive/one/0001");
    key = finish_one(&l);
    link_is(&l, "archive/one/0002");
    assert_ok(tb_lineage_chain(&l, &chain, &fail));
    assert_true(tb_client_chain_key(&chain, key));
    tb_client_chain_clear(&chain);
    EVP_PKEY_free(key);
}

static void what_a_crash_left_in_next_is_no_version(void **state)
{
    struct tb_fail fail = {0};
    struct tb_lineage l;
    EVP_PKEY *key;

    (void)state;
    assert_ok(tb_lineage_at(dir, "two", &l, &fail));
    EVP_PKEY_free(finish_one(&l));
    assert_ok(tb_lineage_begin(&l, "p256", &key, &fail)); /* and here it ended */
    EVP_PKEY_free(key);
    link_is(&l, "archive/two/0001");
    EVP_PKEY_free(finish_one(&l));
    link_is(&l, "archive/two/0002");
}

static void a_chain_of_another_key_changes_nothing(void **state)
{
    struct tb_client_chain chain;
    struct tb_fail fail = {0};
    struct tb_lineage l;
    EVP_PKEY *other;
    EVP_PKEY *key;

    (void)state;
    assert_ok(tb_lineage_at(dir, "three", &l, &fail));
    EVP_PKEY_free(finish_one(&l));
    assert_ok(tb_client_key_generate("p256", &other));
    chain = chain_of(other);
    assert_ok(tb_lineage_begin(&l, "p256", &key, &fail));
    assert_int_equal(tb_lineage_finish(&l, &chain, key, &fail), TB_E_DENIED);
    link_is(&l, "archive/three/0001");
    tb_client_chain_clear(&chain);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

static void names_that_leave_the_directory_or_are_its_own_are_refused(void **state)
{
    static const char *const bad[] = {"",        ".",        "..",      "../x", "a/b", ".hidden", "-x",
                                      "archive", "accounts", "renewal", "lock", "a b", "a\n"};
    static const char *const good[] = {"a", "www.example.org", "_.example.org", "192.0.2.1", "2001:db8::1"};

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++)
        assert_false(tb_lineage_name_ok(bad[i]));
    for (size_t i = 0; i < TB_ARRAY_LEN(good); i++)
        assert_true(tb_lineage_name_ok(good[i]));
}

static int make_dir(void **state)
{
    (void)state;
    return mkdtemp(dir) == NULL;
}

static int remove_dir(void **state)
{
    char command[64];

    (void)state;
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_follow_one_another),
        cmocka_unit_test(what_a_crash_left_in_next_is_no_version),
        cmocka_unit_test(a_chain_of_another_key_changes_nothing),
        cmocka_unit_test(names_that_leave_the_directory_or_are_its_own_are_refused),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
