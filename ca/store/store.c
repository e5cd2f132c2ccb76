#include "ca/store/store.h"

#include <stdlib.h>
#include <string.h>

#include "ca/store/cache.h"
#include "ca/store/claims.h"
#include "ca/store/memo.h"
#include "ca/store/writer.h"
#include "lib/base/clock.h"
#include "lib/base/hash.h"

#define OFFSETS     (UINT32_C(1) << 20)
#define CLAIMS_PAGE 4096
#define FIND_TRIES  4 /* candidates of an index that the cache may know to be outdated */

struct tb_store {
    struct tb_engine *reader;
    struct tb_writer *writer;
    struct tb_cache *cache;
    struct tb_memo memo;
    struct tb_claims claims;
    struct tb_claims keys; /* of accounts, current ones */
    uint64_t last_account;
    uint64_t last_authz;
    uint64_t last_order;
    uint64_t last_seq, last_revoked;
    bool collecting;
    bool read_unsettled;
    uint32_t offset; /* of the first number of each second */
};

static void tx_finished(struct tb_store_tx *tx)
{
    struct tb_store *st = tx->store;

    for (size_t i = 0; i < tx->num; i++) {
        tb_cache_settle(st->cache, tx->row[i], tx->err != 0);
        if (tx->err != 0 && tx->row[i]->kind == TB_ROW_ORDER)
            tb_memo_open_forget(&st->memo, tx->row[i]->num);
        if (tx->err == 0 && tx->row[i]->seq > st->last_seq)
            st->last_seq = tx->row[i]->seq;
        if (tx->err == 0 && tx->row[i]->revoked > st->last_revoked)
            st->last_revoked = tx->row[i]->revoked;
    }
    if (tx->collect)
        st->collecting = false;
    if (tx->done != NULL)
        tx->done(tx->err, tx->arg);
    tb_store_tx_free(tx);
}

static int read_marks(struct tb_store *st)
{
    size_t num;
    int r;

    if ((r = tb_engine_max_id(st->reader, TB_ROW_ACCOUNT, &st->last_account)) < 0 ||
        (r = tb_engine_max_id(st->reader, TB_ROW_AUTHZ, &st->last_authz)) < 0 ||
        (r = tb_engine_max_id(st->reader, TB_ROW_ORDER, &st->last_order)) < 0 ||
        (r = tb_engine_find(st->reader, TB_FIND_MAX_SEQ, &(struct tb_find_args){0}, 1, &st->last_seq, &num)) < 0 ||
        (r = tb_engine_find(st->reader, TB_FIND_MAX_REVOKED, &(struct tb_find_args){0}, 1, &st->last_revoked, &num)) <
            0)
        return r;
    return 0;
}

static int read_claims(struct tb_store *st)
{
    struct tb_find_args args = {.num = UINT64_MAX}; /* -1 to the engine: below all keys */
    uint64_t *key = calloc(CLAIMS_PAGE, sizeof(*key));
    size_t num = 0;
    int r = key == NULL ? TB_E_NOMEM : 0;

    do {
        if (r == 0)
            r = tb_engine_find(st->reader, TB_FIND_AUTHZ_CLAIMS, &args, CLAIMS_PAGE, key, &num);
        for (size_t i = 0; r == 0 && i < num; i++)
            tb_claims_add(&st->claims, key[i]);
        if (r == 0 && num > 0)
            args.num = key[num - 1];
    } while (r == 0 && num == CLAIMS_PAGE && st->claims.num < TB_CLAIMS_MAX);
    free(key);
    return r;
}

static uint64_t key_head(const uint8_t *thumbprint)
{
    uint64_t head;

    memcpy(&head, thumbprint, sizeof(head));
    return head;
}

static int read_account_keys(struct tb_store *st)
{
    uint64_t *key = calloc(CLAIMS_PAGE, sizeof(*key));
    uint64_t last = 0;
    size_t num = CLAIMS_PAGE;
    int r = key == NULL ? TB_E_NOMEM : 0;

    while (r == 0 && num == CLAIMS_PAGE && st->keys.num < TB_CLAIMS_MAX) {
        r = tb_engine_account_keys(st->reader, &last, CLAIMS_PAGE, key, &num);
        for (size_t i = 0; r == 0 && i < num; i++)
            tb_claims_add(&st->keys, key[i]);
    }
    free(key);
    return r;
}

