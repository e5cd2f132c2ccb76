#include "ca/parent/parent.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address;
static socklen_t address_len; /* 0 = nobody listens */

void tb_notify_init(void)
{
    const char *path = getenv("NOTIFY_SOCKET");
    size_t len = path != NULL ? strlen(path) : 0;

    address_len = 0;
    if (len > 1 && len < sizeof(address.sun_path) && (path[0] == '/' || path[0] == '@')) {
        address.sun_family = AF_UNIX;
        memcpy(address.sun_path, path, len + 1);
        if (path[0] == '@') /* an abstract name */
            address.sun_path[0] = '\0';
        address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    }
    /* Children have nothing to say to the service manager. */
    unsetenv("NOTIFY_SOCKET");
}

void tb_notify(const char *fmt, ...)
{
    char text[512];
    va_list ap;
    int n;
    int fd;

    if (address_len == 0)
        return;
    va_start(ap, fmt);
    n = vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (n <= 0 || (size_t)n >= sizeof(text) || (fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) < 0)
        return;
    (void)!sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (const struct sockaddr *)&address, address_len);
    close(fd);
}
