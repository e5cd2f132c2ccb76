#include "ca/store/engine.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "ca/store/sqlite_row.h"
#include "ca/store/sqlite_schema.h"

#define BUSY_TIMEOUT_MS 10000
#define COLLECT_GRACE_S 86400 /* expired objects stay readable for a day */

struct tb_engine {
    sqlite3 *db;
    sqlite3_stmt *stmt[TB_SQL__COUNT];
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
    return use == TB_ENGINE_WRITE ? tb_sqlite_schema_bring(e->db, path, why) : 0;
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
    for (int i = 0; i < TB_SQL__COUNT && use != TB_ENGINE_CHECKPOINT; i++)
        if (sqlite3_prepare_v3(e->db, tb_sqlite_sql[i], -1, SQLITE_PREPARE_PERSISTENT, &e->stmt[i], NULL) !=
            SQLITE_OK) {
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
    for (int i = 0; i < TB_SQL__COUNT; i++)
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
    return run(e, TB_SQL_BEGIN);
}

int tb_engine_commit(struct tb_engine *e)
{
    return run(e, TB_SQL_COMMIT);
}

void tb_engine_rollback(struct tb_engine *e)
{
    if (!sqlite3_get_autocommit(e->db) && run(e, TB_SQL_ROLLBACK) < 0)
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

int tb_engine_write(struct tb_engine *e, const struct tb_row *row)
{
    int which = (row->rev == 0 ? TB_SQL_INSERT : TB_SQL_UPDATE) + (int)row->kind;
    sqlite3_stmt *st = e->stmt[which];
    int r;

    tb_sqlite_row_bind(st, row);
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
    return get_one(e, TB_SQL_MAX + (int)kind, 0, out);
}

int tb_engine_collect(struct tb_engine *e, enum tb_row_kind kind, tb_time_t now, uint32_t keep_s, uint64_t *cursor)
{
    sqlite3_stmt *st = e->stmt[TB_SQL_COLLECT + (int)kind];
    uint64_t last;
    int r = get_one(e, TB_SQL_SWEPT + (int)kind, *cursor, &last);

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
    if ((r = run(e, TB_SQL_COLLECT + (int)kind)) == 0)
        *cursor = last;
    return r;
}

int tb_engine_get(struct tb_engine *e, enum tb_row_kind kind, uint64_t id, struct tb_row **out)
{
    sqlite3_stmt *st = e->stmt[TB_SQL_GET + (int)kind];
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
    if ((r = tb_sqlite_row_read(st, row)) == 0) {
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
    sqlite3_stmt *st = e->stmt[TB_SQL_FIND + (int)what];
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

int tb_engine_account_keys(struct tb_engine *e, uint64_t *last_id, size_t max, uint64_t *out_keys, size_t *out_num)
{
    sqlite3_stmt *st = e->stmt[TB_SQL_ACCOUNT_KEYS];
    int rc;

    *out_num = 0;
    sqlite3_bind_int64(st, 1, (sqlite3_int64)*last_id);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)max);
    e->statements++;
    while ((rc = sqlite3_step(st)) == SQLITE_ROW && *out_num < max) {
        if (sqlite3_column_bytes(st, 1) < (int)sizeof(*out_keys)) {
            rc = SQLITE_CORRUPT;
            break;
        }
        *last_id = (uint64_t)sqlite3_column_int64(st, 0);
        memcpy(&out_keys[(*out_num)++], sqlite3_column_blob(st, 1), sizeof(*out_keys));
    }
    sqlite3_reset(st);
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
