/* Server: the listeners of the front and what happens when there are too many connections. */
#ifndef TB_CA_FRONT_SERVER_H
#define TB_CA_FRONT_SERVER_H

#include "lib/base/err.h"

struct tb_front;

int tb_server_start(struct tb_front *f) TB_MUST_USE;
/* No new connections; idle ones go. */
void tb_server_drain(struct tb_front *f);
/* A connection went away: accept again if that had stopped. */
void tb_server_room(struct tb_front *f);
void tb_server_stop(struct tb_front *f);

#endif