int tb_store_open(const char *dir, struct event_base *base, struct tb_store **out,
                  char why[static TB_STORE_WHY_MAX + 1])
{
    struct tb_store *st = calloc(1, sizeof(*st));
    struct tb_engine *engine = NULL;
    struct tb_engine *checkpoints = NULL;
    int r = TB_E_NOMEM;

    *out = NULL;
    why[0] = '\0';
    if (st == NULL || (r = tb_cache_new(&st->cache)) < 0 ||
        (r = tb_engine_open(dir, TB_ENGINE_WRITE, &engine, why)) < 0 ||
        (r = tb_engine_open(dir, TB_ENGINE_READ, &st->reader, why)) < 0 ||
        (r = tb_engine_open(dir, TB_ENGINE_CHECKPOINT, &checkpoints, why)) < 0 || (r = read_marks(st)) < 0 ||
        (r = read_claims(st)) < 0 || (r = read_account_keys(st)) < 0)
        goto out;
    r = tb_writer_new(engine, checkpoints, base, tx_finished, &st->writer);
    engine = checkpoints = NULL;
    if (r < 0)
        goto out;
    tb_random(&st->offset, sizeof(st->offset));
    st->offset %= OFFSETS;
    *out = st;
    st = NULL;
out:
    tb_engine_close(checkpoints);
    tb_engine_close(engine);
    tb_store_close(st);
    return r;
}

void tb_store_close(struct tb_store *st)
{
    if (st == NULL)
        return;
    tb_writer_close(st->writer);
    tb_engine_close(st->reader);
    tb_cache_free(st->cache);
    free(st);
}

uint64_t tb_store_next_account(struct tb_store *st)
{
    return ++st->last_account;
}

/*
 * Numbers that carry their time are never given twice, also after the rows with the highest ones were removed.  Each
 * second begins at an offset drawn at start, so that a store that was lost or put back, and reopened within the second,
 * does not repeat what the signer has seen.
 */
static uint64_t next_timed(const struct tb_store *st, uint64_t *last, tb_time_t now)
{
    uint64_t floor = (uint64_t)now << TB_ORDER_SEQ_BITS | st->offset;

    *last = *last < floor ? floor : *last + 1;
    return *last;
}

uint64_t tb_store_next_authz(struct tb_store *st)
{
    return next_timed(st, &st->last_authz, tb_clock_now_s());
}

tb_order_no_t tb_store_next_order(struct tb_store *st, tb_time_t now)
{
    return next_timed(st, &st->last_order, now);
}

int tb_store_tx_new(struct tb_store *st, struct tb_store_tx **out)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return TB_E_NOMEM;
    (*out)->store = st;
    (*out)->row = (*out)->few;
    return 0;
}

void tb_store_tx_free(struct tb_store_tx *tx)
{
    if (tx == NULL)
        return;
    for (size_t i = 0; i < tx->num; i++)
        tb_row_unref(tx->row[i]);
    if (tx->row != tx->few)
        free(tx->row);
    free(tx);
}

static int tx_room(struct tb_store_tx *tx)
{
    struct tb_row **block;

    if (tx->num < TB_TX_FEW || (tx->row != tx->few && tx->num < TB_TX_ROWS_MAX))
        return 0;
    if (tx->num == TB_TX_ROWS_MAX)
        return TB_E_LIMIT;
    block = calloc(TB_TX_ROWS_MAX, sizeof(struct tb_row *));
    if (block == NULL)
        return TB_E_NOMEM;
    memcpy(block, tx->few, sizeof(tx->few));
    tx->row = block;
    return 0;
}

/* made: result of making the row. */
static int tx_add(struct tb_store_tx *tx, int made, struct tb_row *row)
{
    int r = made;

    if (r == 0 && (r = tx_room(tx)) < 0)
        tb_row_unref(row);
    if (r < 0)
        return r;
    tx->row[tx->num++] = row;
    return 0;
}

int tb_store_tx_account_insert(struct tb_store_tx *tx, const struct tb_account *a)
{
    struct tb_row *row;
    int r = a->rev == 0 ? tb_row_of_account(a, &row) : TB_E_INVAL;

    return r < 0 ? r : tx_add(tx, r, row);
}

int tb_store_tx_account_update(struct tb_store_tx *tx, struct tb_account *a)
{
    struct tb_row *row;
    int r;

    a->rev++;
    r = tb_row_of_account(a, &row);
    return r < 0 ? r : tx_add(tx, r, row);
}

int tb_store_tx_authz_insert(struct tb_store_tx *tx, const struct tb_authz *a)
{
    struct tb_row *row;
    int r = a->rev == 0 ? tb_row_of_authz(a, &row) : TB_E_INVAL;

    return r < 0 ? r : tx_add(tx, r, row);
}

