#include "client/settings.h"
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void they_come_back_as_they_were_written_0600(void **state)
{
    static struct tb_settings s;
    static struct tb_settings back;
    char dir[] = "/tmp/tabard-settings-XXXXXX";
    struct tb_fail fail = {0};
    struct tb_lineage l;
    struct stat st;
    char sub[128];

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_ok(tb_lineage_at(dir, "n", &l, &fail));
    strcpy(s.server, "https://a/d");
    strcpy(s.deploy_hook, "/bin/\"x\"");
    strcpy(s.ancestor, "a.example");
    strcpy(s.last_error, "why");
    s.failures = 3;
    s.renew_at_s = 12345678901;
    s.deploy_pending = true;
    s.num_names = 2;
    assert_ok(tb_ident_parse(TB_IDENT_DNS, tb_span_str("*.a.example"), &s.names[0], NULL));
    assert_ok(tb_ident_parse(TB_IDENT_IP, tb_span_str("2001:db8::1"), &s.names[1], NULL));
    assert_ok(tb_settings_write(&l, &s, &fail));
    assert_ok(stat(l.settings, &st));
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_ok(tb_settings_read(&l, &back, &fail));
    assert_memory_equal(&s, &back, sizeof(s));
    unlink(l.settings);
    snprintf(sub, sizeof(sub), "%s/renewal", dir);
    rmdir(sub);
    rmdir(dir);
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *text, *what;
    } bad[] = {
        {"", "no JSON object"},
        {"{}", "version"},
        {"{\"version\":2,\"server\":\"x\",\"names\":[\"a.b\"]}", "version"},
        {"{\"version\":1,\"server\":7,\"names\":[\"a.b\"]}", "server"},
        {"{\"version\":1,\"server\":\"x\",\"names\":[]}", "names"},
        {"{\"version\":1,\"server\":\"x\",\"names\":[\"a/b\"]}", "names"},
        {"{\"version\":1,\"names\":[\"a.b\"]}", "server"},
        {"{\"version\":1,\"server\":\"x\",\"names\":[\"a.b\"],\"failures\":-1}", "failures"},
    };
    static struct tb_settings s;
    const char *what;

    (void)state;
    for (size_t i = 0; i < TB_ARRAY_LEN(bad); i++) {
        assert_true(tb_settings_parse(tb_span_str(bad[i].text), &s, &what) < 0);
        assert_string_equal(what, bad[i].what);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_come_back_as_they_were_written_0600),
        cmocka_unit_test(what_is_wrong_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
