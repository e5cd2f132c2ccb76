#include "client/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64

static int parse_port(const char *text, unsigned *out)
{
    char *end;
    unsigned long n;

    if (text[0] < '0' || text[0] > '9')
        return TB_E_FORMAT;
    n = strtoul(text, &end, 10);
    if (*end != '\0' || n == 0 || n > 65535)
        return TB_E_FORMAT;
    *out = (unsigned)n;
    return 0;
}

int tb_listen_parse(const char *where, unsigned default_port, char address[static 64], unsigned *out_port)
{
    const char *colon = where != NULL ? strrchr(where, ':') : NULL;
    const char *from = where;
    size_t len;

    address[0] = '\0';
    *out_port = default_port;
    if (where == NULL)
        return 0;
    if (colon == NULL)
        return parse_port(where, out_port);
    len = (size_t)(colon - where);
    if (len >= 2 && from[0] == '[' && from[len - 1] == ']') {
        from++;
        len -= 2;
    } else if (memchr(from, ':', len) != NULL) {
        return TB_E_FORMAT; /* an IPv6 address without brackets */
    }
    if (len > 63)
        return TB_E_FORMAT;
    memcpy(address, from, len);
    address[len] = '\0';
    return parse_port(colon + 1, out_port);
}

static int make_address(const char *address, unsigned port, bool v6_any, struct sockaddr_storage *out, socklen_t *len)
{
    struct sockaddr_in *in = (struct sockaddr_in *)out;
    struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)out;

    memset(out, 0, sizeof(*out));
    if ((address[0] == '\0' && v6_any) || (address[0] != '\0' && inet_pton(AF_INET6, address, &in6->sin6_addr) == 1)) {
        in6->sin6_family = AF_INET6;
        in6->sin6_port = htons((uint16_t)port);
        *len = sizeof(*in6);
        return 0;
    }
    if (address[0] != '\0' && inet_pton(AF_INET, address, &in->sin_addr) != 1)
        return TB_E_FORMAT;
    in->sin_family = AF_INET;
    in->sin_port = htons((uint16_t)port);
    *len = sizeof(*in);
    return 0;
}

static int open_at(const struct sockaddr_storage *addr, socklen_t len)
{
    int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int one = 1;
    int zero = 0;
    int saved;

    if (fd < 0)
        return -1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (addr->ss_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
    if (bind(fd, (const struct sockaddr *)addr, len) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static const char *advice(int err)
{
    if (err == EACCES || err == EPERM)
        return "; ports below 1024 are for root: run as root, or let a port above be forwarded here";
    if (err == EADDRINUSE)
        return "; another program has it: stop that one, or let it serve the challenge (--webroot)";
    return "";
}

int tb_listen(const char *where, unsigned default_port, const char *option, int *out_fd, struct tb_fail *fail)
{
    struct sockaddr_storage addr;
    char address[64];
    unsigned port;
    socklen_t len;
    int err;

    *out_fd = -1;
    if (tb_listen_parse(where, default_port, address, &port) < 0 || make_address(address, port, true, &addr, &len) < 0)
        return tb_fail_set(fail, TB_EXIT_USAGE, TB_E_FORMAT, "%s %s: it must be ADDRESS:PORT, :PORT or PORT", option,
                           where);
    *out_fd = open_at(&addr, len);
    if (*out_fd < 0 && address[0] == '\0' && errno != EADDRINUSE && errno != EACCES) {
        (void)!make_address(address, port, false, &addr, &len); /* a host without IPv6 */
        *out_fd = open_at(&addr, len);
    }
    if (*out_fd >= 0)
        return 0;
    err = errno;
    return tb_fail_set(fail, TB_EXIT_LOCAL, TB_E_IO, "port %u%s%s cannot be opened for %s: %s%s", port,
                       address[0] != '\0' ? " of " : "", address, option, strerror(err), advice(err));
}
