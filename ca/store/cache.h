/*
 * Cache of rows on the loop thread: what was submitted is seen at once (read your writes), and what is hot is not
 * read again.  Bounded; rows that wait for the writer are never dropped. Private to the store.
 */
#ifndef TB_CA_STORE_CACHE_H
#define TB_CA_STORE_CACHE_H

#include "ca/store/row.h"

#define TB_CACHE_ROWS_MAX 8192

struct tb_cache;

int tb_cache_new(struct tb_cache **out) TB_MUST_USE;
void tb_cache_free(struct tb_cache *c); /* NULL-safe */
/* Borrowed until the next call; NULL when absent. */
struct tb_row *tb_cache_get(struct tb_cache *c, enum tb_row_kind kind, uint64_t id);
/* Does the row that tb_cache_get gives still wait for the writer? */
bool tb_cache_pending(struct tb_cache *c, enum tb_row_kind kind, uint64_t id);
/* Takes a reference of its own. pending: the row waits for the writer; tb_cache_settle follows for it. */
int tb_cache_put(struct tb_cache *c, struct tb_row *row, bool pending) TB_MUST_USE;
/* The writer is done with a row. failed: it must not be seen any more (also when a newer one hides it: that fails too).
 */
void tb_cache_settle(struct tb_cache *c, const struct tb_row *row, bool failed);

#endif
