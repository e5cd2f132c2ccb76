/* Functions under test: tb_public_suffix_open, tb_public_suffix_forbids. */
#include "lib/policy/public_suffix.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void wildcards_below_public_suffixes_are_forbidden(void **state)
{
    static const struct {
        const char *name;
        bool forbidden;
    } rows[] = {
        {"*.com", true},
        {"*.co.uk", true},
        {"*.lan", true}, /* a single label, listed or not */
        {"*.example.com", false},
        {"*.example.co.uk", false},
        {"*.host.lan", false},
        {"*.xn--p1ai", true},
        {"*.ck", true},
        {"*.foo.ck", true},
        {"*.www.ck", false},
        {"*.kobe.jp", true},
        {"*.city.kobe.jp", false},
        {"*.github.io", false}, /* of the private section: its owner may have it */
        {"com", false},
        {"co.uk", false}, /* no wildcards */
    };
    struct tb_public_suffix *ps;

    (void)state;
    assert_ok(tb_public_suffix_open(NULL, &ps));
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_ident id;

        assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str(rows[i].name), &id, NULL));
        if (tb_public_suffix_forbids(ps, &id) != rows[i].forbidden)
            fail_msg("%s", rows[i].name);
    }
    tb_public_suffix_free(ps);
}

static int open_text(const char *text, struct tb_public_suffix **out)
{
    char path[] = "/tmp/tabard-psl-XXXXXX";
    int fd = mkstemp(path);
    FILE *f = fdopen(fd, "w");
    int r;

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    r = tb_public_suffix_open(path, out);
    unlink(path);
    return r;
}

static void an_own_list_is_used_and_must_be_one(void **state)
{
    struct tb_public_suffix *ps = (void *)1;
    struct tb_ident own = {.type = TB_IDENT_DNS, .wildcard = true, .value = "shared.example"};
    struct tb_ident com = {.type = TB_IDENT_DNS, .wildcard = true, .value = "com"};

    (void)state;
    assert_int_equal(tb_public_suffix_open("/nonexistent/list", &ps), TB_E_NOTFOUND);
    assert_null(ps);
    assert_int_equal(open_text("", &ps), TB_E_NOTFOUND);
    assert_int_equal(open_text("// a comment alone\n", &ps), TB_E_NOTFOUND);
    assert_null(ps);
    assert_ok(open_text("// ===BEGIN ICANN DOMAINS===\ncom\nshared.example\n// ===END ICANN DOMAINS===\n", &ps));
    assert_true(tb_public_suffix_forbids(ps, &own));
    assert_true(tb_public_suffix_forbids(ps, &com));
    tb_public_suffix_free(ps);
    tb_public_suffix_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wildcards_below_public_suffixes_are_forbidden),
        cmocka_unit_test(an_own_list_is_used_and_must_be_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
