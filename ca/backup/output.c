#include "ca/backup/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int say(char why[static TB_OUTPUT_WHY_MAX + 1], int err, const char *fmt, ...) TB_PRINTF(3, 4);
static int say(char why[static TB_OUTPUT_WHY_MAX + 1], int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(why, TB_OUTPUT_WHY_MAX + 1, fmt, ap);
    va_end(ap);
    return err;
}

static int open_stdout(struct tb_output *o, char why[static TB_OUTPUT_WHY_MAX + 1])
{
    if (isatty(STDOUT_FILENO))
        return say(why, TB_E_DENIED, "standard output is a terminal; an archive goes into a file or a pipe");
    o->fd = STDOUT_FILENO;
    o->is_stdout = true;
    return 0;
}

int tb_output_open(struct tb_output *o, const char *path, char why[static TB_OUTPUT_WHY_MAX + 1])
{
    struct stat st;

    *o = (struct tb_output){.fd = -1};
    if (strcmp(path, "-") == 0)
        return open_stdout(o, why);
    if (path[0] == '\0' || strlen(path) + strlen(".part") > TB_OUTPUT_PATH_MAX)
        return say(why, TB_E_LIMIT, "expected the path of a file, of at most %d characters", TB_OUTPUT_PATH_MAX - 5);
    snprintf(o->path, sizeof(o->path), "%s", path);
    if (lstat(path, &st) == 0)
        return say(why, TB_E_EXISTS, "%s exists; nothing is overwritten", path);
    snprintf(o->part, sizeof(o->part), "%s.part", path);
    o->fd = open(o->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (o->fd >= 0 && fchmod(o->fd, 0600) == 0)
        return 0;
    if (o->fd < 0 && errno == EEXIST)
        say(why, TB_E_EXISTS, "%s exists: another backup is making it, or one was interrupted; then remove it",
            o->part);
    else
        say(why, TB_E_IO, "%s: cannot make the file: %s", o->part, strerror(errno));
    if (o->fd < 0)
        o->part[0] = '\0';
    return TB_E_IO;
}

static int sync_parent(const char *path)
{
    char dir[TB_OUTPUT_PATH_MAX + 1];
    char *slash;
    int fd, r;

    snprintf(dir, sizeof(dir), "%s", path);
    slash = strrchr(dir, '/');
    if (slash != NULL)
        slash[slash == dir ? 1 : 0] = '\0';
    fd = open(slash != NULL ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return TB_E_IO;
    r = fsync(fd) == 0 ? 0 : TB_E_IO;
    close(fd);
    return r;
}

/* A second name and then the first one away: unlike rename(2), it never takes the place of a file. */
static int give_name(const struct tb_output *o)
{
    if (renameat2(AT_FDCWD, o->part, AT_FDCWD, o->path, RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS) /* not every file system knows the flag */
        return TB_E_IO;
    return link(o->part, o->path) == 0 && unlink(o->part) == 0 ? 0 : TB_E_IO;
}

int tb_output_finish(struct tb_output *o, char why[static TB_OUTPUT_WHY_MAX + 1])
{
    if (o->is_stdout)
        return 0;
    if (fsync(o->fd) < 0)
        return say(why, TB_E_IO, "%s: cannot make it durable: %s", o->part, strerror(errno));
    if (give_name(o) < 0)
        return say(why, TB_E_IO, "%s: cannot be called so: %s", o->path, strerror(errno));
    o->part[0] = '\0';
    if (sync_parent(o->path) < 0)
        return say(why, TB_E_IO, "%s: cannot sync its directory: %s", o->path, strerror(errno));
    return 0;
}

void tb_output_close(struct tb_output *o)
{
    if (o->part[0] != '\0')
        unlink(o->part);
    if (o->fd >= 0 && !o->is_stdout)
        close(o->fd);
    *o = (struct tb_output){.fd = -1};
}
