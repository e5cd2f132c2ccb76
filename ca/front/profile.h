/* Which profile a request is about. */
#ifndef TB_CA_FRONT_PROFILE_H
#define TB_CA_FRONT_PROFILE_H

#include "ca/front/front.h"

/* The one asked for: the member "profile", else that of the directory, else the default. NULL, with the reason in
 * rq->problem. */
const struct tb_profile *tb_profile_wanted(struct tb_request *rq, const json_t *obj);

#endif
