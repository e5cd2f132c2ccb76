#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ca/cert_filter.h"
#include "lib/base/compiler.h"

#define NOW INT64_C(1800000000)

static const char *reads(const char *text, struct tb_cert_filter *out)
{
    json_t *req = json_loads(text, 0, NULL);
    const char *why;

    assert_non_null(req);
    memset(out, 0xff, sizeof(*out));
    why = tb_cert_filter_read(out, req, NOW);
    json_decref(req);
    return why;
}

static struct tb_ident ident(const char *text)
{
    struct tb_ident id;

    assert_int_equal(tb_ident_parse(TB_IDENT_DNS, tb_span_str(text), &id, NULL), 0);
    return id;
}

static void nothing_said_takes_everything(void **state)
{
    struct tb_cert_filter f;
    struct tb_ident id = ident("a.test");

    (void)state;
    assert_null(reads("{\"cmd\":\"list\"}", &f));
    assert_true(tb_cert_filter_takes(&f, "server", NOW - 1, true));
    assert_true(tb_cert_filter_names(&f, &id));
}

static void validity_at_its_edges(void **state)
{
    struct tb_cert_filter f;

    (void)state;
    assert_null(reads("{\"expiring_s\":100}", &f));
    assert_false(tb_cert_filter_takes(&f, "server", NOW - 1, false));
    assert_true(tb_cert_filter_takes(&f, "server", NOW, false));
    assert_true(tb_cert_filter_takes(&f, "server", NOW + 100, false));
    assert_false(tb_cert_filter_takes(&f, "server", NOW + 101, false));
    assert_false(tb_cert_filter_takes(&f, "server", NOW + 50, true));
    assert_null(reads("{\"valid\":true}", &f));
    assert_true(tb_cert_filter_takes(&f, "server", NOW + 101, false));
    assert_false(tb_cert_filter_takes(&f, "server", NOW - 1, false));
}

static void names_and_profiles(void **state)
{
    struct tb_ident exact = ident("a.test"), below = ident("b.a.test"), star = ident("*.a.test"),
                    trick = ident("ba.test");
    struct tb_cert_filter f;

    (void)state;
    assert_null(reads("{\"name\":\"A.test\",\"profile\":\"server\"}", &f));
    assert_true(tb_cert_filter_names(&f, &exact));
    assert_false(tb_cert_filter_names(&f, &below));
    assert_false(tb_cert_filter_names(&f, &star));
    assert_true(tb_cert_filter_takes(&f, "server", NOW, false));
    assert_false(tb_cert_filter_takes(&f, "server2", NOW, false));
    assert_null(reads("{\"name\":\".a.test\"}", &f));
    assert_false(tb_cert_filter_names(&f, &exact));
    assert_true(tb_cert_filter_names(&f, &below));
    assert_true(tb_cert_filter_names(&f, &star));
    assert_false(tb_cert_filter_names(&f, &trick));
}

static void what_cannot_be_understood_takes_nothing(void **state)
{
    static const char *const bad[] = {
        "{\"name\":\"\"}",      "{\"name\":7}",
        "{\"name\":\"a_b\"}",   "{\"name\":\".*.a\"}",
        "{\"profile\":\"\"}",   "{\"profile\":\"12345678901234567890123456789012\"}",
        "{\"valid\":1}",        "{\"expiring_s\":0}",
        "{\"expiring_s\":-1}",  "{\"expiring_s\":\"1\"}",
        "{\"expiring_s\":1.5}", "{\"expiring_s\":3153600001}",
        "{\"profile\":null}",   "{\"name\":\"a.test\\u0000\"}",
    };
    static const struct tb_cert_filter none;
    struct tb_cert_filter f;
    json_t *req;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        if ((req = json_loads(bad[i], 0, NULL)) == NULL)
            continue; /* jansson takes no NUL: it cannot come */
        json_decref(req);
        assert_non_null(reads(bad[i], &f));
        assert_memory_equal(&f, &none, sizeof(f));
    }
    assert_null(reads("{\"expiring_s\":3153600000}", &f));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_said_takes_everything),
        cmocka_unit_test(validity_at_its_edges),
        cmocka_unit_test(names_and_profiles),
        cmocka_unit_test(what_cannot_be_understood_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
