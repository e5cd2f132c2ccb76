#include "cli/control.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/bytes.h"

#define READ_STEP 16384

static int dial(const char *dir, int *out_fd)
{
    const struct timeval wait = {.tv_sec = TB_CLI_TIMEOUT_S};
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int n = snprintf(sun.sun_path, sizeof(sun.sun_path), "%s/control.sock", dir);
    int err;
    int fd;

    *out_fd = -1;
    if (n < 0 || (size_t)n >= sizeof(sun.sun_path)) {
        errno = ENAMETOOLONG;
        return TB_E_IO;
    }
    if ((fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
        return TB_E_IO;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0 ||
        connect(fd, (const struct sockaddr *)&sun, sizeof(sun)) < 0) {
        err = errno;
        close(fd);
        errno = err;
        return TB_E_IO;
    }
    *out_fd = fd;
    return 0;
}

static int send_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return TB_E_IO;
        p += n;
        len -= (size_t)n;
    }
    return shutdown(fd, SHUT_WR) < 0 ? TB_E_IO : 0;
}

static int receive_all(int fd, struct tb_wr *wr)
{
    char buf[READ_STEP];

    for (;;) {
        ssize_t n = recv(fd, buf, sizeof(buf), 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? TB_E_TIMEOUT : TB_E_IO;
        if (n == 0)
            return tb_wr_err(wr);
        tb_wr_bytes(wr, buf, (size_t)n);
        if (tb_wr_err(wr) < 0)
            return tb_wr_err(wr);
    }
}

int tb_cli_control(const char *dir, const json_t *request, json_t **out)
{
    char *text = json_dumps(request, JSON_COMPACT);
    struct tb_span answer;
    struct tb_wr wr;
    int fd = -1;
    int r;

    *out = NULL;
    tb_wr_init(&wr, TB_CLI_ANSWER_MAX);
    if (text == NULL) {
        r = TB_E_NOMEM;
        goto out;
    }
    if ((r = dial(dir, &fd)) < 0 || (r = send_all(fd, text, strlen(text))) < 0 || (r = receive_all(fd, &wr)) < 0)
        goto out;
    answer = tb_wr_span(&wr);
    *out = json_loadb((const char *)answer.p, answer.len, JSON_REJECT_DUPLICATES, NULL);
    r = *out != NULL ? 0 : TB_E_FORMAT;
out:
    if (fd >= 0)
        close(fd);
    free(text);
    tb_wr_clear(&wr);
    return r;
}
