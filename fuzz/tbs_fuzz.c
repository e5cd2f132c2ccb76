/*
 * Fuzzes tb_tbs_read_under, tb_tbs_read, tb_tbs_write, tb_tbs_lint and tb_cert_tbs: a TBS that can be read and has the
 * shape of our leaves passes the lint against its own content, and written again it passes, too.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/pki/tbs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
    if (!ok)
        abort();
}

static struct tb_leaf leaf_of(const struct tb_tbs *t, const struct tb_arc *arc)
{
    struct tb_leaf leaf = {
        .sig_alg = t->sig_alg,
        .issuer_name = t->issuer_name,
        .issuer_keyid = t->aki_keyid,
        .not_before = t->not_before,
        .not_after = t->not_after,
        .cn = t->cn.len > 0 ? TB_CN_FIRST_DNS : TB_CN_NONE,
        .idents = t->idents,
        .num_idents = t->num_idents,
        .spki = t->spki.der,
        .key_kind = t->spki.kind,
        .purposes = t->purposes,
        .crl_uri = t->crl_uri,
        .aia_uri = t->aia_uri,
        .arc = t->num_proofs == t->num_idents ? arc : NULL,
        .policies = t->policies,
        .proofs = t->proofs,
    };

    if (t->serial.len == TB_SERIAL_LEN)
        memcpy(leaf.serial, t->serial.p, TB_SERIAL_LEN);
    return leaf;
}

static void again(struct tb_span der, const struct tb_tbs *t, const struct tb_arc *arc)
{
    struct tb_leaf leaf = leaf_of(t, arc);
    const char *why = NULL;
    int r = tb_tbs_lint(der, &leaf, &why);
    struct tb_wr wr;

    must(r == 0 || (r == TB_E_DENIED && why != NULL));
    if (r == 0)
        must(!t->is_ca && !t->unknown_extension && t->purposes != 0 && t->num_idents > 0);
    tb_wr_init(&wr, TB_TBS_MAX);
    if (tb_tbs_write(&wr, &leaf) == 0)
        must(tb_tbs_lint(tb_wr_span(&wr), &leaf, &why) == 0);
    else
        must(r != 0);
    tb_wr_clear(&wr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);
    struct tb_span in = tb_span_of(copy, size);
    struct tb_arc arc;
    struct tb_tbs tbs;

    must(tb_arc_parse("1.3.6.1.4.1.32473", &arc) == 0);
    if (copy == NULL)
        return 0;
    memcpy(copy, data, size);
    (void)!tb_cert_tbs(tb_span_of(copy, size), &in);
    if (in.len == 0)
        in = tb_span_of(copy, size);
    if (tb_tbs_read_under(in, &arc, &tbs) == 0)
        again(in, &tbs, &arc);
    tb_tbs_clear(&tbs);
    if (tb_tbs_read(in, &tbs) == 0)
        again(in, &tbs, NULL);
    tb_tbs_clear(&tbs);
    free(copy);
    return 0;
}
