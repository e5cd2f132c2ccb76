/* The one table of what the front serves. */
#ifndef TB_CA_FRONT_ROUTES_H
#define TB_CA_FRONT_ROUTES_H

#include "ca/front/connection.h"
#include "ca/front/router.h"

const struct tb_route *tb_routes(enum tb_conn_kind kind, size_t *out_num);
/* Index over both tables, below TB_FRONT_ROUTES_MAX; and back to the name, NULL past the last. */
size_t tb_route_index(const struct tb_route *route);
const char *tb_route_label(size_t index);

#endif
