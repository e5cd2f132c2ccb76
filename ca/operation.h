/*
 * Requests of the control socket as a child answers them: {"cmd":NAME,...} in, one JSON document out.  An operation is
 * one entry of the child's table; the parent's table (ca/parent/operation.c) says which child answers it.
 */
#ifndef TB_CA_OPERATION_H
#define TB_CA_OPERATION_H

#include "ca/child.h"
#include "lib/base/clock.h"
#include "lib/json/json.h"

#define TB_OPERATION_NAME_MAX 31

struct tb_operation {
    const char *name;
    /* Write the answer and return true; or return false, and answer `id` later with tb_operation_answer. */
    bool (*run)(struct tb_child *child, uint32_t id, const json_t *req, struct tb_jw *jw);
};

/* Find and run; a request that is not understood is answered with an error. */
void tb_operation_run(struct tb_child *child, const struct tb_operation *table, size_t num, uint32_t id,
                      struct tb_span json);
/* The answer to a request that was put off. */
void tb_operation_answer(struct tb_child *child, uint32_t id, struct tb_span json);
void tb_operation_answer_error(struct tb_child *child, uint32_t id, const char *why);

/* Parts of answers. */
void tb_operation_error(struct tb_jw *jw, const char *why); /* {"error":why} */
void tb_operation_time(struct tb_jw *jw, const char *name, tb_time_t t);
void tb_operation_number(struct tb_jw *jw, const char *name, uint64_t v);

#endif
