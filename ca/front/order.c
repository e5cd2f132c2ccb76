/* Reading an order (RFC 8555 section 7.4), and its certificate (section 7.4.2). */
#include "ca/front/objects.h"
#include "lib/pki/cacert.h"

void tb_order_handle(struct tb_request *rq)
{
    struct tb_order o;
    enum tb_order_state state;
    int r;

    if (tb_order_of_caller(rq, TB_URL_ORDER, rq->params.param[0], &o) < 0)
        return;
    if (!tb_request_reads(rq))
        tb_reply_refuse(rq, TB_P_MALFORMED, "an order is read with an empty payload");
    /* The finalize URL names signer and epoch, which the judge tells in its first message. */
    else if (!rq->front->has_judge)
        tb_reply_failure(rq, TB_E_AGAIN);
    else if ((r = tb_order_state_now(rq->front, &o, &state)) < 0)
        tb_reply_failure(rq, r);
    else
        tb_order_reply(rq, 200, &o, state);
    tb_order_clear(&o);
}

/* Which chain the URL names: none is 0, the default; else "1" to the number of alternates. */
static int read_chain(const struct tb_request *rq, size_t num_chains, size_t *out)
{
    *out = 0;
    if (rq->params.num < 2)
        return 0;
    if (rq->params.param[1].len != 1 || rq->params.param[1].p[0] < '1' || rq->params.param[1].p[0] > '9')
        return TB_E_NOTFOUND;
    *out = (size_t)(rq->params.param[1].p[0] - '0');
    return *out < num_chains ? 0 : TB_E_NOTFOUND;
}
_Static_assert(TB_CONFIG_NUM_CHAINS_MAX <= 9, "one digit names a chain");

static void reply_certificate(struct tb_request *rq, const struct tb_order *o)
{
    struct tb_front *f = rq->front;
    struct tb_wr *wr = tb_reply_body(rq);

    tb_url_make(f, TB_URL_CERT, o->no, rq->chain);
    tb_pem_write(wr, "CERTIFICATE", tb_span_of(o->cert, o->cert_len));
    tb_wr_str(wr, rq->this_chain == 0 ? f->issuer_pem[o->issuer] : f->alternate_pem[o->issuer][rq->this_chain - 1]);
    tb_reply(rq, 200, "application/pem-certificate-chain");
}

void tb_certificate_handle(struct tb_request *rq)
{
    struct tb_order o;

    if (tb_order_of_caller(rq, TB_URL_CERT, rq->params.param[0], &o) < 0)
        return;
    rq->num_chains = 1 + rq->front->num_alternates[o.issuer];
    if (o.state != TB_ORDER_VALID || o.cert_len == 0 || rq->front->issuer_pem[o.issuer] == NULL ||
        read_chain(rq, rq->num_chains, &rq->this_chain) < 0) {
        rq->num_chains = 0;
        tb_reply_not_found(rq);
    } else if (!tb_request_reads(rq)) {
        rq->num_chains = 0;
        tb_reply_refuse(rq, TB_P_MALFORMED, "a certificate is read with an empty payload");
    } else {
        reply_certificate(rq, &o);
    }
    tb_order_clear(&o);
}
