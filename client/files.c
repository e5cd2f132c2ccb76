#include "client/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP 4096

int tb_file_read(const char *path, struct tb_wr *out, struct tb_fail *fail)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    uint8_t buf[STEP];
    ssize_t n = 0;
    int r = 0;

    if (fd < 0) {
        r = errno == ENOENT ? TB_E_NOTFOUND : TB_E_IO;
        (void)tb_fail_errno(fail, "%s cannot be read", path);
        return r;
    }
    while (r == 0 && (n = read(fd, buf, sizeof(buf))) > 0) {
        tb_wr_bytes(out, buf, (size_t)n);
        r = tb_wr_err(out);
    }
    if (n < 0)
        r = tb_fail_errno(fail, "%s cannot be read", path);
    else if (r < 0)
        r = tb_fail_set(fail, TB_EXIT_LOCAL, r, "%s is longer than such a file may be", path);
    close(fd);
    explicit_bzero(buf, sizeof(buf));
    return r;
}

static int write_all(int fd, struct tb_span text)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.p, text.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return TB_E_IO;
        text = tb_span_of(text.p + n, text.len - (size_t)n);
    }
    return 0;
}

int tb_file_create(const char *path, struct tb_span text, mode_t mode, struct tb_fail *fail)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0600);
    int r;

    if (fd < 0) {
        r = errno == EEXIST ? TB_E_EXISTS : TB_E_IO;
        (void)tb_fail_errno(fail, "%s cannot be made", path);
        return r;
    }
    if (write_all(fd, text) < 0 || fchmod(fd, mode) < 0 || fsync(fd) < 0) {
        r = tb_fail_errno(fail, "%s cannot be written", path);
        close(fd);
        unlink(path);
        return r;
    }
    return close(fd) == 0 ? 0 : tb_fail_errno(fail, "%s cannot be written", path);
}

int tb_file_replace(const char *path, struct tb_span text, mode_t mode, struct tb_fail *fail)
{
    char tmp[TB_CLIENT_PATH_MAX + 1];
    char *slash;
    int r;

    if (snprintf(tmp, sizeof(tmp), "%s.new", path) >= (int)sizeof(tmp))
        return tb_fail_set(fail, TB_EXIT_LOCAL, TB_E_LIMIT, "%s: the path is too long", path);
    if (unlink(tmp) < 0 && errno != ENOENT)
        return tb_fail_errno(fail, "%s cannot be removed", tmp);
    if ((r = tb_file_create(tmp, text, mode, fail)) < 0)
        return r;
    if (rename(tmp, path) < 0) {
        r = tb_fail_errno(fail, "%s cannot be replaced", path);
        unlink(tmp);
        return r;
    }
    if ((slash = strrchr(tmp, '/')) == NULL)
        return tb_dir_sync(".", fail);
    *slash = '\0';
    return tb_dir_sync(tmp, fail);
}

int tb_dir_make(const char *path, mode_t mode, struct tb_fail *fail)
{
    char part[TB_CLIENT_PATH_MAX + 1];

    if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part))
        return tb_fail_set(fail, TB_EXIT_LOCAL, TB_E_LIMIT, "%s: the path is too long", path);
    for (char *p = part + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(part, mode) < 0 && errno != EEXIST)
            return tb_fail_errno(fail, "%s cannot be made", part);
        *p = '/';
    }
    if (mkdir(part, mode) < 0 && errno != EEXIST)
        return tb_fail_errno(fail, "%s cannot be made", part);
    return 0;
}

int tb_dir_sync(const char *path, struct tb_fail *fail)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = 0;

    if (fd < 0 || fsync(fd) < 0)
        r = tb_fail_errno(fail, "%s cannot be made durable", path);
    if (fd >= 0)
        close(fd);
    return r;
}

int tb_dir_remove(const char *path, struct tb_fail *fail)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    int r = 0;

    if (dir == NULL)
        return errno == ENOENT ? 0 : tb_fail_errno(fail, "%s cannot be read", path);
    while (r == 0 && (e = readdir(dir)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlinkat(dirfd(dir), e->d_name, 0) < 0)
            r = tb_fail_errno(fail, "%s/%s cannot be removed", path, e->d_name);
    closedir(dir);
    if (r == 0 && rmdir(path) < 0)
        r = tb_fail_errno(fail, "%s cannot be removed", path);
    return r;
}

int tb_path_join(char out[static TB_CLIENT_PATH_MAX + 1], const char *dir, const char *a, const char *b,
                 struct tb_fail *fail)
{
    int n = snprintf(out, TB_CLIENT_PATH_MAX + 1, "%s/%s%s%s", dir, a, b != NULL ? "/" : "", b != NULL ? b : "");

    if (n < 0 || n > TB_CLIENT_PATH_MAX)
        return tb_fail_set(fail, TB_EXIT_LOCAL, TB_E_LIMIT, "%s: the path is too long", dir);
    return 0;
}
