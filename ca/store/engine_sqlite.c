#include "ca/store/engine.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BUSY_TIMEOUT_MS 10000
#define COLLECT_ROWS    500   /* looked at in one sweep step */
#define LIST_ROWS       4096  /* looked at for one page of an account's orders */
#define COLLECT_GRACE_S 86400 /* expired objects stay readable for a day */

#define STR_(x) #x
#define STR(x)  STR_(x)

/* Each entry brings the schema from its index to the next version; entries are never changed, only added. */
static const char *const migrations[] = {
    "CREATE TABLE accounts(id INTEGER PRIMARY KEY, rev INTEGER NOT NULL, state INTEGER NOT NULL,"
    " first_key BLOB NOT NULL UNIQUE, key BLOB NOT NULL UNIQUE, body BLOB NOT NULL);"
    "CREATE TABLE authzs(id INTEGER PRIMARY KEY, rev INTEGER NOT NULL, state INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, claim INTEGER NOT NULL, busy INTEGER NOT NULL, body BLOB NOT NULL);"
    "CREATE INDEX authzs_claim ON authzs(claim);"
    "CREATE INDEX authzs_busy ON authzs(busy) WHERE busy = 1;"
    "CREATE TABLE orders(id INTEGER PRIMARY KEY, rev INTEGER NOT NULL, state INTEGER NOT NULL,"
    " expires INTEGER NOT NULL, account INTEGER NOT NULL, seq INTEGER NOT NULL, serial BLOB,"
    " not_after INTEGER NOT NULL, body BLOB NOT NULL, cert BLOB);"
    "CREATE INDEX orders_open ON orders(account, expires) WHERE serial IS NULL;"
    "CREATE INDEX orders_serial ON orders(serial) WHERE serial IS NOT NULL;"
    "CREATE INDEX orders_seq ON orders(seq) WHERE serial IS NOT NULL;",
    "ALTER TABLE orders ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;"
    "CREATE INDEX orders_revoked ON orders(revoked) WHERE revoked > 0;",
};

_Static_assert(TB_ORDER_PENDING == 1 && TB_ORDER_INVALID == 5 && TB_AUTHZ_PENDING == 1 && TB_AUTHZ_VALID == 2,
               "the SQL below writes them as numbers");

enum stmt {
    S_BEGIN,
    S_COMMIT,
    S_ROLLBACK,
    S_INSERT,
    S_UPDATE = S_INSERT + TB_ROW__COUNT,
    S_GET = S_UPDATE + TB_ROW__COUNT,
    S_MAX = S_GET + TB_ROW__COUNT,
    S_COLLECT = S_MAX + TB_ROW__COUNT,
    S_SWEPT = S_COLLECT + TB_ROW__COUNT,
    S_FIND = S_SWEPT + TB_ROW__COUNT,
    S__COUNT = S_FIND + TB_FIND__COUNT
};

