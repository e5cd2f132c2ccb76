/* Snapshot: a copy of the database as of one instant, made beside the front that writes to it. */
#ifndef TB_CA_STORE_SNAPSHOT_H
#define TB_CA_STORE_SNAPSHOT_H

#include "ca/store/store.h"

#define TB_STORE_FILE "tabard.db"

/*
 * The database in dir into the file `to`, which does not exist.  Readers and writers of the database go on meanwhile.
 * *out_order is the greatest order number in it, 0 when there is none.  On failure the reason in why; what was made is
 * the caller's to remove.  TB_E_IO.
 */
int tb_store_snapshot(const char *dir, const char *to, tb_order_no_t *out_order,
                      char why[static TB_STORE_WHY_MAX + 1]) TB_MUST_USE;
/* Do the first octets look like a database that this program knows?  TB_E_FORMAT, TB_E_UNSUPPORTED, TB_E_IO. */
int tb_store_look(int fd, char why[static TB_STORE_WHY_MAX + 1]) TB_MUST_USE;

#endif
