/* Files that a child opens before its sandbox. */
#include "ca/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/log.h"

static void log_file(const char *path, const char *reason)
{
    tb_log(TB_LOG_ERROR, "file", TB_F("path", path), TB_F("reason", reason));
}

static int read_open_file(int fd, const char *path, size_t max, uint8_t **out, size_t *out_len)
{
    size_t len = 0;
    uint8_t *buf;
    struct stat st;

    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size < 0 || (uint64_t)st.st_size > max) {
        log_file(path, "is not a regular file of the expected size");
        return TB_E_LIMIT;
    }
    if ((buf = malloc((size_t)st.st_size + 1)) == NULL)
        return TB_E_NOMEM;
    while (len < (size_t)st.st_size) {
        ssize_t n = read(fd, buf + len, (size_t)st.st_size - len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            log_file(path, n < 0 ? strerror(errno) : "ends too early");
            tb_free_secret(buf, len);
            return TB_E_IO;
        }
        len += (size_t)n;
    }
    buf[len] = '\0'; /* so that text files may be used as such */
    *out = buf;
    *out_len = len;
    return 0;
}

int tb_child_read_file(const char *path, size_t max, uint8_t **out, size_t *out_len)
{
    int fd;
    int r;

    *out = NULL;
    *out_len = 0;
    if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)) < 0) {
        r = errno == ENOENT ? TB_E_NOTFOUND : TB_E_IO;
        log_file(path, strerror(errno));
        return r;
    }
    r = read_open_file(fd, path, max, out, out_len);
    close(fd);
    return r;
}

int tb_child_read_key(const char *path, struct tb_key *out)
{
    uint8_t *bytes;
    size_t len;
    int r;

    memset(out, 0, sizeof(*out));
    if ((r = tb_child_read_file(path, TB_KEY_LEN, &bytes, &len)) < 0)
        return r;
    if (len == TB_KEY_LEN) {
        memcpy(out->b, bytes, TB_KEY_LEN);
    } else {
        log_file(path, "does not hold a key of 32 bytes");
        r = TB_E_FORMAT;
    }
    tb_free_secret(bytes, len);
    return r;
}
