#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/front/early_renewal.h"

#define START INT64_C(1795600000)
#define PAGE  "https://status.example/"

static struct tb_config *config(const char *profile, const char *name)
{
    struct tb_config *cfg = calloc(1, sizeof(*cfg));
    struct tb_early_renewal *e;

    assert_non_null(cfg);
    cfg->num_early_renewals = 1;
    e = &cfg->early_renewals[0];
    tb_rfc3339_format(e->issued_before, START);
    snprintf(e->profile, sizeof(e->profile), "%s", profile);
    snprintf(e->name, sizeof(e->name), "%s", name);
    snprintf(e->explanation, sizeof(e->explanation), PAGE);
    e->within_s = 3600;
    return cfg;
}

/* For a certificate of profile server with these names: is its window brought forward? */
static bool hastened(const struct tb_config *cfg, tb_time_t issued_at, const char *first, const char *second)
{
    struct tb_renewal_window w = {.start = START + 90000, .end = START + 99000};
    struct tb_order o = {.issued_at = issued_at, .profile = "server", .num_idents = 2};
    struct tb_ident names[2];
    const char *why;

    assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str(first), &names[0], NULL));
    assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str(second), &names[1], NULL));
    o.ident = names;
    why = tb_early_renewal(cfg, &o, &w);
    if (why == NULL) {
        assert_true(w.start == START + 90000 && w.end == START + 99000);
        return false;
    }
    assert_string_equal(why, PAGE);
    assert_true(w.start == START && w.end == START + 3600);
    return true;
}

static void what_was_issued_before_is_meant_and_nothing_later(void **state)
{
    struct tb_config *cfg = config("", "");

    (void)state;
    assert_true(hastened(cfg, START - 1, "a.example", "b.example"));
    assert_false(hastened(cfg, START, "a.example", "b.example"));
    assert_false(hastened(cfg, START + 1, "a.example", "b.example"));
    free(cfg);
}

static void profile_and_name_leave_others_alone(void **state)
{
    static const struct {
        const char *profile, *name;
        bool meant;
    } rows[] = {
        {"server", "", true},     {"serve", "", false},          {"servers", "", false},    {"", "b.example", true},
        {"", "c.example", false}, {"", ".example", true},        {"", ".b.example", false}, {"", "*.example", false},
        {"", "192.0.2.1", false}, {"server", "a.example", true}, {"x", "a.example", false},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_config *cfg = config(rows[i].profile, rows[i].name);

        assert_int_equal(hastened(cfg, START - 1, "a.example", "b.example"), rows[i].meant);
        free(cfg);
    }
}

static void no_window_is_put_off(void **state)
{
    struct tb_renewal_window w = {.start = START - 50, .end = START - 40};
    struct tb_order o = {.issued_at = START - 100, .profile = "server"};
    struct tb_config *cfg = config("", "");

    (void)state;
    assert_null(tb_early_renewal(cfg, &o, &w));
    assert_true(w.start == START - 50 && w.end == START - 40);
    free(cfg);
}

static void of_several_the_earliest_counts_with_its_explanation(void **state)
{
    struct tb_renewal_window w = {.start = START + 90000, .end = START + 99000};
    struct tb_order o = {.issued_at = START - 90000, .profile = "server"};
    struct tb_config *cfg = config("", "");

    (void)state;
    cfg->num_early_renewals = 3;
    cfg->early_renewals[1] = cfg->early_renewals[2] = cfg->early_renewals[0];
    tb_rfc3339_format(cfg->early_renewals[1].issued_before, START - 500);
    snprintf(cfg->early_renewals[1].explanation, sizeof(cfg->early_renewals[1].explanation), "https://other.example/");
    assert_string_equal(tb_early_renewal(cfg, &o, &w), "https://other.example/");
    assert_true(w.start == START - 500 && w.end == START - 500 + 3600);
    free(cfg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_issued_before_is_meant_and_nothing_later),
        cmocka_unit_test(profile_and_name_leave_others_alone),
        cmocka_unit_test(no_window_is_put_off),
        cmocka_unit_test(of_several_the_earliest_counts_with_its_explanation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