/* Claim and account of a row never change: an UPDATE that named them would write their index pages again. */
static const char *const sql[S__COUNT] = {
    [S_BEGIN] = "BEGIN IMMEDIATE",
    [S_COMMIT] = "COMMIT",
    [S_ROLLBACK] = "ROLLBACK",
    [S_INSERT + TB_ROW_ACCOUNT] =
        "INSERT INTO accounts(id, rev, state, first_key, key, body) VALUES(?1,?2,?3,?4,?5,?6)",
    [S_INSERT + TB_ROW_AUTHZ] =
        "INSERT INTO authzs(id, rev, state, expires, claim, busy, body) VALUES(?1,?2,?3,?4,?5,?6,?7)",
    [S_INSERT + TB_ROW_ORDER] =
        "INSERT INTO orders(id, rev, state, expires, account, seq, serial, not_after, body, cert, revoked)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
    [S_UPDATE + TB_ROW_ACCOUNT] =
        "UPDATE accounts SET rev=?2, state=?3, first_key=?4, key=?5, body=?6 WHERE id=?1 AND rev=?2-1",
    [S_UPDATE + TB_ROW_AUTHZ] =
        "UPDATE authzs SET rev=?2, state=?3, expires=?4, busy=?6, body=?7 WHERE id=?1 AND rev=?2-1",
    [S_UPDATE + TB_ROW_ORDER] = "UPDATE orders SET rev=?2, state=?3, expires=?4, seq=?6, serial=?7, not_after=?8,"
                                " body=?9, cert=?10, revoked=?11 WHERE id=?1 AND rev=?2-1",
    [S_GET + TB_ROW_ACCOUNT] = "SELECT id, rev, state, first_key, key, body FROM accounts WHERE id=?1",
    [S_GET + TB_ROW_AUTHZ] = "SELECT id, rev, state, expires, claim, busy, body FROM authzs WHERE id=?1",
    [S_GET + TB_ROW_ORDER] =
        "SELECT id, rev, state, expires, account, seq, serial, not_after, body, cert, revoked FROM orders WHERE id=?1",
    [S_MAX + TB_ROW_ACCOUNT] = "SELECT max(id) FROM accounts",
    [S_MAX + TB_ROW_AUTHZ] = "SELECT max(id) FROM authzs",
    [S_MAX + TB_ROW_ORDER] = "SELECT max(id) FROM orders",
    [S_COLLECT + TB_ROW_ACCOUNT] = "DELETE FROM accounts WHERE 0",
    [S_COLLECT + TB_ROW_AUTHZ] = "DELETE FROM authzs WHERE id > ?1 AND id <= ?2 AND expires < ?3",
    [S_COLLECT + TB_ROW_ORDER] = "DELETE FROM orders WHERE id > ?1 AND id <= ?2 AND"
                                 " ((serial IS NULL AND expires < ?3) OR (serial IS NOT NULL AND not_after < ?4))",
    [S_SWEPT + TB_ROW_ACCOUNT] = "SELECT NULL",
    [S_SWEPT + TB_ROW_AUTHZ] =
        "SELECT max(id) FROM (SELECT id FROM authzs WHERE id > ?1 ORDER BY id LIMIT " STR(COLLECT_ROWS) ")",
    [S_SWEPT + TB_ROW_ORDER] =
        "SELECT max(id) FROM (SELECT id FROM orders WHERE id > ?1 ORDER BY id LIMIT " STR(COLLECT_ROWS) ")",
    [S_FIND + TB_FIND_ACCOUNT_FIRST] = "SELECT id FROM accounts WHERE first_key=?1 LIMIT ?4",
    [S_FIND + TB_FIND_ACCOUNT_KEY] = "SELECT id FROM accounts WHERE key=?1 LIMIT ?4",
    [S_FIND + TB_FIND_ORDER_SERIAL] = "SELECT id FROM orders WHERE serial=?1 LIMIT ?4",
    [S_FIND + TB_FIND_AUTHZ_CLAIM] = "SELECT id FROM authzs WHERE claim=?2 AND state IN (1, 2) AND expires > ?3 ORDER "
                                     "BY state DESC, id DESC LIMIT ?4",
    [S_FIND + TB_FIND_AUTHZ_VALID] =
        "SELECT id FROM (SELECT id, state, expires FROM authzs WHERE claim=?2 ORDER BY id DESC LIMIT " STR(
            TB_STORE_CLAIM_ROWS) ") WHERE state = 2 AND expires > ?3 ORDER BY id DESC LIMIT ?4",
    [S_FIND + TB_FIND_AUTHZ_BUSY] = "SELECT id FROM authzs WHERE busy = 1 LIMIT ?4",
    [S_FIND + TB_FIND_AUTHZ_CLAIMS] = "SELECT DISTINCT claim FROM authzs WHERE claim > ?2 ORDER BY claim LIMIT ?4",
    [S_FIND + TB_FIND_ORDER_OPEN] =
        "SELECT id FROM orders WHERE account=?2 AND serial IS NULL AND expires > ?3 AND state = 1 LIMIT ?4",
    [S_FIND + TB_FIND_ORDER_ISSUED] =
        "SELECT id FROM orders WHERE id < ?2 AND serial IS NOT NULL ORDER BY id DESC LIMIT ?4",
    [S_FIND + TB_FIND_ORDER_SWEPT] =
        "SELECT min(id) FROM (SELECT id FROM orders WHERE id < ?2 ORDER BY id DESC LIMIT " STR(LIST_ROWS) ")",
    [S_FIND + TB_FIND_ORDER_ACCOUNT] =
        "SELECT id FROM orders WHERE id < ?2 AND id >= ?3 AND account = ?5 AND state <> 5"
        " ORDER BY id DESC LIMIT ?4",
    [S_FIND + TB_FIND_MAX_SEQ] = "SELECT seq FROM orders WHERE serial IS NOT NULL ORDER BY seq DESC LIMIT ?4",
    [S_FIND + TB_FIND_MAX_REVOKED] = "SELECT revoked FROM orders WHERE revoked > 0 ORDER BY revoked DESC LIMIT ?4",
};

