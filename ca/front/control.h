/* Requests of the control socket, relayed by the parent: {"cmd":"status"|"list"|"show",...}. */
#ifndef TB_CA_FRONT_CONTROL_H
#define TB_CA_FRONT_CONTROL_H

#include "ca/child.h"

void tb_control_handle(struct tb_child *child, uint32_t id, struct tb_span json);

#endif
