/* tb_answer_parse, tb_txt_join, tb_address_from_rdata: a DNS answer as it comes from a resolver. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "ca/resolver/address.h"
#include "ca/resolver/answer.h"
#include "lib/dns/txt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_records(const uint8_t *p, size_t size, const struct tb_answer *a)
{
    uint8_t txt[TB_TXT_MAX];
    struct tb_address addr;
    size_t len;

    if (a->num > TB_ANSWER_RECORDS_MAX)
        abort();
    for (size_t i = 0; i < a->num; i++) {
        const struct tb_span *r = &a->rdata[i];

        /* Borrowed from the packet, whole. */
        if (r->p < p || (size_t)(r->p - p) > size || r->len > size - (size_t)(r->p - p))
            abort();
        if (tb_txt_join(*r, txt, &len) == 0 && len > r->len)
            abort();
        if ((tb_address_from_rdata(*r, &addr) == 0) != (r->len == 4 || r->len == 16))
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t types[] = {TB_DNS_TYPE_A, TB_DNS_TYPE_TXT, TB_DNS_TYPE_AAAA, TB_DNS_TYPE_CAA};
    uint8_t *p = malloc(size > 0 ? size : 1);
    struct tb_answer a;

    if (p == NULL)
        return 0;
    if (size > 0)
        memcpy(p, data, size);
    for (size_t i = 0; i < TB_ARRAY_LEN(types); i++) {
        int r = tb_answer_parse(tb_span_of(p, size), "www.example.test", types[i], &a);

        if (r != 0 && a.num != 0)
            abort();
        check_records(p, size, &a);
    }
    free(p);
    return 0;
}
