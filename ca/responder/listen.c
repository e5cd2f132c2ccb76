#include <errno.h>
#include <sys/socket.h>

#include "ca/responder/responder.h"
#include "lib/base/log.h"

/* Of one turn of the loop: between them, those who are in have theirs. */
#define ACCEPTS_OF_A_TURN 32

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
    struct tb_responder *rp = arg;

    (void)what;
    for (unsigned i = 0; i < ACCEPTS_OF_A_TURN; i++) {
        struct sockaddr_storage from = {.ss_family = AF_UNSPEC};
        socklen_t len = sizeof(from);
        int in = accept4(fd, (struct sockaddr *)&from, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (in >= 0)
            tb_connection_new(rp, in, &from);
        else if (errno != EINTR && errno != ECONNABORTED)
            return;
    }
}

int tb_responder_listen(struct tb_responder *rp)
{
    int fd = rp->child->listen_fd[TB_LISTEN_RESPONDER];

    if (fd < 0) {
        tb_log(TB_LOG_ERROR, "no-listener", TB_F("what", "the responder's socket was not given"));
        return TB_E_IO;
    }
    (void)evutil_make_socket_nonblocking(fd);
    rp->listener = event_new(rp->child->base, fd, EV_READ | EV_PERSIST, on_acceptable, rp);
    return rp->listener != NULL && event_add(rp->listener, NULL) == 0 ? 0 : TB_E_NOMEM;
}

void tb_responder_stop_listening(struct tb_responder *rp)
{
    if (rp->listener != NULL)
        event_free(rp->listener);
    rp->listener = NULL;
}
