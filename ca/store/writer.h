/* Writer: one thread that commits everything that waits in one transaction. Private to the store. */
#ifndef TB_CA_STORE_WRITER_H
#define TB_CA_STORE_WRITER_H

#include "ca/store/engine.h"

#define TB_TX_ROWS_MAX 512
#define TB_TX_FEW      8 /* rows of most transactions; more are in a block of their own */

/* A transaction on its way. Owned by the loop thread, read by the writer between submit and done. */
struct tb_store_tx {
    struct tb_store *store;
    struct tb_store_tx *next;
    struct tb_row **row; /* few, or TB_TX_ROWS_MAX */
    struct tb_row *few[TB_TX_FEW];
    size_t num;
    bool collect; /* no rows: a step of garbage collection */
    tb_time_t now;
    uint32_t keep_s;
    tb_store_done_fn *done;
    void *arg;
    int err;
};

struct tb_writer;

struct tb_writer_stats {
    uint64_t commits, txs, rows[TB_ROW__COUNT], statements;
};

/* Takes both engines, also on failure, one of them for checkpoints. finished: called on the loop thread with each
 * transaction, in the order of submission. */
int tb_writer_new(struct tb_engine *engine, struct tb_engine *checkpoints, struct event_base *base,
                  void (*finished)(struct tb_store_tx *tx), struct tb_writer **out) TB_MUST_USE;
void tb_writer_submit(struct tb_writer *w, struct tb_store_tx *tx);
/* Waits for everything, calls finished for it, ends the thread. NULL-safe. */
void tb_writer_close(struct tb_writer *w);
void tb_writer_stats(struct tb_writer *w, struct tb_writer_stats *out);

#endif
