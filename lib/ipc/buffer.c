#include "lib/ipc/buffer.h"

#include <stdlib.h>
#include <string.h>

#define INIT     (64u << 10)
#define KEEP_MAX (256u << 10) /* an emptied buffer above this is given back */

void tb_buffer_compact(struct tb_buffer *b)
{
    if (b->head == b->len) {
        b->head = b->len = 0;
        if (b->cap > KEEP_MAX) {
            free(b->p);
            *b = (struct tb_buffer){0};
        }
    } else if (b->head > 0) {
        memmove(b->p, b->p + b->head, b->len - b->head);
        b->len -= b->head;
        b->head = 0;
    }
}

int tb_buffer_reserve(struct tb_buffer *b, size_t need)
{
    size_t cap = b->cap > 0 ? b->cap : INIT;
    uint8_t *p;

    if (b->cap - b->len >= need)
        return 0;
    if (b->head > 0)
        tb_buffer_compact(b);
    if (b->cap - b->len >= need)
        return 0;
    while (cap - b->len < need)
        cap *= 2;
    if ((p = realloc(b->p, cap)) == NULL)
        return TB_E_NOMEM;
    b->p = p;
    b->cap = cap;
    return 0;
}
