/* An open store in a directory of its own. */
#ifndef TB_TESTS_UNIT_CA_STORE_OPENED_H
#define TB_TESTS_UNIT_CA_STORE_OPENED_H

#include "ca/store/store.h"
#include "tests/unit/ca/store/objects.h"
#include "tests/unit/test.h"

struct fixture {
    char dir[64];
    struct event_base *base;
    struct tb_store *st;
    int done;
    int err;
};

int st_setup(void **state);
int st_teardown(void **state);
void st_reopen(struct fixture *f);
/* Counts and keeps the outcome: done and err of a struct fixture. */
void st_done(int err, void *arg);
/* Submit and wait until the writer answered. */
int st_commit(struct fixture *f, struct tb_store_tx *tx);
int st_insert_account(struct fixture *f, uint64_t id, uint8_t key);
/* As the front writes it when the judge has issued. */
void st_issue(struct fixture *f, struct tb_order *o, uint64_t seq, uint8_t serial);

#endif
