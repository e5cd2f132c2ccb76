#include "ca/config/maker.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct tb_maker *mk, const char *path, const char *doing)
{
    int err = errno == EEXIST ? TB_E_EXISTS : TB_E_IO;

    snprintf(mk->why, sizeof(mk->why), "%s: cannot %s: %s", path, doing, strerror(errno));
    return err;
}

static int note(struct tb_maker *mk, const char *path, bool dir, enum tb_owner owner)
{
    struct tb_made *m;

    if (mk->num == TB_MAKER_NUM_MAX || strlen(path) >= sizeof(m->path)) {
        snprintf(mk->why, sizeof(mk->why), "%.512s: too many files or too long a path", path);
        return TB_E_LIMIT;
    }
    m = &mk->made[mk->num++];
    strcpy(m->path, path);
    m->dir = dir;
    m->owner = owner;
    return 0;
}

int tb_maker_dir(struct tb_maker *mk, const char *path, mode_t mode, enum tb_owner owner)
{
    int err;

    if (mkdir(path, 0700) != 0)
        return fail(mk, path, "make the directory");
    err = note(mk, path, true, owner);
    if (err != 0) {
        rmdir(path);
        return err;
    }
    /* Not through mkdir: the umask may only narrow what stands here, never decide it. */
    return chmod(path, mode) == 0 ? 0 : fail(mk, path, "set the mode");
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

int tb_maker_open(struct tb_maker *mk, const char *path, enum tb_owner owner, int *out_fd)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int err;

    *out_fd = -1;
    if (fd < 0)
        return fail(mk, path, "make the file");
    err = note(mk, path, false, owner);
    if (err != 0) {
        unlink(path);
        close(fd);
        return err;
    }
    *out_fd = fd;
    return 0;
}

int tb_maker_write(struct tb_maker *mk, const char *path, int fd, struct tb_span content)
{
    return write_all(fd, content) == 0 ? 0 : fail(mk, path, "write");
}

int tb_maker_close(struct tb_maker *mk, const char *path, int fd, mode_t mode)
{
    int err = 0;

    if (fchmod(fd, mode) != 0)
        err = fail(mk, path, "set the mode");
    else if (fsync(fd) != 0)
        err = fail(mk, path, "sync");
    if (close(fd) != 0 && err == 0)
        err = fail(mk, path, "close");
    return err;
}

int tb_maker_file(struct tb_maker *mk, const char *path, struct tb_span content, mode_t mode, enum tb_owner owner)
{
    int fd, err = tb_maker_open(mk, path, owner, &fd);

    if (err != 0)
        return err;
    err = tb_maker_write(mk, path, fd, content);
    if (err != 0) {
        close(fd);
        return err;
    }
    return tb_maker_close(mk, path, fd, mode);
}

static int sync_dir(struct tb_maker *mk, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = 0;

    if (fd < 0)
        return fail(mk, path, "open the directory");
    if (fsync(fd) != 0)
        err = fail(mk, path, "sync the directory");
    close(fd);
    return err;
}

/* The directory that holds path: its entry must be on disk as well. */
static int sync_parent(struct tb_maker *mk, const char *path)
{
    char parent[TB_CONFIG_PATH_MAX + 65];
    char *slash;

    snprintf(parent, sizeof(parent), "%s", path);
    slash = strrchr(parent, '/');
    if (slash == NULL)
        return sync_dir(mk, ".");
    slash[slash == parent ? 1 : 0] = '\0';
    return sync_dir(mk, parent);
}

int tb_maker_finish(struct tb_maker *mk, bool give, uid_t uid, gid_t gid)
{
    int err = 0;

    for (size_t i = 0; give && i < mk->num; i++)
        if (mk->made[i].owner == TB_OWNER_USER && lchown(mk->made[i].path, uid, gid) != 0)
            return fail(mk, mk->made[i].path, "change the owner");
    for (size_t i = 0; err == 0 && i < mk->num; i++)
        err = mk->made[i].dir ? sync_dir(mk, mk->made[i].path) : 0;
    for (size_t i = 0; err == 0 && i < mk->num; i++)
        err = sync_parent(mk, mk->made[i].path);
    return err;
}

int tb_maker_share_dir(struct tb_maker *mk, const char *dir, gid_t gid)
{
    return chown(dir, (uid_t)-1, gid) == 0 && chmod(dir, 01775) == 0 ? 0 : fail(mk, dir, "give it to the group");
}

void tb_maker_undo(struct tb_maker *mk)
{
    while (mk->num > 0) {
        const struct tb_made *m = &mk->made[--mk->num];

        if (m->dir)
            rmdir(m->path);
        else
            unlink(m->path);
    }
}
