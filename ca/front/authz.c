/* Authorizations (RFC 8555 section 7.5): reading, and giving one up (section 7.5.2). */
#include <stdlib.h>
#include <string.h>

#include "ca/front/objects.h"
#include "ca/front/order_state.h"

static void reply_authz(struct tb_request *rq, const struct tb_authz *a)
{
    struct tb_jw jw = tb_jw_of(tb_reply_body(rq));

    tb_authz_json(rq->front, &jw, a);
    tb_reply_json(rq, 200);
}

/* A deactivation that waits for the disk. */
struct deactivation {
    struct tb_request *rq;
    uint64_t authz_id;
};

static void on_deactivated(int err, void *arg)
{
    struct deactivation *d = arg;
    struct tb_request *rq = d->rq;
    struct tb_authz a;

    if (err == 0)
        err = tb_store_authz_get(rq->front->store, d->authz_id, &a);
    free(d);
    if (err < 0) {
        tb_reply_failure(rq, err);
        return;
    }
    reply_authz(rq, &a);
    tb_authz_clear(&a);
}

static void deactivate(struct tb_request *rq, struct tb_authz *a)
{
    struct deactivation *d = calloc(1, sizeof(*d));
    struct tb_store_tx *tx = NULL;
    int r = TB_E_NOMEM;

    if (d == NULL)
        goto fail;
    *d = (struct deactivation){.rq = rq, .authz_id = a->id};
    a->state = TB_AUTHZ_DEACTIVATED;
    if ((r = tb_store_tx_new(rq->front->store, &tx)) < 0)
        goto fail;
    if ((r = tb_store_tx_authz_update(tx, a)) < 0) {
        tb_store_tx_free(tx);
        goto fail;
    }
    if ((r = tb_store_tx_commit(tx, on_deactivated, d)) < 0)
        goto fail;
    return;
fail:
    free(d);
    tb_reply_failure(rq, r);
}

static void update(struct tb_request *rq, struct tb_authz *a, const json_t *obj)
{
    const json_t *status = json_object_get(obj, "status");
    enum tb_authz_state now = tb_authz_state_at(a->state, a->expires_at, tb_clock_now_s());

    if (!json_is_string(status) || strcmp(json_string_value(status), "deactivated") != 0)
        tb_reply_refuse(rq, TB_P_MALFORMED, "an authorization can only be read or deactivated");
    else if (a->state == TB_AUTHZ_DEACTIVATED)
        reply_authz(rq, a);
    else if (tb_authz_move(&now, TB_AUTHZ_EV_DEACTIVATE) < 0)
        tb_reply_refuse(rq, TB_P_MALFORMED, "the authorization is neither pending nor valid");
    else
        deactivate(rq, a);
}

void tb_authz_handle(struct tb_request *rq)
{
    struct tb_authz a;
    json_t *obj = NULL;

    if (tb_authz_of_caller(rq, rq->params.param[0], &a) < 0)
        return;
    if (tb_request_reads(rq))
        reply_authz(rq, &a);
    else if (tb_request_json(rq, &obj) < 0)
        tb_reply_problem(rq);
    else
        update(rq, &a, obj);
    json_decref(obj);
    tb_authz_clear(&a);
}
