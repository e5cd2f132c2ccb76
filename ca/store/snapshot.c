#include "ca/store/snapshot.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ca/store/engine.h"

#define BUSY_TIMEOUT_MS 10000
#define HEAD_LEN        100
#define AT_USER_VERSION 60

static int say(char why[static TB_STORE_WHY_MAX + 1], const char *path, const char *doing, sqlite3 *db)
{
    snprintf(why, TB_STORE_WHY_MAX + 1, "%s: cannot %s: %s", path, doing,
             db != NULL ? sqlite3_errmsg(db) : "out of memory");
    return TB_E_IO;
}

/*
 * In one step, that is in one transaction of reading: in more, every commit of the front in between would start it
 * anew.  The front is not held up; only its write-ahead log grows meanwhile.
 */
static int copy(sqlite3 *from, sqlite3 *to, const char *path, char *why)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    int rc = b != NULL ? sqlite3_backup_step(b, -1) : SQLITE_ERROR;

    if (b != NULL)
        (void)sqlite3_backup_finish(b);
    return rc == SQLITE_DONE ? 0 : say(why, path, "copy the database", to);
}

static int last_order(sqlite3 *db, const char *path, tb_order_no_t *out, char *why)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "SELECT max(id) FROM orders", -1, &st, NULL);

    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
        *out = (tb_order_no_t)sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return rc == SQLITE_ROW ? 0 : say(why, path, "read the orders", db);
}

int tb_store_snapshot(const char *dir, const char *to, tb_order_no_t *out_order, char why[static TB_STORE_WHY_MAX + 1])
{
    const int make = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXCLUSIVE | SQLITE_OPEN_NOMUTEX;
    sqlite3 *from = NULL, *copied = NULL;
    char path[PATH_MAX];
    int r = TB_E_LIMIT;

    *out_order = 0;
    why[0] = '\0';
    if (snprintf(path, sizeof(path), "%s/%s", dir, TB_STORE_FILE) >= (int)sizeof(path))
        return r;
    /* Not read-only: whoever reads takes part in the locks of the write-ahead log. */
    if (sqlite3_open_v2(path, &from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
        r = say(why, path, "open", from);
        goto out;
    }
    if (sqlite3_open_v2(to, &copied, make, NULL) != SQLITE_OK ||
        sqlite3_exec(copied, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", NULL, NULL, NULL) != SQLITE_OK) {
        r = say(why, to, "make", copied);
        goto out;
    }
    sqlite3_busy_timeout(from, BUSY_TIMEOUT_MS);
    (void)sqlite3_db_config(from, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    if ((r = copy(from, copied, path, why)) == 0)
        r = last_order(copied, to, out_order, why);
out:
    if (sqlite3_close(copied) != SQLITE_OK && r == 0)
        r = say(why, to, "close", copied);
    sqlite3_close(from);
    return r;
}

int tb_store_look(int fd, char why[static TB_STORE_WHY_MAX + 1])
{
    static const char magic[16] = "SQLite format 3";
    uint8_t head[HEAD_LEN];
    struct tb_rd rd = tb_rd_of(tb_span_of(head + AT_USER_VERSION, 4));
    uint32_t version = 0;
    ssize_t n = pread(fd, head, sizeof(head), 0);

    if (n < 0) {
        snprintf(why, TB_STORE_WHY_MAX + 1, "%s: %s", TB_STORE_FILE, strerror(errno));
        return TB_E_IO;
    }
    if (n != (ssize_t)sizeof(head) || memcmp(head, magic, sizeof(magic)) != 0 || tb_rd_u32(&rd, &version) < 0) {
        snprintf(why, TB_STORE_WHY_MAX + 1, "%s: is no database", TB_STORE_FILE);
        return TB_E_FORMAT;
    }
    if (version > TB_ENGINE_SCHEMA) {
        snprintf(why, TB_STORE_WHY_MAX + 1, "%s: schema version %u is not known to this program (it knows up to %u)",
                 TB_STORE_FILE, version, TB_ENGINE_SCHEMA);
        return TB_E_UNSUPPORTED;
    }
    return 0;
}