struct tb_engine {
    sqlite3 *db;
    sqlite3_stmt *stmt[S__COUNT];
    uint64_t statements;
    unsigned log_frames;
};

static int engine_err(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE:
        return 0;
    case SQLITE_BUSY:
        return TB_E_AGAIN;
    case SQLITE_CONSTRAINT:
        return TB_E_EXISTS;
    case SQLITE_NOMEM:
        return TB_E_NOMEM;
    default:
        return TB_E_IO;
    }
}

static int schema_version(sqlite3 *db, int *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);

    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
        *out = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return rc == SQLITE_ROW ? 0 : TB_E_IO;
}

static int migrate_schema(sqlite3 *db, const char *path, char *why)
{
    int have = 0;
    char set[64];

    if (schema_version(db, &have) < 0 || have < 0 || have > (int)TB_ARRAY_LEN(migrations)) {
        snprintf(why, TB_STORE_WHY_MAX + 1, "%s: schema version %d is not known to this program (it knows up to %zu)",
                 path, have, TB_ARRAY_LEN(migrations));
        return TB_E_UNSUPPORTED;
    }
    for (; have < (int)TB_ARRAY_LEN(migrations); have++) {
        snprintf(set, sizeof(set), "PRAGMA user_version=%d; COMMIT", have + 1);
        if (sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(db, migrations[have], NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_exec(db, set, NULL, NULL, NULL) != SQLITE_OK) {
            snprintf(why, TB_STORE_WHY_MAX + 1, "%s: making schema version %d failed: %s", path, have + 1,
                     sqlite3_errmsg(db));
            return TB_E_IO;
        }
    }
    return 0;
}

static int on_commit(void *arg, sqlite3 *db, const char *name, int frames)
{
    struct tb_engine *e = arg;

    (void)db;
    (void)name;
    e->log_frames = (unsigned)frames;
    return SQLITE_OK;
}

static int open_db(struct tb_engine *e, const char *path, enum tb_engine_use use, char *why)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (use == TB_ENGINE_WRITE ? SQLITE_OPEN_CREATE : 0);
    mode_t old = umask(077);
    int rc = sqlite3_open_v2(path, &e->db, flags, NULL);

    umask(old);
    if (rc == SQLITE_OK)
        sqlite3_busy_timeout(e->db, BUSY_TIMEOUT_MS);
    if (rc != SQLITE_OK || sqlite3_exec(e->db,
                                        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=0;"
                                        "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; PRAGMA cache_size=-8192",
                                        NULL, NULL, NULL) != SQLITE_OK) {
        snprintf(why, TB_STORE_WHY_MAX + 1, "%s: cannot be opened: %s", path,
                 e->db != NULL ? sqlite3_errmsg(e->db) : "out of memory");
        return TB_E_IO;
    }
    (void)sqlite3_wal_hook(e->db, on_commit, e);
    return use == TB_ENGINE_WRITE ? migrate_schema(e->db, path, why) : 0;
}

