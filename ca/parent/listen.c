#include "ca/parent/parent.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/base/log.h"

/* What is opened, for whom. */
static const struct {
    const char *name;
    enum tb_role role;
    size_t offset; /* of its struct tb_listen in struct tb_config */
} listeners[TB_LISTEN__COUNT] = {
    [TB_LISTEN_ACME] = {"acme", TB_ROLE_FRONT, offsetof(struct tb_config, listen)},
    [TB_LISTEN_METRICS] = {"metrics", TB_ROLE_FRONT, offsetof(struct tb_config, metrics)},
    [TB_LISTEN_HTTP] = {"http", TB_ROLE_FRONT, offsetof(struct tb_config, http)},
    [TB_LISTEN_RESPONDER] = {"responder", TB_ROLE_RESPONDER, offsetof(struct tb_config, responder)},
};

enum tb_role tb_parent_listener_role(enum tb_listener listener)
{
    return listeners[listener].role;
}

static const struct tb_listen *address_of(const struct tb_config *cfg, size_t i)
{
    return (const struct tb_listen *)(const void *)((const char *)cfg + listeners[i].offset);
}

static int set_options(int fd)
{
    static const struct {
        int level, name;
    } options[] = {
        {SOL_SOCKET, SO_REUSEADDR},
        /* Accepted sockets inherit it; set on each of them alone, a small answer waits 40 ms for an acknowledgement. */
        {IPPROTO_TCP, TCP_NODELAY},
    };
    int on = 1;

    for (size_t i = 0; i < TB_ARRAY_LEN(options); i++)
        if (setsockopt(fd, options[i].level, options[i].name, &on, sizeof(on)) < 0)
            return TB_E_IO;
    return 0;
}

static int open_one(const struct tb_listen *l, int *out_fd)
{
    int fd = socket(l->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int err;

    *out_fd = -1;
    if (fd < 0)
        return TB_E_IO;
    if (set_options(fd) < 0 || bind(fd, (const struct sockaddr *)&l->addr, l->addr_len) < 0 ||
        listen(fd, TB_LISTEN_BACKLOG) < 0) {
        err = errno;
        close(fd);
        errno = err;
        return TB_E_IO;
    }
    *out_fd = fd;
    return 0;
}

static bool same_address(const struct tb_listen *a, const struct tb_listen *b)
{
    return a->on && b->on && a->addr_len == b->addr_len && memcmp(&a->addr, &b->addr, a->addr_len) == 0;
}

int tb_parent_listen(const struct tb_config *cfg, const struct tb_config *old, const int have[TB_LISTEN__COUNT],
                     int out[TB_LISTEN__COUNT])
{
    for (size_t i = 0; i < TB_LISTEN__COUNT; i++)
        out[i] = -1;
    for (size_t i = 0; i < TB_LISTEN__COUNT; i++) {
        const struct tb_listen *l;

        if (listeners[i].role == TB_ROLE_NONE || !(l = address_of(cfg, i))->on)
            continue;
        if (old != NULL && have[i] >= 0 && same_address(l, address_of(old, i)))
            continue;
        if (open_one(l, &out[i]) < 0) {
            tb_log(TB_LOG_ERROR, "listen", TB_F("socket", listeners[i].name), TB_F("address", l->text),
                   TB_F("reason", strerror(errno)));
            tb_parent_listen_close(out);
            return TB_E_IO;
        }
    }
    return 0;
}

void tb_parent_listen_close(int fds[TB_LISTEN__COUNT])
{
    for (size_t i = 0; i < TB_LISTEN__COUNT; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}
