#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/ident.h"

/* Invariant 9: names are matched label by label; suffix tricks fail. tb_dns_name_under against a slow second opinion.
 */

#define LABELS_MAX 6

struct name {
    unsigned num;
    const char *label[LABELS_MAX];
};

static const char *const words[] = {"a", "b", "aa", "ab", "example", "xample", "e", "com", "a-b", "co"};
static uint32_t seed = 1;

static uint32_t below(uint32_t n)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % n;
}

static void name_random(struct name *n)
{
    n->num = 1 + below(LABELS_MAX);
    for (unsigned i = 0; i < n->num; i++)
        n->label[i] = words[below(TB_ARRAY_LEN(words))];
}

static const char *text(const struct name *n, char out[static 64])
{
    size_t len = 0;

    for (unsigned i = 0; i < n->num; i++)
        len += (size_t)snprintf(out + len, 64 - len, "%s%s", i > 0 ? "." : "", n->label[i]);
    return out;
}

/* From the right, label against label. */
static bool under(const struct name *n, const struct name *domain)
{
    if (domain->num > n->num)
        return false;
    for (unsigned i = 1; i <= domain->num; i++)
        if (strcmp(n->label[n->num - i], domain->label[domain->num - i]) != 0)
            return false;
    return true;
}

static void random_names_agree_with_labels(void **state)
{
    char tn[64], td[64];
    unsigned yes = 0;

    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct name n, d;
        bool want;

        name_random(&n);
        name_random(&d);
        /* Half of the domains are made of the name's own end, so that "yes" is not rare. */
        if (below(2) == 0) {
            d.num = 1 + below(n.num);
            memcpy(d.label, n.label + (n.num - d.num), d.num * sizeof(d.label[0]));
        }
        want = under(&n, &d);
        yes += want;
        if (tb_dns_name_under(text(&n, tn), text(&d, td)) != want)
            fail_msg("%s under %s: not %d", tn, td, want);
    }
    assert_in_range(yes, 50000, 150000);
}

static void suffix_tricks_fail(void **state)
{
    static const struct {
        const char *name, *domain;
        bool want;
    } rows[] = {
        {"example.com", "example.com", true},
        {"a.example.com", "example.com", true},
        {"a.b.example.com", "example.com", true},
        {"evilexample.com", "example.com", false},
        {"example.com.evil", "example.com", false},
        {"com", "example.com", false},
        {"xample.com", "example.com", false},
        {"a.example.com", "xample.com", false},
        {"a.example.com", ".example.com", false},
        {"example.com", "", false},
        {"", "example.com", false},
        {"", "", false},
        {"a-example.com", "example.com", false},
        {"example.co", "example.com", false},
    };

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(rows); i++)
        if (tb_dns_name_under(rows[i].name, rows[i].domain) != rows[i].want)
            fail_msg("%s under %s", rows[i].name, rows[i].domain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_names_agree_with_labels),
        cmocka_unit_test(suffix_tricks_fail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
