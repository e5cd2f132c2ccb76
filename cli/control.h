/* Client of a running CA's control socket: one JSON object there, one JSON document back. */
#ifndef TB_CLI_CONTROL_H
#define TB_CLI_CONTROL_H

#include <jansson.h>

#include "lib/base/err.h"

#define TB_CLI_ANSWER_MAX (8u << 20)
#define TB_CLI_TIMEOUT_S  20

/*
 * Ask DIR/control.sock.  On success the caller calls json_decref on *out.  TB_E_IO with errno (nobody there, no
 * permission), TB_E_LIMIT, TB_E_FORMAT (not JSON), TB_E_TIMEOUT.
 */
int tb_cli_control(const char *dir, const json_t *request, json_t **out) TB_MUST_USE;

#endif
