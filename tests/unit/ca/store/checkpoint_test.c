#include "tests/unit/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/store/checkpoint.h"
#include "objects.h"

#define CERT_LEN 60000u /* some fifteen pages */

struct fixture {
    char dir[64];
    struct tb_engine *writer, *other;
    uint64_t last;
};

static struct tb_engine *open_engine(const struct fixture *f, enum tb_engine_use use)
{
    char why[TB_STORE_WHY_MAX + 1];
    struct tb_engine *e = NULL;

    if (tb_engine_open(f->dir, use, &e, why) != 0)
        fail_msg("%s", why);
    return e;
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    strcpy(f->dir, "/tmp/tabard-checkpoint-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->writer = open_engine(f, TB_ENGINE_WRITE);
    f->other = open_engine(f, TB_ENGINE_CHECKPOINT);
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    static const char *const files[] = {"tabard.db", "tabard.db-wal", "tabard.db-shm"};
    struct fixture *f = *state;
    char path[128];

    tb_engine_close(f->other);
    tb_engine_close(f->writer);
    for (size_t i = 0; i < TB_ARRAY_LEN(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, files[i]);
        unlink(path);
    }
    rmdir(f->dir);
    free(f);
    return 0;
}

static void write_order(struct fixture *f, size_t cert_len)
{
    struct tb_order o;
    struct tb_row *row = NULL;

    sample_order(&o, ++f->last, 1);
    if (cert_len > 0) {
        o.cert = calloc(1, cert_len);
        assert_non_null(o.cert);
        o.cert_len = cert_len;
    }
    assert_int_equal(tb_row_of_order(&o, &row), 0);
    assert_int_equal(tb_engine_write(f->writer, row), 0);
    tb_row_unref(row);
    tb_order_clear(&o);
}

static void commit_orders(struct fixture *f, unsigned num, size_t cert_len)
{
    assert_int_equal(tb_engine_begin(f->writer), 0);
    for (unsigned i = 0; i < num; i++)
        write_order(f, cert_len);
    assert_int_equal(tb_engine_commit(f->writer), 0);
}

static void assert_order(const struct fixture *f, uint64_t id)
{
    struct tb_engine *reader = open_engine(f, TB_ENGINE_READ);
    struct tb_row *row = NULL;

    assert_int_equal(tb_engine_get(reader, TB_ROW_ORDER, id, &row), 0);
    tb_row_unref(row);
    tb_engine_close(reader);
}

static void another_connection_empties_the_log(void **state)
{
    struct fixture *f = *state;
    unsigned before;
    unsigned done = 0;

    commit_orders(f, 20, CERT_LEN);
    before = tb_engine_log_frames(f->writer);
    assert_true(before > 20 * CERT_LEN / 4096);
    assert_int_equal(tb_engine_checkpoint(f->other, &done), 0);
    assert_int_equal(done, before);
    commit_orders(f, 1, 0);
    assert_true(tb_engine_log_frames(f->writer) < before);
}

/* What is being written is not touched: it is committed afterwards and found. */
static void a_checkpoint_beside_a_transaction(void **state)
{
    struct fixture *f = *state;
    unsigned done = 0;

    commit_orders(f, 5, CERT_LEN);
    assert_int_equal(tb_engine_begin(f->writer), 0);
    write_order(f, CERT_LEN);
    assert_int_equal(tb_engine_checkpoint(f->other, &done), 0);
    write_order(f, 0);
    assert_int_equal(tb_engine_commit(f->writer), 0);
    assert_int_equal(tb_engine_checkpoint(f->other, &done), 0);
    assert_int_equal(done, tb_engine_log_frames(f->writer));
    for (uint64_t id = 1; id <= f->last; id++)
        assert_order(f, id);
}

/* The thread does most of it, a commit of the writer's the rest; how many commits pass meanwhile is open. */
static void the_log_begins_anew_beside_commits(void **state)
{
    struct fixture *f = *state;
    struct tb_checkpointer *c = NULL;
    unsigned most = 0;
    unsigned frames;

    assert_int_equal(tb_checkpointer_new(f->other, &c), 0);
    f->other = NULL;
    for (int round = 0; round < 3; round++) {
        commit_orders(f, TB_CHECKPOINT_FRAMES * 4096u / CERT_LEN + 1, CERT_LEN);
        for (frames = tb_engine_log_frames(f->writer); frames >= TB_CHECKPOINT_FRAMES;
             frames = tb_engine_log_frames(f->writer)) {
            most = frames > most ? frames : most;
            assert_true(most <= TB_CHECKPOINT_FRAMES_MAX + 100);
            tb_checkpointer_committed(c, f->writer);
            commit_orders(f, 1, 0);
        }
    }
    tb_checkpointer_close(c);
    assert_true(most >= TB_CHECKPOINT_FRAMES);
    assert_order(f, 1);
    assert_order(f, f->last);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(another_connection_empties_the_log),
        T(a_checkpoint_beside_a_transaction),
        T(the_log_begins_anew_beside_commits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