int tb_store_tx_authz_update(struct tb_store_tx *tx, struct tb_authz *a)
{
    struct tb_row *row;
    int r;

    a->rev++;
    r = tb_row_of_authz(a, &row);
    return r < 0 ? r : tx_add(tx, r, row);
}

int tb_store_tx_order_insert(struct tb_store_tx *tx, const struct tb_order *o)
{
    struct tb_row *row;
    int r = o->rev == 0 ? tb_row_of_order(o, &row) : TB_E_INVAL;

    return r < 0 ? r : tx_add(tx, r, row);
}

int tb_store_tx_order_update(struct tb_store_tx *tx, struct tb_order *o)
{
    struct tb_row *row;
    int r;

    o->rev++;
    r = tb_row_of_order(o, &row);
    return r < 0 ? r : tx_add(tx, r, row);
}

int tb_store_tx_commit(struct tb_store_tx *tx, tb_store_done_fn *done, void *arg)
{
    struct tb_store *st = tx->store;
    size_t i;
    int r = 0;

    for (i = 0; i < tx->num && r == 0; i++) {
        if (tx->row[i]->kind == TB_ROW_ORDER)
            tb_memo_open_write(&st->memo, tb_cache_get(st->cache, TB_ROW_ORDER, tx->row[i]->id), tx->row[i]);
        else if (tx->row[i]->kind == TB_ROW_AUTHZ && tx->row[i]->rev == 0)
            tb_claims_add(&st->claims, tx->row[i]->num);
        else if (tx->row[i]->kind == TB_ROW_ACCOUNT)
            tb_claims_add(&st->keys, key_head(tx->row[i]->key2));
        r = tb_cache_put(st->cache, tx->row[i], true);
    }
    if (r < 0) {
        while (i-- > 0)
            tb_cache_settle(st->cache, tx->row[i], true);
        tb_store_tx_free(tx);
        return r;
    }
    tx->done = done;
    tx->arg = arg;
    tb_writer_submit(st->writer, tx);
    return 0;
}

/* The row as submitted last, or as stored. The caller unrefs. */
static int row_get(struct tb_store *st, enum tb_row_kind kind, uint64_t id, struct tb_row **out)
{
    struct tb_row *row = tb_cache_get(st->cache, kind, id);
    int r;

    *out = NULL;
    if (row != NULL) {
        st->read_unsettled |= tb_cache_pending(st->cache, kind, id);
        *out = tb_row_ref(row);
        return 0;
    }
    if ((r = tb_engine_get(st->reader, kind, id, &row)) < 0)
        return r;
    if ((r = tb_cache_put(st->cache, row, false)) < 0) {
        tb_row_unref(row);
        return r;
    }
    *out = row;
    return 0;
}

bool tb_store_read_unsettled(struct tb_store *st)
{
    bool was = st->read_unsettled;

    st->read_unsettled = false;
    return was;
}

int tb_store_account_get(struct tb_store *st, uint64_t id, struct tb_account *out)
{
    struct tb_row *row;
    int r = row_get(st, TB_ROW_ACCOUNT, id, &row);

    if (r < 0)
        return r;
    r = tb_row_account(row, out);
    tb_row_unref(row);
    return r;
}

static int account_find(struct tb_store *st, enum tb_find what, const uint8_t *thumbprint, struct tb_account *out)
{
    struct tb_find_args args = {.key = tb_span_of(thumbprint, TB_DIGEST_LEN)};
    uint64_t id;
    size_t num;
    int r = tb_engine_find(st->reader, what, &args, 1, &id, &num);

    if (r < 0)
        return r;
    return num == 0 ? TB_E_NOTFOUND : tb_store_account_get(st, id, out);
}

int tb_store_account_find_first(struct tb_store *st, const uint8_t thumbprint[static TB_DIGEST_LEN],
                                struct tb_account *out)
{
    uint64_t id = tb_memo_account(&st->memo, thumbprint);
    int r;

    if (id != 0)
        return tb_store_account_get(st, id, out);
    r = account_find(st, TB_FIND_ACCOUNT_FIRST, thumbprint, out);
    if (r == 0)
        tb_memo_account_set(&st->memo, thumbprint, out->id);
    return r;
}