int tb_engine_open(const char *dir, enum tb_engine_use use, struct tb_engine **out,
                   char why[static TB_STORE_WHY_MAX + 1])
{
    struct tb_engine *e = calloc(1, sizeof(*e));
    char path[PATH_MAX];
    int r = TB_E_NOMEM;

    *out = NULL;
    why[0] = '\0';
    /* Counting what SQLite allocates costs two locks an allocation, and nobody asks. Refused once SQLite runs. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (e == NULL || snprintf(path, sizeof(path), "%s/tabard.db", dir) >= (int)sizeof(path))
        goto out;
    if ((r = open_db(e, path, use, why)) < 0)
        goto out;
    for (int i = 0; i < S__COUNT && use != TB_ENGINE_CHECKPOINT; i++)
        if (sqlite3_prepare_v3(e->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &e->stmt[i], NULL) != SQLITE_OK) {
            snprintf(why, TB_STORE_WHY_MAX + 1, "%s: not a database of this program: %s", path, sqlite3_errmsg(e->db));
            r = TB_E_IO;
            goto out;
        }
    *out = e;
    e = NULL;
    r = 0;
out:
    tb_engine_close(e);
    return r;
}

void tb_engine_close(struct tb_engine *e)
{
    if (e == NULL)
        return;
    for (int i = 0; i < S__COUNT; i++)
        sqlite3_finalize(e->stmt[i]);
    sqlite3_close(e->db);
    free(e);
}

/* One statement without a result row of interest. */
static int run(struct tb_engine *e, int which)
{
    int rc = sqlite3_step(e->stmt[which]);

    e->statements++;
    sqlite3_reset(e->stmt[which]);
    return engine_err(rc);
}

int tb_engine_begin(struct tb_engine *e)
{
    return run(e, S_BEGIN);
}

int tb_engine_commit(struct tb_engine *e)
{
    return run(e, S_COMMIT);
}

void tb_engine_rollback(struct tb_engine *e)
{
    if (!sqlite3_get_autocommit(e->db) && run(e, S_ROLLBACK) < 0)
        return;
}

unsigned tb_engine_log_frames(const struct tb_engine *e)
{
    return e->log_frames;
}

int tb_engine_checkpoint(struct tb_engine *e, unsigned *out_done)
{
    int all = 0;
    int done = 0;
    int rc = sqlite3_wal_checkpoint_v2(e->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &all, &done);

    *out_done = done > 0 ? (unsigned)done : 0;
    return engine_err(rc);
}

int tb_engine_flush(struct tb_engine *e)
{
    sqlite3_file *file = NULL;
    int rc = sqlite3_file_control(e->db, "main", SQLITE_FCNTL_FILE_POINTER, &file);

    if (rc == SQLITE_OK)
        rc = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    return engine_err(rc);
}

static void bind_common(sqlite3_stmt *st, const struct tb_row *row)
{
    sqlite3_bind_int64(st, 1, (sqlite3_int64)row->id);
    sqlite3_bind_int64(st, 2, row->rev);
    sqlite3_bind_int(st, 3, row->state);
}

static void bind_body(sqlite3_stmt *st, int i, const struct tb_row *row)
{
    sqlite3_bind_blob(st, i, row->body.buf, (int)row->body.len, SQLITE_STATIC);
}

static void bind_account(sqlite3_stmt *st, const struct tb_row *row)
{
    sqlite3_bind_blob(st, 4, row->key, TB_DIGEST_LEN, SQLITE_STATIC);
    sqlite3_bind_blob(st, 5, row->key2, TB_DIGEST_LEN, SQLITE_STATIC);
    bind_body(st, 6, row);
}

static void bind_authz(sqlite3_stmt *st, const struct tb_row *row)
{
    sqlite3_bind_int64(st, 4, row->expires_at);
    sqlite3_bind_int64(st, 5, (sqlite3_int64)row->num);
    sqlite3_bind_int(st, 6, row->busy);
    bind_body(st, 7, row);
}

static void bind_order(sqlite3_stmt *st, const struct tb_row *row)
{
    sqlite3_bind_int64(st, 4, row->expires_at);
    sqlite3_bind_int64(st, 5, (sqlite3_int64)row->num);
    sqlite3_bind_int64(st, 6, (sqlite3_int64)row->seq);
    if (row->cert_len > 0)
        sqlite3_bind_blob(st, 7, row->key, TB_SERIAL_LEN, SQLITE_STATIC);
    else
        sqlite3_bind_null(st, 7);
    sqlite3_bind_int64(st, 8, row->not_after);
    bind_body(st, 9, row);
    sqlite3_bind_blob(st, 10, row->cert, (int)row->cert_len, SQLITE_STATIC);
    sqlite3_bind_int64(st, 11, (sqlite3_int64)row->revoked);
}

static void (*const binders[TB_ROW__COUNT])(sqlite3_stmt *, const struct tb_row *) = {
    [TB_ROW_ACCOUNT] = bind_account,
    [TB_ROW_AUTHZ] = bind_authz,
    [TB_ROW_ORDER] = bind_order,
};

int tb_engine_write(struct tb_engine *e, const struct tb_row *row)
{
    int which = (row->rev == 0 ? S_INSERT : S_UPDATE) + (int)row->kind;
    sqlite3_stmt *st = e->stmt[which];
    int r;

    bind_common(st, row);
    binders[row->kind](st, row);
    r = run(e, which);
    sqlite3_clear_bindings(st);
    if (r == 0 && row->rev > 0 && sqlite3_changes(e->db) != 1)
        r = TB_E_STATE;
    return r;
}

static int get_one(struct tb_engine *e, int which, uint64_t arg, uint64_t *out)
{
    sqlite3_stmt *st = e->stmt[which];
    int rc;

    *out = 0;
    if (sqlite3_bind_parameter_count(st) > 0)
        sqlite3_bind_int64(st, 1, (sqlite3_int64)arg);
    rc = sqlite3_step(st);
    e->statements++;
    if (rc == SQLITE_ROW)
        *out = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return engine_err(rc);
}

int tb_engine_max_id(struct tb_engine *e, enum tb_row_kind kind, uint64_t *out)
{
    return get_one(e, S_MAX + (int)kind, 0, out);
}

int tb_engine_collect(struct tb_engine *e, enum tb_row_kind kind, tb_time_t now, uint32_t keep_s, uint64_t *cursor)
{
    sqlite3_stmt *st = e->stmt[S_COLLECT + (int)kind];
    uint64_t last;
    int r = get_one(e, S_SWEPT + (int)kind, *cursor, &last);

    if (r < 0)
        return r;
    if (last == 0) {
        *cursor = 0;
        return 0;
    }
    sqlite3_bind_int64(st, 1, (sqlite3_int64)*cursor);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)last);
    sqlite3_bind_int64(st, 3, now - COLLECT_GRACE_S);
    if (kind == TB_ROW_ORDER)
        sqlite3_bind_int64(st, 4, now - (int64_t)keep_s);
    if ((r = run(e, S_COLLECT + (int)kind)) == 0)
        *cursor = last;
    return r;
}

