/* Functions under test: tb_content_*. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ca/backup/content.h"

static int setup(void **state)
{
    *state = calloc(1, sizeof(struct tb_config));
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static size_t count(const struct tb_config *cfg)
{
    struct tb_content c;
    size_t i = 0;

    while (tb_content_at(cfg, i, &c) == 0)
        i++;
    return i;
}

static void every_file_has_the_mode_and_the_owner_that_init_gives(void **state)
{
    const struct tb_config *cfg = *state;
    struct tb_content c;

    for (size_t i = 0; tb_content_at(cfg, i, &c) == 0; i++) {
        bool key = strncmp(c.name, "keys/", 5) == 0, root = strncmp(c.name, "root-keys/", 10) == 0;

        assert_int_equal(c.mode, key || root ? 0600 : 0644);
        assert_int_equal(c.owner, key ? TB_OWNER_USER : TB_OWNER_START);
        assert_int_equal(c.root_key, root);
        assert_false(root && c.required);
    }
    assert_int_equal(tb_content_find(cfg, "store/tabard.db", &c), 0);
    assert_int_equal(c.mode, 0600);
    assert_int_equal(c.owner, TB_OWNER_USER);
    assert_int_equal(tb_content_find(cfg, "log/issuance-00000007.log", &c), 0);
    assert_int_equal(c.mode, 0600);
    assert_int_equal(c.owner, TB_OWNER_USER);
}

static void what_a_ca_does_not_start_without_is_required(void **state)
{
    struct tb_config *cfg = *state;
    struct tb_content c;

    assert_int_equal(tb_content_find(cfg, "keys/id.key", &c), 0);
    assert_true(c.required);
    for (int on = 0; on < 2; on++) {
        cfg->responder.on = cfg->peer_hierarchy = on;
        assert_int_equal(tb_content_find(cfg, "keys/responder.key", &c), 0);
        assert_int_equal(c.required, on);
        assert_int_equal(tb_content_find(cfg, "keys/issuing-peer.key", &c), 0);
        assert_int_equal(c.required, on);
    }
}

static void other_names_are_no_files_of_a_ca(void **state)
{
    static const char *const names[] = {"",
                                        "/etc/passwd",
                                        "../x",
                                        "keys/../tabard.yaml",
                                        "keys",
                                        "keys/",
                                        "keys/other.key",
                                        "/tabard.yaml",
                                        "./tabard.yaml",
                                        "control.sock",
                                        "store",
                                        "store/tabard.db-wal",
                                        "log/lock",
                                        "log/issuance-1.log",
                                        "log/issuance-00000000.log",
                                        "log/../log/issuance-00000001.log",
                                        "log/issuance-00000001.log/x",
                                        "SHA256SUMS",
                                        "blocked"};
    const struct tb_config *cfg = *state;
    struct tb_content c;

    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++)
        assert_int_equal(tb_content_find(cfg, names[i], &c), TB_E_NOTFOUND);
}

static void files_that_the_configuration_names_belong_to_it(void **state)
{
    struct tb_config *cfg = *state;
    size_t before = count(cfg);
    struct tb_content c;

    strcpy(cfg->blocked_keys, "lists/blocked");
    cfg->num_alternate_chains = 3;
    strcpy(cfg->alternate_chains[0].file, "cross.pem");
    strcpy(cfg->alternate_chains[1].file, "cross.pem"); /* one file, one place in the archive */
    strcpy(cfg->alternate_chains[2].file, "issuing-server.pem");
    assert_int_equal(count(cfg), before + 2);
    assert_int_equal(tb_content_find(cfg, "lists/blocked", &c), 0);
    assert_true(c.required);
    assert_int_equal(tb_content_find(cfg, "cross.pem", &c), 0);
    assert_null(tb_content_elsewhere(cfg, 0));
}

static void files_elsewhere_are_told_and_never_taken(void **state)
{
    static const char *const names[] = {"/etc/blocked", "../blocked", "a/../../b", "a//b",        "a/",
                                        "./a",          "keys/mine",  "store/x",   "root-keys/x", "log/x",
                                        "a b",          "a/./b",      "keys",      "a\tb"};
    struct tb_config *cfg = *state;
    size_t before = count(cfg);
    struct tb_content c;

    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++) {
        strcpy(cfg->blocked_keys, names[i]);
        assert_int_equal(count(cfg), before);
        assert_int_equal(tb_content_find(cfg, names[i], &c), TB_E_NOTFOUND);
        assert_string_equal(tb_content_elsewhere(cfg, 0), names[i]);
        assert_null(tb_content_elsewhere(cfg, 1));
    }
    memset(cfg->blocked_keys, 'x', TB_USTAR_NAME_MAX);
    cfg->blocked_keys[TB_USTAR_NAME_MAX] = '\0';
    assert_int_equal(count(cfg), before + 1);
    strcat(cfg->blocked_keys, "x");
    assert_int_equal(count(cfg), before);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(every_file_has_the_mode_and_the_owner_that_init_gives),
        T(what_a_ca_does_not_start_without_is_required),
        T(other_names_are_no_files_of_a_ca),
        T(files_that_the_configuration_names_belong_to_it),
        T(files_elsewhere_are_told_and_never_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
