/* The list of an account's orders (RFC 8555 section 7.1.2.1), newest first, page by page. */
#include <stdio.h>
#include <string.h>

#include "ca/front/objects.h"
#include "ca/front/orders.h"

/* Invalid orders are left out; most are so by time, not by what is stored. */
static int put_orders(struct tb_front *f, struct tb_jw *jw, const tb_order_no_t *no, size_t num)
{
    char url[TB_URL_MAX + 1];
    enum tb_order_state state;
    struct tb_order o;
    int r;

    for (size_t i = 0; i < num; i++) {
        if ((r = tb_store_order_get(f->store, no[i], &o)) == TB_E_NOTFOUND)
            continue;
        if (r == 0) {
            r = tb_order_state_now(f, &o, &state);
            tb_order_clear(&o);
        }
        if (r < 0)
            return r;
        if (state == TB_ORDER_INVALID)
            continue;
        tb_url_make(f, TB_URL_ORDER, no[i], url);
        tb_jw_str(jw, url);
    }
    return 0;
}

static void reply_page(struct tb_request *rq, tb_order_no_t before)
{
    struct tb_front *f = rq->front;
    tb_order_no_t no[TB_ORDERS_PAGE];
    tb_order_no_t oldest = (tb_order_no_t)rq->account.created_at << TB_ORDER_SEQ_BITS;
    tb_order_no_t next = 0;
    char text[TB_PUBLIC_ID_LEN + 1];
    size_t num = 0;
    struct tb_jw jw;
    int r = tb_store_order_list_account(f->store, rq->account.id, before, oldest, TB_ORDERS_PAGE, no, &num, &next);

    jw = tb_jw_of(tb_reply_body(rq));
    tb_jw_obj(&jw);
    tb_jw_key(&jw, "orders");
    tb_jw_arr(&jw);
    if (r == 0)
        r = put_orders(f, &jw, no, num);
    tb_jw_end_arr(&jw);
    tb_jw_end_obj(&jw);
    if (r == 0 && next != 0 && (r = tb_public_id_encode(f->ids, TB_ID_ORDER, next, text)) == 0) {
        tb_url_orders(f, &rq->account, rq->next);
        (void)snprintf(rq->next + strlen(rq->next), sizeof(rq->next) - strlen(rq->next), "/%s", text);
    }
    if (r < 0)
        tb_reply_failure(rq, r);
    else
        tb_reply_json(rq, 200);
}

void tb_orders_handle(struct tb_request *rq)
{
    char own[TB_URL_MAX + 1];
    tb_order_no_t before = 0;

    tb_url_orders(rq->front, &rq->account, own);
    if (!tb_span_eq_str(rq->params.param[0], strrchr(own, '/') + 1) ||
        (rq->params.num > 1 && tb_url_id(rq->front, TB_URL_ORDER, rq->params.param[1], &before) < 0))
        tb_reply_not_found(rq);
    else if (!tb_request_reads(rq))
        tb_reply_refuse(rq, TB_P_MALFORMED, "a list of orders is read with an empty payload");
    else
        reply_page(rq, before);
}
