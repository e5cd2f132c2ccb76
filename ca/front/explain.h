/*
 * What an order for some names would meet: by the functions that decide about orders, asked without making one.  CAA is
 * looked up now, by the validator.
 */
#ifndef TB_CA_FRONT_EXPLAIN_H
#define TB_CA_FRONT_EXPLAIN_H

#include "ca/operation.h"

#define TB_EXPLAIN_CAA_S 6 /* below what the parent waits for the whole answer */

/* {"cmd":"explain","names":[NAME...],"profile":P,"account":URL,"csr":B64U}: all but names may be absent. */
bool tb_explain_run(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);

#endif
