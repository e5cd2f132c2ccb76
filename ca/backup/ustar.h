/*
 * One header block of a backup archive: POSIX ustar, regular files only, in one encoding.  What tar(1) writes otherwise
 * (directories, links, long names, owners) has no encoding here and is refused.  doc/backup.md is the specification.
 */
#ifndef TB_CA_BACKUP_USTAR_H
#define TB_CA_BACKUP_USTAR_H

#include <sys/types.h>

#include "lib/base/bytes.h"
#include "lib/base/clock.h"

#define TB_USTAR_BLOCK     512
#define TB_USTAR_NAME_MAX  100
#define TB_USTAR_SIZE_MAX  (UINT64_C(1) << 62)
/* Directory of everything in an archive; its number is the format's. */
#define TB_BACKUP_DIR_STEM "tabard-backup-"
#define TB_BACKUP_DIR      TB_BACKUP_DIR_STEM "1"

struct tb_ustar {
    char name[TB_USTAR_NAME_MAX + 1]; /* below TB_BACKUP_DIR */
    mode_t mode;
    uint64_t size;
    tb_time_t mtime; /* when the backup was made */
};

/* TB_E_LIMIT when name or number have no place. */
int tb_ustar_write(uint8_t out[static TB_USTAR_BLOCK], const struct tb_ustar *h) TB_MUST_USE;
/* TB_E_FORMAT unless it is what tb_ustar_write makes; TB_E_UNSUPPORTED: so of another format's number. */
int tb_ustar_read(const uint8_t in[static TB_USTAR_BLOCK], struct tb_ustar *out) TB_MUST_USE;

/* Octets between the end of a file and the next block. */
static inline size_t tb_ustar_padding(uint64_t size)
{
    return (size_t)(-size & (TB_USTAR_BLOCK - 1));
}

#endif
