/* keys/account.key: the key of account statements, which no other process has. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ca/judge/judge.h"
#include "lib/base/log.h"

/* Under another name first, so that no crash leaves half a key; the owner is that of the directory. */
static int make(const char *path)
{
    char dir[TB_CONFIG_PATH_MAX + 65], tmp[TB_CONFIG_PATH_MAX + 70];
    struct tb_key key;
    struct stat st;
    int dir_fd, fd = -1, r = TB_E_IO;

    snprintf(dir, sizeof(dir), "%s", path);
    *strrchr(dir, '/') = '\0';
    snprintf(tmp, sizeof(tmp), "%s.new", path);
    tb_random(&key, sizeof(key));
    dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd >= 0)
        fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0 && (geteuid() != 0 || (fstat(dir_fd, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0)) &&
        write(fd, key.b, sizeof(key.b)) == (ssize_t)sizeof(key.b) && fsync(fd) == 0 && rename(tmp, path) == 0 &&
        fsync(dir_fd) == 0)
        r = 0;
    if (fd >= 0)
        close(fd);
    if (dir_fd >= 0)
        close(dir_fd);
    tb_wipe(&key, sizeof(key));
    return r;
}

int tb_judge_load_account_key(struct tb_judge *j)
{
    char path[TB_CONFIG_PATH_MAX + 65];
    struct stat st;
    int r;

    tb_config_file(j->child->cfg, TB_FILE_ACCOUNT_KEY, path);
    /* A directory made before accounts could change: nothing was ever MACed with the key, so a new one is as good. */
    if (stat(path, &st) < 0 && errno == ENOENT && j->state.standings.num == 0 && j->state.eab.num == 0) {
        if ((r = make(path)) < 0) {
            tb_log(TB_LOG_ERROR, "account-key-not-made", TB_F("file", path), TB_F("reason", strerror(errno)));
            return r;
        }
        tb_log(TB_LOG_NOTICE, "account-key-made", TB_F("file", path));
    }
    return tb_child_read_key(path, &j->state.account_key);
}
