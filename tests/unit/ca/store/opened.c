#include "tests/unit/ca/store/opened.h"

#include <stdio.h>
#include <unistd.h>

static void open_store(struct fixture *f)
{
    char why[TB_STORE_WHY_MAX + 1];
    int r = tb_store_open(f->dir, f->base, &f->st, why);

    if (r != 0)
        fail_msg("%s", why);
}

int st_setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    strcpy(f->dir, "/tmp/tabard-store-XXXXXX");
    assert_non_null(mkdtemp(f->dir));
    f->base = event_base_new();
    open_store(f);
    *state = f;
    return 0;
}

int st_teardown(void **state)
{
    static const char *const files[] = {"tabard.db", "tabard.db-wal", "tabard.db-shm"};
    struct fixture *f = *state;
    char path[128];

    tb_store_close(f->st);
    event_base_free(f->base);
    for (size_t i = 0; i < TB_ARRAY_LEN(files); i++) {
        snprintf(path, sizeof(path), "%s/%s", f->dir, files[i]);
        unlink(path);
    }
    rmdir(f->dir);
    free(f);
    return 0;
}

void st_reopen(struct fixture *f)
{
    tb_store_close(f->st);
    f->st = NULL;
    open_store(f);
}

void st_done(int err, void *arg)
{
    struct fixture *f = arg;

    f->done++;
    f->err = err;
}

int st_commit(struct fixture *f, struct tb_store_tx *tx)
{
    int before = f->done;

    assert_ok(tb_store_tx_commit(tx, st_done, f));
    while (f->done == before)
        event_base_loop(f->base, EVLOOP_ONCE);
    return f->err;
}

int st_insert_account(struct fixture *f, uint64_t id, uint8_t key)
{
    struct tb_store_tx *tx;
    struct tb_account a;

    sample_account(&a, id, key);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_account_insert(tx, &a));
    return st_commit(f, tx);
}

void st_issue(struct fixture *f, struct tb_order *o, uint64_t seq, uint8_t serial)
{
    struct tb_store_tx *tx;

    sample_order(o, tb_store_next_order(f->st, 100), 7);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_insert(tx, o));
    assert_ok(st_commit(f, tx));
    sample_issue(o, seq, serial);
    assert_ok(tb_store_tx_new(f->st, &tx));
    assert_ok(tb_store_tx_order_update(tx, o));
    assert_ok(st_commit(f, tx));
}
