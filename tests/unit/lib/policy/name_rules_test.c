/* Functions under test: tb_name_rule_normalise, tb_name_rules_cover, tb_name_rules_touch. */
#include "lib/policy/name_rules.h"
#include "tests/unit/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct tb_name_rules *rules_of(const char *const *texts, size_t num)
{
    static tb_name_rule_text list[TB_NAME_RULES_NUM_MAX];
    struct tb_name_rules *r = NULL;

    assert_true(num <= TB_NAME_RULES_NUM_MAX);
    for (size_t i = 0; i < num; i++)
        snprintf(list[i], sizeof(list[i]), "%s", texts[i]);
    assert_ok(tb_name_rules_new((const tb_name_rule_text *)list, num, &r));
    return r;
}

static struct tb_ident ident(const char *text)
{
    struct tb_ident id;

    if (tb_ident_parse(TB_IDENT_IP, tb_span_str(text), &id, NULL) < 0)
        assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str(text), &id, NULL));
    return id;
}

static void names_are_matched_label_by_label(void **state)
{
    static const struct {
        const char *rule, *name;
        bool cover, touch;
    } rows[] = {
        {"example.org", "example.org", true, true},
        {"example.org", "evil-example.org", false, false},
        {"example.org", "example.org.evil.test", false, false},
        {"example.org", "a.example.org", false, false},
        {"example.org", "*.example.org", false, false},
        {"example.org", "*.org", false, true}, /* example.org is one of its names */
        {"a.example.org", "*.example.org", false, true},
        {"*.example.org", "a.example.org", true, true},
        {"*.example.org", "*.example.org", true, true},
        {"*.example.org", "example.org", false, false},
        {"*.example.org", "a.b.example.org", false, false},
        {"*.example.org", "*.b.example.org", false, false},
        {"*.example.org", "a.evil-example.org", false, false},
        {".example.org", "a.example.org", true, true},
        {".example.org", "a.b.c.example.org", true, true},
        {".example.org", "*.example.org", true, true},
        {".example.org", "*.b.example.org", true, true},
        {".example.org", "example.org", false, false},
        {".example.org", "evil-example.org", false, false},
        {".example.org", "xexample.org", false, false},
        {".example.org", "*.evil-example.org", false, false},
        {".example.org", "*.org", false, false},
        {".example.org", "example.org.test", false, false},
        {".", "org", true, true},
        {".", "*.example.org", true, true},
        {".", "192.0.2.1", false, false},
        {"192.0.2.1", "192.0.2.1", true, true},
        {"192.0.2.1", "192.0.2.10", false, false},
        {"192.0.2.0/25", "192.0.2.127", true, true},
        {"192.0.2.0/25", "192.0.2.128", false, false},
        {"192.0.2.0/31", "192.0.2.2", false, false},
        {"0.0.0.0/0", "203.0.113.9", true, true},
        {"0.0.0.0/0", "2001:db8::1", false, false},
        {"::/0", "2001:db8::1", true, true},
        {"::/0", "192.0.2.1", false, false},
        {"2001:db8::/33", "2001:db8:7fff::1", true, true},
        {"2001:db8::/33", "2001:db8:8000::1", false, false},
        {"2001:db8::1", "2001:db8::1", true, true},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        struct tb_name_rules *r = rules_of(&rows[i].rule, 1);
        struct tb_ident id = ident(rows[i].name);
        const char *cover = tb_name_rules_cover(r, &id), *touch = tb_name_rules_touch(r, &id);

        if ((cover != NULL) != rows[i].cover || (touch != NULL) != rows[i].touch)
            fail_msg("\"%s\" and %s: cover %d, touch %d", rows[i].rule, rows[i].name, cover != NULL, touch != NULL);
        if (touch != NULL)
            assert_string_equal(touch, rows[i].rule);
        tb_name_rules_free(r);
    }
}

/* --- the property: a rule says the same as its definition by labels ------------------------------------------------
 */

#define LABELS_MAX 4

