/*
 * Maker: files and directories that come into being together.  Nothing is overwritten; what was made is on disk when
 * tb_maker_finish returns 0, and gone again after tb_maker_undo.
 */
#ifndef TB_CA_CONFIG_MAKER_H
#define TB_CA_CONFIG_MAKER_H

#include <sys/types.h>

#include "ca/config/config.h"

#define TB_MAKER_NUM_MAX 192 /* init makes 34; an archive has up to 160 files, in some directories */

enum tb_owner { TB_OWNER_START, TB_OWNER_USER }; /* who runs init, or the account of the daemon */

struct tb_made {
    char path[TB_CONFIG_PATH_MAX + 65];
    enum tb_owner owner;
    bool dir;
};
struct tb_maker {
    struct tb_made made[TB_MAKER_NUM_MAX];
    size_t num;
    char why[TB_CONFIG_PATH_MAX + 257]; /* sentence about the first failure */
};

/* A directory. TB_E_EXISTS, TB_E_IO. */
int tb_maker_dir(struct tb_maker *mk, const char *path, mode_t mode, enum tb_owner owner) TB_MUST_USE;
/* A file with that content, exactly that mode, synced. */
int tb_maker_file(struct tb_maker *mk, const char *path, struct tb_span content, mode_t mode,
                  enum tb_owner owner) TB_MUST_USE;
/* The same in pieces: open, write, close.  Between them fd is the caller's; close takes it in any case. */
int tb_maker_open(struct tb_maker *mk, const char *path, enum tb_owner owner, int *out_fd) TB_MUST_USE;
int tb_maker_write(struct tb_maker *mk, const char *path, int fd, struct tb_span content) TB_MUST_USE;
int tb_maker_close(struct tb_maker *mk, const char *path, int fd, mode_t mode) TB_MUST_USE;
/* Give what is the daemon's to uid and gid, and sync every directory. */
int tb_maker_finish(struct tb_maker *mk, bool give, uid_t uid, gid_t gid) TB_MUST_USE;
/*
 * The state directory itself stays the starter's.  The daemon's account may make files in it (control.sock), but the
 * sticky bit keeps it from renaming or removing what is not its own: the configuration and the root keys.
 */
int tb_maker_share_dir(struct tb_maker *mk, const char *dir, gid_t gid) TB_MUST_USE;
/* Remove what was made, last first. */
void tb_maker_undo(struct tb_maker *mk);

#endif
