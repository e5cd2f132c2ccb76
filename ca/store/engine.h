/* Engine: what a back end does with rows. SQLite here; the shared logic (cache, queue, group commit) stands above.
 * Private to the store. */
#ifndef TB_CA_STORE_ENGINE_H
#define TB_CA_STORE_ENGINE_H

#include "ca/store/row.h"
#include "ca/store/store.h"

#define TB_ENGINE_SCHEMA 2u /* version that this program makes; it brings lower ones up to it */

/* One connection; used by one thread at a time. */
struct tb_engine;

enum tb_engine_use {
    TB_ENGINE_WRITE, /* everything; makes the schema or brings it up to date. First, and only one at a time */
    TB_ENGINE_READ,
    TB_ENGINE_CHECKPOINT /* tb_engine_checkpoint and tb_engine_flush only */
};
int tb_engine_open(const char *dir, enum tb_engine_use use, struct tb_engine **out,
                   char why[static TB_STORE_WHY_MAX + 1]) TB_MUST_USE;
void tb_engine_close(struct tb_engine *e); /* NULL-safe */

int tb_engine_begin(struct tb_engine *e) TB_MUST_USE;
int tb_engine_commit(struct tb_engine *e) TB_MUST_USE; /* durable when it returns 0 */
void tb_engine_rollback(struct tb_engine *e);
/* Frames of the log after the last commit through e. The log begins anew when a checkpoint has left none. */
unsigned tb_engine_log_frames(const struct tb_engine *e);
/* Bring the log into the database, beside commits and reads of other connections; *out_done frames of it are there.
 * TB_E_AGAIN while another connection does it. */
int tb_engine_checkpoint(struct tb_engine *e, unsigned *out_done) TB_MUST_USE;
/*
 * What checkpoints have written so far goes to disk.  The engine itself does this only in the checkpoint that leaves
 * nothing, and whoever makes that one waits for all the pages of those before.
 */
int tb_engine_flush(struct tb_engine *e) TB_MUST_USE;
/* rev 0 inserts (TB_E_EXISTS), others update the row whose rev is one lower (TB_E_STATE). */
int tb_engine_write(struct tb_engine *e, const struct tb_row *row) TB_MUST_USE;
/* Bounded sweep from *cursor upwards; *cursor is 0 again after the end of a table. */
int tb_engine_collect(struct tb_engine *e, enum tb_row_kind kind, tb_time_t now, uint32_t keep_s,
                      uint64_t *cursor) TB_MUST_USE;

int tb_engine_get(struct tb_engine *e, enum tb_row_kind kind, uint64_t id, struct tb_row **out) TB_MUST_USE;
int tb_engine_max_id(struct tb_engine *e, enum tb_row_kind kind, uint64_t *out) TB_MUST_USE;

/* Look-ups that give row ids; TB_E_NOTFOUND. */
enum tb_find {
    TB_FIND_ACCOUNT_FIRST, /* key */
    TB_FIND_ACCOUNT_KEY,   /* key */
    TB_FIND_ORDER_SERIAL,  /* key */
    TB_FIND_AUTHZ_CLAIM,   /* num = claim key, after: newest pending or valid one */
    TB_FIND_AUTHZ_VALID,   /* likewise: all valid ones, newest first */
    TB_FIND_AUTHZ_BUSY,    /* all */
    TB_FIND_AUTHZ_CLAIMS,  /* claim keys above num, rising */
    TB_FIND_ORDER_OPEN,    /* num = account, after */
    TB_FIND_ORDER_ISSUED,  /* num = below this number */
    TB_FIND_ORDER_SWEPT,   /* num = below this number: where a bounded look downwards from there ends */
    TB_FIND_ORDER_ACCOUNT, /* num = below this number, after = from this number, account: not those stored as invalid */
    TB_FIND_MAX_SEQ,       /* one value */
    TB_FIND_MAX_REVOKED,   /* likewise */
    TB_FIND__COUNT
};
struct tb_find_args {
    struct tb_span key;
    uint64_t num;
    int64_t after;
    uint64_t account;
};
/* Up to max ids; *out_num may be 0. */
int tb_engine_find(struct tb_engine *e, enum tb_find what, const struct tb_find_args *args, size_t max,
                   uint64_t *out_ids, size_t *out_num) TB_MUST_USE;
/* The first octets of thumbprints of accounts' current keys, as they lie in memory, a page of up to max at a time:
 * *last_id is that of the last account seen, 0 at the beginning; *out_num may be 0. */
int tb_engine_account_keys(struct tb_engine *e, uint64_t *last_id, size_t max, uint64_t *out_keys,
                           size_t *out_num) TB_MUST_USE;
uint64_t tb_engine_statements(const struct tb_engine *e);
uint64_t tb_engine_bytes(const struct tb_engine *e);

#endif
