#include "ca/backup/store_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ca/store/snapshot.h"

#define STAGE "backup.new"

/* Where the copy is made. */
struct stage {
    char store[TB_CONFIG_PATH_MAX + 65];
    char dir[TB_CONFIG_PATH_MAX + 65];
    char file[TB_CONFIG_PATH_MAX + 96];
    struct stat owner; /* of the store */
    char *why;
};

static int say(const struct stage *s, int err, const char *fmt, ...) TB_PRINTF(3, 4);
static int say(const struct stage *s, int err, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(s->why, TB_STORE_COPY_WHY_MAX + 1, fmt, ap);
    va_end(ap);
    return err;
}

/* Through the directory itself: under its name there may stand a link by now. */
static void remove_stage(const struct stage *s)
{
    static const char *const names[] = {TB_STORE_FILE, TB_STORE_FILE "-journal", TB_STORE_FILE "-wal",
                                        TB_STORE_FILE "-shm"};
    int fd = open(s->dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return;
    for (size_t i = 0; i < TB_ARRAY_LEN(names); i++)
        unlinkat(fd, names[i], 0);
    close(fd);
    rmdir(s->dir);
}

static int make_stage(struct stage *s)
{
    remove_stage(s); /* of a backup that was killed */
    if (mkdir(s->dir, 0700) < 0)
        return say(s, TB_E_IO, "%s: cannot make the directory: %s", s->dir, strerror(errno));
    if (geteuid() == 0 && lchown(s->dir, s->owner.st_uid, s->owner.st_gid) < 0)
        return say(s, TB_E_IO, "%s: cannot change the owner: %s", s->dir, strerror(errno));
    return 0;
}

/* What the process says through the pipe. */
struct report {
    tb_order_no_t order;
    char why[TB_STORE_WHY_MAX + 1];
};

static TB_NORETURN void work(const struct stage *s, int fd)
{
    struct report r = {.why = "cannot become the owner of the store"};
    int status = 1;

    if (geteuid() == 0 && s->owner.st_uid != 0 &&
        (setgroups(0, NULL) < 0 || setgid(s->owner.st_gid) < 0 || setuid(s->owner.st_uid) < 0))
        goto out;
    umask(077);
    status = tb_store_snapshot(s->store, s->file, &r.order, r.why) == 0 ? 0 : 1;
out:
    _exit(write(fd, &r, sizeof(r)) == (ssize_t)sizeof(r) ? status : 1);
}

static int wait_for(pid_t pid)
{
    int status;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return TB_E_IO;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : TB_E_IO;
}

static int copy(const struct stage *s, tb_order_no_t *out_order)
{
    struct report rep = {0};
    ssize_t n;
    int fds[2];
    pid_t pid;

    if (pipe2(fds, O_CLOEXEC) < 0)
        return say(s, TB_E_IO, "cannot make a pipe: %s", strerror(errno));
    if ((pid = fork()) == 0)
        work(s, fds[1]);
    close(fds[1]);
    n = pid > 0 ? read(fds[0], &rep, sizeof(rep)) : -1;
    close(fds[0]);
    if (pid < 0)
        return say(s, TB_E_IO, "cannot start a process: %s", strerror(errno));
    if (wait_for(pid) < 0 || n != (ssize_t)sizeof(rep))
        return say(s, TB_E_IO, "%.*s", TB_STORE_WHY_MAX,
                   n == (ssize_t)sizeof(rep) ? rep.why : "the process that copies the database was killed");
    *out_order = rep.order;
    return 0;
}

/* What another account could have put in its place is no regular file, or no database. */
static int open_copy(const struct stage *s, int *out_fd, uint64_t *out_size)
{
    char why[TB_STORE_WHY_MAX + 1] = "";
    int fd = open(s->file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct stat st;
    int r;

    if (fd < 0 || fstat(fd, &st) < 0) {
        r = say(s, TB_E_IO, "%s: %s", s->file, strerror(errno));
    } else if (!S_ISREG(st.st_mode) || st.st_uid != s->owner.st_uid) {
        r = say(s, TB_E_DENIED, "%s: is not the copy that was made", s->file);
    } else if ((r = tb_store_look(fd, why)) < 0) {
        say(s, r, "store/%s", why);
    } else {
        *out_fd = fd;
        *out_size = (uint64_t)st.st_size;
        return 0;
    }
    if (fd >= 0)
        close(fd);
    return r;
}

int tb_store_copy(const struct tb_config *cfg, int *out_fd, uint64_t *out_size, tb_order_no_t *out_order,
                  char why[static TB_STORE_COPY_WHY_MAX + 1])
{
    struct stage s = {.why = why};
    char db[TB_CONFIG_PATH_MAX + 96];
    struct stat st;
    int r;

    *out_fd = -1;
    *out_size = 0;
    *out_order = 0;
    tb_config_file(cfg, TB_FILE_STORE_DIR, s.store);
    snprintf(s.dir, sizeof(s.dir), "%s/%s", cfg->dir, STAGE);
    snprintf(s.file, sizeof(s.file), "%s/%s", s.dir, TB_STORE_FILE);
    snprintf(db, sizeof(db), "%s/%s", s.store, TB_STORE_FILE);
    if (stat(s.store, &s.owner) < 0)
        return say(&s, TB_E_IO, "%s: %s", s.store, strerror(errno));
    if (lstat(db, &st) < 0)
        return errno == ENOENT ? 0 : say(&s, TB_E_IO, "%s: %s", db, strerror(errno));
    if ((r = make_stage(&s)) == 0 && (r = copy(&s, out_order)) == 0)
        r = open_copy(&s, out_fd, out_size);
    remove_stage(&s);
    return r;
}
