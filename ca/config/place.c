#include "ca/config/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_LEN (NAME_MAX + 1)

static int fail(const struct tb_place *pl, const char *suffix, const char *doing, tb_place_why why)
{
    int err = errno == EEXIST ? TB_E_EXISTS : errno == ENOENT ? TB_E_NOTFOUND : TB_E_IO;

    snprintf(why, sizeof(tb_place_why), "%s%s: cannot %s: %s", pl->path, suffix, doing, strerror(errno));
    return err;
}

static void new_name(char out[static NAME_MAX_LEN], const struct tb_place *pl)
{
    snprintf(out, NAME_MAX_LEN, "%s%s", pl->name, TB_NEW_SUFFIX);
}

/* A link is followed when root or we ourselves made it: the directory's other users cannot have. */
static int open_dir(struct tb_place *pl, const char *dir, tb_place_why why)
{
    struct stat st;

    pl->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (pl->dir_fd < 0 && (errno == ELOOP || errno == ENOTDIR) && lstat(dir, &st) == 0 && S_ISLNK(st.st_mode) &&
        (st.st_uid == 0 || st.st_uid == geteuid()))
        pl->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (pl->dir_fd >= 0)
        return 0;
    snprintf(why, sizeof(tb_place_why), "%s: cannot open the directory: %s", dir, strerror(errno));
    return TB_E_IO;
}

