#include "ca/store/sqlite_row.h"

#include <stdlib.h>
#include <string.h>

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

void tb_sqlite_row_bind(sqlite3_stmt *st, const struct tb_row *row)
{
    bind_common(st, row);
    binders[row->kind](st, row);
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

int tb_sqlite_row_read(sqlite3_stmt *st, struct tb_row *row)
{
    int r;

    row->rev = (uint32_t)sqlite3_column_int64(st, 1);
    row->state = sqlite3_column_int(st, 2);
    r = readers[row->kind](st, row);
    return r < 0 ? r : tb_wr_err(&row->body);
}
