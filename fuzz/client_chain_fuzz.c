/* tb_client_chain_parse: a chain that is taken, written anew, is taken again and is the same. */
#include <stdlib.h>
#include <string.h>

#include "client/chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct tb_client_chain *chain)
{
    char certid[TB_CERTID_MAX + 1];
    struct tb_client_chain again;
    struct tb_wr pem;
    const char *why;

    tb_wr_init(&pem, 2 * TB_CLIENT_CHAIN_PEM_MAX);
    if (chain->num == 0 || chain->num > TB_CLIENT_CHAIN_MAX || tb_client_chain_pem(chain, 0, chain->num, &pem) < 0)
        abort();
    if (pem.len <= TB_CLIENT_CHAIN_PEM_MAX) {
        if (tb_client_chain_parse(tb_wr_span(&pem), &again, &why) < 0 || again.num != chain->num)
            abort();
        tb_client_chain_clear(&again);
    }
    if (tb_client_chain_certid(chain, certid) == 0 && strchr(certid, '.') == NULL)
        abort();
    tb_wr_clear(&pem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size + (size == 0));
    struct tb_client_chain chain;
    const char *why;

    if (exact != NULL) {
        if (size > 0)
            memcpy(exact, data, size);
        if (tb_client_chain_parse(tb_span_of(exact, size), &chain, &why) == 0) {
            check(&chain);
            tb_client_chain_clear(&chain);
        }
    }
    free(exact);
    return 0;
}
