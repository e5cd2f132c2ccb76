/*
 * The front's database as of one instant.  Its directory belongs to the daemon's account, so a process with no more
 * rights than that account opens it: a front that was taken over plants nothing that root would follow.
 */
#ifndef TB_CA_BACKUP_STORE_COPY_H
#define TB_CA_BACKUP_STORE_COPY_H

#include "ca/config/config.h"
#include "lib/acme/url.h"

#define TB_STORE_COPY_WHY_MAX (TB_CONFIG_PATH_MAX + 512)

/*
 * *out_order is the greatest order number in it, 0 when there is none.  *out_fd is the copy, which has no name any more
 * and goes with the last descriptor; -1 when there is no database.  It is made in the state directory, under a name
 * that one backup at a time uses: the caller sees to that.
 */
int tb_store_copy(const struct tb_config *cfg, int *out_fd, uint64_t *out_size, tb_order_no_t *out_order,
                  char why[static TB_STORE_COPY_WHY_MAX + 1]) TB_MUST_USE;

#endif