static int column_key(sqlite3_stmt *st, int i, uint8_t *out, int len)
{
    if (sqlite3_column_type(st, i) == SQLITE_NULL)
        return 0;
    if (sqlite3_column_bytes(st, i) != len)
        return TB_E_FORMAT;
    memcpy(out, sqlite3_column_blob(st, i), (size_t)len);
    return 0;
}

static void column_body(sqlite3_stmt *st, int i, struct tb_row *row)
{
    tb_wr_init(&row->body, TB_ROW_BODY_MAX);
    tb_wr_bytes(&row->body, sqlite3_column_blob(st, i), (size_t)sqlite3_column_bytes(st, i));
}

static int columns_account(sqlite3_stmt *st, struct tb_row *row)
{
    column_body(st, 5, row);
    return column_key(st, 3, row->key, TB_DIGEST_LEN) < 0 ? TB_E_FORMAT : column_key(st, 4, row->key2, TB_DIGEST_LEN);
}

static int columns_authz(sqlite3_stmt *st, struct tb_row *row)
{
    row->expires_at = sqlite3_column_int64(st, 3);
    row->num = (uint64_t)sqlite3_column_int64(st, 4);
    row->busy = sqlite3_column_int(st, 5) != 0;
    column_body(st, 6, row);
    return 0;
}

