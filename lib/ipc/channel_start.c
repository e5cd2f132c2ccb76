/* Before there is a loop: a pair of sockets, and one frame at a time. */
#include <stdlib.h>
#include <sys/socket.h>

#include "lib/ipc/fd_pass.h"
#include "lib/ipc/frame.h"

#define PAIR_BUF_LEN (2 << 20)

static void set_buffer(int fd, int force, int plain)
{
    int len = PAIR_BUF_LEN;

    /* Best effort: beyond the system's maximum only root may go, and a smaller buffer is only slower. */
    if (setsockopt(fd, SOL_SOCKET, force, &len, sizeof(len)) < 0)
        (void)setsockopt(fd, SOL_SOCKET, plain, &len, sizeof(len));
}

int tb_channel_pair(int out_fds[2])
{
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, out_fds) < 0) {
        out_fds[0] = out_fds[1] = -1;
        return TB_E_IO;
    }
    for (int i = 0; i < 2; i++) {
        set_buffer(out_fds[i], SO_SNDBUFFORCE, SO_SNDBUF);
        set_buffer(out_fds[i], SO_RCVBUFFORCE, SO_RCVBUF);
    }
    return 0;
}

static int recv_exact(int fd, uint8_t *p, size_t len, int *fds, size_t max, size_t *num)
{
    while (len > 0) {
        ssize_t n = tb_fd_pass_recv(fd, p, len, 0, fds, max, num);

        if (n < 0)
            return (int)n;
        if (n == 0)
            return TB_E_CLOSED;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int tb_channel_recv_blocking(int fd, struct tb_msg *out, uint8_t **out_body)
{
    uint8_t head[TB_FRAME_HEADER_LEN];
    struct tb_msg m = {.fd = -1};
    uint8_t *body = NULL;
    size_t body_len = 0;
    size_t num_fds = 0;
    int r;

    *out = (struct tb_msg){.fd = -1};
    *out_body = NULL;
    if ((r = recv_exact(fd, head, sizeof(head), &m.fd, 1, &num_fds)) < 0 ||
        (r = tb_frame_header_read(head, &m, &body_len)) < 0)
        goto out;
    if ((tb_msg_info(m.type)->from >> TB_ROLE_PARENT & 1) == 0 || tb_msg_info(m.type)->fd != (num_fds == 1)) {
        r = TB_E_FORMAT;
        goto out;
    }
    if ((body = malloc(body_len + 1)) == NULL) {
        r = TB_E_NOMEM;
        goto out;
    }
    if ((r = recv_exact(fd, body, body_len, NULL, 0, NULL)) < 0)
        goto out;
    m.body = tb_span_of(body, body_len);
    *out = m;
    *out_body = body;
    return 0;
out:
    tb_fd_close_all(&m.fd, num_fds);
    free(body);
    return r;
}
