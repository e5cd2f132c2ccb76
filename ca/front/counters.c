/* Counting of requests and problems. */
#include "ca/front/counters.h"

#include "ca/front/front.h"
#include "ca/front/routes.h"

static const int statuses[TB_FRONT_STATUSES] = {200, 201, 204, 400, 401, 403, 404, 405, 408, 409,
                                                411, 413, 414, 415, 429, 431, 500, 501, 503, 0 /* others */};

int tb_counter_status(size_t slot)
{
    return statuses[slot];
}

void tb_count_request(struct tb_front *f, const struct tb_route *route, int http_status)
{
    size_t slot = 0;

    while (slot < TB_FRONT_STATUSES - 1 && statuses[slot] != http_status)
        slot++;
    f->counters.requests[tb_route_index(route)][slot]++;
}

void tb_count_problem(struct tb_front *f, enum tb_problem_type type)
{
    if ((unsigned)type < TB_P__COUNT)
        f->counters.problems[type]++;
}
