/*
 * Place: one file of the state directory of a CA that exists, perhaps runs, and must go on whatever happens here.  New
 * content is written and synced beside it, as NAME.tabardd-new, and takes the name in one step.
 *
 * Root may work here in a directory that the daemon's account writes to: files are opened relative to the directory,
 * and a link of that account's leads nowhere.
 */
#ifndef TB_CA_CONFIG_PLACE_H
#define TB_CA_CONFIG_PLACE_H

#include <sys/types.h>

#include "ca/config/config.h"
#include "ca/config/maker.h"

#define TB_PLACE_WHY_MAX (TB_CONFIG_PATH_MAX + 256)

struct tb_place {
    char path[TB_CONFIG_PATH_MAX + 65]; /* for people */
    const char *name;                   /* its last part */
    int dir_fd;
    bool there, link; /* link: a symbolic one, somebody's arrangement that is not replaced */
    bool new_there;   /* NAME with the suffix */
    bool committed;   /* by us: what is there is new */
    uid_t uid;        /* whose the file becomes: whose it is, or whose init would make it */
    gid_t gid;
    mode_t mode; /* likewise */
};

/* All messages end up in why. */
typedef char tb_place_why[TB_PLACE_WHY_MAX + 1];

/* Look; the caller closes in any case.  mode and owner are for a file that is not there yet. TB_E_IO, TB_E_DENIED. */
int tb_place_open(struct tb_place *pl, const struct tb_config *cfg, enum tb_state_file file, mode_t mode,
                  enum tb_owner owner, tb_place_why why) TB_MUST_USE;
/* Another file, by its absolute path. */
int tb_place_open_path(struct tb_place *pl, const char *path, mode_t mode, enum tb_owner owner,
                       tb_place_why why) TB_MUST_USE;
void tb_place_close(struct tb_place *pl);
/* One command at a time changes the state: until the place is closed. TB_E_STATE. */
int tb_place_lock(const struct tb_place *pl, tb_place_why why) TB_MUST_USE;
/* The whole file, or NAME.tabardd-new; the caller frees with tb_free_secret. */
int tb_place_read(const struct tb_place *pl, bool new_one, size_t max, uint8_t **out, size_t *out_len,
                  tb_place_why why) TB_MUST_USE;
/* Write NAME.tabardd-new, whole and on disk, or leave none. */
int tb_place_stage(struct tb_place *pl, struct tb_span content, tb_place_why why) TB_MUST_USE;
/* NAME.tabardd-new becomes NAME, on disk. */
int tb_place_commit(struct tb_place *pl, tb_place_why why) TB_MUST_USE;
/* Away with NAME.tabardd-new. */
void tb_place_discard(struct tb_place *pl);

/*
 * Files that come into being together, in the order of the places: all of them are staged before the first takes its
 * name.  When an earlier call was killed after that, the rest follows now.  Nothing happens when all are there, and
 * *out_made is false; TB_E_EXISTS when some are there and others lost.
 */
int tb_place_make_all(struct tb_place *places, const struct tb_span *contents, size_t num, bool *out_made,
                      tb_place_why why) TB_MUST_USE;

#endif
