/* The chain that a running server shows. */
#ifndef TB_CLI_CHECK_LIVE_H
#define TB_CLI_CHECK_LIVE_H

#include "cli/check/check.h"
#include "lib/base/err.h"

#define TB_LIVE_HOST_MAX   255
#define TB_LIVE_TIMEOUT_MS 10000 /* to connect to one address, and for each wait of the handshake */

/* HOST:PORT or [ADDRESS]:PORT; port is a number. */
bool tb_check_live_parse(const char *text, char host[static TB_LIVE_HOST_MAX + 1], char port[static 6]);
/*
 * Connect, with starttls (may be NULL) first, and take the chain without judging it.  name is asked for as server name
 * (NULL: the host).  On failure *out is empty and why tells.
 */
int tb_check_live(const char *text, const char *starttls, const char *name, struct tb_check_input *out,
                  char why[static TB_CHECK_WHY_MAX + 1]) TB_MUST_USE;

#endif
