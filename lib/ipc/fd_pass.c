#include "lib/ipc/fd_pass.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

ssize_t tb_fd_pass_send(int sock, struct tb_span bytes, int passed)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(int))];
    } ctl;
    struct iovec iov = {.iov_base = (void *)(uintptr_t)bytes.p, .iov_len = bytes.len};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cmsghdr *c;
    ssize_t r;

    if (passed >= 0) {
        memset(&ctl, 0, sizeof(ctl));
        mh.msg_control = ctl.buf;
        mh.msg_controllen = sizeof(ctl.buf);
        c = CMSG_FIRSTHDR(&mh);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(c), &passed, sizeof(int));
    }
    do {
        r = sendmsg(sock, &mh, MSG_NOSIGNAL | MSG_DONTWAIT);
    } while (r < 0 && errno == EINTR);
    return r;
}

/* Descriptors that came with the bytes go to fds, behind those that it has; TB_E_FORMAT when it gets full. */
static int take_fds(struct msghdr *mh, int *fds, size_t max, size_t *num)
{
    int r = (mh->msg_flags & MSG_CTRUNC) != 0 ? TB_E_FORMAT : 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(mh); c != NULL; c = CMSG_NXTHDR(mh, c)) {
        size_t n;

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < n; i++) {
            int fd;

            memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
            if (*num < max) {
                fds[(*num)++] = fd;
            } else {
                close(fd);
                r = TB_E_FORMAT;
            }
        }
    }
    return r;
}

ssize_t tb_fd_pass_recv(int sock, void *p, size_t len, int flags, int *fds, size_t max, size_t *num)
{
    union {
        struct cmsghdr align;
        char buf[CMSG_SPACE(sizeof(int) * TB_FD_PASS_MAX)];
    } ctl;
    struct iovec iov = {.iov_base = p, .iov_len = len};
    struct msghdr mh = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    if (fds != NULL) {
        mh.msg_control = ctl.buf;
        mh.msg_controllen = sizeof(ctl.buf);
    }
    do {
        n = recvmsg(sock, &mh, flags | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return TB_E_AGAIN;
        return errno == ECONNRESET ? 0 : TB_E_IO;
    }
    if (fds != NULL && take_fds(&mh, fds, max, num) < 0)
        return TB_E_FORMAT;
    return n;
}

void tb_fd_close_all(const int *fds, size_t num)
{
    for (size_t i = 0; i < num; i++)
        close(fds[i]);
}