static size_t split(const char *name, const char *label[static LABELS_MAX], size_t len[static LABELS_MAX])
{
    size_t n = 0;

    while (n < LABELS_MAX) {
        label[n] = name;
        len[n] = strcspn(name, ".");
        name += len[n++];
        if (*name++ == '\0')
            break;
    }
    return n;
}

/* Does the name end in the domain's labels, and how many more has it? */
static bool below(const char *name, const char *domain, size_t *out_more)
{
    const char *a[LABELS_MAX], *b[LABELS_MAX];
    size_t al[LABELS_MAX], bl[LABELS_MAX];
    size_t an = split(name, a, al), bn = split(domain, b, bl);

    if (bn > an)
        return false;
    for (size_t i = 0; i < bn; i++)
        if (al[an - bn + i] != bl[i] || memcmp(a[an - bn + i], b[i], bl[i]) != 0)
            return false;
    *out_more = an - bn;
    return true;
}

static bool covers_host(const char *rule, const char *name)
{
    size_t more;

    if (strcmp(rule, ".") == 0)
        return true;
    if (rule[0] == '*')
        return below(name, rule + 2, &more) && more == 1;
    if (rule[0] == '.')
        return below(name, rule + 1, &more) && more > 0;
    return strcmp(rule, name) == 0;
}

/* The names of a wildcard, sampled with every label that there is. */
static const char *const labels[] = {"a", "b", "ab", "a-b", "xn--a", "org"};

static bool reference(const char *rule, const struct tb_ident *id, bool touch)
{
    char host[TB_IDENT_VALUE_MAX + 1];
    size_t num = 0;

    if (!id->wildcard)
        return covers_host(rule, id->value);
    for (size_t i = 0; i < TB_ARRAY_LEN(labels); i++) {
        snprintf(host, sizeof(host), "%s.%s", labels[i], id->value);
        num += covers_host(rule, host);
    }
    return touch ? num > 0 : num == TB_ARRAY_LEN(labels);
}

static void random_name(char *out, size_t cap, size_t max)
{
    size_t n = 1 + (size_t)rand() % max;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        snprintf(out + strlen(out), cap - strlen(out), "%s%s", i > 0 ? "." : "",
                 labels[(size_t)rand() % TB_ARRAY_LEN(labels)]);
}

static void invariant_09_names_are_matched_label_by_label(void **state)
{
    static const char *const heads[] = {"", ".", "*."};

    (void)state;
    srand(9);
    for (int round = 0; round < 200000; round++) {
        char name[64], domain[64], rule[80];
        const char *text = rule;
        struct tb_name_rules *r;
        struct tb_ident id;

        random_name(domain, sizeof(domain), LABELS_MAX - 1);
        random_name(name, sizeof(name), LABELS_MAX - 1);
        snprintf(rule, sizeof(rule), "%s%s", heads[rand() % 3], domain);
        if (tb_ident_parse(TB_IDENT_DNS, tb_span_str(name), &id, NULL) < 0 || !tb_name_rule_normalise(rule))
            continue;
        id.wildcard = rand() % 3 == 0;
        r = rules_of(&text, 1);
        if ((tb_name_rules_cover(r, &id) != NULL) != reference(rule, &id, false) ||
            (tb_name_rules_touch(r, &id) != NULL) != reference(rule, &id, true))
            fail_msg("\"%s\" and %s%s", rule, id.wildcard ? "*." : "", id.value);
        tb_name_rules_free(r);
    }
}

/* --- forms ---------------------------------------------------------------------------------------------------------
 */

