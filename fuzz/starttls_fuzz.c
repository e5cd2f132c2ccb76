/* tb_starttls: the first octet chooses the protocol, the rest is what the server says before it hangs up. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/check/starttls.h"
#include "lib/base/compiler.h"

#define SAID_MAX 16384 /* fits the socket's buffer */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const protocols[] = {"smtp", "imap", "xmpp", "postgres", "ldap"};
    const char *protocol;
    int fds[2];
    char rest[1];
    int r;

    if (size < 1 || size > SAID_MAX || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) < 0)
        return 0;
    protocol = protocols[data[0] % TB_ARRAY_LEN(protocols)];
    if (size > 1 && send(fds[1], data + 1, size - 1, MSG_NOSIGNAL) != (ssize_t)(size - 1))
        abort();
    shutdown(fds[1], SHUT_WR);
    r = tb_starttls(fds[0], protocol, "example.org");
    /* Success needs an answer; silence is none. Nothing waits when the server has gone. */
    if (r > 0 || r == TB_E_TIMEOUT || (r == 0 && size == 1))
        abort();
    if (r == TB_E_CLOSED && recv(fds[0], rest, 1, MSG_DONTWAIT) > 0)
        abort();
    close(fds[0]);
    close(fds[1]);
    return 0;
}
