/* tb_egress_read, tb_egress_match, tb_tls_client_line_read: strict, and what was read prints and reads the same. */
#include <stdlib.h>
#include <string.h>

#include "lib/acme/tls_client.h"
#include "lib/dns/egress.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void line_check(struct tb_span text)
{
    char again[TB_TLS_CLIENT_LINE_MAX];
    struct tb_tls_client_line line;
    struct tb_wr wr;

    if (tb_tls_client_line_read(text, &line) < 0)
        return;
    tb_wr_fixed(&wr, again, sizeof(again));
    tb_tls_client_line_write(&wr, &line);
    if (tb_wr_err(&wr) < 0 || !tb_span_eq(tb_wr_span(&wr), text))
        abort();
}

static void set_check(const struct tb_egress_set *set, const struct tb_egress_policy *policy)
{
    if (!set->declared && set->num > 0)
        abort();
    for (size_t i = 0; i < set->num; i++) {
        const struct tb_egress_item *it = &set->item[i];

        if (it->prefix < policy->min_v6 || tb_egress_match(set, it->addr) < it->prefix)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tb_egress_policy policy = {.min_v4 = TB_EGRESS_MIN_V4, .min_v6 = TB_EGRESS_MIN_V6};
    uint8_t *exact = malloc(size + (size == 0));
    struct tb_egress_set set;
    struct tb_span rdata;
    const char *why;

    if (exact == NULL)
        return 0;
    if (size > 0)
        memcpy(exact, data, size);
    rdata = tb_span_of(exact, size);
    if (tb_egress_read(&rdata, 1, &policy, &set, &why) == 0)
        set_check(&set, &policy);
    else if (set.declared || set.num > 0 || why == NULL)
        abort();
    line_check(rdata);
    free(exact);
    return 0;
}
