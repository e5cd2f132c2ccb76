/* Fuzzes tb_crl_tbs_read and tb_crl_tbs_write: what was read is written back byte for byte, so each CRL has one form.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/pki/crl_tbs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void again(struct tb_span der, const struct tb_crl *crl)
{
    struct tb_crl_entry *entry = calloc(crl->num_entries + 1, sizeof(*entry));
    struct tb_rd rd = tb_rd_of(crl->entries);
    struct tb_wr wr;

    must(entry != NULL);
    for (size_t i = 0; i < crl->num_entries; i++)
        must(tb_crl_entry_read(&rd, &entry[i]) == 0);
    must(tb_rd_end(&rd) == 0);
    tb_wr_init(&wr, TB_CRL_TBS_MAX);
    must(tb_crl_tbs_write(&wr, crl, entry, crl->num_entries) == 0);
    must(tb_span_eq(tb_wr_span(&wr), der));
    tb_wr_clear(&wr);
    free(entry);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    struct tb_crl crl;

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    if (tb_crl_tbs_read(tb_span_of(copy, size), &crl) == 0)
        again(tb_span_of(copy, size), &crl);
    free(copy);
    return 0;
}