/* What is there; otherwise what init would make of it. */
static int look(struct tb_place *pl, mode_t mode, enum tb_owner owner, tb_place_why why)
{
    char name[NAME_MAX_LEN];
    struct stat st;

    new_name(name, pl);
    pl->new_there = fstatat(pl->dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    pl->there = fstatat(pl->dir_fd, pl->name, &st, AT_SYMLINK_NOFOLLOW) == 0;
    if (!pl->there && errno != ENOENT)
        return fail(pl, "", "look at it", why);
    pl->link = pl->there && S_ISLNK(st.st_mode);
    pl->mode = pl->there && !pl->link ? st.st_mode & 07777 : mode;
    if (!pl->there && fstat(pl->dir_fd, &st) != 0)
        return fail(pl, "", "look at its directory", why);
    pl->uid = pl->there || owner == TB_OWNER_USER ? st.st_uid : geteuid();
    pl->gid = pl->there || owner == TB_OWNER_USER ? st.st_gid : getegid();
    return 0;
}

int tb_place_open_path(struct tb_place *pl, const char *path, mode_t mode, enum tb_owner owner, tb_place_why why)
{
    char dir[sizeof(pl->path)];
    int r;

    *pl = (struct tb_place){.dir_fd = -1};
    snprintf(pl->path, sizeof(pl->path), "%s", path);
    memcpy(dir, pl->path, sizeof(dir));
    *strrchr(dir, '/') = '\0';
    pl->name = strrchr(pl->path, '/') + 1;
    if ((r = open_dir(pl, dir[0] != '\0' ? dir : "/", why)) < 0)
        return r;
    return look(pl, mode, owner, why);
}

int tb_place_open(struct tb_place *pl, const struct tb_config *cfg, enum tb_state_file file, mode_t mode,
                  enum tb_owner owner, tb_place_why why)
{
    char path[sizeof(pl->path)];

    tb_config_file(cfg, file, path);
    return tb_place_open_path(pl, path, mode, owner, why);
}

void tb_place_close(struct tb_place *pl)
{
    if (pl->dir_fd >= 0 && pl->name != NULL)
        close(pl->dir_fd);
    pl->dir_fd = -1;
}

int tb_place_lock(const struct tb_place *pl, tb_place_why why)
{
    if (flock(pl->dir_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    snprintf(why, sizeof(tb_place_why), "%s: %s", pl->path,
             errno == EWOULDBLOCK ? "another tabardd changes the keys beside it" : strerror(errno));
    return TB_E_STATE;
}

static int read_all(int fd, size_t max, uint8_t **out, size_t *out_len)
{
    uint8_t *buf = malloc(max + 1);
    size_t len = 0;
    ssize_t n = 0;

    if (buf == NULL)
        return TB_E_NOMEM;
    while (len <= max && ((n = read(fd, buf + len, max + 1 - len)) > 0 || (n < 0 && errno == EINTR)))
        len += n > 0 ? (size_t)n : 0;
    if (n >= 0 && len <= max) {
        *out = buf;
        *out_len = len;
        return 0;
    }
    errno = n < 0 ? errno : EFBIG;
    tb_free_secret(buf, max + 1);
    return TB_E_IO;
}

int tb_place_read(const struct tb_place *pl, bool new_one, size_t max, uint8_t **out, size_t *out_len, tb_place_why why)
{
    char name[NAME_MAX_LEN];
    int fd, r;

    *out = NULL;
    *out_len = 0;
    new_name(name, pl);
    fd = openat(pl->dir_fd, new_one ? name : pl->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fail(pl, new_one ? TB_NEW_SUFFIX : "", "open", why);
    r = read_all(fd, max, out, out_len);
    if (r < 0)
        (void)fail(pl, new_one ? TB_NEW_SUFFIX : "", "read", why);
    close(fd);
    return r;
}

static int write_all(int fd, struct tb_span s)
{
    while (s.len > 0) {
        ssize_t n = write(fd, s.p, s.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        s.p += n;
        s.len -= (size_t)n;
    }
    return 0;
}

static int fill(const struct tb_place *pl, int fd, struct tb_span content, tb_place_why why)
{
    struct stat st;

    if (write_all(fd, content) != 0)
        return fail(pl, TB_NEW_SUFFIX, "write", why);
    /* The mode first: who owns the file may read it as soon as it is his. */
    if (fchmod(fd, pl->mode) != 0)
        return fail(pl, TB_NEW_SUFFIX, "set the mode", why);
    if (fstat(fd, &st) != 0 || ((st.st_uid != pl->uid || st.st_gid != pl->gid) && fchown(fd, pl->uid, pl->gid) != 0))
        return fail(pl, TB_NEW_SUFFIX, "give it to the owner of the old one", why);
    return fsync(fd) == 0 ? 0 : fail(pl, TB_NEW_SUFFIX, "sync", why);
}

int tb_place_stage(struct tb_place *pl, struct tb_span content, tb_place_why why)
{
    char name[NAME_MAX_LEN];
    int fd, r;

    new_name(name, pl);
    tb_place_discard(pl);
    fd = openat(pl->dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        return fail(pl, TB_NEW_SUFFIX, "make", why);
    pl->new_there = true;
    r = fill(pl, fd, content, why);
    if (close(fd) != 0 && r == 0)
        r = fail(pl, TB_NEW_SUFFIX, "close", why);
    if (r == 0 && fsync(pl->dir_fd) != 0)
        r = fail(pl, "", "sync its directory", why);
    if (r < 0)
        tb_place_discard(pl);
    return r;
}

int tb_place_commit(struct tb_place *pl, tb_place_why why)
{
    char name[NAME_MAX_LEN];

    new_name(name, pl);
    if (renameat(pl->dir_fd, name, pl->dir_fd, pl->name) != 0)
        return fail(pl, "", "put the new file in its place", why);
    pl->there = pl->committed = true;
    pl->new_there = false;
    return fsync(pl->dir_fd) == 0 ? 0 : fail(pl, "", "sync its directory", why);
}

void tb_place_discard(struct tb_place *pl)
{
    char name[NAME_MAX_LEN];

    if (!pl->new_there)
        return;
    new_name(name, pl);
    (void)unlinkat(pl->dir_fd, name, 0);
    pl->new_there = false;
}

static int stage_all(struct tb_place *places, const struct tb_span *contents, size_t num, tb_place_why why)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < num; i++)
        r = tb_place_stage(&places[i], contents[i], why);
    for (size_t i = 0; r < 0 && i < num; i++)
        tb_place_discard(&places[i]);
    return r;
}

int tb_place_make_all(struct tb_place *places, const struct tb_span *contents, size_t num, bool *out_made,
                      tb_place_why why)
{
    const struct tb_place *lost = NULL;
    size_t num_there = 0;
    int r = 0;

    *out_made = false;
    for (size_t i = 0; i < num; i++) {
        num_there += places[i].there ? 1 : 0;
        if (lost == NULL && !places[i].there && !places[i].new_there)
            lost = &places[i];
    }
    if (num_there > 0 && lost != NULL) {
        snprintf(why, sizeof(tb_place_why), "%s: is missing, and what belongs to it is there: nothing was changed",
                 lost->path);
        return TB_E_EXISTS;
    }
    if (num_there == 0)
        r = stage_all(places, contents, num, why);
    for (size_t i = 0; r == 0 && i < num; i++) {
        if (places[i].there)
            continue;
        r = tb_place_commit(&places[i], why);
        *out_made = true;
    }
    return r;
}
