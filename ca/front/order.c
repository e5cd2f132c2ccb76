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

void tb_certificate_handle(struct tb_request *rq)
{
    struct tb_order o;
    struct tb_wr *wr = NULL;

    if (tb_order_of_caller(rq, TB_URL_CERT, rq->params.param[0], &o) < 0)
        return;
    if (!tb_request_reads(rq)) {
        tb_reply_refuse(rq, TB_P_MALFORMED, "a certificate is read with an empty payload");
    } else if (o.state != TB_ORDER_VALID || o.cert_len == 0 || rq->front->issuer_pem[o.issuer] == NULL) {
        tb_reply_not_found(rq);
    } else {
        wr = tb_reply_body(rq);
        tb_pem_write(wr, "CERTIFICATE", tb_span_of(o.cert, o.cert_len));
        tb_wr_str(wr, rq->front->issuer_pem[o.issuer]);
        tb_reply(rq, 200, "application/pem-certificate-chain");
    }
    tb_order_clear(&o);
}
