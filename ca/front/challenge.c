/* Challenges (RFC 8555 section 7.5.1): an empty payload reads, an object responds. */
#include "ca/front/objects.h"
#include "ca/front/order_state.h"
#include "ca/front/urls.h"
#include "ca/front/validation.h"

#define RETRY_PROCESSING_S 1

static const struct tb_challenge *find_challenge(const struct tb_authz *a, enum tb_method method)
{
    for (size_t i = 0; i < a->num_challenges; i++)
        if (a->challenge[i].method == method)
            return &a->challenge[i];
    return NULL;
}

static void reply_challenge(struct tb_request *rq, const struct tb_authz *a, const struct tb_challenge *c)
{
    struct tb_challenge shown = *c;
    struct tb_jw jw = tb_jw_of(tb_reply_body(rq));

    tb_url_make(rq->front, TB_URL_AUTHZ, a->id, rq->up);
    if (shown.state == TB_CHALLENGE_PROCESSING)
        rq->retry_after_s = RETRY_PROCESSING_S;
    tb_challenge_json(rq->front, &jw, a, &shown);
    tb_reply_json(rq, 200);
}

void tb_challenge_reply(struct tb_request *rq, uint64_t authz_id, enum tb_method method)
{
    const struct tb_challenge *c = NULL;
    struct tb_authz a;
    int r = tb_store_authz_get(rq->front->store, authz_id, &a);

    if (r < 0) {
        tb_reply_failure(rq, r);
        return;
    }
    c = find_challenge(&a, method);
    if (c == NULL)
        tb_reply_not_found(rq);
    else
        reply_challenge(rq, &a, c);
    tb_authz_clear(&a);
}

/* Only a pending authorization has anything to respond to; others just show what became of them. */
static void respond(struct tb_request *rq, const struct tb_authz *a, const struct tb_challenge *c)
{
    int r;

    if (a->state != TB_AUTHZ_PENDING || (c->state != TB_CHALLENGE_PENDING && c->state != TB_CHALLENGE_PROCESSING)) {
        reply_challenge(rq, a, c);
        return;
    }
    r = tb_validation_start(rq->front, a, c->method, &rq->account, rq);
    if (r == 0)
        return;
    if (r == TB_E_EXISTS) {
        reply_challenge(rq, a, c);
    } else if (r == TB_E_UNSUPPORTED) {
        rq->problem.http_status = 503;
        tb_reply_refuse(rq, TB_P_SERVER_INTERNAL, "this CA has no responder, so that no use can be proved");
    } else if (r == TB_E_LIMIT) {
        rq->problem.http_status = 503;
        rq->retry_after_s = 5;
        tb_reply_refuse(rq, TB_P_RATE_LIMITED, "too many validations are under way, come back soon");
    } else {
        tb_reply_failure(rq, r);
    }
}

void tb_challenge_handle(struct tb_request *rq)
{
    enum tb_method method = tb_method_find(rq->params.param[1]);
    const struct tb_challenge *c = NULL;
    struct tb_authz a;
    json_t *obj = NULL;

    if (tb_authz_of_caller(rq, rq->params.param[0], &a) < 0)
        return;
    c = method == TB_METHOD_NONE ? NULL : find_challenge(&a, method);
    if (c == NULL || tb_authz_state_at(a.state, a.expires_at, tb_clock_now_s()) != a.state)
        tb_reply_not_found(rq);
    else if (tb_request_reads(rq))
        reply_challenge(rq, &a, c);
    else if (!tb_span_eq_str(rq->jws.payload, "{}") && tb_request_json(rq, &obj) < 0)
        tb_reply_problem(rq);
    else
        respond(rq, &a, c);
    json_decref(obj);
    tb_authz_clear(&a);
}