int tb_store_account_find_key(struct tb_store *st, const uint8_t thumbprint[static TB_DIGEST_LEN],
                              struct tb_account *out)
{
    if (!tb_claims_may_have(&st->keys, key_head(thumbprint)))
        return TB_E_NOTFOUND;
    return account_find(st, TB_FIND_ACCOUNT_KEY, thumbprint, out);
}

int tb_store_authz_get(struct tb_store *st, uint64_t id, struct tb_authz *out)
{
    struct tb_row *row;
    int r = row_get(st, TB_ROW_AUTHZ, id, &row);

    if (r < 0)
        return r;
    r = tb_row_authz(row, out);
    tb_row_unref(row);
    return r;
}

static bool authz_is(const struct tb_authz *a, const struct tb_authz *want, tb_time_t after)
{
    return a->account_id == want->account_id && tb_ident_eq(&a->ident, &want->ident) && a->purposes == want->purposes &&
           a->kind == want->kind && a->subtree == want->subtree &&
           (a->state == TB_AUTHZ_PENDING || a->state == TB_AUTHZ_VALID) && a->expires_at > after;
}

static int authz_find(struct tb_store *st, const struct tb_authz *want, tb_time_t after, struct tb_authz *out)
{
    struct tb_find_args args = {
        .num = tb_row_claim_key(want->account_id, &want->ident, want->purposes, want->kind, want->subtree),
        .after = after};
    uint64_t id[FIND_TRIES];
    size_t num;
    int r;

    *out = (struct tb_authz){0};
    if (!tb_claims_may_have(&st->claims, args.num))
        return TB_E_NOTFOUND;
    if ((r = tb_engine_find(st->reader, TB_FIND_AUTHZ_CLAIM, &args, FIND_TRIES, id, &num)) < 0)
        return r;
    for (size_t i = 0; i < num; i++) {
        if ((r = tb_store_authz_get(st, id[i], out)) < 0)
            return r;
        if (authz_is(out, want, after))
            return 0;
        tb_authz_clear(out);
    }
    return TB_E_NOTFOUND;
}

int tb_store_authz_find(struct tb_store *st, uint64_t account_id, const struct tb_ident *ident, tb_purposes_t purposes,
                        enum tb_proof_kind kind, tb_time_t after, struct tb_authz *out)
{
    const struct tb_authz want = {.account_id = account_id, .ident = *ident, .purposes = purposes, .kind = kind};

    return authz_find(st, &want, after, out);
}

int tb_store_authz_find_subtree(struct tb_store *st, uint64_t account_id, const struct tb_ident *domain,
                                tb_purposes_t purposes, tb_time_t after, struct tb_authz *out)
{
    const struct tb_authz want = {
        .account_id = account_id, .ident = *domain, .purposes = purposes, .kind = TB_PROOF_CONTROL, .subtree = true};

    return authz_find(st, &want, after, out);
}

int tb_store_authz_list_valid(struct tb_store *st, uint64_t account_id, const struct tb_ident *ident,
                              tb_purposes_t purposes, enum tb_proof_kind kind, tb_time_t after, size_t max,
                              uint64_t *out_ids, size_t *out_num)
{
    const struct tb_authz want = {.account_id = account_id, .ident = *ident, .purposes = purposes, .kind = kind};
    struct tb_find_args args = {.num = tb_row_claim_key(account_id, ident, purposes, kind, false), .after = after};
    struct tb_authz a;
    size_t num;
    int r = tb_engine_find(st->reader, TB_FIND_AUTHZ_VALID, &args, max, out_ids, &num);

    *out_num = 0;
    for (size_t i = 0; r == 0 && i < num; i++) {
        if ((r = tb_store_authz_get(st, out_ids[i], &a)) == TB_E_NOTFOUND) {
            r = 0; /* collected a moment ago */
            continue;
        }
        if (r < 0)
            break;
        if (a.state == TB_AUTHZ_VALID && authz_is(&a, &want, after))
            out_ids[(*out_num)++] = out_ids[i];
        tb_authz_clear(&a);
    }
    return r;
}

int tb_store_order_get(struct tb_store *st, tb_order_no_t no, struct tb_order *out)
{
    struct tb_row *row;
    int r = row_get(st, TB_ROW_ORDER, no, &row);

    if (r < 0)
        return r;
    r = tb_row_order(row, out);
    tb_row_unref(row);
    return r;
}

