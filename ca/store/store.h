/*
 * Store: what the front acknowledges, durably.  Speaks the domain; the engine behind it (SQLite) does not show.  One
 * writer thread commits everything that waits in one transaction (group commit); reads see what was submitted before
 * them, committed or not.  All calls from the loop thread.  A state group that only the front reads and writes.
 */
#ifndef TB_CA_STORE_STORE_H
#define TB_CA_STORE_STORE_H

#include <event2/event.h>

#include "ca/store/object.h"

struct tb_store;
struct tb_store_tx;

/*
 * Open (and make or migrate) the database in dir.  The writer thread starts here: call before the sandbox filter is
 * final only if it forbids clone.  On failure the reason is in why (a sentence naming the file).
 */
#define TB_STORE_WHY_MAX 255
int tb_store_open(const char *dir, struct event_base *base, struct tb_store **out,
                  char why[static TB_STORE_WHY_MAX + 1]) TB_MUST_USE;
/* Waits until everything submitted is on disk, calls the remaining `done` callbacks, closes. NULL-safe. */
void tb_store_close(struct tb_store *st);

/* New row numbers, without a write: sequential, never reused. */
uint64_t tb_store_next_account(struct tb_store *st);
uint64_t tb_store_next_authz(struct tb_store *st);
/* Order number for an order made at `now`: time << 24 | sequence, above every number given before. */
tb_order_no_t tb_store_next_order(struct tb_store *st, tb_time_t now);

/*
 * A set of writes that become durable together or not at all.  `done` runs on the loop, once, with 0 when they are on
 * disk; TB_E_EXISTS (an account key that another account has), TB_E_STATE (a row changed since its rev was read),
 * TB_E_IO.  After a failure the reads show the state without them.  Objects are copied.
 */
int tb_store_tx_new(struct tb_store *st, struct tb_store_tx **out) TB_MUST_USE;
int tb_store_tx_account_insert(struct tb_store_tx *tx, const struct tb_account *a) TB_MUST_USE;
int tb_store_tx_account_update(struct tb_store_tx *tx, struct tb_account *a) TB_MUST_USE; /* raises a->rev */
int tb_store_tx_authz_insert(struct tb_store_tx *tx, const struct tb_authz *a) TB_MUST_USE;
int tb_store_tx_authz_update(struct tb_store_tx *tx, struct tb_authz *a) TB_MUST_USE;
int tb_store_tx_order_insert(struct tb_store_tx *tx, const struct tb_order *o) TB_MUST_USE;
int tb_store_tx_order_update(struct tb_store_tx *tx, struct tb_order *o) TB_MUST_USE;
typedef void tb_store_done_fn(int err, void *arg);
/* Submits; the tx is consumed also on failure (then `done` is not called). */
int tb_store_tx_commit(struct tb_store_tx *tx, tb_store_done_fn *done, void *arg) TB_MUST_USE;
void tb_store_tx_free(struct tb_store_tx *tx); /* drops it unsubmitted; NULL-safe */

/* Reads: 0, TB_E_NOTFOUND, TB_E_IO. What is filled is the caller's (clear it). */
int tb_store_account_get(struct tb_store *st, uint64_t id, struct tb_account *out) TB_MUST_USE;
/*
 * Has a read since the last call given something that is not on disk yet?  Who tells a client of it waits for an empty
 * transaction first, which is done when everything before it is.
 */
bool tb_store_read_unsettled(struct tb_store *st);
/* By the thumbprint in the account URL. */
int tb_store_account_find_first(struct tb_store *st, const uint8_t thumbprint[static TB_DIGEST_LEN],
                                struct tb_account *out) TB_MUST_USE;
/* By the current key. */
int tb_store_account_find_key(struct tb_store *st, const uint8_t thumbprint[static TB_DIGEST_LEN],
                              struct tb_account *out) TB_MUST_USE;
int tb_store_authz_get(struct tb_store *st, uint64_t id, struct tb_authz *out) TB_MUST_USE;
/* Newest authorization of this account for exactly this claim, of this name alone, that is valid or pending and expires
 * after `after`. */
int tb_store_authz_find(struct tb_store *st, uint64_t account_id, const struct tb_ident *ident, tb_purposes_t purposes,
                        enum tb_proof_kind kind, tb_time_t after, struct tb_authz *out) TB_MUST_USE;
/* Likewise of control over this domain with all names below it. */
int tb_store_authz_find_subtree(struct tb_store *st, uint64_t account_id, const struct tb_ident *domain,
                                tb_purposes_t purposes, tb_time_t after, struct tb_authz *out) TB_MUST_USE;
/*
 * Authorizations of this account for exactly this claim that are valid and expire after `after`: their ids, newest
 * first, at most max.  By the same index as tb_store_authz_find; only the newest TB_STORE_CLAIM_ROWS of the claim, in
 * whatever state, are looked at, so that an account which makes many pays with its own.
 */
#define TB_STORE_CLAIM_ROWS 512
int tb_store_authz_list_valid(struct tb_store *st, uint64_t account_id, const struct tb_ident *ident,
                              tb_purposes_t purposes, enum tb_proof_kind kind, tb_time_t after, size_t max,
                              uint64_t *out_ids, size_t *out_num) TB_MUST_USE;
int tb_store_order_get(struct tb_store *st, tb_order_no_t no, struct tb_order *out) TB_MUST_USE;
/* Orders of an account that are stored as pending and expire after now; counts up to max. */
int tb_store_order_count_open(struct tb_store *st, uint64_t account_id, tb_time_t now, uint32_t max,
                              uint32_t *out) TB_MUST_USE;
int tb_store_order_find_serial(struct tb_store *st, const uint8_t serial[static TB_SERIAL_LEN],
                               struct tb_order *out) TB_MUST_USE;
/* Issued orders with a number below `before` (0 = newest), newest first, at most max; *out_num filled. */
int tb_store_order_list_issued(struct tb_store *st, tb_order_no_t before, size_t max, struct tb_order *out,
                               size_t *out_num) TB_MUST_USE;
/*
 * Numbers of an account's orders below `before` (0 = newest), newest first, without those stored as invalid.  There is
 * no index for this: one call looks at a bounded number of orders, of all accounts, down to `oldest`.  *out_next is
 * where the next call goes on, 0 at the end; so there may be none and still more to come.
 */
int tb_store_order_list_account(struct tb_store *st, uint64_t account_id, tb_order_no_t before, tb_order_no_t oldest,
                                size_t max, tb_order_no_t *out, size_t *out_num, tb_order_no_t *out_next) TB_MUST_USE;
/* Authorizations stored with a challenge in state processing: validations to take up again after a restart. */
int tb_store_authz_list_processing(struct tb_store *st, size_t max, uint64_t *out_ids, size_t *out_num) TB_MUST_USE;
/* Highest sequence number of the judge's log that the store has. */
uint64_t tb_store_last_seq(struct tb_store *st);
/* Likewise of a revocation. */
uint64_t tb_store_last_revoked(struct tb_store *st);

/* Removes what expired: pending and invalid orders and authorizations a day after their expiry, issued ones keep_s
 * after notAfter. Bounded work a call; done, unless NULL, is called as that of a transaction, but not while an earlier
 * call is at work. */
int tb_store_collect(struct tb_store *st, tb_time_t now, uint32_t keep_s, tb_store_done_fn *done,
                     void *arg) TB_MUST_USE;

struct tb_store_stats {
    uint64_t commits, txs, statements, rows_account, rows_authz, rows_order, bytes;
};
void tb_store_stats(struct tb_store *st, struct tb_store_stats *out);

#endif