static void rules_have_one_normal_form(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"Example.ORG", "example.org"},
        {"*.Example.org", "*.example.org"},
        {".Example.org", ".example.org"},
        {".", "."},
        {".org", ".org"},
        {"192.0.2.1", "192.0.2.1"},
        {"2001:DB8:0::1", "2001:db8::1"},
        {"192.0.2.0/24", "192.0.2.0/24"},
        {"2001:DB8:0::/32", "2001:db8::/32"},
        {"0.0.0.0/0", "0.0.0.0/0"},
    };
    static const char *const none[] = {
        "",
        "..",
        "*",
        "*.",
        "..org",
        ".*.org",
        "a.*.org",
        "*a.org",
        "a..org",
        "a.org.",
        "192.0.2.1/24",
        "192.0.2.0/33",
        "192.0.2.0/",
        "/24",
        "192.0.2.0/024",
        "::/129",
        "a/24",
        "::ffff:192.0.2.0/120",
        "*.192.0.2.1",
        "-a.org",
        "a_b.org",
        "192.0.2.0/24/24",
        "a b.org",
        "192.0.2.0/+1",
        "1.2.3.400",
    };
    char text[TB_NAME_RULE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++) {
        strcpy(text, rows[i].in);
        assert_true(tb_name_rule_normalise(text));
        assert_string_equal(text, rows[i].out);
    }
    for (size_t i = 0; i < TB_ARRAY_LEN(none); i++) {
        strcpy(text, none[i]);
        if (tb_name_rule_normalise(text))
            fail_msg("\"%s\" was taken as \"%s\"", none[i], text);
    }
}

static void the_longest_name_makes_the_longest_rule(void **state)
{
    char rule[TB_NAME_RULE_MAX + 1], name[TB_IDENT_VALUE_MAX + 1];
    const char *text = rule;
    struct tb_name_rules *r;
    struct tb_ident id;

    (void)state;
    memset(name, 'a', 251);
    for (size_t i = 63; i < 251; i += 64)
        name[i] = '.';
    name[251] = '\0';
    snprintf(rule, sizeof(rule), "*.%s", name); /* 253 characters, as a wildcard may have */
    assert_true(tb_name_rule_normalise(rule));
    r = rules_of(&text, 1);
    id = ident(rule);
    assert_string_equal(tb_name_rules_cover(r, &id), rule);
    tb_name_rules_free(r);
}

static void an_empty_list_covers_nothing(void **state)
{
    struct tb_name_rules *r = rules_of(NULL, 0);
    struct tb_ident dns = ident("example.org"), ip = ident("192.0.2.1"), none = {0};

    (void)state;
    assert_null(tb_name_rules_cover(r, &dns));
    assert_null(tb_name_rules_cover(r, &ip));
    tb_name_rules_free(r);
    r = rules_of((const char *const[]){".", "0.0.0.0/0", "::/0"}, 3);
    assert_null(tb_name_rules_cover(r, &none));
    assert_non_null(tb_name_rules_cover(r, &ip));
    tb_name_rules_free(r);
}

static void lists_are_bounded_and_in_normal_form(void **state)
{
    static tb_name_rule_text list[TB_NAME_RULES_NUM_MAX + 1];
    struct tb_name_rules *r = (void *)1;
    struct tb_ident id = ident("h127.example.org");

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(list); i++)
        snprintf(list[i], sizeof(list[i]), "h%zu.example.org", i);
    assert_int_equal(tb_name_rules_new((const tb_name_rule_text *)list, TB_NAME_RULES_NUM_MAX + 1, &r), TB_E_LIMIT);
    assert_null(r);
    assert_ok(tb_name_rules_new((const tb_name_rule_text *)list, TB_NAME_RULES_NUM_MAX, &r));
    assert_non_null(tb_name_rules_cover(r, &id));
    tb_name_rules_free(r);
    strcpy(list[3], "Example.org");
    assert_int_equal(tb_name_rules_new((const tb_name_rule_text *)list, 4, &r), TB_E_FORMAT);
    assert_null(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_matched_label_by_label),
        cmocka_unit_test(invariant_09_names_are_matched_label_by_label),
        cmocka_unit_test(rules_have_one_normal_form),
        cmocka_unit_test(the_longest_name_makes_the_longest_rule),
        cmocka_unit_test(an_empty_list_covers_nothing),
        cmocka_unit_test(lists_are_bounded_and_in_normal_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
