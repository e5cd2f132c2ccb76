/* Fuzzes tb_der_check and every reader of lib/der, and that what is written again is what was read. */
#include <stdlib.h>
#include <string.h>

#include "lib/der/der.h"

#define DEPTH_MAX 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void typed(struct tb_span whole)
{
    struct tb_rd rd;
    struct tb_span s;
    uint8_t buf[64];
    struct tb_wr wr;
    uint32_t small;
    uint16_t bits;
    tb_time_t t;
    bool b;

    rd = tb_rd_of(whole);
    (void)!tb_der_uint(&rd, &s);
    rd = tb_rd_of(whole);
    (void)!tb_der_small(&rd, UINT32_MAX, &small);
    rd = tb_rd_of(whole);
    (void)!tb_der_bool(&rd, &b);
    rd = tb_rd_of(whole);
    (void)!tb_der_oid(&rd, &s);
    rd = tb_rd_of(whole);
    (void)!tb_der_bits(&rd, &s);
    rd = tb_rd_of(whole);
    (void)!tb_der_named_bits(&rd, &bits);
    rd = tb_rd_of(whole);
    if (tb_der_time(&rd, &t) < 0)
        return;
    tb_wr_fixed(&wr, buf, sizeof(buf));
    tb_der_put_time(&wr, t);
    must(tb_span_eq(tb_wr_span(&wr), whole));
}

/* Reads all of it when well_formed; in any case stays inside. */
static void walk(struct tb_span in, bool well_formed, int depth)
{
    struct tb_rd rd = tb_rd_of(in);
    struct tb_span content;
    struct tb_span whole;
    struct tb_wr wr;
    uint8_t tag;

    while (rd.left > 0) {
        if (tb_der_any(&rd, &tag, &content, &whole) < 0) {
            must(!well_formed);
            return;
        }
        tb_wr_init(&wr, whole.len);
        tb_der_put(&wr, tag, content);
        must(tb_wr_err(&wr) == 0 && tb_span_eq(tb_wr_span(&wr), whole));
        tb_wr_clear(&wr);
        typed(whole);
        if ((tag & 0x20) != 0 && depth < DEPTH_MAX)
            walk(content, well_formed, depth + 1);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    walk(tb_span_of(copy, size), tb_der_check(tb_span_of(copy, size)) == 0, 0);
    free(copy);
    return 0;
}