static int columns_order(sqlite3_stmt *st, struct tb_row *row)
{
    size_t len = (size_t)sqlite3_column_bytes(st, 9);

    row->expires_at = sqlite3_column_int64(st, 3);
    row->num = (uint64_t)sqlite3_column_int64(st, 4);
    row->seq = (uint64_t)sqlite3_column_int64(st, 5);
    row->not_after = sqlite3_column_int64(st, 7);
    row->revoked = (uint64_t)sqlite3_column_int64(st, 10);
    column_body(st, 8, row);
    if (len > 0) {
        row->cert = malloc(len);
        if (row->cert == NULL)
            return TB_E_NOMEM;
        memcpy(row->cert, sqlite3_column_blob(st, 9), len);
        row->cert_len = len;
    }
    return column_key(st, 6, row->key, TB_SERIAL_LEN);
}

static int (*const readers[TB_ROW__COUNT])(sqlite3_stmt *, struct tb_row *) = {
    [TB_ROW_ACCOUNT] = columns_account,
    [TB_ROW_AUTHZ] = columns_authz,
    [TB_ROW_ORDER] = columns_order,
};

int tb_engine_get(struct tb_engine *e, enum tb_row_kind kind, uint64_t id, struct tb_row **out)
{
    sqlite3_stmt *st = e->stmt[S_GET + (int)kind];
    struct tb_row *row = NULL;
    int rc;
    int r;

    *out = NULL;
    sqlite3_bind_int64(st, 1, (sqlite3_int64)id);
    rc = sqlite3_step(st);
    e->statements++;
    if (rc != SQLITE_ROW) {
        r = rc == SQLITE_DONE ? TB_E_NOTFOUND : engine_err(rc);
        goto out;
    }
    row = calloc(1, sizeof(*row));
    if (row == NULL) {
        r = TB_E_NOMEM;
        goto out;
    }
    row->refs = 1;
    row->kind = kind;
    row->id = id;
    row->rev = (uint32_t)sqlite3_column_int64(st, 1);
    row->state = sqlite3_column_int(st, 2);
    r = readers[kind](st, row);
    if (r == 0)
        r = tb_wr_err(&row->body);
    if (r == 0) {
        *out = row;
        row = NULL;
    }
out:
    sqlite3_reset(st);
    tb_row_unref(row);
    return r;
}

int tb_engine_find(struct tb_engine *e, enum tb_find what, const struct tb_find_args *args, size_t max,
                   uint64_t *out_ids, size_t *out_num)
{
    sqlite3_stmt *st = e->stmt[S_FIND + (int)what];
    int rc;

    *out_num = 0;
    if (args->key.len > 0)
        sqlite3_bind_blob(st, 1, args->key.p, (int)args->key.len, SQLITE_STATIC);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)args->num);
    sqlite3_bind_int64(st, 3, args->after);
    sqlite3_bind_int64(st, 4, (sqlite3_int64)max);
    if (sqlite3_bind_parameter_count(st) > 4)
        sqlite3_bind_int64(st, 5, (sqlite3_int64)args->account);
    e->statements++;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW && *out_num < max)
        out_ids[(*out_num)++] = (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    sqlite3_clear_bindings(st);
    return engine_err(rc);
}

uint64_t tb_engine_statements(const struct tb_engine *e)
{
    return e->statements;
}

uint64_t tb_engine_bytes(const struct tb_engine *e)
{
    struct stat st;
    const char *path = sqlite3_db_filename(e->db, "main");

    return path != NULL && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}
