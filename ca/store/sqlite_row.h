/* Rows as parameters and as columns of the statements of sqlite_schema.c. Private to the engine. */
#ifndef TB_CA_STORE_SQLITE_ROW_H
#define TB_CA_STORE_SQLITE_ROW_H

#include <sqlite3.h>

#include "ca/store/row.h"

/* Of an INSERT or an UPDATE; row is borrowed until the bindings are cleared. */
void tb_sqlite_row_bind(sqlite3_stmt *st, const struct tb_row *row);
/* The result row of a SELECT, into a row whose kind and id are set. The caller unrefs it, also on failure. */
int tb_sqlite_row_read(sqlite3_stmt *st, struct tb_row *row) TB_MUST_USE;

#endif
