/* Bytes over a Unix stream socket, with descriptors beside them (SCM_RIGHTS). */
#ifndef TB_IPC_FD_PASS_H
#define TB_IPC_FD_PASS_H

#include <sys/types.h>

#include "lib/base/bytes.h"

#define TB_FD_PASS_MAX 32u /* descriptors that one call may bring */

/* One sendmsg, never waiting, never SIGPIPE; passed -1 = none. As sendmsg: -1 and errno, which is not EINTR. */
ssize_t tb_fd_pass_send(int sock, struct tb_span bytes, int passed);
/*
 * One recvmsg with these flags.  > 0 bytes; 0 end of stream; TB_E_AGAIN, TB_E_IO, TB_E_FORMAT (more descriptors than
 * max; those in fds are the caller's).  fds, which has room for max and already *num, may be NULL: none is taken.
 */
ssize_t tb_fd_pass_recv(int sock, void *p, size_t len, int flags, int *fds, size_t max, size_t *num) TB_MUST_USE;
void tb_fd_close_all(const int *fds, size_t num);

#endif
