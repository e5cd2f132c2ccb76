/* The table of ACME requests that a client makes. */
#ifndef TB_BENCH_STEPS_H
#define TB_BENCH_STEPS_H

#include "bench/flow.h"
#include "lib/json/json.h"

struct tb_load_step_row {
    const char *name;
    const char *method; /* NULL: a signed POST */
    size_t url;         /* where in the flow it stands */
    bool with_jwk;
    bool poll;                                                 /* a pause comes first */
    int status;                                                /* expected */
    int status_too;                                            /* as well; 0: none */
    int (*payload)(struct tb_load_flow *f, struct tb_wr *out); /* NULL: POST-as-GET */
    /* The next step, or negative with f->why set. */
    int (*take)(struct tb_load_flow *f, const struct tb_load_response *rs);
};
const struct tb_load_step_row *tb_load_step_row(enum tb_load_step step);
bool tb_load_step_is_poll(enum tb_load_step step);

#endif
