/* tb_txt_join: the text is the character-strings in their order, and nothing else. */
#include <stdlib.h>
#include <string.h>

#include "lib/dns/txt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Octet by octet, the other way round: from the text back to the data. */
static void compare(const uint8_t *rdata, size_t size, const uint8_t *text, size_t len)
{
    size_t left = 0;
    size_t at = 0;

    for (size_t i = 0; i < size; i++) {
        if (left == 0) {
            left = rdata[i];
            continue;
        }
        if (at == len || text[at++] != rdata[i])
            abort();
        left--;
    }
    if (left != 0 || at != len)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + (size == 0));
    uint8_t *text = malloc(TB_TXT_MAX);
    size_t len = 1;
    int r;

    if (exact != NULL && text != NULL) {
        if (size > 0)
            memcpy(exact, data, size);
        r = tb_txt_join(tb_span_of(exact, size), text, &len);
        if (r == 0)
            compare(exact, size, text, len);
        else if (len != 0 || (r != TB_E_TRUNC && r != TB_E_LIMIT))
            abort();
    }
    free(text);
    free(exact);
    return 0;
}
