/*
 * Under test: tb_name_proofs_read, tb_proof_policies_read, tb_arc_text, tb_arc_parse.  What is read is written back as
 * the same octets, and never contradicts itself.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/pki/name_proofs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static void same(struct tb_wr *wr, struct tb_span in)
{
    must(tb_wr_err(wr) == 0 && tb_span_eq(tb_wr_span(wr), in));
    tb_wr_clear(wr);
}

static void proofs(struct tb_span in)
{
    static struct tb_name_proofs out[TB_IDENT_NUM_MAX];
    tb_purposes_t purposes;
    struct tb_wr wr;
    size_t num;

    if (tb_name_proofs_read(in, out, TB_IDENT_NUM_MAX, &num, &purposes) < 0) {
        must(num == 0 && purposes == 0);
        return;
    }
    for (size_t i = 0; i < num; i++)
        must(tb_name_proofs_ok(&out[i], purposes));
    tb_wr_init(&wr, in.len);
    tb_name_proofs_write(&wr, out, num, purposes);
    same(&wr, in);
}

static void policies(struct tb_span in)
{
    tb_proof_policies_t set;
    struct tb_arc arc;
    struct tb_wr wr;
    bool unknown;

    must(tb_arc_parse("1.3.6.1.4.1.32473", &arc) == 0);
    if (tb_proof_policies_read(in, &arc, &set, &unknown) < 0 || unknown)
        return;
    tb_wr_init(&wr, in.len);
    tb_proof_policies_write(&wr, &arc, set);
    same(&wr, in);
}

static void arcs(struct tb_span in)
{
    char text[TB_ARC_TEXT_MAX + 1], again[TB_ARC_TEXT_MAX + 1];
    struct tb_arc arc;

    if (tb_arc_text(in, text) == 0 && tb_arc_parse(text, &arc) == 0)
        must(tb_span_eq(in, tb_span_of(arc.der, arc.len)));
    memcpy(text, in.p, in.len < TB_ARC_TEXT_MAX ? in.len : TB_ARC_TEXT_MAX);
    text[in.len < TB_ARC_TEXT_MAX ? in.len : TB_ARC_TEXT_MAX] = '\0';
    if (tb_arc_parse(text, &arc) == 0)
        must(tb_arc_text(tb_span_of(arc.der, arc.len), again) == 0 && strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    struct tb_span in = tb_span_of(copy, size);

    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    proofs(in);
    policies(in);
    arcs(in);
    free(copy);
    return 0;
}
