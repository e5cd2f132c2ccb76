/* Buffer of a channel: bytes come in behind and leave in front. */
#ifndef TB_IPC_BUFFER_H
#define TB_IPC_BUFFER_H

#include "lib/base/bytes.h"

/* Zeroed = empty; p is owned. */
struct tb_buffer {
    uint8_t *p;
    size_t head, len, cap; /* the bytes are p[head .. len) */
};

static inline size_t tb_buffer_used(const struct tb_buffer *b)
{
    return b->len - b->head;
}
/* Moves what is left to the start; an empty buffer that has grown large is given back. */
void tb_buffer_compact(struct tb_buffer *b);
/* Room for `need` bytes behind the present ones. TB_E_NOMEM, and then nothing has changed. */
int tb_buffer_reserve(struct tb_buffer *b, size_t need) TB_MUST_USE;

#endif
