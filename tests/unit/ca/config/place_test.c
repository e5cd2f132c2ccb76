#include "tests/unit/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/config/pem_file.h"
#include "ca/config/place.h"

#define NEW(name) name TB_NEW_SUFFIX

static struct tb_config cfg;
static tb_place_why why;

static int in_new_directory(void **state)
{
    (void)state;
    strcpy(cfg.dir, "/tmp/tabard-place-XXXXXX");
    return mkdtemp(cfg.dir) != NULL && chdir(cfg.dir) == 0 && mkdir("keys", 0700) == 0 ? 0 : -1;
}

static int away(void **state)
{
    char cmd[sizeof(cfg.dir) + 16];

    (void)state;
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", cfg.dir);
    return chdir("/") == 0 ? system(cmd) : -1;
}

static void put(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static bool holds(const char *path, const char *text)
{
    uint8_t *p;
    size_t len;
    bool same;

    if (tb_pem_file_read(path, 4096, &p, &len) != 0)
        return false;
    same = tb_span_eq_str(tb_span_of(p, len), text);
    free(p);
    return same;
}

static bool there(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0;
}

static void open_https(struct tb_place *pl)
{
    assert_ok(tb_place_open(pl, &cfg, TB_FILE_HTTPS_CHAIN, 0644, TB_OWNER_START, why));
}

static void what_is_there_changes_in_one_step(void **state)
{
    struct tb_place pl;
    struct stat st;

    (void)state;
    put("https.pem", "old");
    assert_ok(chmod("https.pem", 0640));
    open_https(&pl);
    assert_true(pl.there && !pl.link && !pl.new_there && !pl.committed);
    assert_ok(tb_place_stage(&pl, tb_span_str("new"), why));
    assert_true(pl.new_there && holds("https.pem", "old") && holds(NEW("https.pem"), "new"));
    assert_ok(stat(NEW("https.pem"), &st));
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_ok(tb_place_commit(&pl, why));
    assert_true(pl.committed && !pl.new_there && holds("https.pem", "new") && !there(NEW("https.pem")));
    tb_place_close(&pl);
}

static void what_was_staged_can_be_dropped(void **state)
{
    struct tb_place pl;

    (void)state;
    put("https.pem", "old");
    put(NEW("https.pem"), "of a call that was killed");
    open_https(&pl);
    assert_true(pl.new_there);
    assert_ok(tb_place_stage(&pl, tb_span_str("new"), why));
    assert_true(holds(NEW("https.pem"), "new"));
    tb_place_discard(&pl);
    tb_place_discard(&pl);
    assert_true(!there(NEW("https.pem")) && holds("https.pem", "old"));
    assert_int_equal(tb_place_commit(&pl, why), TB_E_NOTFOUND);
    assert_true(holds("https.pem", "old"));
    tb_place_close(&pl);
}

static void a_new_file_has_the_given_mode(void **state)
{
    struct tb_place pl;
    struct stat st;
    mode_t was = umask(0);

    (void)state;
    assert_ok(tb_place_open(&pl, &cfg, TB_FILE_HTTPS_KEY, 0600, TB_OWNER_USER, why));
    assert_false(pl.there);
    assert_ok(tb_place_stage(&pl, tb_span_str("k"), why));
    assert_ok(tb_place_commit(&pl, why));
    umask(was);
    assert_ok(stat("keys/https.key", &st));
    assert_int_equal(st.st_mode & 07777, 0600);
    tb_place_close(&pl);
}

/* Nothing is written through it, and it is told apart. */
static void a_link_is_not_followed(void **state)
{
    struct tb_place pl;
    uint8_t *p;
    size_t len;

    (void)state;
    put("elsewhere", "untouched");
    assert_ok(symlink("elsewhere", "https.pem"));
    assert_ok(symlink("elsewhere", NEW("https.pem")));
    open_https(&pl);
    assert_true(pl.there && pl.link);
    assert_int_equal(tb_place_read(&pl, false, 4096, &p, &len, why), TB_E_IO);
    assert_null(p);
    assert_ok(tb_place_stage(&pl, tb_span_str("new"), why));
    assert_true(holds("elsewhere", "untouched"));
    tb_place_close(&pl);
}

static void a_place_without_a_directory_is_refused(void **state)
{
    struct tb_place pl;

    (void)state;
    assert_ok(rmdir("keys"));
    put("keys", "a file");
    assert_int_equal(tb_place_open(&pl, &cfg, TB_FILE_HTTPS_KEY, 0600, TB_OWNER_USER, why), TB_E_IO);
    assert_non_null(strstr(why, "/keys: cannot open the directory"));
    tb_place_close(&pl);
}

static void what_is_read_is_bounded(void **state)
{
    struct tb_place pl;
    uint8_t *p;
    size_t len;

    (void)state;
    put("https.pem", "12345");
    open_https(&pl);
    assert_ok(tb_place_read(&pl, false, 5, &p, &len, why));
    assert_int_equal(len, 5);
    free(p);
    assert_int_equal(tb_place_read(&pl, false, 4, &p, &len, why), TB_E_IO);
    assert_non_null(strstr(why, "https.pem: cannot read: File too large"));
    assert_int_equal(tb_place_read(&pl, true, 5, &p, &len, why), TB_E_NOTFOUND);
    tb_place_close(&pl);
}

static void one_at_a_time(void **state)
{
    struct tb_place a, b;

    (void)state;
    open_https(&a);
    open_https(&b);
    assert_ok(tb_place_lock(&a, why));
    assert_int_equal(tb_place_lock(&b, why), TB_E_STATE);
    assert_non_null(strstr(why, "another tabardd"));
    tb_place_close(&a);
    assert_ok(tb_place_lock(&b, why));
    tb_place_close(&b);
}

/* Three files that belong together, in different directories. */
static const struct tb_span texts[] = {{(const uint8_t *)"1", 1}, {(const uint8_t *)"2", 1}, {(const uint8_t *)"3", 1}};
static const char *const names[] = {"https.pem", "keys/https.key", "responder.pem"};

static int make_all(bool *made)
{
    static const enum tb_state_file which[] = {TB_FILE_HTTPS_CHAIN, TB_FILE_HTTPS_KEY, TB_FILE_RESPONDER_CHAIN};
    struct tb_place places[3];
    int r;

    for (size_t i = 0; i < 3; i++)
        assert_ok(tb_place_open(&places[i], &cfg, which[i], 0600, TB_OWNER_START, why));
    r = tb_place_make_all(places, texts, 3, made, why);
    for (size_t i = 0; i < 3; i++)
        tb_place_close(&places[i]);
    return r;
}

static void all_are_made_or_none(void **state)
{
    bool made;

    (void)state;
    assert_ok(make_all(&made));
    assert_true(made && holds(names[0], "1") && holds(names[1], "2") && holds(names[2], "3"));
    assert_ok(make_all(&made));
    assert_false(made);
    assert_ok(unlink(names[1]));
    assert_int_equal(make_all(&made), TB_E_EXISTS);
    assert_non_null(strstr(why, "keys/https.key: is missing, and what belongs to it is there"));
    assert_true(!made && !there(names[1]) && holds(names[0], "1"));
}

/* Killed while the files were written, and while they took their names. */
static void what_was_killed_is_begun_again_or_finished(void **state)
{
    bool made;

    (void)state;
    put(NEW("https.pem"), "half");
    put("keys/https.key" TB_NEW_SUFFIX, "of before");
    assert_ok(make_all(&made));
    assert_true(made && holds(names[0], "1") && holds(names[1], "2") && holds(names[2], "3"));
    for (size_t i = 1; i < 3; i++) {
        char new_name[64];

        snprintf(new_name, sizeof(new_name), "%s%s", names[i], TB_NEW_SUFFIX);
        assert_ok(rename(names[i], new_name));
    }
    put("keys/https.key" TB_NEW_SUFFIX, "of before");
    assert_ok(make_all(&made));
    assert_true(made && holds(names[0], "1") && holds(names[1], "of before") && holds(names[2], "3"));
    assert_true(!there(NEW("responder.pem")) && !there("keys/https.key" TB_NEW_SUFFIX));
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, in_new_directory, away)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DIRECTORY(what_is_there_changes_in_one_step),
        IN_DIRECTORY(what_was_staged_can_be_dropped),
        IN_DIRECTORY(a_new_file_has_the_given_mode),
        IN_DIRECTORY(a_link_is_not_followed),
        IN_DIRECTORY(a_place_without_a_directory_is_refused),
        IN_DIRECTORY(what_is_read_is_bounded),
        IN_DIRECTORY(one_at_a_time),
        IN_DIRECTORY(all_are_made_or_none),
        IN_DIRECTORY(what_was_killed_is_begun_again_or_finished),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
