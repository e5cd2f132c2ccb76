#include "tests/unit/test.h"

#include "ca/front/nonce.h"

static struct tb_nonces *fresh(void)
{
    struct tb_nonces *n = NULL;

    assert_ok(tb_nonces_new(&n));
    return n;
}

static void is_good_once(void **state)
{
    struct tb_nonces *n = fresh();
    char text[TB_NONCE_TEXT_MAX + 1];

    (void)state;
    tb_nonces_make(n, text);
    assert_ok(tb_nonces_use(n, text));
    assert_int_equal(tb_nonces_use(n, text), TB_E_EXPIRED);
    tb_nonces_free(n);
}

static void order_of_use_does_not_matter(void **state)
{
    struct tb_nonces *n = fresh();
    char text[100][TB_NONCE_TEXT_MAX + 1];

    (void)state;
    for (size_t i = 0; i < 100; i++)
        tb_nonces_make(n, text[i]);
    for (size_t i = 100; i-- > 0;)
        assert_ok(tb_nonces_use(n, text[i]));
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(tb_nonces_use(n, text[i]), TB_E_EXPIRED);
    tb_nonces_free(n);
}

static void another_start_knows_none_of_them(void **state)
{
    struct tb_nonces *a = fresh();
    struct tb_nonces *b = fresh();
    char text[TB_NONCE_TEXT_MAX + 1];
    char other[TB_NONCE_TEXT_MAX + 1];

    (void)state;
    tb_nonces_make(a, text);
    tb_nonces_make(b, other);
    assert_int_equal(tb_nonces_use(b, text), TB_E_EXPIRED);
    assert_ok(tb_nonces_use(a, text));
    tb_nonces_free(a);
    tb_nonces_free(b);
}

static void text_that_is_no_base64url_is_told_apart(void **state)
{
    static const char *const bad[] = {"", "a b", "=", "abc=", "a+b", "\xc3\xa4"};
    static const char *const foreign[] = {"a", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA",
                                          "AAAAAAAAAAAAAAAAAAAAA"};
    struct tb_nonces *n = fresh();

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(tb_nonces_use(n, bad[i]), TB_E_FORMAT);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        assert_int_equal(tb_nonces_use(n, foreign[i]), TB_E_EXPIRED);
    tb_nonces_free(n);
}

static void the_window_ends_where_it_says(void **state)
{
    struct tb_nonces *n = fresh();
    char first[TB_NONCE_TEXT_MAX + 1];
    char second[TB_NONCE_TEXT_MAX + 1];
    char text[TB_NONCE_TEXT_MAX + 1];

    (void)state;
    tb_nonces_make(n, first);
    tb_nonces_make(n, second);
    for (uint32_t i = 0; i < TB_NONCE_WINDOW - 1; i++)
        tb_nonces_make(n, text);
    assert_int_equal(tb_nonces_use(n, first), TB_E_EXPIRED);
    assert_ok(tb_nonces_use(n, second));
    assert_ok(tb_nonces_use(n, text));
    tb_nonces_make(n, text); /* takes over the bit of the second one */
    assert_ok(tb_nonces_use(n, text));
    assert_int_equal(tb_nonces_use(n, second), TB_E_EXPIRED);
    tb_nonces_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_good_once),
        cmocka_unit_test(order_of_use_does_not_matter),
        cmocka_unit_test(another_start_knows_none_of_them),
        cmocka_unit_test(text_that_is_no_base64url_is_told_apart),
        cmocka_unit_test(the_window_ends_where_it_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
