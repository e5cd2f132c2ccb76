/* tb_account_statement_peek, tb_account_statement_write, tb_account_limits_read: what is read is written the same. */
#include <stdlib.h>
#include <string.h>

#include "lib/statement/account.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input stands for the fields; the MAC behind them is not looked at. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct tb_key key;
    uint8_t again[TB_ACCOUNT_STATEMENT_MAX];
    struct tb_account_statement s;
    uint8_t *blob = calloc(1, size + TB_STATEMENT_MAC_LEN);
    struct tb_wr wr;

    if (blob == NULL)
        return 0;
    if (size > 0)
        memcpy(blob, data, size);
    tb_wr_fixed(&wr, again, sizeof(again));
    if (tb_account_statement_peek(tb_span_of(blob, size + TB_STATEMENT_MAC_LEN), &s) == 0 &&
        (tb_account_statement_write(&wr, &s, &key) != 0 || wr.len != size + TB_STATEMENT_MAC_LEN ||
         memcmp(again, blob, size) != 0))
        abort();
    free(blob);
    return 0;
}
