#include "ca/store/sqlite_schema.h"

#include <stdio.h>

#define COLLECT_ROWS 500  /* looked at in one sweep step */
#define LIST_ROWS    4096 /* looked at for one page of an account's orders */

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

_Static_assert(TB_ARRAY_LEN(migrations) == TB_ENGINE_SCHEMA, "the header states the version");
_Static_assert(TB_ORDER_PENDING == 1 && TB_ORDER_INVALID == 5 && TB_AUTHZ_PENDING == 1 && TB_AUTHZ_VALID == 2,
               "the SQL below writes them as numbers");

/* Claim and account of a row never change: an UPDATE that named them would write their index pages again. */
const char *const tb_sqlite_sql[TB_SQL__COUNT] = {
    [TB_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [TB_SQL_COMMIT] = "COMMIT",
    [TB_SQL_ROLLBACK] = "ROLLBACK",
    [TB_SQL_ACCOUNT_KEYS] = "SELECT id, key FROM accounts WHERE id > ?1 ORDER BY id LIMIT ?2",
    [TB_SQL_INSERT + TB_ROW_ACCOUNT] =
        "INSERT INTO accounts(id, rev, state, first_key, key, body) VALUES(?1,?2,?3,?4,?5,?6)",
    [TB_SQL_INSERT + TB_ROW_AUTHZ] =
        "INSERT INTO authzs(id, rev, state, expires, claim, busy, body) VALUES(?1,?2,?3,?4,?5,?6,?7)",
    [TB_SQL_INSERT + TB_ROW_ORDER] =
        "INSERT INTO orders(id, rev, state, expires, account, seq, serial, not_after, body, cert, revoked)"
        " VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11)",
    [TB_SQL_UPDATE + TB_ROW_ACCOUNT] =
        "UPDATE accounts SET rev=?2, state=?3, first_key=?4, key=?5, body=?6 WHERE id=?1 AND rev=?2-1",
    [TB_SQL_UPDATE + TB_ROW_AUTHZ] =
        "UPDATE authzs SET rev=?2, state=?3, expires=?4, busy=?6, body=?7 WHERE id=?1 AND rev=?2-1",
    [TB_SQL_UPDATE + TB_ROW_ORDER] = "UPDATE orders SET rev=?2, state=?3, expires=?4, seq=?6, serial=?7, not_after=?8,"
                                     " body=?9, cert=?10, revoked=?11 WHERE id=?1 AND rev=?2-1",
    [TB_SQL_GET + TB_ROW_ACCOUNT] = "SELECT id, rev, state, first_key, key, body FROM accounts WHERE id=?1",
    [TB_SQL_GET + TB_ROW_AUTHZ] = "SELECT id, rev, state, expires, claim, busy, body FROM authzs WHERE id=?1",
    [TB_SQL_GET + TB_ROW_ORDER] =
        "SELECT id, rev, state, expires, account, seq, serial, not_after, body, cert, revoked FROM orders WHERE id=?1",
    [TB_SQL_MAX + TB_ROW_ACCOUNT] = "SELECT max(id) FROM accounts",
    [TB_SQL_MAX + TB_ROW_AUTHZ] = "SELECT max(id) FROM authzs",
    [TB_SQL_MAX + TB_ROW_ORDER] = "SELECT max(id) FROM orders",
    [TB_SQL_COLLECT + TB_ROW_ACCOUNT] = "DELETE FROM accounts WHERE 0",
    [TB_SQL_COLLECT + TB_ROW_AUTHZ] = "DELETE FROM authzs WHERE id > ?1 AND id <= ?2 AND expires < ?3",
    [TB_SQL_COLLECT + TB_ROW_ORDER] = "DELETE FROM orders WHERE id > ?1 AND id <= ?2 AND"
                                      " ((serial IS NULL AND expires < ?3) OR (serial IS NOT NULL AND not_after < ?4))",
    [TB_SQL_SWEPT + TB_ROW_ACCOUNT] = "SELECT NULL",
    [TB_SQL_SWEPT + TB_ROW_AUTHZ] =
        "SELECT max(id) FROM (SELECT id FROM authzs WHERE id > ?1 ORDER BY id LIMIT " STR(COLLECT_ROWS) ")",
    [TB_SQL_SWEPT + TB_ROW_ORDER] =
        "SELECT max(id) FROM (SELECT id FROM orders WHERE id > ?1 ORDER BY id LIMIT " STR(COLLECT_ROWS) ")",
    [TB_SQL_FIND + TB_FIND_ACCOUNT_FIRST] = "SELECT id FROM accounts WHERE first_key=?1 LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_ACCOUNT_KEY] = "SELECT id FROM accounts WHERE key=?1 LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_ORDER_SERIAL] = "SELECT id FROM orders WHERE serial=?1 LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_AUTHZ_CLAIM] =
        "SELECT id FROM authzs WHERE claim=?2 AND state IN (1, 2) AND expires > ?3 ORDER "
        "BY state DESC, id DESC LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_AUTHZ_VALID] =
        "SELECT id FROM (SELECT id, state, expires FROM authzs WHERE claim=?2 ORDER BY id DESC LIMIT " STR(
            TB_STORE_CLAIM_ROWS) ") WHERE state = 2 AND expires > ?3 ORDER BY id DESC LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_AUTHZ_BUSY] = "SELECT id FROM authzs WHERE busy = 1 LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_AUTHZ_CLAIMS] = "SELECT DISTINCT claim FROM authzs WHERE claim > ?2 ORDER BY claim LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_ORDER_OPEN] =
        "SELECT id FROM orders WHERE account=?2 AND serial IS NULL AND expires > ?3 AND state = 1 LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_ORDER_ISSUED] =
        "SELECT id FROM orders WHERE id < ?2 AND serial IS NOT NULL ORDER BY id DESC LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_ORDER_SWEPT] =
        "SELECT min(id) FROM (SELECT id FROM orders WHERE id < ?2 ORDER BY id DESC LIMIT " STR(LIST_ROWS) ")",
    [TB_SQL_FIND + TB_FIND_ORDER_ACCOUNT] =
        "SELECT id FROM orders WHERE id < ?2 AND id >= ?3 AND account = ?5 AND state <> 5"
        " ORDER BY id DESC LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_MAX_SEQ] = "SELECT seq FROM orders WHERE serial IS NOT NULL ORDER BY seq DESC LIMIT ?4",
    [TB_SQL_FIND + TB_FIND_MAX_REVOKED] = "SELECT revoked FROM orders WHERE revoked > 0 ORDER BY revoked DESC LIMIT ?4",
};

static int schema_version(sqlite3 *db, int *out)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &st, NULL);

    if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
        *out = sqlite3_column_int(st, 0);
    sqlite3_finalize(st);
    return rc == SQLITE_ROW ? 0 : TB_E_IO;
}

int tb_sqlite_schema_bring(sqlite3 *db, const char *path, char why[static TB_STORE_WHY_MAX + 1])
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
