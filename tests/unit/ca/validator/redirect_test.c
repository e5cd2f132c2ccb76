#include "ca/validator/redirect.h"

#include <string.h>

#include "ca/validator/fetch.h"
#include "tests/unit/test.h"

static struct tb_config *config(void)
{
    static struct tb_config cfg;

    cfg.num_zones = 2;
    cfg.zones[0] = (struct tb_zone){.http_port = 80, .https_port = 443};
    cfg.zones[1] = (struct tb_zone){.domain = "lab.test", .http_port = 5002, .https_port = 5003};
    return &cfg;
}

static const struct {
    const char *url;
    const char *to; /* NULL: refused */
} table[] = {
    {"http://www.example.test/x", "http://www.example.test/x"},
    {"https://WWW.Example.Test", "https://www.example.test/"},
    {"http://example.test:80/a?b=c", "http://example.test/a?b=c"},
    {"https://example.test:443/", "https://example.test/"},
    {"http://example.test/a#frag", "http://example.test/a"},
    {"http://a.lab.test:5002/", "http://a.lab.test:5002/"},
    {"https://lab.test:5003/", "https://lab.test:5003/"},
    {"http://a.lab.test/", "http://a.lab.test/"},
    {"http://example.test:8080/", NULL},
    {"http://example.test:443/", NULL},
    {"https://example.test:80/", NULL},
    {"http://example.test:5002/", NULL},
    {"http://a.lab.test:5003/", NULL},
    {"http://xlab.test:5002/", NULL},
    {"http://example.test:0/", NULL},
    {"http://example.test:65616/", NULL}, /* 80 in 16 bits */
    {"http://user@example.test/", NULL},
    {"http://user:pw@example.test/", NULL},
    {"ftp://example.test/", NULL},
    {"file:///etc/passwd", NULL},
    {"gopher://example.test/", NULL},
    {"//example.test/", NULL},
    {"/relative", NULL},
    {"", NULL},
    {"http://", NULL},
    {"http:///x", "http://x/"}, /* what is judged is what is contacted */
    {"http://127.0.0.1/", NULL},
    {"http://8.8.8.8/", NULL},
    {"http://0x7f.1/", NULL},
    {"http://2130706433/", NULL},
    {"http://[::1]/", NULL},
    {"http://example.test./", NULL},
    {"http://*.example.test/", NULL},
    {"http://exa mple.test/", NULL},
    {"http://example.test/a b", NULL},
    {"http://example.test/\r\nX: y", NULL},
    {"http://ex\xc3\xa4mple.test/", NULL},
    {"http://exa_mple.test/", NULL},
    {"http://example.test%00.evil.test/", NULL},
};

static void the_table_of_redirects(void **state)
{
    char url[TB_FETCH_URL_MAX + 1];
    struct tb_http_target t;
    const char *why;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(table); i++) {
        int r = tb_redirect_check(config(), table[i].url, &t, &why);

        if (table[i].to == NULL) {
            if (r != TB_E_DENIED || why == NULL || t.host[0] != '\0')
                fail_msg("%s is not refused", table[i].url);
            continue;
        }
        if (r != 0 || tb_http_target_url(&t, url, sizeof(url)) < 0 || strcmp(url, table[i].to) != 0)
            fail_msg("%s became %s (%s)", table[i].url, r == 0 ? url : "-", r == 0 ? "" : why);
    }
}

static void a_path_has_2000_characters_at_most(void **state)
{
    char url[2100] = "http://example.test/";
    size_t base = strlen(url) - 1; /* the path starts with the slash */
    struct tb_http_target t;
    const char *why;

    (void)state;
    memset(url + base + 1, 'a', TB_HTTP_PATH_MAX - 1);
    assert_ok(tb_redirect_check(config(), url, &t, &why));
    assert_int_equal(strlen(t.path), TB_HTTP_PATH_MAX);
    url[base + TB_HTTP_PATH_MAX] = 'a';
    assert_int_equal(tb_redirect_check(config(), url, &t, &why), TB_E_DENIED);
}

static void only_four_statuses_redirect(void **state)
{
    (void)state;
    for (long s = 0; s < 1000; s++)
        assert_int_equal(tb_redirect_status(s), s == 301 || s == 302 || s == 307 || s == 308);
}

static void the_first_url_follows_the_zone(void **state)
{
    struct tb_ident id = {.type = TB_IDENT_DNS, .value = "a.lab.test"};
    char url[TB_FETCH_URL_MAX + 1];
    struct tb_http_target t;

    (void)state;
    tb_http_target_first(config(), &id, "TOKEN", &t);
    assert_ok(tb_http_target_url(&t, url, sizeof(url)));
    assert_string_equal(url, "http://a.lab.test:5002/.well-known/acme-challenge/TOKEN");
    id = (struct tb_ident){.type = TB_IDENT_IP, .value = "2001:db8::1"};
    tb_http_target_first(config(), &id, "TOKEN", &t);
    assert_ok(tb_http_target_url(&t, url, sizeof(url)));
    assert_string_equal(url, "http://[2001:db8::1]/.well-known/acme-challenge/TOKEN");
    assert_int_equal(tb_http_target_url(&t, url, 20), TB_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_of_redirects),
        cmocka_unit_test(a_path_has_2000_characters_at_most),
        cmocka_unit_test(only_four_statuses_redirect),
        cmocka_unit_test(the_first_url_follows_the_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