int tb_store_order_count_open(struct tb_store *st, uint64_t account_id, tb_time_t now, uint32_t max, uint32_t *out)
{
    struct tb_find_args args = {.num = account_id, .after = now};
    uint64_t *ids;
    size_t num;
    int r;

    if (tb_memo_open(&st->memo, account_id, out) && *out < max)
        return 0;
    *out = 0;
    ids = calloc((size_t)max + 1, sizeof(*ids));
    if (ids == NULL)
        return TB_E_NOMEM;
    r = tb_engine_find(st->reader, TB_FIND_ORDER_OPEN, &args, max, ids, &num);
    if (r == 0) {
        *out = (uint32_t)num;
        tb_memo_open_set(&st->memo, account_id, *out);
    }
    free(ids);
    return r;
}

int tb_store_order_find_serial(struct tb_store *st, const uint8_t serial[static TB_SERIAL_LEN], struct tb_order *out)
{
    struct tb_find_args args = {.key = tb_span_of(serial, TB_SERIAL_LEN)};
    uint64_t no;
    size_t num;
    int r = tb_engine_find(st->reader, TB_FIND_ORDER_SERIAL, &args, 1, &no, &num);

    if (r < 0)
        return r;
    return num == 0 ? TB_E_NOTFOUND : tb_store_order_get(st, no, out);
}

int tb_store_order_list_issued(struct tb_store *st, tb_order_no_t before, size_t max, struct tb_order *out,
                               size_t *out_num)
{
    struct tb_find_args args = {.num = before == 0 ? INT64_MAX : before};
    uint64_t *ids = calloc(max + 1, sizeof(*ids));
    size_t num = 0;
    int r;

    *out_num = 0;
    if (ids == NULL)
        return TB_E_NOMEM;
    r = tb_engine_find(st->reader, TB_FIND_ORDER_ISSUED, &args, max, ids, &num);
    for (size_t i = 0; i < num && r == 0; i++)
        if ((r = tb_store_order_get(st, ids[i], &out[i])) == 0)
            (*out_num)++;
    if (r < 0)
        while (*out_num > 0)
            tb_order_clear(&out[--*out_num]);
    free(ids);
    return r;
}

int tb_store_order_list_account(struct tb_store *st, uint64_t account_id, tb_order_no_t before, tb_order_no_t oldest,
                                size_t max, tb_order_no_t *out, size_t *out_num, tb_order_no_t *out_next)
{
    struct tb_find_args args = {.num = before == 0 ? INT64_MAX : before, .account = account_id};
    uint64_t swept = 0;
    size_t num = 0;
    int r = tb_engine_find(st->reader, TB_FIND_ORDER_SWEPT, &args, 1, &swept, &num);

    *out_num = 0;
    *out_next = 0;
    if (r < 0 || num == 0 || swept == 0)
        return r;
    args.after = (int64_t)swept;
    if ((r = tb_engine_find(st->reader, TB_FIND_ORDER_ACCOUNT, &args, max, out, out_num)) < 0)
        return r;
    *out_next = *out_num == max ? out[max - 1] : swept;
    if (*out_next <= oldest)
        *out_next = 0;
    return 0;
}

int tb_store_authz_list_processing(struct tb_store *st, size_t max, uint64_t *out_ids, size_t *out_num)
{
    return tb_engine_find(st->reader, TB_FIND_AUTHZ_BUSY, &(struct tb_find_args){0}, max, out_ids, out_num);
}

uint64_t tb_store_last_seq(struct tb_store *st)
{
    return st->last_seq;
}

uint64_t tb_store_last_revoked(struct tb_store *st)
{
    return st->last_revoked;
}

int tb_store_collect(struct tb_store *st, tb_time_t now, uint32_t keep_s, tb_store_done_fn *done, void *arg)
{
    struct tb_store_tx *tx;
    int r;

    if (st->collecting)
        return 0;
    if ((r = tb_store_tx_new(st, &tx)) < 0)
        return r;
    tx->collect = true;
    tx->now = now;
    tx->keep_s = keep_s;
    st->collecting = true;
    return tb_store_tx_commit(tx, done, arg);
}

void tb_store_stats(struct tb_store *st, struct tb_store_stats *out)
{
    struct tb_writer_stats w;

    tb_writer_stats(st->writer, &w);
    *out = (struct tb_store_stats){.commits = w.commits,
                                   .txs = w.txs,
                                   .statements = w.statements + tb_engine_statements(st->reader),
                                   .rows_account = w.rows[TB_ROW_ACCOUNT],
                                   .rows_authz = w.rows[TB_ROW_AUTHZ],
                                   .rows_order = w.rows[TB_ROW_ORDER],
                                   .bytes = tb_engine_bytes(st->reader)};
}
