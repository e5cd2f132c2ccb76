/*
 * Under test: every tb_msg_*_read of lib/ipc, chosen by the first byte (the message's type).
 * Property: what was read is written back byte for byte, so each message has one encoding.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/ipc_messages.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t len = size > 0 ? size - 1 : 0;
    uint8_t *body;
    struct tb_wr wr;

    if (size == 0 || data[0] >= TB_MSG__COUNT || tb_ipc_again[data[0]] == NULL)
        return 0;
    if ((body = malloc(len > 0 ? len : 1)) == NULL)
        return 0;
    memcpy(body, data + 1, len);
    tb_wr_init(&wr, len + 1);
    if (tb_ipc_again[data[0]](tb_span_of(body, len), &wr) == 0)
        if (tb_wr_err(&wr) != 0 || !tb_span_eq(tb_wr_span(&wr), tb_span_of(body, len)))
            abort();
    tb_wr_clear(&wr);
    free(body);
    return 0;
}
