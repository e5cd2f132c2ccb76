/*
 * From an archive into a state directory.  What a file is, where it goes and whose it becomes is decided by its name
 * and the configuration, which comes first and is written last, by tb_unpack_finish: without it the directory is no CA.
 */
#ifndef TB_CA_BACKUP_UNPACK_H
#define TB_CA_BACKUP_UNPACK_H

#include "ca/backup/archive.h"
#include "ca/backup/content.h"

struct tb_unpack {
    char dir[TB_CONFIG_PATH_MAX + 1];                      /* absolute */
    char path[TB_CONFIG_PATH_MAX + TB_USTAR_NAME_MAX + 2]; /* of the file that is being written */
    struct tb_maker maker;
    struct tb_wr yaml;
    struct tb_config *cfg;  /* NULL until it was read */
    struct tb_content file; /* that is being written */
    int fd;                 /* of it; -1 for the configuration */
    tb_time_t made_at;      /* of the archive */
    bool give;              /* the state to this account */
    uid_t uid;
    gid_t gid;
    bool bad_config;
};

extern const struct tb_archive_sink tb_unpack_sink; /* its arg is a struct tb_unpack */

/* An empty directory, or one that is made now, below an existing one. TB_E_EXISTS, TB_E_IO, TB_E_DENIED. */
int tb_unpack_begin(struct tb_unpack *u, const char *dir, char why[static TB_ARCHIVE_WHY_MAX + 1]) TB_MUST_USE;
/* After the archive: is there everything without which the CA does not start? */
int tb_unpack_check(struct tb_unpack *u, char why[static TB_ARCHIVE_WHY_MAX + 1]) TB_MUST_USE;
/* Owners, everything on disk, and at last the configuration. */
int tb_unpack_finish(struct tb_unpack *u, char why[static TB_ARCHIVE_WHY_MAX + 1]) TB_MUST_USE;
void tb_unpack_clear(struct tb_unpack *u); /* the files stay */

#endif
