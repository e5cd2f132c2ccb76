#include "lib/pki/alg.h"

#include "lib/der/der.h"
#include "lib/pki/oid.h"

#define ALG_LEN 12

static const uint8_t algs[TB_SIG__COUNT][ALG_LEN] = {
    [TB_SIG_ECDSA_SHA256] = {TB_DER_SEQUENCE, 10, TB_DER_OID, 8, TB_OID_ECDSA_SHA256},
    [TB_SIG_ECDSA_SHA384] = {TB_DER_SEQUENCE, 10, TB_DER_OID, 8, TB_OID_ECDSA_SHA384},
};

struct tb_span tb_sig_alg_der(enum tb_sig_alg alg)
{
    if (alg != TB_SIG_ECDSA_SHA256 && alg != TB_SIG_ECDSA_SHA384)
        return tb_span_of(NULL, 0);
    return tb_span_of(algs[alg], ALG_LEN);
}

enum tb_sig_alg tb_sig_alg_find(struct tb_span der)
{
    for (enum tb_sig_alg alg = TB_SIG_NONE + 1; alg < TB_SIG__COUNT; alg++)
        if (tb_span_eq(der, tb_sig_alg_der(alg)))
            return alg;
    return TB_SIG_NONE;
}

int tb_cert_assemble(struct tb_wr *wr, struct tb_span tbs, enum tb_sig_alg alg, struct tb_span sig)
{
    struct tb_span alg_der = tb_sig_alg_der(alg);
    size_t mark;

    if (alg_der.len == 0 || tbs.len == 0 || sig.len == 0)
        return TB_E_INVAL;
    mark = tb_der_begin(wr, TB_DER_SEQUENCE);
    tb_wr_bytes(wr, tbs.p, tbs.len);
    tb_wr_bytes(wr, alg_der.p, alg_der.len);
    tb_der_put_bits(wr, sig);
    tb_der_end(wr, mark);
    return tb_wr_err(wr);
}

/* The signature field inside a TBS: RFC 5280 section 4.1.1.2 wants it equal to the outer one. */
static int inner_alg(struct tb_span tbs, struct tb_span *out)
{
    struct tb_rd rd = tb_rd_of(tbs);
    struct tb_rd seq;
    struct tb_span skip;

    if (tb_der_enter(&rd, TB_DER_SEQUENCE, &seq) < 0 || tb_der_get(&seq, TB_DER_CTX_CONS(0), &skip) < 0 ||
        tb_der_get(&seq, TB_DER_INTEGER, &skip) < 0)
        return TB_E_FORMAT;
    return tb_der_get_whole(&seq, TB_DER_SEQUENCE, out);
}

int tb_cert_tbs(struct tb_span cert, struct tb_span *out_tbs)
{
    struct tb_rd rd = tb_rd_of(cert);
    struct tb_rd seq;
    struct tb_span tbs;
    struct tb_span alg;
    struct tb_span inner;
    struct tb_span sig;
    int r;

    *out_tbs = tb_span_of(NULL, 0);
    if (cert.len > TB_CERT_MAX)
        return TB_E_LIMIT;
    if ((r = tb_der_enter(&rd, TB_DER_SEQUENCE, &seq)) < 0 || (r = tb_rd_end(&rd)) < 0 ||
        (r = tb_der_get_whole(&seq, TB_DER_SEQUENCE, &tbs)) < 0 ||
        (r = tb_der_get_whole(&seq, TB_DER_SEQUENCE, &alg)) < 0 || (r = tb_der_bits(&seq, &sig)) < 0 ||
        (r = tb_rd_end(&seq)) < 0 || (r = inner_alg(tbs, &inner)) < 0)
        return r;
    if (sig.len == 0 || !tb_span_eq(alg, inner) || tb_sig_alg_find(alg) == TB_SIG_NONE)
        return TB_E_FORMAT;
    *out_tbs = tbs;
    return 0;
}
