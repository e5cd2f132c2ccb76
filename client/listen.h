/* Listening sockets of the standalone challenges. */
#ifndef TB_CLIENT_LISTEN_H
#define TB_CLIENT_LISTEN_H

#include "client/fail.h"

/*
 * Open what "ADDR:PORT", "[ADDR]:PORT", ":PORT", "PORT" or NULL (all addresses, default_port) says.  One socket,
 * non-blocking; all addresses means both families where the host has both.  option is the command line's, for advice.
 */
int tb_listen(const char *where, unsigned default_port, const char *option, int *out_fd,
              struct tb_fail *fail) TB_MUST_USE;
/* The parts of where; TB_E_FORMAT. address is empty for all addresses. */
int tb_listen_parse(const char *where, unsigned default_port, char address[static 64], unsigned *out_port) TB_MUST_USE;

#endif
