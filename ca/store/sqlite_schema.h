/* The tables of the SQLite engine, and every statement that is asked of them. Private to the engine. */
#ifndef TB_CA_STORE_SQLITE_SCHEMA_H
#define TB_CA_STORE_SQLITE_SCHEMA_H

#include <sqlite3.h>

#include "ca/store/engine.h"

/* Kinds of rows and of look-ups are added to the first of their statements. */
enum tb_sqlite_stmt {
    TB_SQL_BEGIN,
    TB_SQL_COMMIT,
    TB_SQL_ROLLBACK,
    TB_SQL_ACCOUNT_KEYS,
    TB_SQL_INSERT,
    TB_SQL_UPDATE = TB_SQL_INSERT + TB_ROW__COUNT,
    TB_SQL_GET = TB_SQL_UPDATE + TB_ROW__COUNT,
    TB_SQL_MAX = TB_SQL_GET + TB_ROW__COUNT,
    TB_SQL_COLLECT = TB_SQL_MAX + TB_ROW__COUNT,
    TB_SQL_SWEPT = TB_SQL_COLLECT + TB_ROW__COUNT,
    TB_SQL_FIND = TB_SQL_SWEPT + TB_ROW__COUNT,
    TB_SQL__COUNT = TB_SQL_FIND + TB_FIND__COUNT
};
extern const char *const tb_sqlite_sql[TB_SQL__COUNT];

/* Make the tables, or bring them up to date; TB_E_UNSUPPORTED when a later program made them. */
int tb_sqlite_schema_bring(sqlite3 *db, const char *path, char why[static TB_STORE_WHY_MAX + 1]) TB_MUST_USE;

#endif
